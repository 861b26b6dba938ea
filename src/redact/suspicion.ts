/** What a look at a text finds: that a pattern of values, a name with its value, or an odd part of a path may be in it. */
export const suspicion = { value: 1, pair: 2, path: 4 } as const
const all = 7

// By character code; what is not here begins no pattern and ends none.
const kinds = new Uint8Array(128)
const kind = {
  digit: 1,
  space: 2,
  dash: 3,
  underscore: 4,
  j: 5,
  a: 6,
  z: 7,
  colon: 8,
  pair: 9,
  path: 10
}
for (const [chars, of] of [
  ['0123456789', kind.digit],
  [' ', kind.space],
  ['-', kind.dash],
  ['_', kind.underscore],
  ['J', kind.j],
  ['A', kind.a],
  ['z', kind.z],
  [':', kind.colon],
  ['=', kind.pair],
  ['%;@', kind.path]
] as const)
  for (const char of chars) kinds[char.charCodeAt(0)] = of

/** Digits of the shortest card number. */
const cardDigits = 13

/**
 * Whether a text can hold anything that must be hidden, in one pass: the `suspicion`s in it. More than there is may be found, never less;
 * a text without any is clean. Each pattern is recognised at its rarest character. One regular expression of all patterns takes four
 * times as long (0.5 us for a user agent), and most texts that are recorded are clean.
 */
export function suspicionsOf(text: string): number {
  let found = 0
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const of = code < 128 ? (kinds[code] as number) : 0
    if (of === kind.digit) {
      if (++digits === cardDigits) return all
      continue
    }
    if (of === kind.space || of === kind.dash) {
      if (of === kind.space ? endsScheme(text, i) : endsPrefix(text, i)) return all
      continue
    }
    digits = 0
    if (of === 0) continue
    if (of === kind.pair) found |= suspicion.pair
    else if (of === kind.path) found |= suspicion.path
    else if (of === kind.colon) {
      if (text.startsWith('//', i + 1)) return all
      if (isQuoted(text, i)) found |= suspicion.pair
    } else if (endsCredential(text, i, of)) return all
  }
  return found
}

// `Bearer `, `Basic `, in any case.
function endsScheme(text: string, space: number): boolean {
  const last = text.charCodeAt(space - 1) | 0x20
  if (last !== 0x72 && last !== 0x63) return false
  const before = text.slice(Math.max(0, space - 6), space).toLowerCase()
  return before === 'bearer' || before.endsWith('basic')
}

// `sk-`, `glpat-`, `xoxb-`, and a PEM's first line.
function endsPrefix(text: string, dash: number): boolean {
  switch (text[dash - 1]) {
    case '-':
      return text.startsWith('BEGIN', dash + 1)
    case 'k':
      return text[dash - 2] === 's'
    case 't':
      return text.startsWith('glpa', dash - 5)
    case 'a':
    case 'b':
    case 'p':
    case 'r':
    case 's':
      return text.startsWith('xox', dash - 4)
    default:
      return false
  }
}

function endsCredential(text: string, at: number, of: number): boolean {
  // `eyJ`, `AKIA` and `ASIA`, `AIza`.
  if (of === kind.j) return text[at - 1] === 'y'
  if (of === kind.a || of === kind.z) return text[at - 1] === 'I'
  // `npm_`, `github_pat_`, `sk_live_`, `rk_test_`, `ghp_`.
  switch (text[at - 1]) {
    case 'm':
      return text[at - 2] === 'p'
    case 'b':
      return text.startsWith('github', at - 6)
    case 'k':
      return text.startsWith('live_', at + 1) || text.startsWith('test_', at + 1)
    case 'p':
    case 'o':
    case 'u':
    case 's':
    case 'r':
      return text[at - 2] === 'h'
    default:
      return false
  }
}

// `"name": `, `: "value"`, also escaped.
function isQuoted(text: string, colon: number): boolean {
  if (isQuote(text[colon - 1])) return true
  let next = colon + 1
  if (text[next] === ' ') next++
  if (text[next] === '\\') next++
  return isQuote(text[next])
}

function isQuote(char: string | undefined): boolean {
  return char === '"' || char === "'"
}
