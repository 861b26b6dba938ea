import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import express from 'express'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type * as Zipkin from 'zipkin'
import { HttpLogger } from 'zipkin-transport-http'
import { tracing } from '../../../src/express.ts'
import type { ServiceMap } from '../../../src/wire/status.ts'
import { ask, attribute, closeAll, fromOutside, listen, PageApi } from '../../tracing/setup.ts'

const zipkin = createRequire(import.meta.url)('zipkin') as typeof Zipkin

let origin: string
let page: PageApi

beforeEach(async () => {
  const app = express()
  app.use(tracing({ service: 'hub', access: 'local', export: false }))
  origin = await listen(app)
  page = new PageApi(`${origin}/_traces`)
})

afterEach(closeAll)

/** A service that is traced by zipkin-js, and sends to us. */
function service(name: string) {
  const recorder = new zipkin.BatchRecorder({
    logger: new HttpLogger({
      endpoint: `${origin}/_traces/api/v2/spans`,
      jsonEncoder: zipkin.jsonEncoder.JSON_V2,
      httpInterval: 20,
      log: { error: (...why: unknown[]) => failures.push(why) }
    })
  })
  const ctxImpl = new zipkin.ExplicitContext()
  return new zipkin.Tracer({ ctxImpl, recorder, localServiceName: name })
}

const failures: unknown[] = []

it('zipkin-js: a client and a server that share a span are one tree', async () => {
  const front = fromOutside(() => service('front'))
  const back = fromOutside(() => service('back'))
  const server = new zipkin.Instrumentation.HttpServer({ tracer: back, port: 80 })
  const client = new zipkin.Instrumentation.HttpClient({ tracer: front, remoteServiceName: 'back' })

  const stock = await listen((req, res) => {
    const read = (name: string) => {
      const value = req.headers[name.toLowerCase()]
      return value === undefined ? zipkin.option.None : new zipkin.option.Some(value)
    }
    back.scoped(() => {
      const id = server.recordRequest('GET', `http://stock${req.url}`, read as never)
      back.letId(id, () => {
        back.local('count', () => back.recordBinary('stock.count', 7))
        server.recordResponse(id, '503')
        res.writeHead(503).end()
      })
    })
  })
  await fromOutside(async () => {
    await front.local('order', async () => {
      const { headers } = client.recordRequest({ headers: {} }, `${stock}/stock/1`, 'GET')
      const id = front.id
      const { status } = await fetch(`${stock}/stock/1`, { headers })
      client.recordResponse(id, String(status))
    })
  })

  const { traceId } = await page.find(({ spans }) => spans === 4)
  const { spans, services, names } = await page.trace(traceId)
  const rows = spans.id.map((_id, row) => {
    const parent = spans.parent[row]
    const name = names[spans.name[row]]
    return `${'-'.repeat(spans.depth[row])}${services[spans.service[row]]} ${name} < ${parent === -1 ? '' : names[spans.name[parent]]}`
  })
  expect(rows).toEqual([
    'front order < ',
    '-front GET back < order',
    '--back GET < GET back',
    '---back count < GET'
  ])
  expect(failures).toEqual([])
  const { edges } = await page.get<ServiceMap>('map')
  expect(edges).toMatchObject([{ from: 'front', to: 'back', calls: 1, errors: 1 }])
  const [summary] = await page.traces()
  expect(summary).toMatchObject({ name: 'order', errors: 2 })
  expect(summary.services.toSorted()).toEqual(['back', 'front'])
  const back503 = await page.span(traceId, spans.id[2])
  expect(attribute(back503, 'url.path')).toBe('/stock/1')
  expect(attribute(back503, 'http.response.status_code')).toBe(503)
})

it('OpenTelemetry’s exporter for Zipkin is understood', async () => {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'h' }),
    spanProcessors: [new SimpleSpanProcessor(memory)]
  })
  const span = provider
    .getTracer('lib', '1.2.3')
    .startSpan('GET /orders', { kind: SpanKind.SERVER })
  span.setAttributes({
    'http.request.method': 'GET',
    'http.route': '/orders/:id',
    'http.response.status_code': 500,
    'order.paid': true
  })
  span.addEvent('packed')
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'sold out' })
  span.end()
  await provider.forceFlush()
  const exporter = new ZipkinExporter({ url: `${origin}/_traces/api/v2/spans` })
  const result = await fromOutside(
    () => new Promise((resolve) => exporter.export(memory.getFinishedSpans() as never, resolve))
  )
  expect(result).toEqual({ code: 0 })

  const { traceId, spanId } = span.spanContext()
  const summary = await page.find((trace) => trace.traceId === traceId)
  expect(summary).toMatchObject({
    service: 'shop',
    name: 'GET /orders',
    method: 'GET',
    route: '/orders/:id',
    httpStatus: 500,
    status: 'error'
  })
  const found = await page.span(traceId, spanId)
  expect(found).toMatchObject({
    kind: 'server',
    statusMessage: 'sold out',
    resource: [
      ['service.name', 'shop'],
      ['host.name', 'h']
    ]
  })
  expect(found.events.map(({ name }) => name)).toEqual(['packed'])
  expect(attribute(found, 'order.paid')).toBe('true')
})

it('a sender is answered as Zipkin does it', async () => {
  const post = (body: string, type = 'application/json; charset=utf-8') =>
    ask(`${origin}/_traces/api/v2/spans`, {
      method: 'POST',
      body,
      headers: { 'content-type': type }
    })
  const taken = await post('[]')
  expect([taken.status, taken.text]).toEqual([202, ''])
  const bad = await post('{"not":"a list"}')
  expect([bad.status, bad.text]).toEqual([400, 'the body is no list of spans'])
  expect(bad.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const other = await post('[]', 'text/plain')
  expect([other.status, other.text]).toEqual([
    415,
    'this content type is not taken: send application/json or application/x-protobuf'
  ])
})

it('a sender of protobuf is answered as Zipkin does it', async () => {
  const span = Buffer.from(
    '0a220a0886154a4ba6e913851a084d1e00c0db9010db2a036765743158a6ab5e343b0500',
    'hex'
  )
  const post = (body: Uint8Array, headers: Record<string, string> = {}) =>
    ask(`${origin}/_traces/api/v2/spans`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': 'application/x-protobuf', ...headers }
    })
  const gzipped = await post(gzipSync(span), { 'content-encoding': 'gzip' })
  expect([gzipped.status, gzipped.text]).toEqual([202, ''])
  const { spans } = await page.trace('0'.repeat(16) + '86154a4ba6e91385')
  expect(spans.id).toEqual(['4d1e00c0db9010db'])
  const cut = await post(span.subarray(0, 20))
  expect([cut.status, cut.headers.get('content-type'), cut.text]).toEqual([
    400,
    'text/plain; charset=utf-8',
    'the body is no protobuf: it ends within a field'
  ])
})

it('a sender of version 1 is told that it is not taken, wherever it sends to', async () => {
  // As py_zipkin writes it, the binary annotations left out in the second.
  const endpoint = { serviceName: 'py', port: 5000, ipv4: '127.0.0.1' }
  const span = {
    traceId: 'efef0fcc5f555f8b',
    name: 'call',
    id: '9ad2ca7ce4cc1a07',
    timestamp: 1_700_000_000_000_000,
    annotations: [{ endpoint, timestamp: 1_700_000_000_000_000, value: 'cs' }]
  }
  const post = (address: string, span: object, type = 'application/json') =>
    ask(`${origin}/_traces/${address}`, {
      method: 'POST',
      body: JSON.stringify([span]),
      headers: { 'content-type': type }
    })
  for (const one of [
    { ...span, annotations: [], binaryAnnotations: [{ key: 'a', value: 'b', endpoint }] },
    span
  ]) {
    const { status, text } = await post('api/v2/spans', one)
    expect([status, text]).toEqual([400, "spans of Zipkin's version 1: send version 2"])
  }
  for (const type of ['application/json', 'application/x-thrift']) {
    const { status, text } = await post('api/v1/spans', span, type)
    expect([status, text]).toEqual([
      404,
      "spans of Zipkin's version 1 are not taken: send version 2, to api/v2/spans"
    ])
  }
  expect(await page.traces()).toEqual([])
})
