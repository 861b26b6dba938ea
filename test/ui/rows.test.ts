import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Summary } from '../../src/wire/summary.ts'
import { Rows } from '../../ui/list/rows.ts'
import { summaryOf } from './fake.ts'

const ids = (rows: Rows): string[] => rows.view.map((row) => row.summary.traceId)
const trace = (traceId: string, over: Partial<Summary> = {}): Summary =>
  summaryOf({ traceId, seq: Number(traceId.replace(/\D/g, '')) || 1, ...over })

describe('the rows of the list', () => {
  test('hold arrivals back until the head may move', () => {
    const rows = new Rows(100)
    rows.push([trace('1'), trace('2')])
    expect(ids(rows)).toEqual([])
    expect(rows.pending).toBe(2)
    expect(rows.advance()).toBe(true)
    expect(ids(rows)).toEqual(['1', '2'])
    expect(rows.pending).toBe(0)
    expect(rows.advance()).toBe(false)
  })

  test('keep a row where it is when its trace changes', () => {
    const rows = new Rows(100)
    rows.push([trace('1'), trace('2'), trace('3')])
    rows.advance()
    const before = { ids: ids(rows), first: rows.first, total: rows.total }
    rows.push([trace('2', { seq: 9, errors: 4 })])
    rows.advance()
    expect({ ids: ids(rows), first: rows.first, total: rows.total }).toEqual(before)
    expect(rows.get('2')?.summary.errors).toBe(4)
  })

  test('take a request in flight only when it has ended', () => {
    const rows = new Rows(100)
    rows.push([trace('1', { inFlight: true })])
    expect(rows.size).toBe(0)
    rows.push([trace('1')])
    rows.advance()
    expect(ids(rows)).toEqual(['1'])
  })

  test('put older pages below without touching the ordinals above', () => {
    const rows = new Rows(100)
    rows.push([trace('5'), trace('6')])
    rows.advance()
    const ordinal = rows.first
    rows.older([trace('4'), trace('3')])
    expect(ids(rows)).toEqual(['3', '4', '5', '6'])
    expect(rows.first).toBe(ordinal - 2)
    expect(rows.total).toBe(ordinal + 2)
  })

  test('keep evicted rows in view until the head moves, and kept ones after it', () => {
    const rows = new Rows(100)
    rows.push([trace('1'), trace('2', { kept: 'error' }), trace('3'), trace('4')])
    rows.advance()
    const { total } = rows
    rows.evict(4)
    expect(ids(rows)).toEqual(['1', '2', '3', '4'])
    expect(rows.view[0]?.gone).toBe(true)
    expect(rows.size).toBe(2)
    rows.advance()
    expect(ids(rows)).toEqual(['2', '4'])
    expect(rows.total).toBe(total)
  })

  test('count noise, fold it away, and never fold away noise that fails', () => {
    const rows = new Rows(100)
    rows.push([
      trace('1', { noise: 'health' }),
      trace('2', { noise: 'health', httpStatus: 503, status: 'error' }),
      trace('3', { noise: 'static', httpStatus: 404 }),
      trace('4')
    ])
    rows.advance()
    expect(ids(rows)).toEqual(['2', '3', '4'])
    expect(rows.noisy).toBe(1)
    rows.filter(() => true, true)
    expect(ids(rows)).toEqual(['1', '2', '3', '4'])
    expect(rows.noisy).toBe(1)
  })

  test('bring a trace that matches only now in at the top, as if it had just come', () => {
    const rows = new Rows(100)
    rows.filter((summary) => summary.errors > 0, false)
    rows.push([trace('1'), trace('2', { errors: 1 }), trace('3')])
    rows.advance()
    expect(ids(rows)).toEqual(['2'])
    rows.push([trace('1', { errors: 1, seq: 7 })])
    expect(ids(rows)).toEqual(['2'])
    expect(rows.pending).toBe(1)
    rows.advance()
    expect(ids(rows)).toEqual(['2', '1'])
  })

  test('stay within their capacity while nobody lets the head move', () => {
    const rows = new Rows(50)
    for (let i = 0; i < 40; i++) {
      rows.push(Array.from({ length: 25 }, (_, k) => trace(String(i * 25 + k + 1))))
    }
    expect(rows.size).toBe(50)
    expect(rows.pending).toBe(50)
    rows.advance()
    expect(ids(rows)).toEqual(Array.from({ length: 50 }, (_, k) => String(951 + k)))
  })

  test('keep the rows of a process that ended, apart from the count', () => {
    const rows = new Rows(100)
    rows.push([trace('1'), trace('2')])
    rows.advance()
    rows.retire()
    rows.push([trace('9', { seq: 1 })])
    rows.evict(1_000)
    rows.advance()
    expect(rows.view.map((row) => [row.summary.traceId, row.past])).toEqual([
      ['1', true],
      ['2', true]
    ])
    expect(rows.size).toBe(0)
  })
})

type Step =
  | { do: 'push'; id: number; status: number; noise: boolean }
  | { do: 'advance' }
  | { do: 'evict'; oldest: number }
  | { do: 'filter'; status: number; noise: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      id: fc.nat(30),
      status: fc.constantFrom(200, 404, 500),
      noise: fc.boolean()
    })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), oldest: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('filter' as const),
      status: fc.constantFrom(0, 200, 500),
      noise: fc.boolean()
    })
  }
)

describe('any course of arrivals, evictions and filters', () => {
  test('never moves, drops or repeats a row that is in view', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const rows = new Rows(20)
        let seq = 0
        for (const one of steps) {
          const places = placesOf(rows)
          const seen = new Set(rows.view)
          const top = rows.total
          if (one.do === 'push') {
            rows.push([
              summaryOf({
                traceId: `t${one.id}`,
                seq: ++seq,
                httpStatus: one.status,
                noise: one.noise ? 'health' : ''
              })
            ])
          } else if (one.do === 'evict') rows.evict(one.oldest)
          else if (one.do === 'advance') rows.advance()
          else
            rows.filter(
              (summary) => one.status === 0 || summary.httpStatus === one.status,
              one.noise
            )

          const now = placesOf(rows)
          expect(now.size).toBe(rows.view.length)
          if (one.do === 'push' || one.do === 'evict') {
            expect(now).toEqual(places)
            expect(rows.total).toBe(top)
          }
          if (one.do === 'advance') {
            // What was at the top keeps its ordinal unless rows below it made room.
            // A trace that left memory and came back is a new row under the old id.
            const same = new Set(
              rows.view.filter((row) => seen.has(row)).map((row) => row.summary.traceId)
            )
            const left = [...places].filter(([id]) => same.has(id))
            const kept = left.length === places.size
            if (kept) for (const [id, ordinal] of left) expect(now.get(id)).toBe(ordinal)
            expect(rows.pending).toBe(0)
          }
          expect(rows.size).toBeLessThanOrEqual(20)
        }
      }),
      { numRuns: 300 }
    )
  })

  test('shows after the head moved just what a plain filter of all traces shows', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const rows = new Rows(1_000)
        const plain = new Map<string, Summary>()
        let [seq, status, noise] = [0, 0, false]
        for (const one of steps) {
          if (one.do === 'push') {
            const summary = summaryOf({
              traceId: `t${one.id}`,
              seq: ++seq,
              httpStatus: one.status,
              noise: one.noise ? 'health' : ''
            })
            plain.set(summary.traceId, summary)
            rows.push([summary])
          } else if (one.do === 'evict') {
            for (const [id, summary] of plain) if (summary.seq < one.oldest) plain.delete(id)
            rows.evict(one.oldest)
          } else if (one.do === 'filter') {
            ;[status, noise] = [one.status, one.noise]
            rows.filter(
              (summary) => one.status === 0 || summary.httpStatus === one.status,
              one.noise
            )
          }
        }
        rows.filter((summary) => status === 0 || summary.httpStatus === status, noise)
        const expected = [...plain.values()]
          .filter((one) => status === 0 || one.httpStatus === status)
          .filter((one) => noise || one.noise === '' || one.httpStatus >= 400)
          .map((one) => one.traceId)
        expect(ids(rows).sort()).toEqual(expected.sort())
        expect(rows.size).toBe(plain.size)
        const folded = [...plain.values()].filter(
          (one) =>
            (status === 0 || one.httpStatus === status) && one.noise !== '' && one.httpStatus < 400
        )
        expect(rows.noisy).toBe(folded.length)
      }),
      { numRuns: 300 }
    )
  })
})

function placesOf(rows: Rows): Map<string, number> {
  return new Map(rows.view.map((row, i) => [row.summary.traceId, rows.first + i]))
}
