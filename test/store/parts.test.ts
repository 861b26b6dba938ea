import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import { record, recordOf, silentReport, spanOf, traceIdOf } from './arbitrary.ts'

const open = () => createStore({ memory: 2 ** 20, report: silentReport() })

function large(number: number, size: number, spare: Partial<TraceRecord> = {}): TraceRecord {
  const spans = Array.from({ length: size }, (_, i) => spanOf(i))
  return recordOf(number, {
    ...spare,
    spans: spans.map((one, i) => ({
      ...one,
      parentId: i === 0 ? undefined : spans[i >> 1]?.spanId
    }))
  })
}

describe('a trace read in parts', () => {
  it('has the same spans as read at once, our own first', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (records) => {
        const store = open()
        for (const one of records) store.add({ ...one, traceId: traceIdOf(1) }, '')
        const parts = [...store.recordsInParts(traceIdOf(1))]
        const spansOf = (all: readonly TraceRecord[]) =>
          all.flatMap(({ spans, resource, source, epochMs }) =>
            spans.map((span) => ({ span, resource, source, epochMs }))
          )
        const byId = (a: { span: { spanId: string } }, b: { span: { spanId: string } }) =>
          a.span.spanId < b.span.spanId ? -1 : 1
        // Own ids are random in life and taken to be unique; here they may not be.
        const ids = spansOf(records).map(({ span }) => span.spanId)
        fc.pre(new Set(ids).size === ids.length)
        expect(spansOf(parts).toSorted(byId)).toStrictEqual(
          spansOf(store.records(traceIdOf(1))).toSorted(byId)
        )
        const sources = parts.map(({ source }) => source)
        expect(sources).toEqual(sources.toSorted().toReversed())
      }),
      { numRuns: 200 }
    )
  })

  it('comes in parts of few spans, with what was lost counted once', () => {
    const store = open()
    const one = large(1, 700, { droppedSpans: 3 })
    store.add(one, '')
    const parts = [...store.recordsInParts(one.traceId)]
    expect(Math.max(...parts.map(({ spans }) => spans.length))).toBeLessThanOrEqual(128)
    expect(parts.flatMap(({ spans }) => spans)).toStrictEqual(one.spans)
    expect(parts.map(({ droppedSpans }) => droppedSpans)).toEqual([3, 0, 0, 0, 0, 0])
  })

  it('does not mix with what is read and added in between', () => {
    const store = open()
    const [one, other] = [large(1, 300), large(2, 300)]
    store.add(one, '')
    store.add(other, '')
    const found: TraceRecord[] = []
    for (const part of store.recordsInParts(one.traceId)) {
      found.push(part)
      expect(store.records(other.traceId)).toStrictEqual([other])
      store.add(recordOf(3), '')
    }
    expect(found.flatMap(({ spans }) => spans)).toStrictEqual(one.spans)
  })

  it('ends where it is evicted in between', () => {
    const store = open()
    const one = large(1, 300)
    store.add(one, '')
    const parts = store.recordsInParts(one.traceId)[Symbol.iterator]()
    expect(parts.next().value.spans).toStrictEqual(one.spans.slice(0, 128))
    while (store.has(one.traceId)) store.add(large(2, 300), '')
    expect(parts.next().done).toBe(true)
  })

  it('takes one span of two with one id: our own before what came from elsewhere', () => {
    const store = open()
    const own = spanOf(1, { name: 'own' })
    const foreign = { ...own, name: 'foreign' }
    store.add(
      recordOf(1, { spans: [foreign, { ...foreign, name: 'again' }], source: 'ingest' }),
      ''
    )
    const names = () =>
      [...store.recordsInParts(traceIdOf(1))].flatMap(({ spans }) => spans.map(({ name }) => name))
    expect(names()).toEqual(['foreign'])
    store.add(recordOf(1, { spans: [own] }), '')
    expect(names()).toEqual(['own'])
  })
})
