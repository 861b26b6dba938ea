import type { Alternative, RawTerm } from './query-terms.ts'

/** A value that cannot be understood: the reason, in words for a person. */
export class Problem {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type TextTest = (text: string) => boolean
type NumberTest = (value: number) => boolean

/**
 * Compares text without regard to case. `find` looks for the value anywhere in the text, `whole` compares all of it; a value with stars
 * always means the whole text. Stars are matched by one walk from left to right: there is no backtracking to attack.
 */
export function textTest(literals: readonly string[], mode: 'find' | 'whole'): TextTest {
  const parts = literals.map((part) => part.toLowerCase())
  const first = parts[0] as string
  if (parts.length === 1) {
    return mode === 'find'
      ? (text) => text.toLowerCase().includes(first)
      : (text) => text.toLowerCase() === first
  }
  const last = parts[parts.length - 1] as string
  const middle = parts.slice(1, -1)
  return (text) => {
    const lower = text.toLowerCase()
    if (!lower.startsWith(first) || !lower.endsWith(last)) return false
    let at = first.length
    for (const part of middle) {
      const found = lower.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= lower.length - last.length
  }
}

/** Free text: anywhere in the text, stars included. */
export function wordTest(literals: readonly string[]): TextTest {
  return literals.length === 1
    ? textTest(literals, 'find')
    : textTest(['', ...literals, ''], 'find')
}

/** The longest piece of a pattern that has to be in whatever it matches. */
export function needleOf(literals: readonly string[]): string {
  return literals.reduce((a, b) => (b.length > a.length ? b : a), '').toLowerCase()
}

const decimal = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?$/i

export function readNumber(text: string): number | undefined {
  return decimal.test(text) ? Number(text) : undefined
}

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000]
])

/** Milliseconds; a bare number is milliseconds. */
export function readDuration(text: string): number | undefined {
  // Escaped as no bundler does it: one letter beyond Latin-1 has V8 hold the whole built file in two bytes a character, 460 KB more.
  const split = /^([\d.]+)([a-z\u00b5\u03bc]*)$/i.exec(text)
  const value = split === null ? undefined : readNumber(split[1] as string)
  const unit = units.get((split?.[2] ?? '').toLowerCase())
  return unit === undefined || value === undefined ? undefined : value * unit
}

const comparisons: Readonly<Record<string, (bound: number) => NumberTest>> = {
  '>': (bound) => (value) => value > bound,
  '>=': (bound) => (value) => value >= bound,
  '<': (bound) => (value) => value < bound,
  '<=': (bound) => (value) => value <= bound
}

/**
 * The test of one alternative as a number: `5`, `>=5`, `1..5`, `1..`, `..5`, bounds included. `first` tells that the term's own operator
 * applies to it: `dur:>1s,5` is more than a second, or 5.
 */
export function numberTest(
  raw: RawTerm,
  alternative: Alternative,
  first: boolean,
  read: (text: string) => number | undefined
): NumberTest | Problem {
  const own = /^[<>]=?/.exec(alternative.text)?.[0] ?? ''
  const sign = own === '' && first && raw.operator in comparisons ? raw.operator : own
  const text = alternative.text.slice(own.length)
  const dots = sign === '' ? text.indexOf('..') : -1
  if (dots >= 0) {
    const from = dots === 0 ? -Infinity : read(text.slice(0, dots))
    const to = dots === text.length - 2 ? Infinity : read(text.slice(dots + 2))
    if (from !== undefined && to !== undefined && text !== '..')
      return (value) => value >= from && value <= to
  }
  const bound = read(text)
  if (bound === undefined) return new Problem(`"${text}" is not a number`)
  return comparisons[sign]?.(bound) ?? ((value) => value === bound)
}

/** Whether the term orders numbers, so that text makes no sense in it. */
export function isOrdering(raw: RawTerm): boolean {
  return raw.operator in comparisons
}

// The regular expressions that people type are answered with words: a backtracking engine on foreign patterns can be made to run for
// seconds (`/^(a+)+$/` on 30 characters: 5.9 s). A path between slashes is no such thing.
// The parts are looked for apart, since one expression for all of it would itself be slow on a long value.
export function isRegular(value: string): boolean {
  const close = value.lastIndexOf('/')
  if (!value.startsWith('/') || close < 2 || !/^[gimsuvy]{0,3}$/.test(value.slice(close + 1)))
    return false
  return /[\^$+?()[\]{}|\\]|\.\*/.test(value.slice(1, close))
}
