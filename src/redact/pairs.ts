import type { KeyRules } from './keys.ts'

const maxName = 64

/**
 * Hides what stands behind a secret name in free text: `password=x`, `?token=x&`, `"apiKey": "x"`. Error messages and log lines hold
 * query strings, connection strings and JSON; a colon in prose ("unexpected token: x") is left alone.
 */
export function hidePairs(text: string, rules: KeyRules, mask: string): string {
  let clean = ''
  let kept = 0
  for (let at = nextSign(text, 0); at >= 0; at = nextSign(text, Math.max(at + 1, kept))) {
    // The name comes first: it is short, and a value is read once, by the name that hides it.
    const name = nameBefore(text, at)
    if (name.length <= 2 || rules.secrecy(name) !== 'secret') continue
    const span = valueOf(text, at)
    if (span === undefined) continue
    clean += text.slice(kept, span.from) + mask
    kept = span.to
  }
  return kept === 0 ? text : clean + text.slice(kept)
}

// The next equals sign or colon, whichever comes first.
function nextSign(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x3d || code === 0x3a) return i
  }
  return -1
}

function nameBefore(text: string, sign: number): string {
  let end = sign
  // Node prints a map's entry as `'token' => 'x'`.
  if (text[sign + 1] === '>' && text[end - 1] === ' ' && isQuote(text.charCodeAt(end - 2))) end--
  if (isQuote(text.charCodeAt(end - 1))) end--
  if (text.charCodeAt(end - 1) === backslash) end--
  let start = end
  while (start > 0 && end - start < maxName && isName(text.charCodeAt(start - 1))) start--
  return text.slice(start, end)
}

/** Up to the closing quote; without quotes up to white space, `&`, a comma, a semicolon, a bracket or a quote. */
function valueOf(text: string, sign: number): { from: number; to: number } | undefined {
  let from = sign + 1
  const colon = text[sign] === ':'
  const entry = text.startsWith('> ', from) && isQuote(text.charCodeAt(sign - 2))
  if (entry) from += 2
  else if (colon && text[from] === ' ') from++
  const escaped = text.charCodeAt(from) === backslash
  if (escaped) from++
  const first = text.charCodeAt(from)
  if (isQuote(first)) return { from: from + 1, to: closing(text, from, first, escaped) }
  // "a == b" and "a => b" are no pairs; a colon in prose has neither a quoted name nor a quoted value.
  if (entry || first === 0x3d || first === 0x3e || escaped) return undefined
  if (colon && !isQuote(text.charCodeAt(sign - 1))) return undefined
  let to = from
  while (to < text.length && !' \t\r\n&,;"\'`<>(){}'.includes(text[to] as string)) to++
  return to > from ? { from, to } : undefined
}

// A quote that was itself escaped closes at the next quote, another one at the next that is not escaped.
function closing(text: string, open: number, quote: number, escaped: boolean): number {
  for (let i = open + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === backslash && !escaped) i++
    else if (code === quote) return i
  }
  return text.length
}

const backslash = 0x5c

function isQuote(code: number): boolean {
  return code === 0x22 || code === 0x27
}

function isName(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2d ||
    code === 0x2e
  )
}
