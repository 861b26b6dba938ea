import { afterEach, describe, expect, it } from 'vitest'
import { inSlices } from '../../src/base/time-slices.ts'
import { operationsIn } from '../../src/query/operations.ts'
import { createReader } from '../../src/query/reader.ts'
import { finish, NaiveStore, record, request, span, traceId } from './fixtures.ts'
import { openTracing } from './open.ts'
import { stores } from './stores.ts'

const clock = (): number => performance.now()

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

describe.each(stores)('operations in %s', (_name, createStore) => {
  it('are the names and kinds of the spans of each service, once and in order', () => {
    const store = createStore()
    const children = [
      span({ id: 2, parent: 1000, name: 'load', kind: 2 }),
      span({ id: 3, parent: 1000, name: 'load', kind: 0 })
    ]
    store.add(request({ trace: 1, children }), '')
    store.add(request({ trace: 2, children: [] }), '')
    const work = span({ id: 5, parent: 2, parentRemote: true, kind: 4, name: '__proto__' })
    store.add(record([work], { traceId: traceId(1), service: 'Mailer' }), '')
    expect(finish(operationsIn(store, clock))).toEqual([
      { service: 'Mailer', name: '__proto__', kind: 4 },
      { service: 'api', name: 'GET /orders', kind: 1 },
      { service: 'api', name: 'load', kind: 0 },
      { service: 'api', name: 'load', kind: 2 }
    ])
  })

  it('are a thousand of a service at most, which hides no other', () => {
    const store = createStore()
    store.add(request({ trace: 1, service: 'quiet' }), '')
    for (let trace = 2; trace <= 13; trace++) {
      const children = Array.from({ length: 99 }, (_, i) =>
        span({ id: i + 1, parent: trace * 1000, name: `order ${trace * 100 + i}` })
      )
      store.add(request({ trace, service: 'chatty', children }), '')
    }
    const found = finish(operationsIn(store, clock))
    expect(found.filter(({ service }) => service === 'chatty')).toHaveLength(1000)
    expect(found.at(-1)).toEqual({ service: 'quiet', name: 'GET /orders', kind: 1 })
  })
})

describe('operations that are asked for often', () => {
  it('are collected once for all who ask at once, and again only after a change', async () => {
    const store = new NaiveStore()
    const { open } = openTracing(store)
    closing.push(() => open.close())
    const reader = createReader({ store, open, routes: { figures: () => [] }, now: clock })
    store.add(request({ trace: 1 }))
    const lists = await Promise.all([reader.operations(), reader.operations()])
    expect(lists[0]).toBe(lists[1])
    expect(await reader.operations()).toBe(lists[0])
    expect(store.decoded).toHaveLength(1)
    store.add(request({ trace: 2, route: '/carts' }))
    expect((await reader.operations()).map(({ name }) => name)).toEqual([
      'GET /carts',
      'GET /orders'
    ])
    store.clear()
    expect(await reader.operations()).toEqual([])
  })

  it('let the host go on, and stop after half a second with those of the newest traces', async () => {
    const store = new NaiveStore()
    for (let trace = 1; trace <= 100; trace++) store.add(request({ trace, service: `s${trace}` }))
    let ms = 0
    const now = (): number => (ms += 9)
    let turns = 0
    const tick = (): void => {
      turns++
      ticking = setImmediate(tick)
    }
    let ticking = setImmediate(tick)
    const found = await inSlices(operationsIn(store, now), now)
    clearImmediate(ticking)
    expect(turns).toBeGreaterThan(9)
    expect(found.length).toBeLessThan(100)
    expect(found.map(({ service }) => service)).toContain('s100')
  })
})
