import { type ByteWriter, readAscii } from './bytes.ts'

/** Bytes that a text takes as UTF-8, half a surrogate pair as three. */
export function wideSize(text: string): number {
  let size = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) size++
    else if (code < 0x800) size += 2
    else if (isPair(text, i)) {
      size += 4
      i++
    } else size += 3
  }
  return size
}

/** Tells whether a character was among them that lower-cases to ASCII: the Kelvin sign and the dotted capital I are all there are. */
export function writeWide(out: ByteWriter, text: string): boolean {
  const bytes = out.bytes
  let at = out.at
  let folds = false
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    folds ||= code === 0x212a || code === 0x130
    if (code < 0x80) {
      bytes[at++] = code
      continue
    }
    if (code < 0x800) {
      bytes[at++] = 0xc0 | (code >> 6)
    } else {
      if (isPair(text, i)) {
        code = text.codePointAt(i++) as number
        bytes[at++] = 0xf0 | (code >> 18)
        bytes[at++] = 0x80 | ((code >> 12) & 63)
      } else bytes[at++] = 0xe0 | (code >> 12)
      bytes[at++] = 0x80 | ((code >> 6) & 63)
    }
    bytes[at++] = 0x80 | (code & 63)
  }
  out.at = at
  return folds
}

function isPair(text: string, i: number): boolean {
  return (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00
}

const chunk = 4096

/** The text of the bytes between two places, as a string of its own. */
export function readWide(bytes: Buffer, from: number, to: number): string {
  let ascii = true
  for (let i = from; i < to; i++) {
    if ((bytes[i] as number) > 127) {
      ascii = false
      break
    }
  }
  if (ascii) return readAscii(bytes, from, to)
  let text = ''
  const codes: number[] = []
  for (let i = from; i < to;) {
    const first = bytes[i++] as number
    let code = first
    if (first >= 0xf0)
      code = ((first & 7) << 18) | (more(i) << 12) | (more(i + 1) << 6) | more(i + 2)
    else if (first >= 0xe0) code = ((first & 15) << 12) | (more(i) << 6) | more(i + 1)
    else if (first >= 0xc0) code = ((first & 31) << 6) | more(i)
    i += first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0
    codes.push(code)
    if (codes.length === chunk) text += String.fromCodePoint(...codes.splice(0))
  }
  return text + String.fromCodePoint(...codes)

  function more(at: number): number {
    return (bytes[at] as number) & 63
  }
}
