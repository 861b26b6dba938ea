import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../../../src/base/span-data.ts'
import { fitGoogle } from '../../../../src/interop/export/google/limits.ts'
import { encodeJson } from '../../../../src/interop/otlp/encode.ts'
import { recordOf, spanOf } from '../spans.ts'

function fit(record: TraceRecord): { records: TraceRecord[]; over: number } {
  let over = 0
  return { records: fitGoogle([record], (spans) => void (over += spans)), over }
}

const listOf = (count: number, value = 'v') =>
  Array.from({ length: count }, (_, i) => [`k${i}`, value]).flat()

interface Encoded {
  name: string
  attributes: { key: string; value: { stringValue?: string } }[]
  events?: Encoded[]
  links?: Encoded[]
}

describe('what Google Cloud is sent', () => {
  it('is the record as it is, where it is within the limits', () => {
    const record = recordOf([spanOf({ attributes: listOf(64, 'x'.repeat(1024)) })])
    const { records, over } = fit(record)
    expect(over).toBe(0)
    expect(records).toHaveLength(1)
    expect(records[0]?.spans[0]).toBe(record.spans[0])
  })

  it('has names and values cut between characters, and no key that is too long', () => {
    const attributes = ['long', 'é'.repeat(40_000), 'k'.repeat(513), 'lost', 'list', listOf(9000)]
    const { records, over } = fit(recordOf([spanOf({ name: '€'.repeat(400), attributes })]))
    expect(over).toBe(1)
    const [span] = (records as [TraceRecord])[0].spans as [SpanData]
    expect(span.name).toBe('€'.repeat(341))
    expect(span.attributes.slice(0, 2)).toEqual(['long', 'é'.repeat(32_768)])
    expect(span.attributes[2]).toBe('list')
    expect((span.attributes[3] as string[]).join('').length).toBeLessThanOrEqual(65_536)
    expect(span.droppedAttributes).toBe(1)
  })

  it('counts logs among the events, which they become', () => {
    const events = Array.from({ length: 200 }, () => ({ name: 'e', time: 0, attributes: [] }))
    const log = { time: 0, severity: 'info' as const, body: 'b', attributes: [] }
    const logs = Array.from({ length: 100 }, () => log)
    const { records, over } = fit(recordOf([spanOf({ events, logs, droppedEvents: 1 })]))
    expect(over).toBe(1)
    const [span] = (records as [TraceRecord])[0].spans as [SpanData]
    expect([span.events.length, span.logs.length, span.droppedEvents]).toEqual([200, 56, 45])
  })

  it('is parted where a resource would have more than 8192 attributes in all', () => {
    const spans = Array.from({ length: 64 }, () => spanOf({ attributes: listOf(1000) }))
    const { records, over } = fit(recordOf(spans, { droppedSpans: 3 }))
    expect(over).toBe(0)
    expect(records.map((record) => record.spans.length)).toEqual([8, 8, 8, 8, 8, 8, 8, 8])
    expect(records.map(({ droppedSpans }) => droppedSpans)).toEqual([3, 0, 0, 0, 0, 0, 0, 0])
  })

  it('keeps every limit whatever it is given', () => {
    const list = fc
      .tuple(fc.constantFrom(0, 3, 40, 1022, 1024, 1100), fc.constantFrom('v', 'é'.repeat(40_000)))
      .map(([count, value]) => listOf(count, count > 3 ? 'v' : value))
    const some = fc.tuple(fc.constantFrom(0, 1, 7, 130, 260), list).map(([count, attributes]) =>
      Array.from({ length: count }, () => ({
        name: 'n'.repeat(1100),
        time: 0,
        attributes,
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        traceState: '',
        severity: 'info',
        body: count > 7 ? 'b' : 'b'.repeat(70_000)
      }))
    )
    const spans = fc.array(fc.record({ attributes: list, events: some, logs: some, links: some }), {
      minLength: 1,
      maxLength: 3
    })
    fc.assert(
      fc.property(spans, (made) => {
        const { records } = fit(
          recordOf(
            made.map((one) => spanOf(one as unknown as Partial<SpanData>)),
            { droppedSpans: 1 }
          )
        )
        const { resourceSpans } = JSON.parse(encodeJson(records)) as {
          resourceSpans: { resource: Encoded; scopeSpans: { spans: Encoded[] }[] }[]
        }
        let sent = 0
        for (const { resource, scopeSpans } of resourceSpans) {
          const parts = scopeSpans.flatMap((scope) => scope.spans)
          sent += parts.length
          const all = parts.flatMap((one) => [one, ...(one.events ?? []), ...(one.links ?? [])])
          for (const one of parts) {
            expect(one.events?.length ?? 0).toBeLessThanOrEqual(256)
            expect(one.links?.length ?? 0).toBeLessThanOrEqual(128)
          }
          let attributes = resource.attributes.length
          for (const one of all) {
            attributes += one.attributes.length
            expect(Buffer.byteLength(one.name ?? '')).toBeLessThanOrEqual(1024)
            expect(one.attributes.length).toBeLessThanOrEqual(1024)
            const longest = one.attributes.map(({ value }) =>
              Buffer.byteLength(value.stringValue ?? '')
            )
            expect(Math.max(0, ...longest)).toBeLessThanOrEqual(65_536)
          }
          expect(attributes).toBeLessThanOrEqual(8192)
        }
        expect(sent).toBe(made.length)
      }),
      { numRuns: 20 }
    )
  })
})
