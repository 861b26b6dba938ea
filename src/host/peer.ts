import { unmapped } from '../base/address.ts'

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
