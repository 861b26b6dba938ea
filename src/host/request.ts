import type { IncomingMessage } from 'node:http'
import { clip } from '../base/limits.ts'
import type { Span } from '../span/span.ts'
import type { Recorder } from './setup.ts'

const knownMethods: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' ')
)

/** The method, or `_OTHER`: what a client may make up must not become a name (CVE-2023-45142). */
export function knownMethod(method: string | undefined): string {
  return method !== undefined && knownMethods.has(method) ? method : '_OTHER'
}

/** The request target as it came; mounted routers of Express and Connect rewrite `url`. */
export function targetOf(req: IncomingMessage): string {
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

/** The stable HTTP conventions' attributes of a server span that are known from the head. */
export function describeRequest(
  span: Span,
  req: IncomingMessage,
  target: string,
  method: string,
  recorder: Recorder
): void {
  const { redactor, limits } = recorder
  const { headers } = req
  span.put('http.request.method', method)
  if (method === '_OTHER' && req.method !== undefined)
    span.put('http.request.method_original', redactor.text(req.method, 64))
  span.put('url.path', clip(redactor.path(pathOf(target)), limits.valueLength))
  const mark = target.indexOf('?')
  const query = mark < 0 ? '' : redactor.query(target.slice(mark + 1))
  if (query !== '') span.put('url.query', query)
  span.put('url.scheme', schemeOf(req))
  putServer(span, firstOf(headers['x-forwarded-host']) ?? authorityOf(req))
  putPeer(span, req)
  const version = req.httpVersion === '2.0' ? '2' : req.httpVersion
  span.put('network.protocol.version', version)
  const agent = headers['user-agent']
  if (agent !== undefined) span.setAttribute('user_agent.original', agent)
  const size = Number(headers['content-length'])
  if (Number.isSafeInteger(size) && size >= 0) span.put('http.request.body.size', size)
  recorder.requestHeaders(span, (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  })
}

function schemeOf(req: IncomingMessage): string {
  const forwarded = firstOf(req.headers['x-forwarded-proto'])
  if (forwarded === 'https' || forwarded === 'http') return forwarded
  const { encrypted } = (req.socket ?? {}) as { readonly encrypted?: boolean }
  return encrypted === true ? 'https' : 'http'
}

function authorityOf(req: IncomingMessage): string | undefined {
  const authority = req.headers[':authority']
  return typeof authority === 'string' ? authority : req.headers.host
}

// The grammar of security.md 2.2: anything else in a Host header is no name of a server.
const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i

function putServer(span: Span, authority: string | undefined): void {
  if (authority === undefined || authority.length > 255) return
  const [, address, port] = hostAndPort.exec(authority) ?? []
  if (address === undefined) return
  span.put('server.address', address)
  if (port !== undefined) span.put('server.port', Number(port))
}

function putPeer(span: Span, req: IncomingMessage): void {
  const address = req.socket?.remoteAddress
  // Any client can write the header: it is shown, and decides nothing.
  const client = firstOf(req.headers['x-forwarded-for']) ?? address
  if (client !== undefined) span.setAttribute('client.address', client)
  if (address === undefined) return
  span.setAttribute('network.peer.address', address)
  const port = req.socket.remotePort
  if (port !== undefined) span.put('network.peer.port', port)
}

// The proxy nearest to the client writes the first entry.
function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header
  if (text === undefined) return undefined
  const comma = text.indexOf(',')
  return (comma < 0 ? text : text.slice(0, comma)).trim() || undefined
}
