const zero = 48
const dot = 46

/**
 * Writes an IPv4 address as four bytes, and gives true, when the text is one in the usual notation: decimal numbers without leading
 * zeros, so that it comes back as it was.
 */
export function packAddress(text: string, bytes: Uint8Array, at: number): boolean {
  const length = text.length
  if (length < 7 || length > 15 || !isDigit(text.charCodeAt(0))) return false
  let part = 0
  let value = -1
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code === dot) {
      if (value < 0 || part === 3) return false
      bytes[at + part++] = value
      value = -1
    } else {
      if (!isDigit(code) || value === 0) return false
      value = value < 0 ? code - zero : value * 10 + code - zero
      if (value > 255) return false
    }
  }
  if (part !== 3 || value < 0) return false
  bytes[at + 3] = value
  return true
}

export function unpackAddress(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/** Whether an address can hold the text, which is then not in the bytes as it reads. */
export function mayBeInAddress(text: string): boolean {
  return /^\d{0,3}(?:\.\d{0,3}){0,3}$/.test(text)
}

function isDigit(code: number): boolean {
  return code >= zero && code <= zero + 9
}
