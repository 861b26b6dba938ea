import { describe, expect, it } from 'vitest'
import { rootContext } from '../../src/context/context.ts'
import { judge, type Note } from '../../src/runtime/evidence.ts'
import type { Span } from '../../src/span/span.ts'
import type { SpanKind } from '../../src/base/span-data.ts'
import { createRecorder } from '../span/setup.ts'

const { tracer } = createRecorder()
const kinds = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const

/** `GET began`: a note of a trace of that name. */
const roots = new Map<string, Span>()
function note(trace: string, kind: keyof typeof kinds, what: 'began' | 'ended'): Note {
  const root = roots.get(trace) ?? (tracer.start(trace) as Span)
  roots.set(trace, root)
  const span = tracer.start('x', { kind: kinds[kind] as SpanKind }, rootContext.withSpan(root))
  return { span: span as Span, ended: what === 'ended' }
}

function verdict(before: Note | undefined, after: Note | undefined): string {
  const { span, certain } = judge(before, after)
  const of = [...roots].find(([, root]) => root.trace === span?.trace)?.[0] ?? 'nobody'
  return `${of}${certain ? ', certain' : ''}`
}

describe('what ran between two notes', () => {
  it('is certain when a request begins before it and ends after it', () => {
    expect(verdict(note('A', 'server', 'began'), note('A', 'server', 'ended'))).toBe('A, certain')
  })

  it('is certain when an answer arrives before it and the next call begins after it', () => {
    expect(verdict(note('A', 'client', 'ended'), note('A', 'client', 'began'))).toBe('A, certain')
  })

  it('is not certain when only one side is known', () => {
    expect(verdict(note('A', 'server', 'began'), undefined)).toBe('A')
    expect(verdict(undefined, note('A', 'server', 'ended'))).toBe('A')
  })

  it('is not the work of a request that comes in or gets an answer after it', () => {
    expect(verdict(undefined, note('A', 'server', 'began'))).toBe('nobody')
    expect(verdict(undefined, note('A', 'client', 'ended'))).toBe('nobody')
    expect(verdict(undefined, note('A', 'consumer', 'began'))).toBe('nobody')
  })

  it('is rather the work of who was next before it than of who may have waited for its end', () => {
    expect(verdict(note('A', 'server', 'began'), note('B', 'server', 'ended'))).toBe('A')
  })

  it('is rather the work of who stands behind it than of who has just gone to wait', () => {
    expect(verdict(note('A', 'client', 'began'), note('B', 'internal', 'began'))).toBe('B')
    expect(verdict(note('A', 'client', 'began'), note('B', 'client', 'ended'))).toBe('A')
  })

  it('is not the work of a request that was handed a connection which another gave back', () => {
    const handed = note('A', 'internal', 'ended')
    handed.span.put('spanlight.wait', 'pool')
    expect(verdict(undefined, handed)).toBe('nobody')
    expect(verdict(undefined, note('A', 'internal', 'ended'))).toBe('A')
  })

  it('is nobody’s without any note', () => {
    expect(verdict(undefined, undefined)).toBe('nobody')
  })
})
