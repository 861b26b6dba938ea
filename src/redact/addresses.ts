import { isIP } from 'node:net'
import { redacted } from './values.ts'

/** An address without what tells one household from another: IPv4 to /24, IPv6 to /48; what is no address is hidden. */
export function maskAddress(text: string): string {
  const address = bare(text)
  if (isIP(address) === 4) return mask4(address)
  if (isIP(address) !== 6) return /^unknown$/i.test(address) ? address : redacted
  // An IPv4 address in IPv6's notation keeps its own mask.
  const last = address.slice(address.lastIndexOf(':') + 1)
  if (isIP(last) === 4) return `::ffff:${mask4(last)}`
  const double = address.indexOf('::')
  const head = (double < 0 ? address : address.slice(0, double)).split(':').filter(Boolean)
  const tail =
    double < 0
      ? []
      : address
          .slice(double + 2)
          .split(':')
          .filter(Boolean)
  const groups =
    double < 0
      ? head
      : [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return `${groups.slice(0, 3).join(':')}::`
}

/** RFC 7239: the addresses of `for` and `by` masked, `proto` and `host` kept, all else hidden. */
export function maskForwarded(value: string, text: (text: string) => string): string {
  const elements = value.split(',', 50).map((element) =>
    element.split(';', 10).map((pair) => {
      const equals = pair.indexOf('=')
      const name = pair.slice(0, Math.max(0, equals)).trim().toLowerCase()
      const shown = pair.slice(equals + 1).trim()
      if (name === 'for' || name === 'by') return `${name}=${maskAddress(shown)}`
      return name === 'proto' || name === 'host' ? `${name}=${text(shown)}` : redacted
    })
  )
  return elements.map((pairs) => pairs.join(';')).join(', ')
}

// Without quotes, brackets, port and zone: "[2001:db8::1%eth0]:80".
function bare(text: string): string {
  const plain = text.trim().replace(/^"|"$/g, '')
  const bracket = /^\[([0-9a-f:.]*)(?:%\w*)?\](?::\d+)?$/i.exec(plain)
  if (bracket !== null) return bracket[1] as string
  return /^([\d.]+):\d+$/.exec(plain)?.[1] ?? plain
}

function mask4(address: string): string {
  return `${address.slice(0, address.lastIndexOf('.'))}.0`
}
