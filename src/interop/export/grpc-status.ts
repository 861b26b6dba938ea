import type { IncomingHttpHeaders } from 'node:http2'
import type { Delivery } from './destination.ts'
import { retryDelay } from './retry-info.ts'

const names: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED'
]

// OTLP/gRPC, "Failures". A resource that is exhausted is worth another try only when the answer says after what time.
const retryable: ReadonlySet<string | undefined> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS'
])

// gRPC has no code for it. These are the words of Go, C++ and Node, of Java, of Rust (which calls it OUT_OF_RANGE), and of a page like ours.
const tooLarge =
  /message.* larger than|message exceeds maximum size|message length too large|size limit.* exceeded|body is too large/i

// gRPC, "HTTP to gRPC Status Code Mapping": those of a proxy that has no server of gRPC to ask.
const unavailable: ReadonlySet<number> = new Set([429, 502, 503, 504])
const unauthorized: ReadonlySet<number | string | undefined> = new Set([
  401,
  403,
  'UNAUTHENTICATED',
  'PERMISSION_DENIED'
])

/** What an answer's headers say that are no gRPC; undefined where its trailers decide. */
export function deliveryOfHttp(headers: IncomingHttpHeaders): Delivery | undefined {
  const status = Number(headers[':status'])
  if (status === 200) return undefined
  const why = `HTTP status ${status}`
  return { outcome: unavailable.has(status) ? 'retry' : refusal(status), why }
}

/** What trailers say, or the headers of an answer that is nothing else; undefined without a status. */
export function deliveryOf(trailers: IncomingHttpHeaders): Delivery | undefined {
  const code = textOf(trailers['grpc-status'])
  if (!/^\d{1,3}$/.test(code)) return undefined
  const name = names[Number(code)]
  const why = `gRPC status ${name ?? code}${messageOf(trailers)}`
  if (name === 'OK') return { outcome: 'sent', why }
  if (tooLarge.test(why)) return { outcome: 'too large', why }
  const retryAfterMs = retryDelay(
    Buffer.from(textOf(trailers['grpc-status-details-bin']), 'base64')
  )
  const again = name === 'RESOURCE_EXHAUSTED' ? retryAfterMs !== undefined : retryable.has(name)
  return again ? { outcome: 'retry', why, retryAfterMs } : { outcome: refusal(name), why }
}

function refusal(status: number | string | undefined): 'unauthorized' | 'refused' {
  return unauthorized.has(status) ? 'unauthorized' : 'refused'
}

function messageOf(trailers: IncomingHttpHeaders): string {
  const text = textOf(trailers['grpc-message']).slice(0, 200)
  if (text === '') return ''
  try {
    return `: ${decodeURIComponent(text)}`
  } catch {
    return `: ${text}`
  }
}

function textOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
