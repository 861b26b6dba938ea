import { afterEach, describe, expect, it } from 'vitest'
import type { SpanData } from '../../../src/base/span-data.ts'
import type { TraceStore } from '../../../src/store/types.ts'
import { serverHalfId } from '../../../src/trace/shared-spans.ts'
import { epochMs, flat, record, request, span, spanId, traceId } from '../../query/fixtures.ts'
import { stores } from '../../query/stores.ts'
import { classic, v3 } from './schemas.ts'
import { asking } from './setup.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A shop that asks a storage, three times; the second time it fails, the third time it is slow. */
function filled(createStore: () => TraceStore) {
  const store = createStore()
  for (let trace = 1; trace <= 3; trace++) {
    const call = span({
      id: trace * 10,
      parent: trace * 1000,
      kind: 2,
      name: 'GET',
      start: trace * 1000e6 + 1e6,
      duration: trace * 5e6,
      status: trace === 2 ? 2 : 0,
      attributes: flat({ 'http.request.method': 'GET', 'http.response.status_code': trace * 100 })
    })
    store.add(request({ trace, start: trace * 1000, duration: trace * 10, children: [call] }), '')
    const served = span({
      id: trace * 10 + 1,
      parent: trace * 10,
      parentRemote: true,
      kind: 1,
      name: 'GET /stock/:id',
      start: trace * 1000e6 + 2e6,
      duration: trace * 2e6,
      attributes: flat({ warehouse: `w"${trace}\\` })
    })
    store.add(record([served], { traceId: traceId(trace), service: 'storage / north' }), '')
  }
  const asked = asking(store)
  closing.push(() => asked.open.close())
  const ids = async (address: string): Promise<number[]> => {
    const { data } = await asked.read(classic.traces, address)
    return data.map((trace) => Number.parseInt(trace.traceID, 16))
  }
  return { store, ids, ...asked }
}

const north = encodeURIComponent('storage / north')

describe.each(stores)('the classic API on %s', (_name, createStore) => {
  it('names services and what they do', async () => {
    const { read } = filled(createStore)
    expect((await read(classic.names, 'services')).data).toEqual(['api', 'storage / north'])
    const names = await read(classic.names, 'services/api/operations')
    expect(names).toMatchObject({ data: ['GET', 'GET /orders'], total: 2, errors: null })
    expect((await read(classic.names, `services/${north}/operations`)).data).toHaveLength(1)
    const raw = await read(classic.names, 'services/storage / north/operations')
    expect(raw.data).toEqual(['GET /stock/:id'])
    expect((await read(classic.names, 'services/nobody/operations')).data).toEqual([])
    expect((await read(classic.names, 'services/%/operations')).data).toEqual([])
    expect((await read(classic.operations, 'operations?service=api')).data).toEqual([
      { name: 'GET', spanKind: 'client' },
      { name: 'GET /orders', spanKind: 'server' }
    ])
    expect((await read(classic.operations, 'operations?service=api&spanKind=server')).data).toEqual(
      [{ name: 'GET /orders', spanKind: 'server' }]
    )
    await read(classic.failure, 'operations', 400)
  })

  it('gives a trace whole, with the zeros of its id or without', async () => {
    const { read } = filled(createStore)
    const { data } = await read(classic.traces, `traces/${traceId(2)}`)
    expect(data).toHaveLength(1)
    const [trace] = data
    expect(trace.spans.map(({ spanID }) => spanID).sort()).toEqual(
      [spanId(20), spanId(21), spanId(2000)].sort()
    )
    expect(
      Object.values(trace.processes)
        .map(({ serviceName }) => serviceName)
        .sort()
    ).toEqual(['api', 'storage / north'])
    expect((await read(classic.traces, 'traces/2')).data).toEqual(data)
    expect((await read(classic.traces, 'traces/2?start=1&end=2&raw=true')).data).toEqual(data)
  })

  it('hangs what a server did below it, where it shares its id with its client as Zipkin’s do', async () => {
    const { read, store } = filled(createStore)
    const half = serverHalfId(spanId(50), 'back')
    const shared = { parent: 50, parentRemote: true, kind: 1 } as const
    const of = (service: string, source: 'local' | 'ingest', spans: SpanData[]): void =>
      void store.add(record(spans, { traceId: traceId(5), service, source }), '')
    // It ended, and was sent, before its server did.
    of('back', 'ingest', [span({ id: 52, parent: 50 })])
    of('front', 'local', [span({ id: 50, kind: 2 }), span({ id: 51, parent: 50 })])
    of('back', 'ingest', [{ ...span({ id: 9, ...shared }), spanId: half }])
    const expected = {
      [spanId(50)]: undefined,
      [spanId(51)]: spanId(50),
      [spanId(52)]: half,
      [half]: spanId(50)
    }
    const { data } = await read(classic.traces, 'traces/5')
    const parents = data[0].spans.map(({ spanID, references }) => [spanID, references[0]?.spanID])
    expect(Object.fromEntries(parents)).toEqual(expected)
    const { result } = await read(v3.trace, 'v3/traces/5')
    const all = result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans[0].spans)
    expect(Object.fromEntries(all.map((one) => [one.spanId, one.parentSpanId]))).toEqual(expected)
  })

  it('indents where a person reads', async () => {
    const { ask, read } = filled(createStore)
    const { text } = await ask('traces/2?prettyPrint=true')
    expect(text.split('\n').length).toBeGreaterThan(50)
    expect(classic.traces.parse(JSON.parse(text))).toEqual(await read(classic.traces, 'traces/2'))
  })

  it('says what it does not know, and what it does not understand', async () => {
    const { read, ask } = filled(createStore)
    expect((await read(classic.failure, 'traces/77', 404)).errors).toEqual([
      { code: 404, msg: 'trace not found' }
    ])
    await read(classic.failure, 'traces/xyz', 400)
    await read(classic.failure, 'metrics/minstep', 501)
    await read(classic.failure, 'metrics/latencies?service=a', 501)
    for (const bad of ['start=now', 'limit=-1', 'minDuration=fast', 'tags=7', 'tags={"a":1}'])
      await read(classic.failure, `traces?service=api&${bad}`, 400)
    await read(classic.failure, 'traces?tag=nocolon', 400)
    await read(classic.failure, `traces?tags={"a":"${'x'.repeat(2000)}"}`, 400)
    for (const none of ['', 'trace', 'traces/1/2', 'services/a', 'archive/1', 'traces/1/2/3/4/5'])
      expect((await ask(none)).status).toBe(404)
  })

  it('finds traces by service, operation, time, duration and number', async () => {
    const { ids } = filled(createStore)
    expect(await ids('traces?service=api')).toEqual([3, 2, 1])
    expect(await ids(`traces?service=${north}&limit=2`)).toEqual([3, 2])
    expect(await ids('traces?service=api&operation=GET')).toEqual([3, 2, 1])
    expect(await ids(`traces?service=${north}&operation=GET`)).toEqual([])
    expect(await ids('traces?service=api&operation=all')).toEqual([3, 2, 1])
    const start = (epochMs + 1500) * 1000
    expect(await ids(`traces?service=api&start=${start}`)).toEqual([3, 2])
    expect(await ids(`traces?service=api&start=${start}&end=${start + 1e6}`)).toEqual([2])
    expect(await ids('traces?service=api&lookback=1h')).toEqual([])
    expect(await ids(`traces?service=api&lookback=1h&start=${start}`)).toEqual([3, 2])
    expect(await ids('traces?service=api&lookback=custom')).toEqual([3, 2, 1])
    expect(await ids('traces?service=api&lookback=9999w')).toEqual([3, 2, 1])
    expect(await ids('traces?service=api&minDuration=30ms')).toEqual([3])
    expect(await ids('traces?service=api&operation=GET&maxDuration=5000us')).toEqual([1])
    expect(await ids('traces?service=api&minDuration=0.01s&maxDuration=1m0.5s')).toEqual([3, 2, 1])
  })

  it('finds traces by tags, all of one span of the service', async () => {
    const { ids } = filled(createStore)
    const tags = (map: object): string => `tags=${encodeURIComponent(JSON.stringify(map))}`
    expect(await ids(`traces?service=api&${tags({ 'http.response.status_code': '300' })}`)).toEqual(
      [3]
    )
    expect(await ids(`traces?service=api&${tags({ error: 'true' })}`)).toEqual([2])
    expect(await ids(`traces?service=${north}&${tags({ error: 'true' })}`)).toEqual([])
    expect(await ids(`traces?service=api&${tags({ 'otel.status_code': 'ERROR' })}`)).toEqual([2])
    expect(
      await ids(`traces?service=api&operation=GET&${tags({ 'span.kind': 'server' })}`)
    ).toEqual([])
    expect(await ids(`traces?service=${north}&${tags({ warehouse: 'w"2\\' })}`)).toEqual([2])
    expect(await ids(`traces?service=api&${tags({ warehouse: 'w"2\\' })}`)).toEqual([])
    expect(await ids('traces?service=api&tag=http.request.method:GET&tag=error:true')).toEqual([2])
  })

  it('gives the traces that are asked for by id, and names those that are not there', async () => {
    const { read } = filled(createStore)
    const { data, errors } = await read(classic.traces, `traces?traceID=1&traceID=77&traceID=x`)
    expect(data.map(({ traceID }) => traceID)).toEqual([traceId(1)])
    expect(errors).toEqual([
      { msg: 'trace not found', traceID: traceId(0x77) },
      { msg: 'this is no trace id' }
    ])
  })

  it('tells which service calls which', async () => {
    const { read } = filled(createStore)
    const calls = async (query: string): Promise<number[]> => {
      const { data } = await read(classic.dependencies, `dependencies?${query}`)
      for (const link of data)
        expect(link).toMatchObject({ parent: 'api', child: 'storage / north' })
      return data.map(({ callCount }) => callCount)
    }
    // They began one, two and three seconds after that.
    expect(await calls(`endTs=${epochMs + 3000}&lookback=604800000`)).toEqual([3])
    expect(await calls(`endTs=${epochMs + 3000}`)).toEqual([3])
    expect(await calls(`endTs=${epochMs + 3000}&lookback=1000`)).toEqual([2])
    expect(await calls(`endTs=${epochMs + 999}`)).toEqual([])
    await read(classic.failure, 'dependencies?endTs=now', 400)
  })
})

describe.each(stores)('version 3 of the API on %s', (_name, createStore) => {
  it('names services, what they do, and who calls whom', async () => {
    const { read } = filled(createStore)
    expect((await read(v3.services, 'v3/services')).services).toEqual(['api', 'storage / north'])
    const { operations } = await read(v3.operations, `v3/operations?service=${north}`)
    expect(operations).toEqual([{ name: 'GET /stock/:id', spanKind: 'server' }])
    const client = await read(v3.operations, 'v3/operations?service=api&span_kind=client')
    expect(client.operations).toEqual([{ name: 'GET', spanKind: 'client' }])
    expect((await read(v3.operations, 'v3/operations')).operations).toEqual([])
    const calls = async (query: string): Promise<unknown[]> => {
      const { dependencies } = await read(v3.dependencies, `v3/dependencies${query}`)
      return dependencies.map(({ callCount }) => callCount)
    }
    const at = (ms: number): string => new Date(epochMs + ms).toISOString()
    expect(await calls('')).toEqual(['3'])
    expect(await calls(`?start_time=${at(2000)}&end_time=${at(2500)}`)).toEqual(['1'])
    expect(await calls(`?startTime=${at(4000)}`)).toEqual([])
  })

  it('gives traces as OTLP', async () => {
    const { read } = filled(createStore)
    const { result } = await read(v3.trace, `v3/traces/${traceId(1)}?raw_traces=true`)
    const spans = result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans[0].spans)
    expect(spans.map((one) => one.spanId).sort()).toEqual(
      [spanId(10), spanId(11), spanId(1000)].sort()
    )
    const all = await read(v3.trace, 'v3/traces?query.serviceName=api')
    expect(all.result.resourceSpans).toHaveLength(6)
    expect((await read(v3.failure, 'v3/traces/77', 404)).error.message).toBe('No traces found')
    await read(v3.failure, 'v3/traces?query.service_name=nobody', 404)
    await read(v3.failure, 'v3/traces/none', 400)
  })

  it('gives numbers that JSON has no name for as text, where the user interface takes no other', async () => {
    const { read, store } = filled(createStore)
    const attributes = flat({
      a: Number.NaN,
      b: [1.5, -Infinity],
      c: -0,
      d: 1.5,
      e: '"doubleValue":"NaN"'
    })
    const event = { name: 'e', time: 0, attributes: flat({ f: Infinity }) }
    store.add(record([span({ id: 5, attributes, events: [event] })], { traceId: traceId(5) }), '')
    const { result } = await read(v3.trace, `v3/traces/${traceId(5)}`)
    const [one] = result.resourceSpans[0].scopeSpans[0].spans
    expect(one.attributes).toEqual([
      { key: 'a', value: { stringValue: 'NaN' } },
      {
        key: 'b',
        value: { arrayValue: { values: [{ doubleValue: 1.5 }, { stringValue: '-Infinity' }] } }
      },
      { key: 'c', value: { stringValue: '-0' } },
      { key: 'd', value: { doubleValue: 1.5 } },
      { key: 'e', value: { stringValue: '"doubleValue":"NaN"' } }
    ])
    expect(one.events?.[0].attributes).toEqual([{ key: 'f', value: { stringValue: 'Infinity' } }])
  })

  it('sums traces up as the list of results shows them', async () => {
    const { read, store } = filled(createStore)
    const orphan = span({ id: 99, parent: 98, name: 'late', start: 5e9 })
    store.add(record([orphan], { traceId: traceId(3), service: 'mailer' }), '')
    const { summaries } = await read(v3.summaries, 'v3/trace-summaries?query.service_name=api')
    expect(summaries).toHaveLength(3)
    expect(summaries[0]).toEqual({
      traceId: traceId(3),
      traceID: traceId(3),
      rootServiceName: 'api',
      rootOperationName: 'GET /orders',
      minStartTimeUnixNano: `${epochMs + 3000}000000`,
      maxEndTimeUnixNano: `${epochMs + 5000}001000`,
      spanCount: 4,
      errorSpanCount: 0,
      orphanSpanCount: 1,
      services: [
        { name: 'api', spanCount: 2, errorSpanCount: 0 },
        { name: 'storage / north', spanCount: 1, errorSpanCount: 0 },
        { name: 'mailer', spanCount: 1, errorSpanCount: 0 }
      ]
    })
    expect(summaries[1]).toMatchObject({ traceId: traceId(2), errorSpanCount: 1 })
  })

  it('searches by the names of parameters that old and new versions send', async () => {
    const { read } = filled(createStore)
    const found = async (params: Record<string, string>): Promise<number[]> => {
      const query = new URLSearchParams(
        Object.entries(params).map(([key, value]) => [`query.${key}`, value])
      )
      const { summaries } = await read(v3.summaries, `v3/trace-summaries?${query}`)
      return summaries.map((one) => Number.parseInt(one.traceId, 16))
    }
    const at = (ms: number): string => new Date(epochMs + ms).toISOString()
    expect(await found({ service_name: 'api', num_traces: '2' })).toEqual([3, 2])
    expect(await found({ serviceName: 'api', searchDepth: '1' })).toEqual([3])
    expect(await found({ service_name: 'api', span_name: 'GET', duration_max: '10ms' })).toEqual([
      2, 1
    ])
    expect(await found({ service_name: 'api', operation_name: 'nothing' })).toEqual([])
    expect(await found({ start_time_min: at(1500), start_time_max: at(2500) })).toEqual([2])
    expect(await found({ startTimeMin: at(2500) })).toEqual([3])
    const east = new Date(epochMs + 2500 + 7_200_000).toISOString().replace('Z', '000000 02:00')
    expect(await found({ startTimeMin: east })).toEqual([3])
    expect(await found({ service_name: 'api', attributes: '{"error":"true"}' })).toEqual([2])
    for (const bad of ['filter={}', 'start_time_min=today', 'attributes=[]', 'num_traces=many'])
      await read(v3.failure, `v3/trace-summaries?query.${bad}`, 400)
  })
})
