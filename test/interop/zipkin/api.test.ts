import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { createZipkinApis } from '../../../src/interop/zipkin/api.ts'
import { encodeZipkin } from '../../../src/interop/zipkin/encode.ts'
import { createReader } from '../../../src/query/reader.ts'
import { epochMs, flat, NaiveStore, record, span, spanId, traceId } from '../../query/fixtures.ts'
import { openTracing } from '../../query/open.ts'

/** Asks over these records, oldest first. */
function asking(records: readonly TraceRecord[]) {
  const store = new NaiveStore()
  const { open, start } = openTracing(store)
  for (const one of records) store.add(one)
  const now = (): number => performance.now()
  const reader = createReader({ store, open, routes: { figures: () => [] }, now })
  const apis = createZipkinApis({ reader, version: '1.2.3', now })
  async function ask(address: string): Promise<[status: number, json: any]> {
    const api = apis.find(({ prefix }) => address.startsWith(prefix)) as (typeof apis)[number]
    const [path, query = ''] = address.slice(api.prefix.length).split('?', 2) as [string, string?]
    const answer = await api.answer(path, new URLSearchParams(query))
    if (answer === undefined) return [404, undefined]
    const { status = 200, body } = answer
    const text =
      'pieces' in body ? [...(body.pieces as Iterable<string>)].join('') : JSON.stringify(body)
    return [status, JSON.parse(text)]
  }
  const get = async (address: string): Promise<any> => {
    const [status, json] = await ask(`api/v2/${address}`)
    if (status !== 200) throw new Error(`${address}: ${status} ${JSON.stringify(json)}`)
    return json
  }
  return { ask, get, start }
}

/** What every search needs here, as the traces of the fixtures are of the past. */
const then = `endTs=${epochMs + 1000}`

const shop = record(
  [
    span({
      id: 1,
      kind: 1,
      name: 'GET /orders',
      duration: 5e6,
      attributes: flat({ 'http.request.method': 'GET', retries: 2 })
    }),
    span({
      id: 2,
      parent: 1,
      kind: 2,
      name: 'GET',
      duration: 2e6,
      attributes: flat({ 'peer.service': 'stock', list: ['a', 'b'] })
    }),
    span({
      id: 3,
      parent: 1,
      kind: 2,
      name: 'select',
      attributes: flat({ 'db.system.name': 'postgresql', 'server.address': 'db.local' })
    })
  ],
  { service: 'shop', traceId: traceId(7) }
)
const stock = record(
  [
    span({
      id: 4,
      parent: 2,
      parentRemote: true,
      kind: 1,
      name: 'GET /stock',
      status: 2,
      statusMessage: 'gone',
      events: [{ name: 'packed', time: 5, attributes: [] }]
    })
  ],
  { service: 'stock', traceId: traceId(7), source: 'ingest' }
)
const other = record([span({ id: 9, name: 'job' })], { service: 'cron', traceId: traceId(8) })

describe('Zipkin’s API', () => {
  const { ask, get } = asking([shop, stock, other])

  it('names services, their spans and whom they call', async () => {
    expect(await get('services')).toEqual(['cron', 'shop', 'stock'])
    expect(await get('spans?serviceName=shop')).toEqual(['GET', 'GET /orders', 'select'])
    expect(await get('spans?serviceName=nobody')).toEqual([])
    expect(await get('remoteServices?serviceName=shop')).toEqual(['db.local', 'stock'])
    expect(await get('remoteServices?serviceName=stock')).toEqual([])
    expect(await get('autocompleteKeys')).toEqual([])
    expect(await get('autocompleteValues?key=a')).toEqual([])
  })

  it('gives a trace with all that its services said, by an id of any length', async () => {
    const spans = await get(`trace/${traceId(7)}`)
    expect(await get('trace/7')).toEqual(spans)
    expect(spans.map((one: any) => [one.traceId, one.id, one.parentId, one.localEndpoint])).toEqual(
      [
        ['0000000000000007', spanId(1), undefined, { serviceName: 'shop' }],
        ['0000000000000007', spanId(2), spanId(1), { serviceName: 'shop' }],
        ['0000000000000007', spanId(3), spanId(1), { serviceName: 'shop' }],
        ['0000000000000007', spanId(4), spanId(2), { serviceName: 'stock' }]
      ]
    )
    expect(await get('traceMany?traceIds=7,8,9,7')).toEqual([spans, await get('trace/8')])
    expect(await ask('api/v2/trace/abc')).toEqual([404, { error: 'trace not found' }])
  })

  it('draws who calls whom', async () => {
    const links = await get(`dependencies?endTs=${epochMs}&lookback=1000`)
    expect(links).toHaveLength(2)
    expect(links).toContainEqual({ parent: 'shop', child: 'stock', callCount: 1 })
    expect(links).toContainEqual({ parent: 'shop', child: 'postgresql', callCount: 1 })
    expect(await get(`dependencies?endTs=${epochMs - 1}`)).toEqual([])
    expect(await get(`dependencies?endTs=${epochMs + 1001}&lookback=1000`)).toEqual([])
    expect(await get(`dependencies?endTs=${epochMs + 1001}`)).toHaveLength(2)
  })

  it.each<[string, string[]]>([
    ['', ['8', '7']],
    ['serviceName=shop', ['7']],
    ['serviceName=stock', ['7']],
    ['serviceName=nobody', []],
    ['spanName=job', ['8']],
    ['spanName=all', ['8', '7']],
    ['serviceName=cron&spanName=GET', []],
    ['remoteServiceName=stock', ['7']],
    ['serviceName=shop&remoteServiceName=db.local', ['7']],
    ['serviceName=cron&remoteServiceName=stock', []],
    ['minDuration=5000', ['7']],
    ['minDuration=5001', []],
    ['maxDuration=1', ['8', '7']],
    ['serviceName=shop&minDuration=2000&maxDuration=3000', ['7']],
    ['annotationQuery=error', ['7']],
    ['serviceName=shop&annotationQuery=error', []],
    ['annotationQuery=error=gone', ['7']],
    ['annotationQuery=packed', ['7']],
    ['annotationQuery=http.request.method', ['7']],
    ['annotationQuery=http.request.method=', ['7']],
    ['annotationQuery=packed=', ['7']],
    ['annotationQuery=http.request.method=GET', ['7']],
    ['annotationQuery=http.request.method=get', []],
    ['annotationQuery=retries=2', ['7']],
    ['annotationQuery=list=["a","b"]', ['7']],
    ['annotationQuery=otel.status_code=ERROR', ['7']],
    // Each of another span.
    ['annotationQuery=retries=2 and db.system.name=postgresql', ['7']],
    ['spanName=GET&annotationQuery=retries=2 and error', ['7']],
    ['spanName=GET&annotationQuery=retries=3', []],
    ['annotationQuery=no%22such%5C=x" or', []],
    ['limit=1', ['8']],
    ['lookback=2000', ['8', '7']],
    ['lookback=10', []]
  ])('finds by %s the traces %j', async (search, expected) => {
    const found: any[][] = await get(`traces?${then}&${search.replaceAll('"', '%22')}`)
    expect(found.map(([first]) => Number.parseInt(first.traceId, 16).toString())).toEqual(expected)
    for (const spans of found) expect(spans).toEqual(await get(`trace/${spans[0].traceId}`))
  })

  it.each([
    'spans',
    'remoteServices',
    'autocompleteValues',
    'dependencies',
    'dependencies?endTs=now',
    'traceMany',
    'trace/xyz',
    'trace/',
    `trace/${'a'.repeat(33)}`,
    'traceMany?traceIds=7,,8',
    `traceMany?traceIds=${'7,'.repeat(251)}`,
    'traces?limit=-1',
    'traces?endTs=now',
    'traces?minDuration=1.5',
    `traces?annotationQuery=${'a'.repeat(2000)}`,
    `traces?annotationQuery=${'a and '.repeat(40)}a`
  ])('says what is wrong with %s', async (address) => {
    const [status, json] = await ask(`api/v2/${address}`)
    expect(status).toBe(400)
    expect(json.error).toMatch(/^\w+: /)
    expect(json.error).not.toContain('xyz')
  })

  it('answers nothing else', async () => {
    for (const path of ['api/v2/', 'api/v2/metrics', 'zipkin/', 'zipkin/api/v1/services'])
      expect(await ask(path)).toEqual([404, undefined])
  })

  it('has below zipkin/ what its page asks for', async () => {
    expect(await ask('zipkin/config.json')).toMatchObject([
      200,
      { searchEnabled: true, queryLimit: 10, dependency: { enabled: true } }
    ])
    expect(await ask('zipkin/api/v2/services')).toEqual([200, ['cron', 'shop', 'stock']])
    expect(await ask('zipkin/health')).toMatchObject([200, { status: 'UP' }])
    expect(await ask('zipkin/info')).toEqual([200, { spanlight: { version: '1.2.3' } }])
  })

  it('shows what is in flight, without an end', async () => {
    const { get: ask2, start } = asking([])
    const begun = start('GET /slow')
    start('query', begun).end()
    const [spans] = await ask2(`traces?${then}`)
    expect(spans.map((one: any) => [one.name, one.duration === undefined])).toEqual([
      ['GET /slow', true],
      ['query', false]
    ])
  })
})

describe('a search of Zipkin', () => {
  const word = fc.constantFrom('a', 'b', 'c')
  const anySpan = fc.record({
    name: word,
    service: fc.constantFrom('x', 'y'),
    duration: fc.constantFrom(1000, 5000),
    status: fc.constantFrom(0 as const, 2 as const),
    tag: word,
    more: fc.option(word)
  })
  const traces = fc.array(fc.array(anySpan, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  const wishes = fc.record(
    {
      serviceName: fc.constantFrom('x', 'y'),
      spanName: word,
      minDuration: fc.constantFrom('1', '5'),
      maxDuration: fc.constantFrom('1', '5'),
      annotationQuery: fc
        .uniqueArray(
          fc.oneof(
            word.map((value) => `tag=${value}`),
            fc.constantFrom('error', 'more', 'more=a')
          ),
          { minLength: 1, maxLength: 3 }
        )
        .map((items) => items.join(' and '))
    },
    { requiredKeys: [] }
  )

  it('finds what any spans of the service have between them, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(traces, wishes, async (seeds, asked) => {
        const records = seeds.flatMap((spans, trace) =>
          spans.map(({ service, tag, more, ...rest }, i) =>
            record(
              [
                span({
                  id: trace * 10 + i + 1,
                  attributes: flat({ tag, ...(more === null ? {} : { more }) }),
                  ...rest
                })
              ],
              { service, traceId: traceId(trace + 1), source: 'ingest' }
            )
          )
        )
        const encoded = records.map((one) => encodeZipkin(one.spans[0], one))
        const { get } = asking(records)
        const found: any[][] = await get(`traces?${then}&${new URLSearchParams(asked)}`)
        const expected = seeds.flatMap((_spans, trace) => {
          const id = traceId(trace + 1).slice(16)
          const own = encoded.filter(
            (one) =>
              one.traceId === id &&
              (asked.serviceName ?? one.localEndpoint.serviceName) === one.localEndpoint.serviceName
          )
          const { spanName, minDuration, maxDuration, annotationQuery } = asked
          const holds =
            own.length > 0 &&
            (spanName === undefined || own.some(({ name }) => name === spanName)) &&
            own.some(
              ({ duration = 0 }) =>
                duration >= Number(minDuration ?? 0) && duration <= Number(maxDuration ?? Infinity)
            ) &&
            (annotationQuery?.split(' and ') ?? []).every((item) => {
              const [key, value] = item.split('=') as [string, string?]
              return own.some(({ tags }) => key in tags && (value ?? tags[key]) === tags[key])
            })
          return holds ? [id] : []
        })
        expect(found.map(([first]) => first.traceId as string).toSorted()).toEqual(expected)
      }),
      { numRuns: 200 }
    )
  })
})
