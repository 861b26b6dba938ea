import { unmapped } from '../base/address.ts'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { AttributeValue } from '../base/attributes.ts'
import { clip, type Limits } from '../base/limits.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Span } from '../span/span.ts'
import type { HeaderReader } from './headers.ts'
import { remembering } from './remember.ts'

const knownMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' ')
)

/** The method, or `_OTHER`: what a client may make up must not become a name (CVE-2023-45142). */
export function knownMethod(method: string | undefined): string {
  return method !== undefined && knownMethods.has(method) ? method : '_OTHER'
}

/** The request target as it came; mounted routers of Express and Connect rewrite `url`. */
export function targetOf(req: Pick<IncomingMessage, 'url'>): string {
  const { originalUrl } = req as { readonly originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : (req.url ?? '')
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
  /** The method as it is recorded. */
  readonly known: string
  readonly target: string
  readonly version: string
  readonly headers: IncomingHttpHeaders
  /** Emulated requests have none. */
  readonly socket: Socket | undefined
}

/** Whether a body follows the head of an HTTP/1 request (RFC 9112, section 6.3). */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}

/** Puts on a span the stable HTTP conventions' attributes that are known from the head. */
export function requestDescriber(
  redactor: Redactor,
  limits: Limits,
  headersOf: HeaderReader
): (span: Span, head: Head) => void {
  const agentOf = remembering((agent) => redactor.attribute('user_agent.original', agent))
  const serverOf = remembering(readAuthority)
  const peerOf = peers(redactor)
  return (span, { method, known, target, version, headers, socket }) => {
    const peer = peerOf(socket)
    span.put('http.request.method', known)
    if (known !== method && method !== undefined)
      span.put('http.request.method_original', redactor.text(method, 64))
    span.put('url.path', clip(redactor.path(pathOf(target)), limits.valueLength))
    const mark = target.indexOf('?')
    const query = mark < 0 ? '' : redactor.query(target.slice(mark + 1))
    if (query !== '') span.put('url.query', query)
    span.put('url.scheme', forwardedScheme(headers) ?? peer.scheme)
    const server = serverOf(firstOf(headers['x-forwarded-host']) ?? authorityOf(headers))
    if (server.address !== '') span.put('server.address', server.address)
    if (server.port >= 0) span.put('server.port', server.port)
    // Any client can write the header: it is shown, and decides nothing.
    const forwarded = firstOf(headers['x-forwarded-for'])
    if (forwarded !== undefined) span.setAttribute('client.address', forwarded)
    else if (peer.client !== undefined) span.put('client.address', peer.client)
    if (peer.address !== undefined) span.put('network.peer.address', peer.address)
    if (peer.port >= 0) span.put('network.peer.port', peer.port)
    span.put('network.protocol.version', version === '2.0' ? '2' : version)
    const agent = headers['user-agent']
    const shown = agent === undefined ? undefined : agentOf(agent)
    if (shown !== undefined) span.put('user_agent.original', shown)
    const size = Number(headers['content-length'])
    if (Number.isSafeInteger(size) && size >= 0) span.put('http.request.body.size', size)
    headersOf(span, (name) => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    })
  }
}

interface Peer {
  readonly scheme: string
  readonly address: AttributeValue | undefined
  readonly client: AttributeValue | undefined
  /** -1 where there is none. */
  readonly port: number
}

// A keep-alive connection serves many requests; asking it each time for its peer takes 2 us.
function peers(redactor: Redactor): (socket: Socket | undefined) => Peer {
  const known = new WeakMap<Socket, Peer>()
  const read = (socket: Socket | undefined): Peer => {
    const address = socket?.remoteAddress && unmapped(socket.remoteAddress)
    const { encrypted } = (socket ?? {}) as { readonly encrypted?: boolean }
    return {
      scheme: encrypted === true ? 'https' : 'http',
      address: address && redactor.attribute('network.peer.address', address),
      client: address && redactor.attribute('client.address', address),
      port: socket?.remotePort ?? -1
    }
  }
  return (socket) => {
    const found = socket && known.get(socket)
    if (found !== undefined) return found
    const peer = read(socket)
    if (socket !== undefined) known.set(socket, peer)
    return peer
  }
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
