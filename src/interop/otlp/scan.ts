/** Nesting and number of arrays and objects that a JSON body may have: an OTLP request of 5,000 spans stays below both. */
const maxDepth = 32
const maxContainers = 100_000

const quote = 0x22
const backslash = 0x5c

/**
 * Why these bytes must not be given to `JSON.parse`; '' when they may. 4 MiB of `{},` would become 89 MiB of objects, and deep nesting
 * a value whose readers run out of stack. Whether it is JSON at all is not looked at.
 */
export function refuseShape(bytes: Uint8Array): string {
  let depth = 0
  let containers = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) {
      inString = true
      // `{` and `[` differ from each other, as `}` and `]` do, in the one bit that is set here.
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth > maxDepth) return `JSON nested more than ${maxDepth} deep`
      if (++containers > maxContainers) return `more than ${maxContainers} arrays and objects`
    } else if ((byte | 0x20) === 0x7d) depth--
  }
  return ''
}
