import type { RawTerm } from './query-terms.ts'
import {
  isOrdering,
  needleOf,
  numberTest,
  Problem,
  readNumber,
  type TextTest,
  textTest,
  wordTest
} from './query-values.ts'

/** Attributes as the server keeps them: key, value, key, value ... */
type FlatAttributes = readonly unknown[]

/** What the query language asks of a span; the server's own span has this shape. */
export interface QuerySpan {
  readonly spanId: string
  readonly name: string
  readonly statusMessage: string
  readonly attributes: FlatAttributes
  readonly events: readonly { readonly name: string; readonly attributes: FlatAttributes }[]
  readonly logs: readonly QueryLog[]
}

/** A log line of a span. */
export interface QueryLog {
  readonly severity: string
  readonly body: string
  readonly attributes: FlatAttributes
}

/** Spans of one process. */
export interface QueryRecord {
  readonly resource: { readonly service: string; readonly attributes: FlatAttributes }
  readonly spans: readonly QuerySpan[]
}

/** Whether an index rules out that the text (lower case) is in any of the spans in question. */
export type Lacks = (text: string) => boolean

/** The part of a term that only spans can decide. */
export interface SpanTest {
  /** Attribute terms must all hold for one span; other terms look for a span each. */
  readonly sameSpan: boolean
  readonly test: (span: QuerySpan, resource: QueryRecord['resource']) => boolean
  /** False when the index rules out that any span passes: what spares the search to decode them. */
  readonly possible: (lacks: Lacks) => boolean
  /** What a span that passes must have. */
  readonly wanted?: Wanted
  /** Of a term about log lines: terms of this kind must all hold for one line. */
  readonly line?: LineTest
}

export type LineTest = (log: QueryLog) => boolean

/** A value that is looked for, so that a search can do so without the rest of a span. */
export interface Wanted {
  /** Keys (lower case) of attributes whose values count; undefined when all texts count that free text looks at. */
  readonly keys: readonly string[] | undefined
  readonly test: ValueTest
  /** The id of a span is looked for, too. */
  readonly spanId?: string | undefined
  /** Log lines are looked for instead: of such a severity, and holding a text or value that passes `test`. */
  readonly severity?: ((severity: string) => boolean) | undefined
  /** A span that has such a value passes. */
  readonly enough: boolean
}

type ValueTest = (value: unknown) => boolean

/** `@key`, `@key:value` and so on. A span's attributes are its own, those of its events (exceptions) and those of its process. */
export function attributeTest(raw: RawTerm, keys: readonly string[]): SpanTest | Problem {
  const wanted = keys.map((key) => key.toLowerCase())
  const values = raw.operator === '' ? [] : valueTests(raw)
  if (values instanceof Problem) return values
  const differs = raw.operator === '!='
  const holds: ValueTest =
    values.length === 0 ? () => true : (value) => values.some((one) => one.test(value))
  return {
    sameSpan: true,
    test(span, resource) {
      let present = false
      let equal = false
      const look = (key: string, value: unknown): void => {
        if (!wanted.includes(key.toLowerCase())) return
        present = true
        equal ||= holds(value)
      }
      eachAttribute(span, resource, look)
      return differs ? present && !equal : equal
    },
    possible: (lacks) =>
      wanted.some((key) => key === 'service.name' || !lacks(key)) &&
      (differs || values.length === 0 || values.some((one) => one.possible(lacks))),
    wanted: { keys: wanted, test: differs ? () => true : holds, enough: !differs }
  }
}

function valueTests(
  raw: RawTerm
): { test: ValueTest; possible: (lacks: Lacks) => boolean }[] | Problem {
  const found: { test: ValueTest; possible: (lacks: Lacks) => boolean }[] = []
  for (const [i, alternative] of raw.alternatives.entries()) {
    const number = numberTest(raw, alternative, i === 0, readNumber)
    const ordering =
      (isOrdering(raw) && i === 0) || (!alternative.quoted && /^[<>]/.test(alternative.text))
    if (ordering && number instanceof Problem) return number
    const numeric = number instanceof Problem || alternative.quoted ? undefined : number
    // `=` and `!=` compare the whole text; numbers and booleans always do.
    const text = textTest(alternative.literals, raw.operator === ':' ? 'find' : 'whole')
    const exact = textTest(alternative.literals, 'whole')
    const test: ValueTest = (value) => {
      if (Array.isArray(value)) return value.some(test)
      if (typeof value === 'string') {
        const counted = numeric === undefined ? undefined : asNumber(value)
        return counted === undefined ? !ordering && text(value) : numeric?.(counted) === true
      }
      if (typeof value === 'number' && numeric !== undefined) return numeric(value)
      return !ordering && exact(String(value))
    }
    const needle = needleOf(alternative.literals)
    const inText = numeric === undefined && !isScalar(needle)
    found.push({ test, possible: (lacks) => !inText || needle === '' || !lacks(needle) })
  }
  return found
}

// Foreign formats (Zipkin's tags) carry numbers as text.
function asNumber(value: string): number | undefined {
  return value.length > 30 ? undefined : readNumber(value)
}

/** Free text: names, status messages, attribute values, events and log lines. */
export function freeTextTest(raw: RawTerm): SpanTest {
  const literals = raw.alternatives[0]?.literals ?? ['']
  const text = wordTest(literals)
  const needle = needleOf(literals)
  const spanId = literals.length === 1 ? spanIdOf(needle) : undefined
  return {
    sameSpan: false,
    test: (span) => span.spanId === spanId || holds(span, text),
    possible: (lacks) =>
      spanId !== undefined || needle === '' || isScalar(needle) || !lacks(needle),
    wanted: { keys: undefined, test: (value) => inValue(value, text), spanId, enough: true }
  }
}

/** The text as the id of a span, as a log line has it; undefined when it is none. */
export function spanIdOf(text: string): string | undefined {
  const lower = text.toLowerCase()
  return /^[0-9a-f]{16}$/.test(lower) ? lower : undefined
}

/** `id:` with the id of a span. */
export function spanIdTest(spanId: string): SpanTest {
  return {
    sameSpan: false,
    test: (span) => span.spanId === spanId,
    possible: () => true,
    wanted: { keys: [], test: () => false, spanId, enough: true }
  }
}

/** Whether a span holds the text (lower case) as it stands, in anything that free text looks at. */
export function spanHolds(span: QuerySpan, text: string): boolean {
  return holds(span, (found) => found.toLowerCase().includes(text))
}

function holds(span: QuerySpan, text: TextTest): boolean {
  return (
    text(span.name) ||
    (span.statusMessage !== '' && text(span.statusMessage)) ||
    inValues(span.attributes, text) ||
    span.events.some((event) => text(event.name) || inValues(event.attributes, text)) ||
    span.logs.some((log) => text(log.body) || inValues(log.attributes, text))
  )
}

/** `has:log`, `has:exception`; undefined for another word. */
export function hasTest(word: string): SpanTest | undefined {
  if (word === 'log')
    return { sameSpan: false, test: (span) => span.logs.length > 0, possible: () => true }
  if (word !== 'exception') return undefined
  return {
    sameSpan: false,
    test: (span) => span.events.some((event) => event.name === 'exception'),
    possible: (lacks) => !lacks('exception')
  }
}

function eachAttribute(
  span: QuerySpan,
  resource: QueryRecord['resource'],
  look: (key: string, value: unknown) => void
): void {
  eachOf(span.attributes, look)
  for (const event of span.events) eachOf(event.attributes, look)
  look('service.name', resource.service)
  eachOf(resource.attributes, look)
}

function eachOf(attributes: FlatAttributes, look: (key: string, value: unknown) => void): void {
  for (let i = 0; i + 1 < attributes.length; i += 2) look(String(attributes[i]), attributes[i + 1])
}

function inValues(attributes: FlatAttributes, text: TextTest): boolean {
  for (let i = 1; i < attributes.length; i += 2) if (inValue(attributes[i], text)) return true
  return false
}

function inValue(value: unknown, text: TextTest): boolean {
  if (Array.isArray(value)) return value.some((item) => inValue(item, text))
  return text(typeof value === 'string' ? value : String(value))
}

// Numbers and booleans are not in an index of strings.
export function isScalar(needle: string): boolean {
  return /^[-+.\de]*$/.test(needle) || 'true'.includes(needle) || 'false'.includes(needle)
}
