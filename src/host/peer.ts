import type { Socket } from 'node:net'
import { unmapped } from '../base/address.ts'
import type { AttributeValue } from '../base/attributes.ts'
import type { Redactor } from '../redact/redactor.ts'

/** Who is at the other end of a connection, as it may be stored. */
export interface Peer {
  readonly scheme: 'http' | 'https'
  readonly address: AttributeValue | undefined
  readonly client: AttributeValue | undefined
  /** -1 where there is none. */
  readonly port: number
}

/** Asked once per connection: a keep-alive one serves many requests, and asking its socket takes 2 us. */
export function readPeer(socket: Socket | undefined, redactor: Redactor): Peer {
  const address = socket?.remoteAddress && unmapped(socket.remoteAddress)
  const { encrypted } = (socket ?? {}) as { readonly encrypted?: boolean }
  return {
    scheme: encrypted === true ? 'https' : 'http',
    address: address && redactor.attribute('network.peer.address', address),
    client: address && redactor.attribute('client.address', address),
    port: socket?.remotePort ?? -1
  }
}

/**
 * Addresses as `socket.remoteAddress` gives them. No address (a Unix socket, an emulated request) is a stranger's: behind such a socket
 * stands a proxy that passes the world's headers on.
 */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = unmapped(address)
  return plain === '::1' || (plain.startsWith('127.') && !plain.includes(':'))
}

/** Loopback, the private ranges of RFC 1918 and RFC 4193, and link-local addresses. */
export function isPrivate(address: string | undefined): boolean {
  if (address === undefined) return false
  if (isLoopback(address)) return true
  const plain = unmapped(address)
  if (plain.includes(':')) return /^(?:f[cd]|fe[89ab])[0-9a-f]*:/i.test(plain)
  return /^(?:10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\./.test(plain)
}
