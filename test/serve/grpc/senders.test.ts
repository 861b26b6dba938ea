import { credentials, makeGenericClientConstructor, Metadata } from '@grpc/grpc-js'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor
} from '@opentelemetry/sdk-trace-base'
import { afterEach, expect, it, vi } from 'vitest'
import { decodeBody, decodeSetup } from '../../interop/otlp/setup.ts'
import { ingestToken } from '../fixtures.ts'
import { start, type Started } from './setup.ts'

type Options = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>

let started: Started | undefined
afterEach(() => {
  started?.server.close()
  vi.unstubAllEnvs()
})

async function endedSpans(count = 3): Promise<ReadableSpan[]> {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SimpleSpanProcessor(exporter)]
  })
  for (let i = 0; i < count; i++) {
    const span = provider.getTracer('lib').startSpan(`GET ${i} 🛒`, { kind: SpanKind.SERVER })
    span.setAttribute('order.id', i)
    if (i === 1) span.setStatus({ code: SpanStatusCode.ERROR, message: 'sold out' })
    span.end()
  }
  await provider.forceFlush()
  return exporter.getFinishedSpans()
}

interface Result {
  readonly code: number
  readonly error?: Error & { readonly code?: number }
}

async function send(spans: ReadableSpan[], port: number, options: Options = {}): Promise<Result> {
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}`, ...options })
  try {
    return await new Promise<Result>((resolve) => exporter.export(spans, resolve))
  } finally {
    await exporter.shutdown()
  }
}

it.each(['none', 'gzip'])(
  'OpenTelemetry’s gRPC exporter is understood, compression %s',
  async (zip) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', zip)
    started = await start()
    const spans = await endedSpans()
    expect(await send(spans, started.port)).toEqual({ code: 0 })
    const read = decodeBody(started.bodies[0] as Buffer, decodeSetup(), 'protobuf')
    if ('error' in read) throw new Error(read.error)
    expect(read).toMatchObject({ spans: 3, rejected: 0 })
    expect(
      read.records.map(({ traceId, resource, spans: [span] }) => [
        traceId,
        resource.service,
        span?.spanId,
        span?.name,
        span?.status,
        span?.attributes
      ])
    ).toEqual(
      spans.map((span, i) => [
        span.spanContext().traceId,
        'shop',
        span.spanContext().spanId,
        span.name,
        span.status.code,
        ['order.id', i]
      ])
    )
    expect(started.lines).toEqual([])
  }
)

it('OpenTelemetry’s exporter with the token as metadata passes where one is needed', async () => {
  started = await start({ mode: 'token', ingestToken })
  const spans = await endedSpans()
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${ingestToken}`)
  expect(await send(spans, started.port, { metadata })).toEqual({ code: 0 })
  const without = await send(spans, started.port)
  expect(without.error).toMatchObject({ code: 16 })
  expect(started.bodies).toHaveLength(1)
})

it('OpenTelemetry’s exporter reads that spans came too fast', async () => {
  started = await start({ ingestRates: { atOnce: 4, requestsPerSecond: 1, spansPerSecond: 100 } })
  const spans = await endedSpans()
  expect(await send(spans, started.port)).toEqual({ code: 0 })
  const { error } = await send(spans, started.port)
  expect(error).toMatchObject({ code: 14, details: 'spans come faster than they can be kept' })
  expect(started.bodies).toHaveLength(1)
})

it('OpenTelemetry’s exporter does not send again what is no protobuf for us', async () => {
  started = await start({ ingest: async () => ({ error: 'not protobuf' }) })
  const { error } = await send(await endedSpans(), started.port)
  expect(error).toMatchObject({ code: 3, details: 'not protobuf' })
  expect(started.bodies).toHaveLength(1)
})

it('OpenTelemetry’s exporter goes on after the port was closed and opened again', async () => {
  started = await start()
  const spans = await endedSpans()
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${started.port}` })
  const send = () => new Promise<Result>((resolve) => exporter.export(spans, resolve))
  expect(await send()).toEqual({ code: 0 })
  const { port, server } = started
  server.close()
  started = await start({ port })
  expect(await send()).toEqual({ code: 0 })
  expect(started.bodies).toHaveLength(1)
  await exporter.shutdown()
})

it('grpc-js reads the answers of every kind, and asks for health', async () => {
  started = await start({
    ingest: async () => ({ rejected: 2, message: '100 % naïve\n', spans: 1 })
  })
  const bytes = (value: Buffer): Buffer => value
  const method = (path: string) => ({
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes
  })
  const Client = makeGenericClientConstructor(
    {
      export: method('/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
      metrics: method('/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'),
      health: method('/grpc.health.v1.Health/Check')
    },
    'Any'
  )
  const client = new Client(`127.0.0.1:${started.port}`, credentials.createInsecure())
  const ask = (name: string, message = Buffer.alloc(0)): Promise<unknown> =>
    new Promise((resolve) =>
      (client[name] as (...args: unknown[]) => void)(
        message,
        (error: { code: number; details: string } | null, reply: Buffer) =>
          resolve(error === null ? reply.toString('latin1') : [error.code, error.details])
      )
    )
  // partial_success { rejected_spans: 2, error_message }
  const said = Buffer.from('100 % naïve\n').toString('latin1')
  expect(await ask('export')).toBe(`\n\x11\x08\x02\x12\x0d${said}`)
  expect(await ask('health')).toBe('\x08\x01')
  expect(await ask('health', Buffer.from('\n\x05other'))).toEqual([5, 'no such service'])
  expect(await ask('metrics')).toEqual([12, 'only spans are taken here: no such method'])
  client.close()
})
