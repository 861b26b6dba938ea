import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../../../src/base/span-data.ts'
import { fitXray } from '../../../../src/interop/export/aws/limits.ts'
import { encodeJson } from '../../../../src/interop/otlp/encode.ts'
import { recordOf, spanOf } from '../spans.ts'

const now = 1_700_000_000_000
const hour = 3_600_000

function fit(records: TraceRecord[]): { records: TraceRecord[]; over: number } {
  let over = 0
  return { records: fitXray(records, now, (spans) => void (over += spans)), over }
}

const bytesOf = (records: TraceRecord[]) => Buffer.byteLength(encodeJson(records))

describe('what X-Ray is sent', () => {
  it('is the record as it is, where it is within the limits', () => {
    const record = recordOf([spanOf(), spanOf({ attributes: ['a', 'b'.repeat(1000)] })])
    const { records, over } = fit([record])
    expect(over).toBe(0)
    expect(records[0]?.spans[1]).toBe(record.spans[1])
  })

  it('has no span above 200 KB: its longest texts are cut first', () => {
    const attributes = ['statement', 's'.repeat(190_000), 'stack', 't'.repeat(190_000), 'id', 'o7']
    const { records, over } = fit([recordOf([spanOf({ attributes })])])
    expect(over).toBe(1)
    expect(bytesOf(records)).toBeLessThan(200_000)
    const [cut] = (records as [TraceRecord])[0].spans as [SpanData]
    expect(cut.attributes[1]).toHaveLength(16_384)
    expect(cut.attributes[5]).toBe('o7')
  })

  it('loses events and logs of a span of which nothing else can be cut, and counts them', () => {
    const logs = Array.from({ length: 5000 }, () => ({
      time: 0,
      severity: 'info' as const,
      body: 'line',
      attributes: []
    }))
    const { records, over } = fit([recordOf([spanOf({ logs, attributes: ['a', 'b'] })])])
    expect(over).toBe(1)
    const [cut] = (records as [TraceRecord])[0].spans as [SpanData]
    expect(cut).toMatchObject({ logs: [], droppedEvents: 5000, attributes: ['a', 'b'] })
  })

  it('leaves out a span that stays too large, and a record without spans', () => {
    const attributes = Array.from({ length: 20_000 }, (_, i) => `key.${i}`)
    expect(fit([recordOf([spanOf({ attributes })])])).toEqual({ records: [], over: 1 })
  })

  it('fits into five megabytes, even when all of it is control characters', () => {
    const attributes = Array.from({ length: 60 }, (_, i) => [`k${i}`, '\u0001'.repeat(1024)]).flat()
    const spans = Array.from({ length: 64 }, () => spanOf({ attributes }))
    const { records } = fit([recordOf(spans)])
    expect(records[0]?.spans).toHaveLength(64)
    expect(bytesOf(records)).toBeLessThan(5_000_000)
  })

  it('is from the last 14 days, and at most two hours ahead', () => {
    const at = (ms: number) => recordOf([spanOf({ name: String(ms) })], { epochMs: now + ms })
    const names = (records: TraceRecord[]) =>
      records.flatMap(({ spans }) => spans.map(({ name }) => name))
    expect(names(fit([at(-13 * 24 * hour)]).records)).toHaveLength(1)
    expect(fit([at(-15 * 24 * hour)])).toEqual({ records: [], over: 1 })
    expect(fit([at(3 * hour)])).toEqual({ records: [], over: 1 })
    // And no two times are further apart than a day.
    expect(names(fit([at(-25 * hour), at(-hour), at(0)]).records)).toEqual([String(-hour), '0'])
  })

  it('has a resource below 16 KB', () => {
    const attributes = Array.from({ length: 60 }, (_, i) => [`k${i}`, 'v'.repeat(1000)]).flat()
    const { records } = fit([recordOf([spanOf()], { resource: { service: 'shop', attributes } })])
    const { resource } = records[0] as TraceRecord
    expect(resource.attributes.slice(0, 4)).toEqual(attributes.slice(0, 4))
    expect(bytesOf([recordOf([spanOf()], { resource })])).toBeLessThan(16_000)
  })

  it('keeps every limit whatever it is given', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom(10, 5000, 40_000).map((length) => 'é\n'.repeat(length))
    )
    const list = fc.array(fc.tuple(text, text), { maxLength: 4 }).map((pairs) => pairs.flat())
    const spans = fc.array(
      fc.record({ name: text, attributes: list, events: fc.constant([]), statusMessage: text }),
      { minLength: 1, maxLength: 4 }
    )
    fc.assert(
      fc.property(spans, (made) => {
        const { records } = fit([recordOf(made.map(spanOf))])
        for (const record of records)
          for (const span of record.spans) expect(bytesOf([recordOf([span])])).toBeLessThan(200_000)
        expect(bytesOf(records)).toBeLessThan(5_000_000)
      }),
      { numRuns: 20 }
    )
  })
})
