import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, it, vi } from 'vitest'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { inSlices } from '../../../src/base/time-slices.ts'
import { decode } from '../../../src/interop/otlp/decode.ts'
import { startHost } from '../../serve/fixtures.ts'
import { decodeSetup } from './setup.ts'

type Sender = typeof JsonExporter | typeof ProtobufExporter
/** Spans as OpenTelemetry's SDK ends them, with everything that a span may have. */
async function endedSpans(): Promise<ReadableSpan[]> {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'a' }),
    spanProcessors: [new SimpleSpanProcessor(exporter)]
  })
  const tracer = provider.getTracer('lib', '1.2.3')
  for (let i = 0; i < 40; i++) {
    const span = tracer.startSpan(`GET /orders/${i} 🛒`, { kind: SpanKind.SERVER })
    span.setAttributes({
      'http.route': '/orders/:id',
      'order.id': 2 ** 40 + i,
      'order.price': -0.25,
      'order.large': Number.MAX_SAFE_INTEGER,
      'order.paid': i % 2 === 0,
      'order.tags': ['a', '', 'ä'],
      'order.counts': [1, -2, 3],
      empty: ''
    })
    span.addEvent('packed', { by: 'x' })
    span.addLink({ context: span.spanContext(), attributes: { why: 'again' } })
    if (i % 3 === 0) span.setStatus({ code: SpanStatusCode.ERROR, message: 'sold out' })
    span.end()
  }
  await provider.forceFlush()
  return exporter.getFinishedSpans()
}

/** Sends the spans by a real exporter through a real server; gives what was read, and what the exporter says of it. */
async function send(Exporter: Sender, spans: ReadableSpan[]) {
  const records: TraceRecord[] = []
  const encodings: string[] = []
  const zips: boolean[] = []
  const now = (): number => performance.now()
  const host = await startHost({
    async ingest(body, format) {
      const encoding = format === 'otlp-json' ? 'json' : 'protobuf'
      encodings.push(encoding)
      const decoded = await inSlices(decode(body, encoding, decodeSetup()), now)
      if (!('error' in decoded)) records.push(...decoded.records)
      return decoded
    }
  })
  host.server.on('request', (req) => zips.push(req.headers['content-encoding'] === 'gzip'))
  try {
    const url = `http://127.0.0.1:${host.port}/_traces/v1/traces`
    const exporter = new Exporter({ url })
    const result = await new Promise((resolve) => exporter.export(spans, resolve))
    await exporter.shutdown()
    return { result, records, encodings, zips }
  } finally {
    await host.close()
  }
}

const nanos = ([seconds, rest]: readonly [number, number]): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(rest)

afterEach(() => vi.unstubAllEnvs())

it.each<[string, Sender, string, string]>([
  ['JSON', JsonExporter, 'none', 'json'],
  ['JSON, gzipped', JsonExporter, 'gzip', 'json'],
  ['protobuf', ProtobufExporter, 'none', 'protobuf'],
  ['protobuf, gzipped', ProtobufExporter, 'gzip', 'protobuf']
])('OpenTelemetry’s exporter for %s is understood', async (_what, Exporter, zip, encoding) => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', zip)
  const spans = await endedSpans()
  const { result, records, encodings, zips } = await send(Exporter, spans)
  expect(zips).toEqual([zip === 'gzip'])
  expect(result).toEqual({ code: 0 })
  expect(encodings).toEqual([encoding])
  expect(records).toHaveLength(40)
  const found = new Map<string, [TraceRecord, SpanData]>(
    records.map((record) => [record.spans[0].spanId, [record, record.spans[0]]])
  )
  for (const sent of spans) {
    const { spanId, traceId } = sent.spanContext()
    const [record, got] = found.get(spanId) as [TraceRecord, SpanData]
    expect(record).toMatchObject({ traceId, droppedSpans: 0 })
    expect(record.resource).toEqual({ service: 'shop', attributes: ['host.name', 'a'] })
    expect(BigInt(record.epochMs) * 1_000_000n + BigInt(got.start)).toBe(nanos(sent.startTime))
    expect(BigInt(got.duration)).toBe(nanos(sent.endTime) - nanos(sent.startTime))
    expect(got).toMatchObject({
      name: sent.name,
      kind: SpanKind.SERVER,
      status: sent.status.code,
      statusMessage: sent.status.message ?? '',
      flags: 1,
      scope: { name: 'lib', version: '1.2.3' },
      attributes: Object.entries(sent.attributes).flat(),
      events: [{ name: 'packed', attributes: ['by', 'x'] }],
      links: [{ traceId, spanId, attributes: ['why', 'again'] }]
    })
  }
})
