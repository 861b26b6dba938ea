/** A server that listens on `::` sees IPv4 peers as `::ffff:10.0.0.1`; people, and rules about addresses, know them as `10.0.0.1`. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
