import { describe, expect, it } from 'vitest'
import { SpanKind } from '../../src/base/span-data.ts'
import { rootContext } from '../../src/context/context.ts'
import { Span } from '../../src/span/span.ts'
import type { SpanOptions } from '../../src/span/tracer.ts'
import { createRecorder } from './setup.ts'

const site = { path: 'src/repo.ts', line: 88, column: 5, function: 'load' }
const code = Object.entries({
  'code.file.path': 'src/repo.ts',
  'code.line.number': 88,
  'code.column.number': 5,
  'code.function.name': 'load'
}).flat()

function start(
  options: SpanOptions,
  { found = site as typeof site | undefined, context = rootContext } = {}
) {
  const asked: string[] = []
  const find = (operation: string) => {
    asked.push(operation)
    return found
  }
  const { tracer } = createRecorder({}, 1, { find })
  const span = tracer.start('SELECT', options, context)
  if (!(span instanceof Span)) throw new Error('not recorded')
  return { span, asked, tracer }
}

describe('the line that a span was called from', () => {
  it.each([
    ['a client', { kind: SpanKind.client, named: true }],
    ['a producer', { kind: SpanKind.producer }],
    ['a custom span', {}]
  ])('is known to %s', (_, options) => {
    const { span, asked } = start(options)
    expect(span.attributes).toEqual(code)
    expect(asked).toEqual(['SELECT'])
  })

  it.each([
    ['a server', { kind: SpanKind.server }],
    ['a consumer', { kind: SpanKind.consumer }],
    ['a layer', { named: true }],
    ['a layer of another instrumentation', { attributes: { 'express.type': 'middleware' } }],
    ['who brings its own', { kind: SpanKind.client, attributes: { 'code.filepath': 'a.js' } }]
  ])('is not looked for by %s', (_, options) => {
    const { span, asked } = start(options)
    expect(asked).toEqual([])
    expect(span.attributes).not.toContain('code.line.number')
  })

  it('is not looked for by a span that is not recorded', () => {
    const asked: string[] = []
    const find = (operation: string) => void asked.push(operation)
    const { tracer } = createRecorder({}, 0, { find: find as () => undefined })
    tracer.start('SELECT', { kind: SpanKind.client }, rootContext)
    expect(asked).toEqual([])
  })

  it('stays when the span is given its first attributes, each key once', () => {
    const { span } = start({ kind: SpanKind.client })
    span.begin(['db.system.name', 'postgresql'])
    expect(span.attributes).toEqual(['db.system.name', 'postgresql', ...code])
  })

  it("is the context's where the host's code is no longer below", () => {
    const context = rootContext.withCallSite(site)
    expect(start({ kind: SpanKind.client }, { found: undefined, context }).span.attributes).toEqual(
      code
    )
    const nearer = { ...site, line: 7 }
    expect(start({ kind: SpanKind.client }, { found: nearer, context }).span.attributes).toContain(
      7
    )
  })

  it('is not handed on below a span', () => {
    const { span } = start({})
    expect(rootContext.withCallSite(site).withSpan(span).callSite).toBeUndefined()
  })
})
