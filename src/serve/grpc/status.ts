import type { Refusal } from '../gate.ts'
import { bytesField, textField, varintField } from '../protobuf-fields.ts'

/** Of google.rpc.Code, those that we answer. */
export const Code = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16
} as const
export type Code = (typeof Code)[keyof typeof Code]

/**
 * By the status that HTTP has for the same. OTLP's exporters send again after UNAVAILABLE and DEADLINE_EXCEEDED, and after
 * RESOURCE_EXHAUSTED only where RetryInfo is with it: what is too large stays too large.
 */
const codes: ReadonlyMap<number, Code> = new Map<number, Code>([
  [400, Code.invalidArgument],
  [401, Code.unauthenticated],
  [403, Code.permissionDenied],
  [408, Code.deadlineExceeded],
  [413, Code.resourceExhausted],
  [415, Code.unimplemented],
  [429, Code.unavailable]
])

/** The trailers that end a call. */
export function trailersOf({ status, error, hint }: Refusal): Record<string, string> {
  const code = codes.get(status) ?? Code.internal
  return statusTrailers(code, hint === '' ? error : `${error}: ${hint}`)
}

export function statusTrailers(code: Code, message: string): Record<string, string> {
  return {
    'grpc-status': String(code),
    'grpc-message': percentEncoded(message),
    ...(code === Code.unavailable && { 'grpc-status-details-bin': retryLater(code, message) })
  }
}

/** google.rpc.Status with a google.rpc.RetryInfo of one second, as HTTP's `Retry-After: 1`. */
function retryLater(code: Code, message: string): string {
  const retryInfo = bytesField(1, varintField(1, 1))
  const detail = Buffer.concat([
    textField(1, 'type.googleapis.com/google.rpc.RetryInfo'),
    bytesField(2, retryInfo)
  ])
  const status = [varintField(1, code), textField(2, message), bytesField(3, detail)]
  return Buffer.concat(status).toString('base64')
}

/** "Status-Message" of gRPC over HTTP/2: printable ASCII but for the percent sign, and all other bytes of UTF-8 escaped. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-~]+/gu, (part) =>
    Buffer.from(part, 'utf8').toString('hex').replace(/../g, '%$&').toUpperCase()
  )
}
