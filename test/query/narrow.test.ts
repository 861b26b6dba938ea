import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createReader } from '../../src/query/reader.ts'
import type { ListRequest, WantedSpan } from '../../src/query/types.ts'
import { epochMs, flat, NaiveStore, record, request, span, traceId } from './fixtures.ts'
import { openTracing } from './open.ts'
import { stores } from './stores.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function listing(store: Parameters<typeof createReader>[0]['store']) {
  const { open } = openTracing(store)
  closing.push(() => open.close())
  const now = (): number => performance.now()
  const reader = createReader({ store, open, routes: { figures: () => [] }, now })
  return async (request: Partial<ListRequest>): Promise<number[]> => {
    const { traces } = await reader.list({ query: '', limit: 100, ...request })
    return traces.map((trace) => Number.parseInt(trace.traceId, 16))
  }
}

describe.each(stores)('a list on %s', (_name, createStore) => {
  it('keeps to the time that is asked for, bounds included', async () => {
    const store = createStore()
    for (let trace = 1; trace <= 5; trace++) store.add(request({ trace, start: trace * 10 }), '')
    const list = listing(store)
    expect(await list({ from: epochMs + 20, to: epochMs + 40 })).toEqual([4, 3, 2])
    expect(await list({ from: epochMs + 41 })).toEqual([5])
    expect(await list({ to: epochMs + 10 })).toEqual([1])
    expect(await list({ from: epochMs + 21, to: epochMs + 29 })).toEqual([])
  })

  it('asks one span for its service, name, kind, duration and attributes', async () => {
    const store = createStore()
    const query = (id: number, system: string) =>
      span({
        id,
        parent: 1000,
        name: 'SELECT orders',
        kind: 2,
        duration: 5e6,
        attributes: flat({ 'db.system.name': system })
      })
    store.add(request({ trace: 1, children: [query(2, 'postgresql')] }), '')
    store.add(request({ trace: 2, duration: 90, attributes: { 'db.system.name': 'redis' } }), '')
    const remote = [span({ id: 7, parent: 2, parentRemote: true, kind: 1, name: 'GET /stock' })]
    store.add(record(remote, { traceId: traceId(1), service: 'storage' }), '')
    const list = listing(store)
    const found = (wanted: WantedSpan, query = ''): Promise<number[]> =>
      list({ span: wanted, query })
    expect(await found({ service: 'storage' })).toEqual([1])
    expect(await found({ service: 'Storage' })).toEqual([])
    expect(await found({ service: 'api' })).toEqual([2, 1])
    expect(await found({ service: 'api', name: 'GET /stock' })).toEqual([])
    expect(await found({ service: 'storage', name: 'GET /stock' })).toEqual([1])
    expect(await found({ name: 'SELECT orders', kind: 2 })).toEqual([1])
    expect(await found({ name: 'SELECT orders', kind: 1 })).toEqual([])
    expect(await found({ name: 'SELECT orders', minDuration: 5, maxDuration: 5 })).toEqual([1])
    expect(await found({ name: 'SELECT orders', minDuration: 6 })).toEqual([])
    expect(await found({ service: 'api', minDuration: 50 })).toEqual([2])
    expect(await found({ service: 'api' }, '@db.system.name=redis')).toEqual([2])
    expect(await found({ service: 'storage' }, '@db.system.name=postgresql')).toEqual([])
    expect(await found({ service: 'storage' }, '-@db.system.name=redis')).toEqual([1])
  })

  it('finds by any name what a walk over all spans finds', async () => {
    const names = ['GET /orders', 'true', '7', 'Größe', 'a b', '10.0.0.1', '*', 'x'.repeat(200)]
    const name = fc.constantFrom(...names)
    const traces = fc.array(fc.array(name, { minLength: 1, maxLength: 3 }), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(traces, name, async (all, wanted) => {
        const store = createStore()
        for (const [i, spans] of all.entries())
          store.add(
            record(
              spans.map((name, j) => span({ id: i * 10 + j + 1, name })),
              { traceId: traceId(i + 1) }
            ),
            ''
          )
        const expected = all.flatMap((spans, i) => (spans.includes(wanted) ? [i + 1] : []))
        expect(await listing(store)({ span: { name: wanted } })).toEqual(expected.reverse())
      }),
      { numRuns: 40 }
    )
  })
})

describe('a list of one service', () => {
  it('looks at no span', async () => {
    const store = new NaiveStore()
    for (let trace = 1; trace <= 5; trace++) store.add(request({ trace }))
    expect(await listing(store)({ span: { service: 'api' }, from: epochMs })).toHaveLength(5)
    expect(store.decoded).toEqual([])
  })
})
