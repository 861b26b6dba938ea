import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { type Host, hostHeader, isLoopbackHost, readHost } from './hosts.ts'

/** The parts of a request that are looked at; an IncomingMessage has them. */
export interface RequestHead {
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket | undefined
}

/**
 * Watches the host's requests for the mark of a proxy. A peer of 127.0.0.1 may be nginx on a staging machine: with its usual WebSocket recipe
 * nothing in a single request tells it from the developer's own curl. So the first request that shows one ends local mode for good.
 * What stays open: a proxy on the same machine that strips its headers and rewrites Host, until somebody's browser gives it away.
 */
export class ProxyLatch {
  readonly #onTrip: (sign: string, req: RequestHead) => void
  #sign = ''
  // Almost every request of a development server has the same Host: a string compare instead of a parse.
  #knownHost = ''

  constructor(onTrip: (sign: string, req: RequestHead) => void) {
    this.#onTrip = onTrip
  }

  /** What gave the proxy away; '' while nothing has. */
  get sign(): string {
    return this.#sign
  }

  /** Looks at one request; about half a microsecond with the headers of a browser. */
  observe(req: RequestHead): void {
    if (this.#sign !== '') return
    const sign = this.#look(req)
    if (sign === '') return
    this.#sign = sign
    this.#onTrip(sign, req)
  }

  #look(req: RequestHead): string {
    if (req.httpVersion === '1.0') return 'HTTP/1.0'
    const sign = forwardingHeader(req.rawHeaders)
    if (sign !== '') return sign
    const text = hostHeader(req.headers)
    if (text !== undefined && text !== this.#knownHost) {
      const host = readHost(text)
      if (host === undefined || !isLoopbackHost(host)) return 'a Host that is not this machine'
      this.#knownHost = text
    }
    return req.headers['sec-fetch-site'] === 'same-origin' ? rewrittenHost(req, text) : ''
  }
}

/** The name of the first header that only proxies write; ''. Runs on raw headers: no parse of them for requests that nobody reads. */
export function forwardingHeader(rawHeaders: readonly string[]): string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    // The second letter sorts out x-request-id, content-type, cookie, traceparent and their like without a copy in lower case.
    switch ((name.charCodeAt(0) << 8) | name.charCodeAt(1) | 0x2020) {
      case 0x782d: // x-
      case 0x666f: // fo
      case 0x7669: // vi
      case 0x6366: // cf
      case 0x7472: // tr
        if (isForwarding(name.toLowerCase())) return name.toLowerCase()
    }
  }
  return ''
}

function isForwarding(name: string): boolean {
  return (
    name.startsWith('x-forwarded-') ||
    name.startsWith('cf-') ||
    name === 'forwarded' ||
    name === 'via' ||
    name === 'x-real-ip' ||
    name === 'true-client-ip'
  )
}

// The browser says "same origin" and names an origin that is not our Host: somebody between rewrote it. A development server that
// forwards to us (Vite's `changeOrigin`) does that too, but is itself visited as localhost and opens nothing to anyone else.
function rewrittenHost(req: RequestHead, host: string | undefined): string {
  const seen = hostOfUrl(req.headers.origin ?? req.headers.referer)
  if (seen === undefined || seen.text === host?.toLowerCase() || isLoopbackHost(seen)) return ''
  return 'a Host that is not the one the browser asked for'
}

function hostOfUrl(url: string | undefined): Host | undefined {
  const match = url === undefined ? null : /^https?:\/\/([^/?#@]+)/i.exec(url)
  return match === null ? undefined : readHost(match[1])
}
