import { OutgoingMessage, type ServerResponse } from 'node:http'
import type { Span } from '../span/span.ts'
import { read } from './read.ts'
import { sizeOf } from './request.ts'
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
  const status = answered ? read(res, 'statusCode') : 0
  const header = answered ? headersOf(res) : () => undefined
  if (answered) {
    span.put('http.response.status_code', status)
    const size =
      head || status === 204 || status === 304 ? undefined : sizeOf(header('content-length'))
    if (size !== undefined) span.put('http.response.body.size', size)
    recorder.responseHeaders(header, (key, value) => span.put(key, value))
  }
  const failed = status >= 500 || (!complete && error !== undefined)
  if (failed) span.setAttribute('error.type', error ?? String(status))
  // Closing is how a client ends an event stream.
  else if (!complete && !/^text\/event-stream/i.test(String(header('content-type') ?? '')))
    span.put('error.type', 'aborted')
  return failed
}

type HeaderValue = number | string | readonly string[] | undefined
export type HeaderOf = (name: string) => HeaderValue

// Where Node keeps the headers that were set: by their name in lower case, each with its name as it was given. `getHeaders` copies them,
// which takes 1.5 us a request; it is asked where this is not to be found.
const outHeaders = Object.getOwnPropertySymbols(new OutgoingMessage()).find(
  ({ description }) => description === 'kOutHeaders'
) as keyof OutgoingMessage | undefined

/** The headers as they were sent. Those given to `writeHead` alone, and the length that Node adds itself, stand only in the rendered head. */
export function headersOf(res: ServerResponse): HeaderOf {
  const set = outHeaders && (read(res, outHeaders) as unknown)
  if (typeof set === 'object' && set !== null) {
    const headers = set as { readonly [name: string]: readonly [string, HeaderValue] | undefined }
    return (name) => headers[name]?.[1] ?? (name === 'content-length' ? ownLength(res) : undefined)
  }
  const copied = set === undefined ? res.getHeaders() : {}
  const head = renderedHead(res)
  const lower = head.toLowerCase()
  return (name) => copied[name] ?? findHeader(head, lower.indexOf(`\r\n${name}: `))
}

function renderedHead(res: ServerResponse): string {
  const head = read(res as { readonly _header?: unknown }, '_header')
  return typeof head === 'string' ? head : ''
}

function ownLength(res: ServerResponse): string | undefined {
  const head = renderedHead(res)
  return findHeader(head, head.indexOf('\r\nContent-Length: '))
}

// The value of the header whose line begins there.
function findHeader(head: string, line: number): string | undefined {
  if (line < 0) return undefined
  return head.slice(head.indexOf(': ', line) + 2, head.indexOf('\r\n', line + 2))
}
