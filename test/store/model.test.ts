import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceId } from '../../src/base/ids.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import type { TraceStore } from '../../src/store/types.ts'
import { summarise } from '../../src/trace/summary.ts'
import { recordOf, silentReport, spanOf, traceIdOf, tracesOf } from './arbitrary.ts'

/** What was put in, never forgotten, and what has ever had a right to be in the kept ring. */
interface Model {
  bySeq: Map<number, TraceRecord>
  mayBeKept: Set<number>
  keptTraces: Set<TraceId>
}

type Step =
  | {
      readonly do: 'add'
      readonly trace: number
      readonly keep: '' | 'error' | 'slow'
      readonly spans: number
    }
  | { readonly do: 'flood'; readonly count: number }
  | { readonly do: 'pin'; readonly trace: number }
  | { readonly do: 'clear' }

const trace = fc.nat(12)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        trace,
        keep: fc.constantFrom(
          '' as const,
          '' as const,
          '' as const,
          'error' as const,
          'slow' as const
        ),
        spans: fc.integer({ min: 1, max: 4 })
      })
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('flood' as const), count: fc.nat(120) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pin' as const), trace }) },
    { weight: 1, arbitrary: fc.constant({ do: 'clear' as const }) }
  ),
  { minLength: 5, maxLength: 60 }
)

let flooded = 1000

function run(store: TraceStore, model: Model, step: Step): void {
  switch (step.do) {
    case 'add':
      put(store, model, fat(step.trace, step.spans), step.keep)
      break
    case 'flood':
      for (let i = 0; i < step.count; i++) put(store, model, fat(++flooded, 1), '')
      break
    case 'pin': {
      const id = traceIdOf(step.trace)
      const there = store.entries(id)
      expect(store.pin(id)).toBe(there.length > 0)
      for (const { seq } of there) model.mayBeKept.add(seq)
      if (there.length > 0) model.keptTraces.add(id)
      break
    }
    case 'clear':
      store.clear()
      model.mayBeKept.clear()
      model.bySeq.clear()
  }
}

function put(
  store: TraceStore,
  model: Model,
  record: TraceRecord,
  keep: '' | 'error' | 'slow'
): void {
  const newest = store.newest
  const seq = store.add(record, keep)
  expect(seq).toBe(newest + 1)
  expect(store.newest).toBe(seq)
  model.bySeq.set(seq, record)
  if (keep !== '') for (const entry of store.entries(record.traceId)) model.mayBeKept.add(entry.seq)
  if (store.entries(record.traceId).some((entry) => entry.kept !== '')) model.mayBeKept.add(seq)
}

// Some kilobytes that no other record has, so that a few dozen records fill a ring of the smallest size.
function fat(number: number, spans: number): TraceRecord {
  const root = spanOf(number)
  const rest = Array.from({ length: spans - 1 }, () => spanOf(number, { parentId: root.spanId }))
  const text = Array.from({ length: 300 }, () => Math.random().toString(36)).join('')
  return recordOf(number, { spans: [{ ...root, attributes: ['body', text] }, ...rest] })
}

/** Everything that can be read is what was put in; what must be there is there. */
function check(store: TraceStore, model: Model): void {
  const expected = new Map<TraceId, number[]>()
  for (const [seq, record] of model.bySeq) {
    const inRecent = seq >= store.oldest
    const entry = store.entries(record.traceId).find((one) => one.seq === seq)
    if (inRecent) expect(entry).toBeDefined()
    if (store.stats.kept.evictedSpans === 0 && model.mayBeKept.has(seq)) expect(entry).toBeDefined()
    if (entry === undefined) continue
    if (!inRecent) expect(model.mayBeKept.has(seq)).toBe(true)
    if (!model.mayBeKept.has(seq)) expect(entry.kept).toBe('')
    const { kept: _, ...figures } = entry
    expect(figures).toStrictEqual({ seq, traceId: record.traceId, ...summarise(record) })
    expected.set(record.traceId, [...(expected.get(record.traceId) ?? []), seq])
  }
  for (const [id, seqs] of expected) {
    expect(store.has(id)).toBe(true)
    expect(store.entries(id).map((entry) => entry.seq)).toStrictEqual(seqs)
    expect(store.records(id)).toStrictEqual(seqs.map((seq) => model.bySeq.get(seq)))
  }
  checkOrder(store, expected)
}

function checkOrder(store: TraceStore, expected: Map<TraceId, number[]>): void {
  const byFirst = [...expected].sort(([, a], [, b]) => (b[0] ?? 0) - (a[0] ?? 0))
  const listed = tracesOf(store)
  expect(listed.map((one) => [one.traceId, one.entries.map((entry) => entry.seq)])).toStrictEqual(
    byFirst
  )
  for (const one of listed) {
    expect(one.first).toBe(one.entries[0]?.seq)
    expect(one.last).toBe(one.entries.at(-1)?.seq)
  }
  for (const before of [
    listed[0]?.first ?? 0,
    listed[listed.length >> 1]?.first ?? 0,
    store.oldest,
    1
  ])
    expect(tracesOf(store, before).map((one) => one.first)).toStrictEqual(
      listed.map((one) => one.first).filter((first) => first < before)
    )
  for (const since of [0, store.oldest - 1, store.newest - 3, store.newest]) {
    const changed = listed.filter((one) => one.last > since).sort((a, b) => a.last - b.last)
    expect([...store.changedSince(since)].map((one) => one.traceId)).toStrictEqual(
      changed.map((one) => one.traceId)
    )
  }
}

describe('the store beside a model that forgets nothing', () => {
  it('gives exactly what was put in, or nothing, after any interleaving of adds, floods, pins and clears', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const store = createStore({ memory: 2 ** 20, report: silentReport() })
        const model: Model = { bySeq: new Map(), mayBeKept: new Set(), keptTraces: new Set() }
        for (const [i, step] of list.entries()) {
          run(store, model, step)
          if (i % 10 === 9) check(store, model)
        }
        check(store, model)
        const { recent, kept } = store.stats
        expect(recent.records).toBe(store.newest - store.oldest + 1)
        expect(recent.bytes).toBeLessThanOrEqual(recent.capacity)
        expect(kept.bytes).toBeLessThanOrEqual(kept.capacity)
      }),
      { numRuns: 40 }
    )
  })
})
