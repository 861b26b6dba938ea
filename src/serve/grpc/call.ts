import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Report } from '../../base/report.ts'
import type { Refusal } from '../gate.ts'
import type { Senders } from '../intake.ts'
import { protobufOf } from '../otlp-answer.ts'
import { textField, varintField } from '../protobuf-fields.ts'
import { encodings, readMessage, writeMessage } from './message.ts'
import { Code, statusTrailers, trailersOf } from './status.ts'

export interface CallSetup {
  readonly senders: Senders
  readonly report: Report
  /** Milliseconds that a message may take to arrive. @default 10000 */
  readonly bodyMs?: number
}

/** One request of HTTP/2, before anything is known of it. */
export interface Call {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** The socket's own peer address. */
  readonly peer: string | undefined
}

const traceService = 'opentelemetry.proto.collector.trace.v1.TraceService'
const methods: ReadonlyMap<string, (call: Call, setup: CallSetup) => Promise<void>> = new Map([
  [`/${traceService}/Export`, exportSpans],
  ['/grpc.health.v1.Health/Check', checkHealth]
])

/** Answers a call. Never rejects for what was sent. */
export async function answer(call: Call, setup: CallSetup): Promise<void> {
  const { headers, stream } = call
  // What is no gRPC is answered in plain HTTP, as the specification asks for.
  if (headers[':method'] !== 'POST') return respond(stream, { ':status': 405, allow: 'POST' })
  if (!isGrpc(headers['content-type'])) return respond(stream, { ':status': 415 })
  const method = methods.get(headers[':path'] ?? '')
  if (method !== undefined) return method(call, setup)
  refuse(call, statusTrailers(Code.unimplemented, 'only spans are taken here: no such method'))
}

async function exportSpans(call: Call, { senders, report, bodyMs }: CallSetup): Promise<void> {
  const { stream, headers, rawHeaders, peer } = call
  const verdict = senders.judge({
    door: 'ingest',
    method: 'POST',
    headers,
    rawHeaders,
    http10: false,
    peer,
    encrypted: false,
    upgrade: false
  })
  const encoding = String(headers['grpc-encoding'] ?? 'identity')
  const refusal = verdict.ok ? unknownEncoding(encoding) : verdict
  if (refusal !== undefined) {
    report.drop('ingest refused')
    return refuse(call, trailersOf(refusal))
  }
  // What `grpc-timeout` says is the sender's own to keep: when it gives up, the stream is reset.
  const taken = await senders.intake.take('otlp-protobuf', () =>
    readMessage(stream, encoding, bodyMs ?? 10_000)
  )
  if ('status' in taken) refuse(call, trailersOf(taken))
  else succeed(call, protobufOf(taken))
}

/** For probes, which have no token; it says that somebody listens, which whoever asks has seen. */
async function checkHealth(call: Call, { bodyMs }: CallSetup): Promise<void> {
  const message = await readMessage(call.stream, 'identity', bodyMs ?? 10_000)
  if (!Buffer.isBuffer(message)) return refuse(call, trailersOf(message))
  const known = message.length === 0 || message.equals(textField(1, traceService))
  if (!known) return refuse(call, statusTrailers(Code.notFound, 'no such service'))
  const serving = 1
  succeed(call, varintField(1, serving))
}

function unknownEncoding(encoding: string): Refusal | undefined {
  if (encodings.includes(encoding)) return undefined
  const error = 'this grpc-encoding is not taken'
  return { ok: false, status: 415, error, hint: `send ${encodings.join(' or ')}` }
}

// With a subtype other than protobuf's, the messages are something else.
function isGrpc(type: string | undefined): boolean {
  const essence = (type ?? '').split(';', 1)[0] as string
  return /^application\/grpc(?:\+proto)?$/i.test(essence.trim())
}

function succeed({ stream, headers }: Call, message: Buffer): void {
  if (stream.destroyed || stream.closed) return
  stream.respond(headersOf(headers), { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(Code.ok) }))
  stream.end(writeMessage(message))
}

/** "Trailers-Only": the one block of headers is the end. */
function refuse({ stream, headers }: Call, trailers: Record<string, string>): void {
  respond(stream, { ...headersOf(headers), ...trailers })
}

function headersOf(request: IncomingHttpHeaders): Record<string, string | number> {
  return {
    ':status': 200,
    'content-type': request['content-type'] ?? 'application/grpc',
    'grpc-accept-encoding': encodings.join(',')
  }
}

/**
 * Whatever else the sender meant to send is not read: the stream is given back as soon as the answer is out. Not before: a reset takes
 * with it what waits to be written, which Node 22 does at the end of its turn.
 */
function respond(stream: ServerHttp2Stream, headers: Record<string, string | number>): void {
  if (stream.destroyed || stream.closed) return
  stream.once('finish', () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)))
  stream.respond(headers, { endStream: true })
}
