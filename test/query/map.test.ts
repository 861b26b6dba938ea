import { describe, expect, it } from 'vitest'
import { inSlices } from '../../src/base/time-slices.ts'
import { serviceMap } from '../../src/query/map.ts'
import { createReader } from '../../src/query/reader.ts'
import { epochMs, finish, flat, NaiveStore, record, request, span, traceId } from './fixtures.ts'
import { openTracing } from './open.ts'
import { stores } from './stores.ts'

const clock = (): number => performance.now()

function call(id: number, parent: number, port: number, fields: object = {}) {
  return span({
    id,
    parent,
    kind: 2,
    duration: 20e6,
    attributes: flat({
      'http.request.method': 'GET',
      'server.address': 'localhost',
      'server.port': port
    }),
    ...fields
  })
}

function served(
  trace: number,
  id: number,
  parent: number,
  service: string,
  children = [] as ReturnType<typeof span>[]
) {
  const entry = span({ id, parent, parentRemote: true, kind: 1, duration: 10e6 })
  return record([entry, ...children], { traceId: traceId(trace), service })
}

const query = (id: number, parent: number, fields: object = {}) =>
  span({
    id,
    parent,
    kind: 2,
    duration: 5e6,
    attributes: flat({ 'db.system.name': 'postgresql' }),
    ...fields
  })

describe.each(stores)('serviceMap on %s', (_name, createStore) => {
  it('draws services, databases and strangers with the calls between them', async () => {
    const store = createStore()
    const children = [call(2, 1000, 4001), call(3, 1000, 443, { status: 2 })]
    store.add(request({ trace: 1, duration: 100, children }), '')
    store.add(served(1, 5, 2, 'storage', [query(6, 5), query(7, 5, { status: 2 })]), '')
    const map = finish(serviceMap(store, clock))
    expect(map.nodes.map(({ name, kind, spans, errors }) => [name, kind, spans, errors])).toEqual([
      ['api', 'service', 3, 1],
      ['storage', 'service', 3, 1],
      ['localhost:443', 'external', 1, 1],
      ['postgresql', 'db', 2, 1]
    ])
    expect(map.edges.map(({ from, to, calls, errors }) => [from, to, calls, errors])).toEqual([
      ['api', 'storage', 1, 0],
      ['api', 'localhost:443', 1, 1],
      ['storage', 'postgresql', 2, 1]
    ])
    const p95 = Object.fromEntries(map.nodes.map((node) => [node.name, node.p95]))
    expect(p95['api']).toBeCloseTo(100, 0)
    expect(p95['storage']).toBeCloseTo(10, 0)
    expect(map.edges[0].p95).toBeCloseTo(20, 0)
  })

  it('takes nobody for the one behind a queue', async () => {
    const store = createStore()
    const send = (id: number, parent: number) =>
      span({ id, parent, kind: 3, attributes: flat({ 'messaging.system': 'rabbitmq' }) })
    store.add(request({ trace: 1, children: [send(2, 1000)] }), '')
    const work = span({ id: 5, parent: 2, parentRemote: true, kind: 4 })
    store.add(record([work], { traceId: traceId(1), service: 'mailer' }), '')
    store.add(request({ trace: 2, children: [send(3, 2000)] }), '')
    const { edges } = finish(serviceMap(store, clock))
    expect(edges.map(({ from, to, calls }) => [from, to, calls])).toEqual([
      ['api', 'rabbitmq', 1],
      ['api', 'mailer', 1]
    ])
  })

  it('knows the service behind an address from other traces', async () => {
    const store = createStore()
    store.add(request({ trace: 1, children: [call(2, 1000, 4001)] }), '')
    store.add(served(1, 5, 2, 'storage'), '')
    store.add(request({ trace: 2, children: [call(3, 2000, 4001)] }), '')
    const map = finish(serviceMap(store, clock))
    expect(map.edges).toMatchObject([{ from: 'api', to: 'storage', calls: 2 }])
    expect(map.nodes.map(({ name }) => name)).toEqual(['api', 'storage'])
  })

  it('joins services without a client span between them, and no service to itself', async () => {
    const store = createStore()
    store.add(request({ trace: 1, children: [span({ id: 2, parent: 1000 })] }), '')
    store.add(served(1, 5, 1000, 'worker'), '')
    store.add(served(1, 6, 2, 'api'), '')
    const map = finish(serviceMap(store, clock))
    expect(map.edges).toMatchObject([{ from: 'api', to: 'worker' }])
  })

  it('survives names of the language and circles', async () => {
    const store = createStore()
    store.add(record([span({ id: 1, parent: 1 })], { service: '__proto__' }), '')
    store.add(
      record([span({ id: 2, parent: 3 }), span({ id: 3, parent: 2 })], {
        service: 'constructor',
        traceId: traceId(2)
      }),
      ''
    )
    const map = finish(serviceMap(store, clock))
    expect(map.nodes.map(({ name }) => name).toSorted()).toEqual(['__proto__', 'constructor'])
    expect(map.edges).toEqual([])
  })

  it('draws the traces that began in a stretch of time, and decodes no other', async () => {
    const store = createStore()
    for (const trace of [1, 2, 3])
      store.add(request({ trace, start: trace * 1000, service: `service ${trace}` }), '')
    // What came later of a trace belongs to it, whenever that was.
    const late = { traceId: traceId(1), service: 'late' }
    store.add(record([span({ id: 9, parent: 1000, start: 9e9 })], late), '')
    const drawn = (from?: number, to?: number): string[] => {
      const range = { from: from && epochMs + from, to: to && epochMs + to }
      return finish(serviceMap(store, clock, range)).nodes.map(({ name }) => name.slice(-1))
    }
    expect(drawn().toSorted()).toEqual(['1', '2', '3', 'e'])
    expect(drawn(1000, 1000)).toEqual(['1', 'e'])
    expect(drawn(1001)).toEqual(['3', '2'])
    expect(drawn(undefined, 1999).toSorted()).toEqual(['1', 'e'])
    expect(drawn(2000, 2500)).toEqual(['2'])
    expect(drawn(8000, 10_000)).toEqual([])
    const naive = new NaiveStore()
    for (const trace of [1, 2, 3]) naive.add(request({ trace, start: trace * 1000 }))
    finish(serviceMap(naive, clock, { from: epochMs + 2500 }))
    expect(naive.decoded).toEqual([traceId(3)])
  })

  it('is empty for an empty store', async () => {
    expect(finish(serviceMap(createStore(), clock))).toEqual({
      nodes: [],
      edges: [],
      drawn: { traces: 0, complete: true, from: 0, to: 0 }
    })
  })
})

describe('a map that is asked for often', () => {
  it('is drawn once for all who ask at once, and again only after a change', async () => {
    const store = new NaiveStore()
    const { open } = openTracing(store)
    const routes = { figures: () => [] }
    const reader = createReader({ store, open, routes, now: clock })
    store.add(request({ trace: 1 }))
    const maps = await Promise.all([reader.map(), reader.map()])
    expect(maps[0]).toBe(maps[1])
    expect(await reader.map()).toBe(maps[0])
    expect(store.decoded).toHaveLength(1)
    const [none, one] = await Promise.all([reader.map({ to: 0 }), reader.map({ to: epochMs })])
    expect([none?.nodes.length, one?.nodes.length]).toEqual([0, 1])
    store.add(request({ trace: 2 }))
    expect((await reader.map()).nodes[0].spans).toBe(2)
    store.clear()
    expect((await reader.map()).nodes).toEqual([])
    open.close()
  })

  it('lets the host go on, and stops after two seconds with the newest traces', async () => {
    const store = new NaiveStore()
    for (let trace = 1; trace <= 100; trace++) store.add(request({ trace, service: `s${trace}` }))
    let ms = 0
    const now = (): number => (ms += 36)
    let turns = 0
    const tick = (): void => {
      turns++
      ticking = setImmediate(tick)
    }
    let ticking = setImmediate(tick)
    const map = await inSlices(serviceMap(store, now), now)
    clearImmediate(ticking)
    expect(turns).toBeGreaterThan(9)
    expect(map.nodes.length).toBeLessThan(100)
    expect(map.nodes[0].name).toBe('s100')
    expect(map.drawn).toMatchObject({ traces: map.nodes.length, complete: false })
  })
})
