import type { KeyRules } from './keys.ts'
import { normalise } from './keys.ts'
import { suspicion, suspicionsOf } from './suspicion.ts'
import { hideValues, redacted } from './values.ts'

const inPath = suspicion.value | suspicion.path
const maxQuery = 2048
const maxPairs = 100
const maxDepth = 2

export interface UrlRules {
  url(url: string): string
  path(path: string): string
  query(query: string): string
}

/**
 * URLs by hand, for `new URL` throws at or rewrites what strangers send. What is odd loses its query whole and keeps its path: a redactor
 * that leaves alone what it cannot read fails open.
 */
export function createUrlRules(rules: KeyRules): UrlRules {
  function url(text: string, depth: number): string {
    const hash = text.indexOf('#')
    const main = hash < 0 ? text : text.slice(0, hash)
    const mark = main.indexOf('?')
    const front = mark < 0 ? main : main.slice(0, mark)
    const start = authorityStart(front)
    if (start === 0) return opaque.test(front) ? `${front.slice(0, 5)}${redacted}` : rest('', front)
    const slash = pathStart(front, start)
    const authority = cleanAuthority(front.slice(start, slash))
    // The raw slash, question mark or hash of a password has ended the authority too early: nothing behind can be trusted.
    if (authority === undefined) return `${front.slice(0, start)}${redacted}`
    return rest(front.slice(0, start) + authority, front.slice(slash))

    function rest(head: string, path: string): string {
      let clean = head + cleanPath(path)
      const search = mark < 0 ? '' : query(main.slice(mark + 1), depth, false)
      if (search !== '') clean += `?${search}`
      const end = hash < 0 ? '' : fragment(text.slice(hash + 1), depth)
      return end === '' ? clean : `${clean}#${end}`
    }
  }

  /** `inFragment`: the page's own token travels as `#t=`, and comes to us in what a browser or a test reports. */
  function query(text: string, depth: number, inFragment: boolean): string {
    if (text.length > maxQuery || /[^\x21-\uffff]|\x7f/.test(text)) return ''
    const pairs = text.split(/([&;])/)
    if (pairs.length > maxPairs * 2) return ''
    for (let i = 0; i < pairs.length; i += 2) {
      const pair = cleanPair(pairs[i] as string, depth, inFragment)
      if (pair === undefined) return ''
      pairs[i] = pair
    }
    return pairs.join('')
  }

  function cleanPair(pair: string, depth: number, inFragment: boolean): string | undefined {
    const equals = pair.indexOf('=')
    const rawKey = equals < 0 ? pair : pair.slice(0, equals)
    const key = decode(rawKey)
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    // A key that is escaped twice hides its name from us, not from who it is meant for.
    if (key === undefined || value === undefined || /%[0-9a-f]{2}/i.test(key)) return undefined
    if (hideValues(key) !== key) return redacted
    if (equals < 0 || value === '') return pair
    const secret = rules.inQuery(key) || (inFragment && key === 't') || holdsSecret(value, depth)
    return secret ? `${rawKey}=${redacted}` : pair
  }

  // A value may be a credential by its form, a URL with a query of its own, or JSON; each of them escaped once more.
  function holdsSecret(value: string, depth: number): boolean {
    if (hideValues(value) !== value) return true
    if (value === redacted) return false
    if (value.includes('%')) {
      const again = decode(value)
      if (again === undefined) return false
      if (again !== value && (depth >= maxDepth || holdsSecret(again, depth + 1))) return true
    }
    if (/[{[]/.test(value) && value.includes('"')) return rules.secrecy(normalise(value)) !== 'open'
    return value.split(/[?&;#]/).some((piece) => {
      const equals = piece.indexOf('=')
      return equals > 0 && rules.inQuery(piece.slice(0, equals).trim())
    })
  }

  // `#access_token=x`, `#/route?token=x` and `#section`.
  function fragment(text: string, depth: number): string {
    const mark = text.indexOf('?')
    const front = mark < 0 ? text : text.slice(0, mark)
    const search = mark < 0 ? '' : query(text.slice(mark + 1), depth, true)
    const clean = front.includes('=') ? query(front, depth, true) : cleanPath(front)
    return search === '' ? clean : `${clean}?${search}`
  }

  function cleanPath(path: string): string {
    if ((suspicionsOf(path) & inPath) === 0) return path
    return path.replace(/[^/\\]+/g, cleanSegment)
  }

  function cleanSegment(segment: string): string {
    const [name = '', ...parameters] = segment.split(';')
    const plain = decode(name) ?? name
    const shown = hideValues(plain) !== plain || /:[^@]*@/.test(plain) ? ':secret' : name
    return [shown, ...parameters.map((pair) => cleanPair(pair, maxDepth, false) ?? redacted)].join(
      ';'
    )
  }

  return {
    url: (text) => url(text, 0),
    path: cleanPath,
    query: (text) => query(text, 0, false)
  }
}

const opaque = /^data:/i

/** Behind `scheme://` or `//`; 0 where there is no authority. */
function authorityStart(text: string): number {
  const colon = text.indexOf(':')
  const scheme = colon > 0 && colon <= 32 && /^[a-z][a-z0-9+.-]*$/i.test(text.slice(0, colon))
  const from = scheme ? colon + 1 : 0
  return isSlash(text[from]) && isSlash(text[from + 1]) ? from + 2 : 0
}

// Browsers and many parsers take a backslash for a slash.
function isSlash(char: string | undefined): boolean {
  return char === '/' || char === '\\'
}

function pathStart(text: string, from: number): number {
  let at = from
  while (at < text.length && !isSlash(text[at])) at++
  return at
}

// Undefined for what is no host with an optional port behind an optional userinfo.
function cleanAuthority(authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  if (!/^(?:\[[0-9a-f:.%]*\]|[^:[\]\s]*)(?::\d{0,5})?$/i.test(host)) return undefined
  if (hideValues(host) !== host) return undefined
  return at < 0 ? host : `${redacted}@${host}`
}

// Undefined for an escape that is none, or is not UTF-8.
function decode(text: string): string | undefined {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
