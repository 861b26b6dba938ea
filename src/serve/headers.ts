import type { ServerResponse } from 'node:http'

// Set one by one and not by writeHead, so that what the host's own middleware (helmet, cors) set before us is replaced.
const always: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Robots-Tag', 'noindex, nofollow'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), usb=()']
]

/** Headers of everything that is not the page: no frame, script or form can come of it. */
export function setDataHeaders(res: ServerResponse): void {
  setAlways(res)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
}

/** Headers of the page. `host` is a Host that passed the gate. */
export function setPageHeaders(res: ServerResponse, host: string): void {
  setAlways(res)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('Content-Security-Policy', pagePolicy(host))
}

/** Headers of a file of the page; one with a hash in its name never changes. */
export function setAssetHeaders(res: ServerResponse, hashed: boolean): void {
  setAlways(res)
  res.setHeader('Cache-Control', hashed ? 'private, max-age=31536000, immutable' : 'no-store')
  res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox")
}

/** Headers of the event stream; `no-transform` keeps the host's `compression` from holding events back. */
export function setStreamHeaders(res: ServerResponse): void {
  setDataHeaders(res)
  res.setHeader('Cache-Control', 'no-store, no-transform')
  res.setHeader('X-Accel-Buffering', 'no')
  res.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
}

/** The security headers by name, for a refused WebSocket handshake, which has no response object. */
export const refusalHeaders: readonly (readonly [string, string])[] = [
  ...always,
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; sandbox"]
]

// The page's address is its <base>, written by us: base-uri 'self' lets it be of this origin only. The host is spelled out for
// WebKits that do not take ws: for 'self' (w3c/webappsec-csp#7).
function pagePolicy(host: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ws://${host} wss://${host}`,
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join('; ')
}

function setAlways(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) {
    if (name.startsWith('access-control-')) res.removeHeader(name)
  }
  for (const [name, value] of always) res.setHeader(name, value)
}
