import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import { fromRows, type RecordRow, toRows } from '../../src/workers/rows.ts'
import { record, silentReport } from '../store/arbitrary.ts'

function handedOn(records: readonly TraceRecord[]): TraceRecord[] {
  return fromRows(JSON.parse(JSON.stringify(toRows(records))) as RecordRow[])
}

/** Records as a ring gives them. */
function kept(records: readonly TraceRecord[]): TraceRecord[] {
  const store = createStore({ memory: 2 ** 20, report: silentReport() })
  for (const one of records) store.add(one, '')
  return [...store.recordsAfter(0, 'all')].map((entry) => entry.record)
}

// JSON has no negative zero, and a time needs none.
function timed({ spans, ...rest }: TraceRecord): TraceRecord {
  const positive = <T extends { time: number }>(one: T): T => ({ ...one, time: one.time + 0 })
  return {
    ...rest,
    spans: spans.map((span) => ({
      ...span,
      start: span.start + 0,
      duration: span.duration + 0,
      events: span.events.map(positive),
      logs: span.logs.map(positive)
    }))
  }
}

describe('records that are handed on', () => {
  it('arrive as they were', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (records) => {
        const own = kept(records)
        expect(handedOn(own)).toEqual(own.map((one) => ({ ...timed(one), relayed: true })))
      }),
      { numRuns: 200 }
    )
  })

  it('are told apart from a worker’s own in its ring, and not handed on again', () => {
    fc.assert(
      fc.property(record, record, (own, other) => {
        const store = createStore({ memory: 2 ** 20, report: silentReport() })
        const count = (which: 'all' | 'own'): number => [...store.recordsAfter(0, which)].length
        store.add(own, 'error')
        const before = count('own')
        for (const one of handedOn(kept([other]))) store.add(one, 'error')
        expect(count('own')).toBe(before)
        expect(count('all')).toBeGreaterThan(before)
        store.pin(own.traceId)
        expect(count('own')).toBe(before)
      }),
      { numRuns: 50 }
    )
  })

  it('share the resource that they shared', () => {
    fc.assert(
      fc.property(record, record, (one, two) => {
        const { resource } = one
        const [first, second] = handedOn([one, { ...two, resource }])
        expect(second?.resource).toBe(first?.resource)
      }),
      { numRuns: 50 }
    )
  })
})
