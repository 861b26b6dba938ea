import { createServer, type request, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type AWSXRay from 'aws-xray-sdk-core'
import { createReport } from '../../../src/base/report.ts'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { createSegmentReceiver, type SegmentReceiver } from '../../../src/interop/xray/receiver.ts'
import { alone, named, receive, xraySetup } from './setup.ts'

const require = createRequire(import.meta.url)
const said: string[] = []
const records: TraceRecord[] = []
let receiver: SegmentReceiver
let port = 0
let sdk: typeof AWSXRay
let server: Server
let wake = (): void => undefined

beforeAll(async () => {
  const setup = xraySetup()
  const segments = alone(setup)
  receiver = createSegmentReceiver({
    async take(body) {
      const read = receive(segments, body.toString(), setup)
      if ('error' in read) throw new Error(read.error)
      expect(read.message).toBe('')
      records.push(...read.records)
      wake()
    },
    admits: (address) => address === '127.0.0.1',
    report: createReport((text) => void said.push(text))
  })
  port = await receiver.listen(0, '127.0.0.1')
  sdk = require('aws-xray-sdk-core') as typeof AWSXRay
  const say = (...words: unknown[]): void => void said.push(words.join(' '))
  sdk.setLogger({ error: say, warn: say, info: () => undefined, debug: () => undefined })
  sdk.setDaemonAddress(`127.0.0.1:${port}`)
  server = createServer((_req, res) => res.writeHead(404).end('no'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  receiver.close()
  server.close()
})

/** Until the spans are there: each trace's spans, by name, of all that has come so far. */
async function until(names: readonly string[]): Promise<Map<string, [TraceRecord, SpanData]>> {
  for (;;) {
    const found = new Map<string, [TraceRecord, SpanData]>()
    for (const record of records)
      for (const span of record.spans) found.set(span.name, [record, span])
    if (names.every((name) => found.has(name))) return found
    await new Promise<void>((resolve) => (wake = resolve))
  }
}

it('AWS’s SDK for Node shows its segments with everything that they have', async () => {
  const { port: other } = server.address() as AddressInfo
  const segment = new sdk.Segment('shop')
  segment.addAnnotation('tier', 'gold')
  segment.addMetadata('cart', { items: [1, 2], owner: { password: 'hunter2' } }, 'own')
  segment.setUser('u1')
  segment.addIncomingRequestData(
    new sdk.middleware.IncomingRequestData({
      method: 'POST',
      url: '/orders/1?x=2&token=hunter2',
      headers: { host: 'localhost:3000', 'user-agent': 'curl/8', 'x-forwarded-for': '1.2.3.4' },
      connection: { remoteAddress: '127.0.0.1' }
    } as never)
  )
  const http = sdk.captureHTTPs({ ...(await import('node:http')) } as never, false)
  await sdk.getNamespace().runPromise(async () => {
    sdk.setSegment(segment)
    await sdk.captureAsyncFunc('load', async (load) => {
      const query = load?.addNewSubsegment('orders@db')
      query?.addAttribute('namespace', 'remote')
      query?.addSqlData(
        Object.assign(
          new sdk.database.SqlData('16', 'pg', 'me', 'postgres://me:hunter2@db/o', 'statement'),
          {
            database_type: 'PostgreSQL',
            sanitized_query: 'select * from orders where id = $1'
          }
        )
      )
      query?.close()
      load?.close()
    })
    await sdk
      .captureAsyncFunc('fails', async (fails) => {
        const error = new TypeError('sold out')
        fails?.close(error)
        throw error
      })
      .catch(() => undefined)
    await new Promise<void>((resolve) => {
      const get = (http as { get: typeof request }).get
      get(`http://127.0.0.1:${other}/things?x=1`, (res) => res.resume().on('end', () => resolve()))
    })
  })
  segment.addFaultFlag()
  ;(segment as unknown as { http: { response: object } }).http.response = { status: 500 }
  segment.close()

  const found = await until(['POST', 'load', 'orders@db', 'fails', '127.0.0.1'])
  const [record, root] = found.get('POST') as [TraceRecord, SpanData]
  expect(record.traceId).toBe(segment.trace_id.replace(/^1-|-/g, ''))
  expect(record.resource.service).toBe('shop')
  expect(named(record.resource.attributes)).toMatchObject({
    'telemetry.sdk.name': 'X-Ray for Node.js',
    'telemetry.sdk.version': '3.12.0'
  })
  expect(root).toMatchObject({ spanId: segment.id, kind: 1, status: 2, statusMessage: 'fault' })
  expect(root.parentId).toBeUndefined()
  expect(record.epochMs + root.start / 1e6).toBeCloseTo(segment.start_time * 1000, 3)
  expect(named(root.attributes)).toMatchObject({
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'server.address': 'localhost',
    'server.port': 3000,
    'url.path': '/orders/1',
    'http.response.status_code': 500,
    'user_agent.original': 'curl/8',
    'client.address': '1.2.3.4',
    'user.id': 'u1',
    tier: 'gold',
    'aws.xray.annotations': ['tier'],
    'aws.xray.metadata.own.cart.items': [1, 2]
  })
  expect(JSON.stringify(records)).not.toContain('hunter2')
  const parentOf = (name: string) => found.get(name)?.[1].parentId
  expect(parentOf('load')).toBe(root.spanId)
  expect(parentOf('orders@db')).toBe(found.get('load')?.[1].spanId)
  const query = found.get('orders@db')?.[1] as SpanData
  expect(query.kind).toBe(2)
  expect(named(query.attributes)).toMatchObject({
    'db.system.name': 'postgresql',
    'db.query.text': 'select * from orders where id = $1'
  })
  const fails = found.get('fails')?.[1] as SpanData
  expect(fails).toMatchObject({ kind: 0, status: 2, statusMessage: 'sold out' })
  expect(named(fails.events[0]?.attributes ?? [])).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': 'sold out'
  })
  expect(String(named(fails.events[0]?.attributes ?? [])['exception.stacktrace'])).toMatch(
    /^TypeError: sold out\n {4}at .*sdk\.test\.ts:\d+\)/
  )
  const remote = found.get('127.0.0.1')?.[1] as SpanData
  expect(remote).toMatchObject({ kind: 2, status: 2, statusMessage: 'error' })
  expect(named(remote.attributes)).toMatchObject({
    'http.request.method': 'GET',
    // The SDK leaves port and query away.
    'url.full': 'http://127.0.0.1/things',
    'http.response.status_code': 404
  })
  expect(said).toEqual([])
})

it('AWS’s SDK sends subsegments ahead of a segment that has many', async () => {
  const segment = new sdk.Segment('big')
  const names = Array.from({ length: 150 }, (_, i) => `step ${i}`)
  // One that is open keeps its segment from being sent whole.
  const open = segment.addNewSubsegment('open')
  for (const name of names) segment.addNewSubsegment(name).close()
  segment.close()
  open.close()
  const found = await until([...names, 'open', 'big'])
  for (const name of names) {
    const [record, span] = found.get(name) as [TraceRecord, SpanData]
    expect(span.parentId).toBe(segment.id)
    expect(record.resource.service).toBe('big')
  }
  expect(said).toEqual([])
})

it('AWS’s SDK is told to sample everything, and told so again', async () => {
  const sampling = 'aws-xray-sdk-core/dist/lib/middleware/sampling'
  const sampler = require(`${sampling}/default_sampler`)
  const request = { host: 'shop', httpMethod: 'GET', serviceName: 'shop', urlPath: '/' }
  // Without a rule of ours it keeps to its own: one a second, and one in twenty.
  const named = (): unknown => sampler.shouldSample(request)
  await expect.poll(named).toBe('Default')
  expect(new Set(Array.from({ length: 200 }, named))).toEqual(new Set(['Default']))
  const cache = require(`${sampling}/rule_cache`)
  const connector = require(`${sampling}/service_connector`)
  const targets = await new Promise<any>((resolve, reject) =>
    connector.fetchTargets(cache.rules, (error: unknown, found: any, freshness: unknown) =>
      error ? reject(error as Error) : resolve([found, freshness])
    )
  )
  expect(targets).toEqual([{ Default: expect.objectContaining({ rate: 1, interval: 60 }) }, 0])
  cache.loadTargets(targets[0])
  expect(new Set(Array.from({ length: 200 }, named))).toEqual(new Set(['Default']))
  expect(said).toEqual([])
})
