import { SpanKind, StatusCode } from '../../base/span-data.ts'
import type { Context } from '../../context/context.ts'
import { readError } from '../../span/exception.ts'
import type { NonRecordingSpan } from '../../context/non-recording.ts'
import type { Span } from '../../span/span.ts'
import type { Tracer } from '../../span/tracer.ts'

const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY'
])

/** Where a call goes. */
export interface HttpTarget {
  readonly url: string
  readonly host: string
  readonly port: number | undefined
  /** How many attempts of the same call came before: redirects. */
  readonly resends: number
}

/** Starts the client span of one attempt; a method that nobody knows is no name (it would be unbounded). */
export function startHttpSpan(
  tracer: Tracer,
  method: string,
  context: Context
): Span | NonRecordingSpan {
  const known = knownMethods.has(method)
  const span = tracer.start(known ? method : 'HTTP', { kind: SpanKind.client }, context)
  span.put('http.request.method', known ? method : '_OTHER')
  if (!known) span.setAttribute('http.request.method_original', method)
  return span
}

export function setTarget(span: Span, target: HttpTarget): void {
  span.setAttribute('url.full', target.url)
  span.setAttribute('server.address', target.host)
  if (target.port !== undefined) span.put('server.port', target.port)
  if (target.resends > 0) span.put('http.request.resend_count', target.resends)
}

/** To a client, every status from 400 on is an error; the code says what there is to say. */
export function setStatusCode(span: Span, status: number): void {
  span.put('http.response.status_code', status)
  if (status < 400) return
  span.put('error.type', String(status))
  span.setStatus({ code: StatusCode.error })
}

/** Sets a body size from the text of a Content-Length header. */
export function setSize(span: Span, key: string, length: unknown): void {
  const size = typeof length === 'string' || typeof length === 'number' ? Number(length) : -1
  if (Number.isSafeInteger(size) && size >= 0) span.put(key, size)
}

/** A call that failed; one that the host itself called off is marked, and is no error (semantic conventions, "Recording errors"). */
export function setFailure(span: Span, error: unknown): void {
  const { type, message, attributes } = readError(error)
  const code = attributes['exception.code'] ?? ''
  if (type === 'AbortError' && timedOut(error)) return setFailed(span, 'TimeoutError', message)
  if (type === 'AbortError' || code === 'UND_ERR_ABORTED') return setCancelled(span)
  // System and library codes tell more than their class, which is `Error` for all of them. A DOMException's code is a bare number.
  const kind = /^[A-Z][A-Z0-9_]+$/.test(code) ? code : type
  setFailed(span, kind, message || kind)
}

/** `AbortSignal.timeout()` reaches node:http as an AbortError whose cause tells why. */
function timedOut(error: unknown): boolean {
  try {
    return (error as { cause?: { name?: unknown } }).cause?.name === 'TimeoutError'
  } catch {
    return false
  }
}

export function setFailed(span: Span, type: string, message: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: StatusCode.error, message })
}

export function setCancelled(span: Span): void {
  span.put('spanlight.cancelled', true)
}

/** A URL's text from its parts; the scheme's own port is left out, as `URL` does it. */
export function urlOf(protocol: string, host: string, port: number, path: string): string {
  // A request to a proxy names the whole URL as its path.
  if (/^https?:\/\//i.test(path)) return path
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const usual = port === defaultPort(protocol)
  return `${protocol}//${name}${usual ? '' : `:${port}`}${path}`
}

export function defaultPort(protocol: string): number {
  return protocol === 'https:' ? 443 : 80
}
