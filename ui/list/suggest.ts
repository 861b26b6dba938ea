import { queryKeys } from '../../src/wire/query-keys.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { quoted } from './query-text.ts'

export interface Suggestion {
  /** What replaces the word at the caret. */
  insert: string
  /** Why one would want it: the key's doc, or how often the value was seen. */
  detail: string
  /** The caret stays in the word: a key still wants its value. */
  open: boolean
}

export interface Suggestions {
  /** The part of the text that a suggestion replaces. */
  from: number
  to: number
  items: Suggestion[]
}

const most = 9

/** What could stand at the caret, from the language's keys and from the values that the traces at hand really have. */
export function suggest(text: string, caret: number, seen: readonly Summary[]): Suggestions {
  const from = wordStart(text, caret)
  const word = text.slice(from, caret)
  const to = caret + (/^\S*/.exec(text.slice(caret))?.[0].length ?? 0)
  const minus = word.startsWith('-') ? '-' : ''
  const body = word.slice(minus.length)
  const sign = /^([a-z][a-z.]*)(:)(.*)$/i.exec(body)
  const items = sign
    ? valuesOf(sign[1] ?? '', sign[3] ?? '', minus, seen)
    : keysLike(body.toLowerCase(), minus)
  // Nothing to offer when the word is complete already.
  const useful = items.filter((item) => item.insert !== text.slice(from, to))
  return { from, to, items: useful.slice(0, most) }
}

/** The text after a suggestion was taken, and where the caret is then. */
export function take(text: string, { from, to }: Suggestions, item: Suggestion): [string, number] {
  const rest = text.slice(to)
  const insert = item.open || rest.startsWith(' ') ? item.insert : `${item.insert} `
  return [text.slice(0, from) + insert + rest, from + insert.length]
}

function keysLike(start: string, minus: string): Suggestion[] {
  return queryKeys
    .filter(({ key, aliases }) => [key, ...aliases].some((name) => name.startsWith(start)))
    .map(({ key, doc }) => ({
      insert: minus + (key === '@' ? '@' : `${key}:`),
      detail: doc,
      open: true
    }))
}

function valuesOf(
  name: string,
  start: string,
  minus: string,
  seen: readonly Summary[]
): Suggestion[] {
  const known = queryKeys.find(({ key, aliases }) => [key, ...aliases].includes(name.toLowerCase()))
  if (!known) return []
  const counts = countValues(known.key, seen)
  // Only the last of several values is being typed.
  const comma = start.lastIndexOf(',') + 1
  const typed = start.slice(comma).toLowerCase().replace(/^"/, '')
  const before = `${minus}${name}:${start.slice(0, comma)}`
  const counted = [...counts].sort((a, b) => b[1] - a[1])
  const observed = counted.map(([value, count]) => ({
    insert: before + quoted(value),
    detail: `${count} seen`,
    value
  }))
  const usual = known.values
    .filter((value) => !counts.has(value))
    .map((value) => ({ insert: before + value, detail: '', value }))
  const all = known.key === 'status' ? [...usual, ...observed] : [...observed, ...usual]
  return all
    .filter(({ value }) => value.toLowerCase().includes(typed))
    .map(({ insert, detail }) => ({ insert, detail, open: false }))
}

function countValues(key: string, seen: readonly Summary[]): Map<string, number> {
  const counts = new Map<string, number>()
  const read = readers[key]
  if (!read) return counts
  for (const summary of seen) {
    for (const value of read(summary)) {
      if (value !== '') counts.set(value, (counts.get(value) ?? 0) + 1)
    }
  }
  return counts
}

const readers: Readonly<Record<string, (summary: Summary) => readonly string[]>> = {
  status: (summary) => (summary.httpStatus ? [String(summary.httpStatus)] : []),
  method: (summary) => [summary.method],
  route: (summary) => [summary.route],
  name: (summary) => [summary.name],
  svc: (summary) => summary.services
}

function wordStart(text: string, caret: number): number {
  let quote = false
  let start = 0
  for (let at = 0; at < caret; at++) {
    if (text[at] === '"') quote = !quote
    else if (!quote && text[at] === ' ') start = at + 1
  }
  return start
}
