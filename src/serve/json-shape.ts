const maxDepth = 32
const maxContainers = 100_000

const quote = 0x22
const backslash = 0x5c
const openArray = 0x5b
const openObject = 0x7b
const closeArray = 0x5d
const closeObject = 0x7d

/**
 * What forbids parsing a JSON text; '' when nothing does. Counts brackets before `JSON.parse` sees them: 4 MiB of `[` take it 552 ms and give
 * a value that overflows whoever walks it, 4 MiB of `{},` are 89 MiB of heap. Whether the text is JSON at all is not looked at.
 */
export function jsonShape(text: Buffer): string {
  let depth = 0
  let containers = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) {
      inString = true
    } else if (byte === openArray || byte === openObject) {
      if (++depth > maxDepth) return `the JSON is nested more than ${maxDepth} deep`
      if (++containers > maxContainers)
        return `the JSON has more than ${maxContainers} arrays and objects: send fewer spans at once`
    } else if (byte === closeArray || byte === closeObject) {
      depth--
    }
  }
  return ''
}
