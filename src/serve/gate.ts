import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { clientHeader, tokenProtocolPrefix } from '../wire/live.ts'
import {
  hostAllowed,
  hostHeader,
  isLoopbackAddress,
  isLoopbackHost,
  originAllowed,
  readHost
} from './hosts.ts'
import type { Authorize } from './mode.ts'
import { forwardingHeader } from './proxy-latch.ts'
import { bearerOf, type Tokens } from './token.ts'

/** What a request wants: the static page and its parts hold no data; the others do. `query` is what other systems' pages ask. */
export type Door = 'shell' | 'asset' | 'api' | 'query' | 'live' | 'ingest'

/** What the gate looks at, and nothing else of a request. */
export interface Visit {
  readonly door: Door
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  /** Sent as HTTP/1.0: only old proxies do. */
  readonly http10: boolean
  /** The socket's own peer address, never one from a header (CVE-2015-3224). */
  readonly peer: string | undefined
  readonly encrypted: boolean
  /** A WebSocket handshake. */
  readonly upgrade: boolean
}

export interface GateRules {
  /** Read anew for each request: the proxy latch may have ended local mode. */
  readonly mode: () => 'local' | 'token'
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly tokens: Tokens
  readonly authorize: Authorize | undefined
}

export type Verdict =
  | {
      readonly ok: true
      readonly by: 'open' | 'local' | 'token' | 'authorize'
      readonly host: string
    }
  | Refusal

export interface Refusal {
  readonly ok: false
  readonly status: number
  readonly error: string
  readonly hint: string
}

/** Milliseconds that the host's own check may take. */
const authorizeMs = 2000

/**
 * The one door of everything under the mount path, before a byte is served and before `handleUpgrade`. Host, Origin and Sec-Fetch-Site are
 * all looked at because none covers the others: a WebSocket handshake carries only Origin, a rebound GET only Host, and a plain-http
 * staging host gets no Sec-Fetch headers at all. No cookies: on localhost every port gets them.
 */
export function admit(
  req: IncomingMessage,
  visit: Visit,
  rules: GateRules
): Verdict | Promise<Verdict> {
  const verdict = judge(visit, rules)
  if (verdict !== 'ask') return verdict
  const host = readHost(hostHeader(visit.headers))?.text ?? ''
  return asksHost(rules.authorize as Authorize, req).then((yes) =>
    yes ? { ok: true, by: 'authorize', host } : unauthorized
  )
}

/** The verdict on a request as far as it can be had without asking the host; 'ask' leaves it to the host's own check, which senders are not. */
export function judge(visit: Visit & { readonly door: 'ingest' }, rules: GateRules): Verdict
export function judge(visit: Visit, rules: GateRules): Verdict | 'ask'
export function judge(visit: Visit, rules: GateRules): Verdict | 'ask' {
  const { door, method, headers } = visit
  const host = readHost(hostHeader(headers))
  if (host === undefined) return refuse(400, 'the Host header is missing or is not a host')
  if (!hostAllowed(host, rules.allowedHosts))
    return refuse(
      403,
      'this page does not answer to this host name',
      "if the name is yours, allow it: tracing({ allowedHosts: ['your.host.name'] })"
    )
  if (method === 'OPTIONS') return refuse(403, 'no other origin may ask for anything here')
  if (headers['service-worker'] !== undefined)
    return refuse(403, 'no service worker may be made of this')

  const local =
    rules.mode() === 'local' &&
    isLoopbackAddress(visit.peer) &&
    isLoopbackHost(host) &&
    !visit.http10 &&
    forwardingHeader(visit.rawHeaders) === ''
  if (door === 'ingest') return judgeIngest(visit, rules, local, host.text)

  if (!siteAllowed(visit)) return refuse(403, 'another site asked for this')
  const origin = headers.origin
  if (origin !== undefined && !originAllowed(origin, host, visit.encrypted, rules))
    return refuse(
      403,
      'the Origin is not the one of this page',
      'behind a proxy that ends TLS, name the host in allowedHosts, or the origin in allowedOrigins'
    )
  const bearer = bearerIn(visit)
  // A handshake without Origin is no browser's; a tool shows a token instead, in local mode too.
  const anonymous = visit.upgrade && origin === undefined
  if (anonymous && bearer === undefined)
    return refuse(403, 'a WebSocket without Origin needs a token', 'GET live is an event stream')
  if (door === 'shell' || door === 'asset') return { ok: true, by: 'open', host: host.text }

  // A header that no form, image or no-cors fetch can set forces browsers to ask before they send; we never answer that question.
  // Other systems' pages do not know it; they only read, and what is of another site was refused above.
  const changes = method !== 'GET' && method !== 'HEAD'
  const asks = changes || (fromBrowser(headers) && door !== 'query')
  if (!visit.upgrade && asks && headers[clientHeader] !== '1')
    return refuse(403, 'this needs the client header', `send ${clientHeader}: 1`)

  if (local && !anonymous) return { ok: true, by: 'local', host: host.text }
  if (bearer !== undefined) {
    const verdict = rules.tokens.check('page', bearer, visit.peer ?? '')
    if (verdict === 'right') return { ok: true, by: 'token', host: host.text }
    if (verdict === 'blocked') return tooManyFailures
  }
  return rules.authorize === undefined || anonymous ? unauthorized : 'ask'
}

/**
 * Spans come from exporters, which send no client header: so a request of a browser is refused outright (a text/plain POST or a
 * beacon needs no preflight), and where the page needs a token, writing needs one of its own.
 */
function judgeIngest(visit: Visit, rules: GateRules, local: boolean, host: string): Verdict {
  const { headers } = visit
  const browser =
    fromBrowser(headers) && !rules.allowedOrigins.includes(headers.origin ?? 'no origin')
  if (local && !browser) return { ok: true, by: 'local', host }
  const bearer = bearerOf(headers.authorization)
  if (bearer !== undefined && rules.tokens.hasIngest) {
    const verdict = rules.tokens.check('ingest', bearer, visit.peer ?? '')
    if (verdict === 'right') return { ok: true, by: 'token', host }
    return verdict === 'blocked' ? tooManyFailures : unauthorizedSender
  }
  if (browser) return refuse(403, 'spans are not taken from web pages')
  if (rules.tokens.hasIngest) return unauthorizedSender
  return refuse(
    403,
    'spans are taken from this machine only',
    'set SPANLIGHT_INGEST_TOKEN and send it as a bearer token'
  )
}

// Fetch metadata, where the browser sends it. A link from elsewhere may open the page, which holds no data, and nothing more.
function siteAllowed({ door, method, headers }: Visit): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin') return true
  if (door !== 'shell' || (method !== 'GET' && method !== 'HEAD')) return false
  const navigates =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return site === 'none' || navigates
}

// Not Sec-Fetch-Mode: Node's own fetch sends that one, alone, and so do exporters and agents built on it.
function fromBrowser(headers: IncomingHttpHeaders): boolean {
  return (
    headers.origin !== undefined ||
    headers['sec-fetch-site'] !== undefined ||
    headers['sec-fetch-dest'] !== undefined ||
    headers['sec-fetch-user'] !== undefined
  )
}

// A browser cannot set a header on a WebSocket; a sub-protocol is what it can.
function bearerIn({ upgrade, headers }: Visit): string | undefined {
  const bearer = bearerOf(headers.authorization)
  if (bearer !== undefined || !upgrade) return bearer
  for (const part of (headers['sec-websocket-protocol'] ?? '').split(',', 8)) {
    const protocol = part.trim()
    if (protocol.startsWith(tokenProtocolPrefix)) return protocol.slice(tokenProtocolPrefix.length)
  }
  return undefined
}

async function asksHost(authorize: Authorize, req: IncomingMessage): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), authorizeMs).unref()
  })
  try {
    const answer: unknown = await Promise.race([authorize(req), late])
    return answer === true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

function refuse(status: number, error: string, hint = ''): Refusal {
  return { ok: false, status, error, hint }
}

// One and the same for no token, a wrong one and the host's no: which it was is nobody's business.
export const unauthorized: Refusal = {
  ok: false,
  status: 401,
  error: 'this needs a token',
  hint: 'open the address that the server printed at its start; it carries the token'
}

const unauthorizedSender: Refusal = {
  ...unauthorized,
  error: 'sending needs a token of its own',
  hint: 'the one of SPANLIGHT_INGEST_TOKEN, as authorization: Bearer <token>'
}

const tooManyFailures: Refusal = {
  ok: false,
  status: 429,
  error: 'too many wrong tokens',
  hint: 'wait a minute'
}
