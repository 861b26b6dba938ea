import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Span } from '../span/span.ts'
import type { Recorder } from './setup.ts'

export interface Outcome {
  /** False when the connection went before the answer did. */
  readonly complete: boolean
  /** True for an answer to HEAD, whose length is that of a body which is not sent. */
  readonly head: boolean
  /** The class of the error that was reported. */
  readonly error: string | undefined
}

/**
 * What the answer tells. True when the request failed: the conventions leave 4xx of a server unset, as the client erred; an answer that
 * broke off on an error of ours did fail, whatever its first line said; one that broke off because the client left did not.
 */
export function describeResponse(
  span: Span,
  res: ServerResponse,
  { complete, head, error }: Outcome,
  recorder: Recorder
): boolean {
  // Nothing was sent of an answer that has no head yet: the 200 that a new response stands at is nobody's.
  const answered = complete || res.headersSent
  const status = answered ? res.statusCode : 0
  const header = answered ? headersOf(res) : () => undefined
  if (answered) {
    span.put('http.response.status_code', status)
    const size = head || status === 204 || status === 304 ? undefined : sizeOf(header)
    if (size !== undefined) span.put('http.response.body.size', size)
    recorder.responseHeaders(span, header)
  }
  const failed = status >= 500 || (!complete && error !== undefined)
  if (failed) span.setAttribute('error.type', error ?? String(status))
  // Closing is how a client ends an event stream.
  else if (!complete && !/^text\/event-stream/i.test(header('content-type') ?? ''))
    span.put('error.type', 'aborted')
  return failed
}

type HeaderOf = (name: string) => string | undefined

function sizeOf(header: HeaderOf): number | undefined {
  const size = Number(header('content-length') ?? Number.NaN)
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

/**
 * The headers as they were sent. Those given to `writeHead` alone, and the length that Node adds itself, stand only in the rendered head.
 * All are asked for at once: with Express each look at a property of the response takes V8's slow path.
 */
function headersOf(res: ServerResponse): HeaderOf {
  const headers: OutgoingHttpHeaders = res.getHeaders()
  const bare = Object.keys(headers).length === 0
  let rendered: string | undefined
  return (name) => {
    const value = headers[name]
    if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value)
    if (!bare && name !== 'content-length') return undefined
    rendered ??= renderedHead(res)
    return findHeader(rendered, name)
  }
}

function renderedHead(res: ServerResponse): string {
  const { _header: head } = res as { readonly _header?: unknown }
  return typeof head === 'string' ? head : ''
}

function findHeader(head: string, name: string): string | undefined {
  const found = head.toLowerCase().indexOf(`\r\n${name}: `)
  if (found < 0) return undefined
  const start = found + name.length + 4
  return head.slice(start, head.indexOf('\r\n', start))
}
