import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { unmapped } from '../base/address.ts'

/** A Host header's value, taken apart. */
export interface Host {
  /** Lower-case, as sent: safe to stand in a header, made of name, digits, dots and brackets only. */
  readonly text: string
  /** The name without port and without brackets. */
  readonly name: string
  /** '' when absent. */
  readonly port: string
}

// Not `new URL`: a Host of `a b`, `[::1` or `%` makes it throw, and in an upgrade listener that is a crash.
const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The host that a request names, by either version of HTTP. Never X-Forwarded-Host: anyone can write it. */
export function hostHeader(headers: IncomingHttpHeaders): string | undefined {
  return (headers[':authority'] as string | undefined) ?? headers.host
}

/** Reads a Host header (`:authority` of HTTP/2); undefined when it is missing or not a host. */
export function readHost(text: string | undefined): Host | undefined {
  if (text === undefined || text.length > 255) return undefined
  const lower = text.toLowerCase()
  const match = hostForm.exec(lower)
  if (match === null) return undefined
  const name = (match[1] as string).replace(/^\[|\]$/g, '')
  return { text: lower, name, port: match[2] ?? '' }
}

/** Whether an address is this machine's loopback; IPv4 mapped into IPv6 counts as what it is. Undefined (a unix socket) is not. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = unmapped(address)
  const family = isIP(plain)
  return family !== 0 && loopback.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether a Host names this machine to itself: `localhost`, a name under it, or a loopback address. */
export function isLoopbackHost(host: Host): boolean {
  return (
    host.name === 'localhost' || host.name.endsWith('.localhost') || isLoopbackAddress(host.name)
  )
}

/**
 * Whether we answer to this name at all. A name that anyone can point at 127.0.0.1 would let a page of theirs read ours (DNS rebinding:
 * CVE-2025-66414, CVE-2025-49596); an address cannot be rebound.
 */
export function hostAllowed(host: Host, allowedHosts: readonly string[]): boolean {
  return isLoopbackHost(host) || isIP(host.name) !== 0 || namedBy(host, allowedHosts)
}

/**
 * Whether a request's Origin is the page's own. A `null` origin never is; an address as origin gets no pass (CVE-2025-30360). Where the
 * owner named the host in `allowedHosts`, `https` counts as its own scheme too: that is what a proxy that ends TLS looks like from here.
 */
export function originAllowed(
  origin: string,
  host: Host,
  encrypted: boolean,
  rules: { readonly allowedHosts: readonly string[]; readonly allowedOrigins: readonly string[] }
): boolean {
  if (rules.allowedOrigins.includes(origin)) return true
  if (origin === ownOrigin(encrypted ? 'https' : 'http', host)) return true
  return namedBy(host, rules.allowedHosts) && origin === ownOrigin('https', host)
}

function namedBy(host: Host, allowedHosts: readonly string[]): boolean {
  return allowedHosts.some((entry) => {
    const wanted = entry.toLowerCase()
    // `.example.com` stands for every name below it; a lone dot would stand for all of them and is nothing.
    if (wanted.startsWith('.')) return wanted.length > 1 && host.name.endsWith(wanted)
    return host.name === wanted || host.text === wanted
  })
}

// Browsers leave the scheme's own port out of an Origin, and tools may write it into a Host.
function ownOrigin(scheme: 'http' | 'https', host: Host): string {
  const usual = scheme === 'https' ? '443' : '80'
  const name = host.text.startsWith('[') ? `[${host.name}]` : host.name
  const port = host.port === '' || host.port === usual ? '' : `:${host.port}`
  return `${scheme}://${name}${port}`
}
