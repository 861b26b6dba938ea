import { clip, detach } from '../base/limits.ts'
import { hideCards } from './cards.ts'
import type { KeyRules } from './keys.ts'
import { hidePairs } from './pairs.ts'
import { suspicion, suspicionsOf } from './suspicion.ts'

export const redacted = '[redacted]'

// Classes of characters that a credential's run is made of.
const alnum = 1
const underscore = 2
const dash = 4
const base64 = 8
const classes: Uint8Array = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  if (/[A-Za-z0-9]/.test(String.fromCharCode(code))) classes[code] = alnum
}
for (const [text, flag] of [
  ['_', underscore],
  ['-', dash],
  ['./+=~', base64]
] as const)
  for (const char of text.split('')) classes[char.charCodeAt(0)] = flag

interface Credential {
  readonly prefix: string
  readonly run: number
  /** Characters the run has at least; real ones have more, words of a language that happen to begin so have fewer. */
  readonly min: number
}

const word = alnum | underscore | dash
const credentials: readonly Credential[] = [
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ({ prefix, run: alnum, min: 12 })),
  { prefix: 'github_pat_', run: alnum | underscore, min: 12 },
  ...['xoxa-', 'xoxb-', 'xoxp-', 'xoxr-', 'xoxs-'].map((prefix) => ({
    prefix,
    run: alnum | dash,
    min: 8
  })),
  ...['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_'].map((prefix) => ({
    prefix,
    run: alnum | underscore,
    min: 8
  })),
  { prefix: 'sk-', run: word, min: 16 },
  { prefix: 'AKIA', run: alnum, min: 12 },
  { prefix: 'ASIA', run: alnum, min: 12 },
  { prefix: 'AIza', run: word, min: 20 },
  { prefix: 'glpat-', run: word, min: 10 },
  { prefix: 'npm_', run: alnum, min: 24 }
]

const schemes = ['Bearer ', 'bearer ', 'BEARER ', 'Basic ', 'basic ', 'BASIC ']
// What follows the scheme's name in prose: "Bearer token is missing".
const prose =
  /^(?:tokens?|auth|authentication|authorization|scheme|realm|error|format|headers?|credentials?|is|was|and|or|not|types?|methods?|of|was|in|to|for)$/i

/**
 * Hides credentials that show themselves by their form: security.md 4.2.7. Linear; every rule goes on behind what it has read.
 * `cut` says that the text went on: a credential that runs into its end counts, however short.
 */
export function hideValues(text: string, cut = false): string {
  if ((suspicionsOf(text) & suspicion.value) === 0) return text
  let clean = hidePem(hideUserinfo(text))
  for (const scheme of schemes) clean = hideScheme(clean, scheme)
  clean = hideJwt(clean, cut)
  for (const credential of credentials) clean = hideCredential(clean, credential, cut)
  return hideCards(clean, redacted)
}

/** Free text: values by their form, `name=value` and `"name": "value"` by their name, at most `length` characters, a copy when changed. */
export function hideText(text: string, length: number, rules: KeyRules): string {
  const inText = suspicion.value | suspicion.pair
  if (text.length <= length && (suspicionsOf(text) & inText) === 0) return text
  // A secret that the limit would cut in two must be seen whole, and no text of megabytes is to be read.
  const cut = text.length > length + margin
  let clean = cut ? text.slice(0, length + margin) : text
  for (let round = 0; round < 4; round++) {
    const before = clean
    clean = clip(hidePairs(hideValues(clean, cut && round === 0), rules, redacted), length)
    if (clean === before) break
  }
  return clean === text ? text : detach(clean)
}

const margin = 4096

function runEnd(text: string, from: number, flags: number): number {
  let end = from
  while (end < text.length) {
    const code = text.charCodeAt(end)
    if (code > 127 || ((classes[code] as number) & flags) === 0) break
    end++
  }
  return end
}

function startsWord(text: string, at: number): boolean {
  if (at === 0) return true
  const code = text.charCodeAt(at - 1)
  return code > 127 || classes[code] !== alnum
}

function hideCredential(text: string, { prefix, run, min }: Credential, cut: boolean): string {
  return replaceRuns(text, prefix, (at) => {
    if (!startsWord(text, at)) return { from: 0, to: 0, next: at + prefix.length }
    const end = runEnd(text, at + prefix.length, run)
    const hit = end - at - prefix.length >= min || (cut && end === text.length)
    return { from: at, to: hit ? end : 0, next: end }
  })
}

function hideScheme(text: string, scheme: string): string {
  const basic = scheme.toLowerCase() === 'basic '
  return replaceRuns(text, scheme, (at) => {
    const from = at + scheme.length
    const end = runEnd(text, from, word | base64)
    const run = text.slice(from, end)
    // Base64 of a name and a password has digits or capitals; "basic authentication" has not.
    const hit = basic
      ? run.length >= 4 && /[0-9=]|.[A-Z]/.test(run)
      : run !== '' && !prose.test(run)
    return { from, to: hit ? end : 0, next: Math.max(end, from) }
  })
}

// Header, payload and signature, of which the last may be empty; an encrypted token has two runs more.
function hideJwt(text: string, cut: boolean): string {
  return replaceRuns(text, 'eyJ', (at) => {
    const first = runEnd(text, at, word)
    let end = first
    let runs = 1
    while (runs < 5 && text[end] === '.') {
      end = runEnd(text, end + 1, word)
      runs++
    }
    const hit = (runs >= 3 && first - at >= 6) || (cut && end === text.length)
    return { from: at, to: hit ? end : 0, next: hit ? end : first }
  })
}

function hidePem(text: string): string {
  return replaceRuns(text, '-----BEGIN', (at) => {
    const last = text.indexOf('-----END', at)
    const dashes = last < 0 ? -1 : text.indexOf('-----', last + 8)
    const end = dashes < 0 ? text.length : dashes + 5
    return { from: at, to: end, next: end }
  })
}

// `://user:pass@`. Where what stands for the port is none, a password holds a raw slash or hash: then it goes up to the next `@`.
function hideUserinfo(text: string): string {
  return replaceRuns(text, '://', (at) => {
    const from = at + 3
    let end = from
    let userEnd = -1
    let colon = -1
    for (; end < text.length && !'/?#\\ \t\r\n"\'<>`'.includes(text[end] as string); end++) {
      if (text[end] === '@') userEnd = end
      if (text[end] === ':' && colon < 0) colon = end
    }
    if (userEnd >= 0) return { from, to: userEnd, next: end }
    const port =
      colon < 0 || text[from] === '[' ? '' : text.slice(colon + 1, Math.min(end, colon + 8))
    if (/^\d*$/.test(port)) return { from, to: 0, next: end }
    while (end < text.length && !' \t\r\n"\'<>`@'.includes(text[end] as string)) end++
    return { from, to: text[end] === '@' ? end : 0, next: end }
  })
}

interface Run {
  /** What to replace; nothing when `to` is not beyond `from`. */
  readonly from: number
  readonly to: number
  /** Where to look on: never before what was read, so that the whole stays linear. */
  readonly next: number
}

function replaceRuns(text: string, anchor: string, find: (at: number) => Run): string {
  let clean = ''
  let kept = 0
  for (let at = text.indexOf(anchor); at >= 0;) {
    const { from, to, next } = find(at)
    if (to > from) {
      clean += text.slice(kept, from) + redacted
      kept = to
    }
    at = text.indexOf(anchor, Math.max(next, at + 1))
  }
  return kept === 0 ? text : clean + text.slice(kept)
}
