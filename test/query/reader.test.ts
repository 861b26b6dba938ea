import { afterEach, describe, expect, it } from 'vitest'
import type { TraceId } from '../../src/base/ids.ts'
import { createReader } from '../../src/query/reader.ts'
import { Routes } from '../../src/query/routes.ts'
import type { Reader } from '../../src/query/types.ts'
import { summarise } from '../../src/trace/summary.ts'
import { epochMs, record, request, span, spanId, traceId } from './fixtures.ts'
import { openTracing } from './open.ts'
import { stores } from './stores.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

describe.each(stores)('a reader on %s', (_name, createStore) => {
  function setup() {
    const store = createStore()
    const recording = openTracing(store)
    closing.push(() => recording.open.close())
    const routes = new Routes(() => 0)
    const reader: Reader = createReader({
      store,
      open: recording.open,
      routes,
      slowMs: 100,
      now: () => performance.now()
    })
    return { store, reader, routes, ...recording }
  }

  it('knows nothing of a trace that is not there', async () => {
    const { reader } = setup()
    expect(reader.summary(traceId(7))).toBeUndefined()
    expect([...reader.records(traceId(7))]).toEqual([])
    expect(await reader.columns(traceId(7))).toBeUndefined()
    expect(await reader.span(traceId(7), spanId(1))).toBeUndefined()
    expect(await reader.logs(traceId(7))).toBeUndefined()
  })

  it('finds the spans that hold a text in a value, message, event or log line, whatever its case', async () => {
    const { store, reader } = setup()
    const children = [
      span({ id: 2, parent: 1000, attributes: ['db.query.text', 'SELECT Needle'] }),
      span({ id: 3, parent: 1000, statusMessage: 'no needle here' }),
      span({
        id: 4,
        parent: 1000,
        logs: [{ time: 0, severity: 'info', body: 'a NEEDLE', attributes: [] }]
      }),
      span({ id: 5, parent: 1000, attributes: ['needle', 'hay'] })
    ]
    store.add(request({ trace: 1, children }), '')
    expect(await reader.find(traceId(1), 'needle')).toEqual([spanId(2), spanId(3), spanId(4)])
    expect(await reader.find(traceId(1), 'thimble')).toEqual([])
    expect(await reader.find(traceId(7), 'needle')).toBeUndefined()
  })

  it('joins the records of all processes', async () => {
    const { store, reader } = setup()
    store.add(
      record([span({ id: 5, parent: 1000, parentRemote: true, kind: 1, start: 9 })], {
        service: 'storage'
      }),
      ''
    )
    store.add(request({ trace: 1, children: [span({ id: 2, parent: 1000 })] }), '')
    expect(reader.summary(traceId(1))).toMatchObject({
      name: 'GET /orders',
      services: ['storage', 'api'],
      spans: 3,
      seq: 2,
      inFlight: false,
      incomplete: false
    })
    const trace = await reader.columns(traceId(1))
    expect(trace?.spans.id).toEqual([spanId(1000), spanId(2), spanId(5)])
    expect(trace?.summary).toEqual(reader.summary(traceId(1)))
    expect(await reader.span(traceId(1), spanId(5))).toMatchObject({
      service: 'storage',
      kind: 'server'
    })
    expect(await reader.logs(traceId(1))).toEqual([])
  })

  it('sees what is added to a trace after it was read', async () => {
    const { store, reader } = setup()
    store.add(request({ trace: 1 }), '')
    expect((await reader.columns(traceId(1)))?.spans.id).toHaveLength(1)
    store.add(record([span({ id: 2, parent: 1000 })]), '')
    expect((await reader.columns(traceId(1)))?.spans.id).toHaveLength(2)
    store.clear()
    expect(await reader.columns(traceId(1))).toBeUndefined()
  })

  it('shows a request from its start, growing until it ends', async () => {
    const { reader, start, time } = setup()
    const root = start('GET /slow')
    const id = root.trace.traceId
    time.ms = 40
    const child = start('query', root)
    time.ms = 50
    expect(reader.summary(id)).toMatchObject({
      name: 'GET /slow',
      inFlight: true,
      duration: 50,
      spans: 2,
      seq: 0
    })
    const trace = (await reader.columns(id))!
    expect(trace).toMatchObject({ start: epochMs, response: -1, extent: 50_000 })
    expect(trace.spans.duration).toEqual([50_000, 10_000])
    expect(await reader.span(id, child.spanId)).toMatchObject({ open: true, duration: 10 })
    child.end()
    time.ms = 60
    root.end()
    expect(reader.summary(id)).toMatchObject({ inFlight: false, duration: 60, spans: 2 })
    expect(await reader.columns(id)).toMatchObject({ response: 60_000 })
  })

  it('joins what is stored of a trace with what still runs of it', async () => {
    const { reader, start, time } = setup()
    const root = start('GET /')
    const mail = start('mail', root)
    time.ms = 10
    root.end()
    time.ms = 30
    const id = root.trace.traceId
    expect(reader.summary(id)).toMatchObject({
      name: 'GET /',
      duration: 10,
      spans: 2,
      inFlight: false
    })
    expect(await reader.columns(id)).toMatchObject({ response: 10_000, extent: 30_000 })
    mail.end()
    expect(reader.summary(id)).toMatchObject({ spans: 2 })
    expect([...reader.records(id)]).toHaveLength(2)
  })

  it('lists requests in flight, the oldest first, and counts those beyond the limit', () => {
    const { reader, start, time } = setup()
    const names = ['a', 'b', 'c']
    const spans = names.map((name) => {
      time.ms++
      return start(name)
    })
    const { rows, total } = reader.inFlight(2)
    expect([rows.map(({ name }) => name), total]).toEqual([['a', 'b'], 3])
    spans[0].end()
    expect(reader.inFlight(9).rows.map(({ name }) => name)).toEqual(['b', 'c'])
  })

  it('gives what has changed since a sequence number, the oldest change first', () => {
    const { store, reader } = setup()
    for (const trace of [1, 2, 3]) store.add(request({ trace }), '')
    store.add(record([span({ id: 9, parent: 1000 })], { traceId: traceId(1) }), '')
    const changes = (seq: number): [string, boolean][] =>
      Array.from(reader.changedSince(seq), ({ summary, fresh }) => [summary.traceId, fresh])
    const [one, two, three] = [1, 2, 3].map(traceId)
    expect(changes(0)).toEqual([
      [two, true],
      [three, true],
      [one, true]
    ])
    expect(changes(2)).toEqual([
      [three, true],
      [one, false]
    ])
    expect(changes(4)).toEqual([])
  })

  it('tests one trace for the live filter, spans included', () => {
    const { store, reader, start } = setup()
    store.add(request({ trace: 1, attributes: { 'user.id': 'bob' } }), '')
    const open = start('GET /open')
    open.setAttribute('user.id', 'ann')
    const matches = (query: string, id: TraceId): boolean =>
      reader.matcher(query)(reader.summary(id)!)
    const running = open.trace.traceId
    expect(matches('@user.id:bob', traceId(1))).toBe(true)
    expect(matches('@user.id:ann', traceId(1))).toBe(false)
    expect(matches('@user.id:ann is:live', running)).toBe(true)
    expect(matches('@user.id:ann -is:live', running)).toBe(false)
    expect(matches('', running)).toBe(true)
    open.end()
  })

  it('calls slow what the option says', async () => {
    const { store, reader } = setup()
    store.add(request({ trace: 1, duration: 99 }), '')
    store.add(request({ trace: 2, duration: 100 }), '')
    const { traces } = await reader.list({ query: 'is:slow', limit: 10 })
    expect(traces.map(({ traceId }) => traceId)).toEqual([traceId(2)])
  })

  it('passes on the figures of routes', () => {
    const { reader, routes } = setup()
    routes.observe(summarise(request({ trace: 1 })))
    expect(reader.routes()).toMatchObject([{ route: '/orders', count: 1 }])
  })
})
