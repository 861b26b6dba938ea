import type { ServerResponse } from 'node:http'
import type { Span } from '../span/span.ts'
import type { Recorder } from './setup.ts'

/**
 * What the answer tells. True when the request failed: the conventions leave 4xx of a server unset, as the client erred; an answer that
 * broke off on an error of ours did fail, whatever its first line said; one that broke off because the client left did not.
 */
export function describeResponse(
  span: Span,
  res: ServerResponse,
  complete: boolean,
  errorType: string | undefined,
  recorder: Recorder
): boolean {
  // Nothing was sent of an answer that has no head yet: the 200 that a new response stands at is nobody's.
  const answered = complete || res.headersSent
  const status = answered ? res.statusCode : 0
  if (answered) {
    span.put('http.response.status_code', status)
    const size = hasBody(res, status) ? bodySize(res) : undefined
    if (size !== undefined) span.put('http.response.body.size', size)
    recorder.responseHeaders(span, (name) => headerOf(res, name))
  }
  const failed = status >= 500 || (!complete && errorType !== undefined)
  if (failed) span.setAttribute('error.type', errorType ?? String(status))
  else if (!complete && !isEventStream(res)) span.put('error.type', 'aborted')
  return failed
}

function hasBody(res: ServerResponse, status: number): boolean {
  return res.req?.method !== 'HEAD' && status !== 204 && status !== 304
}

function bodySize(res: ServerResponse): number | undefined {
  const size = Number(headerOf(res, 'content-length') ?? Number.NaN)
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

// Closing is how a client ends an event stream.
function isEventStream(res: ServerResponse): boolean {
  return /^text\/event-stream/i.test(headerOf(res, 'content-type') ?? '')
}

/**
 * A header as it was sent. Those that went straight into `writeHead`, and the length that Node adds itself, stand only in the rendered
 * head.
 */
function headerOf(res: ServerResponse, name: string): string | undefined {
  const value = res.getHeader(name)
  if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value)
  const { _header: head } = res as { readonly _header?: unknown }
  if (typeof head !== 'string') return undefined
  const found = head.toLowerCase().indexOf(`\r\n${name}: `)
  if (found < 0) return undefined
  const start = found + name.length + 4
  return head.slice(start, head.indexOf('\r\n', start))
}
