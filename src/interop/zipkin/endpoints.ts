import { isIPv4, isIPv6 } from 'node:net'
import { getAttribute, getString } from '../../base/attributes.ts'
import { type ReadonlyAttributes, type SpanData, SpanKind } from '../../base/span-data.ts'

export interface Endpoint {
  readonly serviceName?: string | undefined
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
  readonly port?: number | undefined
}

export function localEndpoint(service: string, attributes: ReadonlyAttributes): Endpoint {
  return { serviceName: service, ...addressOf(attributes, 'network.local') }
}

/** In the order of OpenTelemetry's "Transformation to Zipkin", section "Remote endpoint". */
const peers = [
  'peer.service',
  'server.address',
  'net.peer.name',
  'network.peer.address',
  'server.socket.domain',
  'server.socket.address',
  'net.sock.peer.name',
  'net.sock.peer.addr',
  'peer.hostname',
  'peer.address',
  'db.namespace',
  'db.name'
] as const

/**
 * Who is at the other end, undefined when nothing tells. Only what calls out is named by an address: of a server, the address of its client
 * would become a service of its own in Zipkin's map.
 */
export function remoteEndpoint({ kind, attributes }: SpanData): Endpoint | undefined {
  const outward = kind === SpanKind.client || kind === SpanKind.producer
  const serviceName = nameOf(attributes, outward ? peers : ['peer.service'])
  const address = addressOf(attributes, 'network.peer') ?? addressOf(attributes, 'net.sock.peer')
  if (serviceName === undefined && address === undefined) return undefined
  return { serviceName, ...address }
}

// An address that stands in a field of its own is no name as well.
function nameOf(attributes: ReadonlyAttributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const name = getString(attributes, key)
    if (name !== '') return key === 'network.peer.address' && isAddress(name) ? undefined : name
  }
  return undefined
}

function isAddress(text: string): boolean {
  return isIPv4(text) || isIPv6(text)
}

function isPort(port: unknown): port is number {
  return Number.isInteger(port) && (port as number) > 0 && (port as number) <= 0xff_ff
}

function addressOf(attributes: ReadonlyAttributes, prefix: string): Endpoint | undefined {
  const named =
    getString(attributes, `${prefix}.address`) || getString(attributes, `${prefix}.addr`)
  // Go's readers refuse a whole trace for the zone of one address (`fe80::1%eth0`), Zipkin a whole list for a port beyond the last.
  const address = named.replace(/%.*$/, '')
  const port = getAttribute(attributes, `${prefix}.port`)
  const ipv4 = isIPv4(address) ? address : undefined
  const ipv6 = isIPv6(address) ? address : undefined
  const known = isPort(port) ? port : undefined
  if (ipv4 === undefined && ipv6 === undefined && known === undefined) return undefined
  return { ipv4, ipv6, port: known }
}
