import { describe, expect, it } from 'vitest'
import type { TraceId } from '../../src/base/ids.ts'
import { putFinding } from '../../src/runtime/finding.ts'
import { Recent } from '../../src/runtime/recent.ts'
import type { Stretch } from '../../src/runtime/activity.ts'
import type { Span } from '../../src/span/span.ts'
import { createRecorder } from '../span/setup.ts'

const other = 'b'.repeat(32) as TraceId
const third = 'c'.repeat(32) as TraceId

type Given = [from: number, to: number, by?: TraceId, kind?: Stretch['kind']]

/** The attributes of a request of so many milliseconds in which there were these blocks, in milliseconds after its beginning. */
function findingOf(length: number, given: readonly Given[], name = 'POST /import'): unknown[] {
  const { tracer, pass } = createRecorder()
  const span = tracer.start('GET', { kind: 1 }) as Span
  const begin = span.trace.epochMs + span.start / 1e6
  pass(length)
  span.end()
  const blocks = new Recent<Stretch>(100)
  for (const [from, to, traceId, kind = 'cpu'] of given) {
    const times = { from: begin + from, to: begin + to }
    const by = traceId === undefined ? undefined : traceId === mine ? span.trace.traceId : traceId
    blocks.add({ ...times, kind, traceId: by, spanId: undefined, certain: true })
  }
  // A released span has no attributes to add to; this one is as it is before it is handed on.
  span.attributes = []
  putFinding(span, blocks, () => name)
  return span.attributes
}

const mine = 'a'.repeat(32) as TraceId

describe('what is put on a request', () => {
  it('is for how long another kept the event loop from it, and which', () => {
    expect(findingOf(200, [[50, 150, other]])).toEqual([
      'spanlight.blocked_ms',
      100,
      'spanlight.blocked_by.trace_id',
      other,
      'spanlight.blocked_by.name',
      'POST /import'
    ])
  })

  it('counts what lies within the request', () => {
    expect(
      findingOf(200, [
        [-100, 30, other],
        [180, 250, other]
      ])[1]
    ).toBe(50)
  })

  it('has no name where the other is not in memory any more', () => {
    expect(findingOf(200, [[50, 150, other]], '').slice(2)).toEqual([
      'spanlight.blocked_by.trace_id',
      other
    ])
  })

  it('names nobody when none of several did half of it', () => {
    const several: Given[] = [
      [0, 40, other],
      [50, 90, third],
      [100, 140]
    ]
    expect(findingOf(200, several)).toEqual(['spanlight.blocked_ms', 120])
  })

  it.each<[string, number, Given[]]>([
    ['shorter than 20 ms', 100, [[0, 19, other]]],
    ['less than a tenth of the request', 1000, [[0, 90, other]]],
    ['its own work', 200, [[0, 150, mine]]],
    ['a process that did not run', 200, [[0, 150, undefined, 'stopped']]],
    ['over before it began', 200, [[-100, 0, other]]]
  ])('is nothing when it was %s', (_what, length, given) => {
    expect(findingOf(length, given)).toEqual([])
  })
})
