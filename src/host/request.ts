import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Attributes } from '../base/attributes.ts'
import { clip, type Limits } from '../base/limits.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Span } from '../span/span.ts'
import type { HeaderReader } from './headers.ts'
import type { Peer } from './peer.ts'
import { read } from './read.ts'
import { remembering } from './remember.ts'

const knownMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' ')
)

/** The method, or `_OTHER`: what a client may make up must not become a name (CVE-2023-45142). */
export function knownMethod(method: string | undefined): string {
  return method !== undefined && knownMethods.has(method) ? method : '_OTHER'
}

/** The request target as it came; mounted routers of Express and Connect rewrite `url`. */
export function targetOf(req: {
  readonly url?: string | undefined
  readonly originalUrl?: unknown
}): string {
  const original = read(req, 'originalUrl')
  return typeof original === 'string' ? original : (read(req, 'url') ?? '')
}

/** The path of a request target in origin form, absolute form (`GET http://host/path`) or `*`. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  const whole = query < 0 ? target : target.slice(0, query)
  if (whole.startsWith('/')) return whole
  const authority = whole.indexOf('://')
  if (authority < 0) return whole
  const path = whole.indexOf('/', authority + 3)
  return path < 0 ? '/' : whole.slice(path)
}

/** What is read of a request, once. */
export interface Head {
  readonly method: string | undefined
  readonly target: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  /** Emulated requests have none. */
  readonly socket: Socket | undefined
}

export function readHead(req: IncomingMessage): Head {
  return {
    method: read(req, 'method'),
    target: targetOf(req),
    httpVersion: read(req, 'httpVersion'),
    rawHeaders: read(req, 'rawHeaders'),
    headers: read(req, 'headers'),
    socket: read(req, 'socket')
  }
}

/** Whether a body follows the head of an HTTP/1 request (RFC 9112, section 6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}

/** Gives a new span the stable HTTP conventions' attributes that are known from the head. */
export type RequestDescriber = (span: Span, known: string, head: Head, peer: Peer) => void

export function requestDescriber(
  redactor: Redactor,
  limits: Limits,
  headersOf: HeaderReader
): RequestDescriber {
  const agentOf = remembering((agent) => redactor.attribute('user_agent.original', agent))
  const serverOf = remembering(readAuthority)
  return (span, known, { method, target, httpVersion, headers }, peer) => {
    const mark = target.indexOf('?')
    // A list, not one call of the span for each: these are the first, so none can be there already.
    const list: Attributes = [
      'http.request.method',
      known,
      'url.path',
      clip(redactor.path(pathOf(target)), limits.valueLength),
      'url.scheme',
      forwardedScheme(headers) ?? peer.scheme,
      'network.protocol.version',
      httpVersion === '2.0' ? '2' : httpVersion
    ]
    if (known !== method && method !== undefined)
      list.push('http.request.method_original', redactor.text(method, 64))
    const query = mark < 0 ? '' : redactor.query(target.slice(mark + 1))
    if (query !== '') list.push('url.query', query)
    const server = serverOf(firstOf(headers['x-forwarded-host']) ?? authorityOf(headers))
    if (server.address !== '') list.push('server.address', server.address)
    if (server.port >= 0) list.push('server.port', server.port)
    // Any client can write the header: it is shown, and decides nothing.
    const forwarded = firstOf(headers['x-forwarded-for'])
    const client =
      forwarded === undefined ? peer.client : redactor.attribute('client.address', forwarded)
    if (client !== undefined) list.push('client.address', client)
    if (peer.address !== undefined) list.push('network.peer.address', peer.address)
    if (peer.port >= 0) list.push('network.peer.port', peer.port)
    const agent = headers['user-agent']
    const shown = agent === undefined ? undefined : agentOf(agent)
    if (shown !== undefined) list.push('user_agent.original', shown)
    const size = sizeOf(headers['content-length'])
    if (size !== undefined) list.push('http.request.body.size', size)
    headersOf(
      (name) => headers[name],
      (key, value) => list.push(key, value)
    )
    span.begin(list)
  }
}

/** A length as a header gives it; undefined when it is none. */
export function sizeOf(header: unknown): number | undefined {
  if (header === undefined) return undefined
  const size = Number(header)
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

function forwardedScheme(headers: IncomingHttpHeaders): string | undefined {
  const forwarded = firstOf(headers['x-forwarded-proto'])
  return forwarded === 'https' || forwarded === 'http' ? forwarded : undefined
}

function authorityOf(headers: IncomingHttpHeaders): string {
  const authority = headers[':authority']
  return (typeof authority === 'string' ? authority : headers.host) ?? ''
}

// The grammar of security.md 2.2: anything else in a Host header is no name of a server.
const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i

function readAuthority(authority: string): { readonly address: string; readonly port: number } {
  const [, address = '', port] = (authority.length <= 255 && hostAndPort.exec(authority)) || []
  return { address, port: port === undefined ? -1 : Number(port) }
}

// The proxy nearest to the client writes the first entry.
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined) return undefined
  const comma = text.indexOf(',')
  return (comma < 0 ? text : text.slice(0, comma)).trim() || undefined
}
