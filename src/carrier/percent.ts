const hexDigits = '0123456789ABCDEF'

/** Percent-decodes UTF-8. Total: a stray percent sign stays, and bytes that are not UTF-8 become U+FFFD (W3C Baggage, section 3.3.1.1). */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const pair = code === 0x25 ? text.slice(i + 1, i + 3) : ''
    if (/^[0-9a-f]{2}$/i.test(pair)) {
      bytes.push(Number.parseInt(pair, 16))
      i += 2
    } else bytes.push(code)
  }
  return Buffer.from(bytes).toString('utf8')
}

/** Percent-encodes as UTF-8 every byte that `literal` does not allow, and the percent sign. Total: lone surrogates become U+FFFD. */
export function percentEncode(text: string, literal: (code: number) => boolean): string {
  let encoded = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    if (byte !== 0x25 && literal(byte)) encoded += String.fromCharCode(byte)
    else encoded += `%${hexDigits[byte >> 4]}${hexDigits[byte & 15]}`
  }
  return encoded
}
