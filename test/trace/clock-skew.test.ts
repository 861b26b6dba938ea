import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import { record, span, treeOf } from '../query/fixtures.ts'

const server = 1
const client = 2
const producer = 3
const consumer = 4
const ms = 1e6

/** What each span's start was moved by, in milliseconds, by its number. */
function moved(...records: TraceRecord[]): Record<number, number> {
  const tree = treeOf(records)
  const raw = new Map<string, number>()
  for (const { spans, epochMs } of records)
    for (const { spanId, start } of spans)
      raw.set(spanId, (epochMs - (records[0] as TraceRecord).epochMs) * ms + start)
  return Object.fromEntries(
    tree.spans.map(({ spanId }, row) => [
      Number.parseInt(spanId, 16),
      ((tree.start[row] as number) - (raw.get(spanId) as number)) / ms
    ])
  )
}

const shop = (...spans: SpanData[]): TraceRecord => record(spans, { service: 'shop' })
const stock = (skew: number, ...spans: SpanData[]): TraceRecord => {
  const base = record(spans, { service: 'stock', source: 'ingest' })
  return { ...base, epochMs: base.epochMs + skew }
}

/** A request of 100 ms that calls another service from the 10th to the 90th. */
const caller = [
  span({ id: 1, kind: server, duration: 100 * ms }),
  span({ id: 2, parent: 1, kind: client, start: 10 * ms, duration: 80 * ms })
]
/** As it really was: from the 20th to the 80th. */
const called = [
  span({ id: 3, parent: 2, parentRemote: true, kind: server, start: 20 * ms, duration: 60 * ms }),
  span({ id: 4, parent: 3, start: 30 * ms, duration: 10 * ms })
]

describe('clocks of two hosts', () => {
  it('that agree leave all times as they were recorded', () => {
    expect(moved(shop(...caller), stock(0, ...called))).toEqual({ 1: 0, 2: 0, 3: 0, 4: 0 })
  })

  it.each([-30, -5000, -3_600_000, 500, 86_400_000])(
    'that differ by %d ms have the whole called process put into the middle of the call',
    (skew) => {
      expect(moved(shop(...caller), stock(skew, ...called))).toEqual({
        1: 0,
        2: 0,
        3: -skew,
        4: -skew
      })
    }
  )

  it('that differ by less than a call leaves open are not touched: nothing proves it', () => {
    expect(moved(shop(...caller), stock(-9, ...called))[3]).toBe(0)
    expect(moved(shop(...caller), stock(15, ...called))[3]).toBe(0)
  })

  it('are known the better the more calls there are', () => {
    const short = span({ id: 5, parent: 1, kind: client, start: 92 * ms, duration: 4 * ms })
    const answer = span({
      id: 6,
      parent: 5,
      parentRemote: true,
      kind: server,
      start: 93 * ms,
      duration: 2 * ms
    })
    expect(moved(shop(...caller, short), stock(-40, ...called, answer))).toMatchObject({
      3: 40,
      4: 40,
      6: 40
    })
  })

  it('are compared along the calls: what a third one calls is moved with it', () => {
    const on = span({ id: 5, parent: 3, kind: client, start: 40 * ms, duration: 10 * ms })
    const third = record(
      [
        span({
          id: 6,
          parent: 5,
          parentRemote: true,
          kind: server,
          start: 42 * ms,
          duration: 6 * ms
        })
      ],
      { service: 'mail', source: 'ingest' }
    )
    const late = { ...third, epochMs: third.epochMs + 700 }
    expect(moved(shop(...caller), stock(-500, ...called, on), late)).toMatchObject({
      3: 500,
      5: 500,
      6: -700
    })
  })
})

describe('what proves nothing', () => {
  it('is a call that goes on after its caller gave up', () => {
    const gaveUp = [
      span({ id: 1, kind: server, duration: 100 * ms }),
      span({ id: 2, parent: 1, kind: client, start: 10 * ms, duration: 20 * ms, status: 2 })
    ]
    const late = span({
      id: 3,
      parent: 2,
      parentRemote: true,
      kind: server,
      start: 40 * ms,
      duration: 300 * ms
    })
    expect(moved(shop(...gaveUp), stock(0, late))[3]).toBe(0)
  })

  it('is a message that waited in its queue; one that was read before it was sent is moved', () => {
    const sent = [
      span({ id: 1, kind: server, duration: 100 * ms }),
      span({ id: 2, parent: 1, kind: producer, start: 10 * ms, duration: ms })
    ]
    const read = span({
      id: 3,
      parent: 2,
      parentRemote: true,
      kind: consumer,
      start: 9000 * ms,
      duration: ms
    })
    expect(moved(shop(...sent), stock(0, read))[3]).toBe(0)
    expect(moved(shop(...sent), stock(-9000, read))[3]).toBe(10)
  })

  it('is anything between processes of one host, which read one clock', () => {
    const host = ['host.name', 'box']
    const at = (one: TraceRecord): TraceRecord => ({
      ...one,
      resource: { ...one.resource, attributes: host }
    })
    expect(moved(at(shop(...caller)), at(stock(-30, ...called)))[3]).toBe(0)
  })

  it('is a caller that is still waiting', () => {
    const open = [
      span({ id: 1, kind: server, duration: 5 * ms, open: true }),
      span({ id: 2, parent: 1, kind: client, start: ms, duration: 4 * ms, open: true })
    ]
    const done = span({
      id: 3,
      parent: 2,
      parentRemote: true,
      kind: server,
      start: 2 * ms,
      duration: 6 * ms
    })
    expect(moved(shop(...open), stock(0, done))[3]).toBe(0)
  })
})

it('any trace of two hosts comes out as it was, to within what the calls leave open', () => {
  const call = fc.record({
    from: fc.integer({ min: 0, max: 900 }),
    there: fc.integer({ min: 1, max: 20 }),
    takes: fc.integer({ min: 0, max: 50 }),
    back: fc.integer({ min: 1, max: 20 })
  })
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: -5000, max: 5000 }),
      (calls, skew) => {
        const mine = [span({ id: 1, kind: server, duration: 2000 * ms })]
        const theirs: SpanData[] = []
        for (const [i, { from, there, takes, back }] of calls.entries()) {
          mine.push(
            span({
              id: 10 + i,
              parent: 1,
              kind: client,
              start: from * ms,
              duration: (there + takes + back) * ms
            })
          )
          theirs.push(
            span({
              id: 100 + i,
              parent: 10 + i,
              parentRemote: true,
              kind: server,
              start: (from + there) * ms,
              duration: takes * ms
            })
          )
        }
        const by = moved(shop(...mine), stock(skew, ...theirs))[100] as number
        const error = Math.abs(by + skew)
        const possible = calls.every(
          ({ there, takes, back }) => skew >= -there && skew <= takes + back
        )
        const untouched = by === 0 && possible
        const open = Math.min(...calls.map(({ there, back }) => Math.max(there, back)))
        expect(untouched || error <= open).toBe(true)
      }
    )
  )
})
