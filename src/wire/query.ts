import { knownKey, type SummaryTest, summaryTest, unknownWord } from './query-keys.ts'
import { levelTest, logTest } from './query-logs.ts'
import {
  attributeTest,
  freeTextTest,
  hasTest,
  type LineTest,
  type QueryRecord,
  spanIdOf,
  spanIdTest,
  type SpanTest
} from './query-spans.ts'
import { type RawTerm, splitTerms } from './query-terms.ts'
import { isOrdering, isRegular, Problem, readNumber, wordTest } from './query-values.ts'
import type { Summary } from './summary.ts'

/** Characters of a query that are read. */
export const maxQueryLength = 1024

/** Terms of a query: each is tried on every span. */
export const maxTerms = 32

export const defaultSlowMs = 1000

export interface Query {
  /** All of them must hold. */
  readonly terms: readonly Term[]
  /** What was not understood and is not applied, each with the reason, in words for a person. */
  readonly ignored: readonly string[]
  /** A term cannot be decided by the summary alone: the server has to look into spans. */
  readonly needsSpans: boolean
}

export interface Term {
  /** As typed: a query of its own. */
  readonly text: string
  /** It holds when no span passes. */
  readonly negated: boolean
  /** What the summary says, negation applied; undefined when only the spans can tell. */
  readonly decide: (summary: Summary) => boolean | undefined
  /** The part that looks into spans, negation not applied; undefined for a term of the summary. */
  readonly spans: SpanTest | undefined
  /** What it asks of a summary are texts that spans have, too: where no span can hold its text, the summary does not. */
  readonly textsAlone: boolean
}

/**
 * Reads a query of the filter box (docs/query-language.md). Never throws and never refuses: what cannot be understood is named in
 * `ignored`, the rest applies. `slowMs` is what `is:slow` means, in milliseconds.
 */
export function parseQuery(text: string, slowMs: number = defaultSlowMs): Query {
  const terms: Term[] = []
  const ignored: string[] = []
  if (text.length > maxQueryLength)
    ignored.push(`the query is longer than ${maxQueryLength} characters, the rest is left out`)
  for (const raw of splitTerms(text.slice(0, maxQueryLength))) {
    const term = compile(raw, slowMs)
    if (term instanceof Problem) ignored.push(term.text)
    else if (term !== undefined && terms.length < maxTerms) terms.push(term)
    else if (term !== undefined) ignored.push(`more than ${maxTerms} terms: ${term.text}`)
  }
  return { terms, ignored, needsSpans: terms.some((term) => term.spans !== undefined) }
}

/** True and false when the summary alone settles it; undefined when the spans have to be looked at. */
export function decideBySummary(query: Query, summary: Summary): boolean | undefined {
  let settled = true
  for (const term of query.terms) {
    const holds = term.decide(summary)
    if (holds === false) return false
    if (holds === undefined) settled = false
  }
  return settled ? true : undefined
}

/** Whether the summary passes, what it cannot decide counted as true. For a query without `needsSpans` this is the whole answer. */
export function matchSummary(query: Query, summary: Summary): boolean {
  return decideBySummary(query, summary) !== false
}

/**
 * The whole answer for a trace. All attribute terms must hold for the same span, all terms about log lines for the same line; one with a
 * minus, for no span or line of the trace.
 */
export function matchSpans(
  query: Query,
  summary: Summary,
  records: Iterable<QueryRecord>
): boolean {
  const together: SpanTest[] = []
  const wanted = new Set<SpanTest>()
  const unwanted: SpanTest[] = []
  const lines: LineTest[] = []
  for (const term of query.terms) {
    const holds = term.decide(summary)
    if (holds === false) return false
    if (holds === true || term.spans === undefined) continue
    if (term.negated) unwanted.push(term.spans)
    else if (term.spans.sameSpan) together.push(term.spans)
    else if (term.spans.line !== undefined) lines.push(term.spans.line)
    else wanted.add(term.spans)
  }
  let met = together.length === 0
  let said = lines.length === 0
  for (const { spans, resource } of records) {
    for (const span of spans) {
      if (unwanted.some((one) => one.test(span, resource))) return false
      met ||= together.every((one) => one.test(span, resource))
      said ||= span.logs.some((log) => lines.every((one) => one(log)))
      for (const one of wanted) if (one.test(span, resource)) wanted.delete(one)
    }
  }
  return met && said && wanted.size === 0
}

function compile(raw: RawTerm, slowMs: number): Term | Problem | undefined {
  if (raw.key === '') return freeText(raw)
  const key = raw.key.startsWith('@') ? '@' : knownKey(raw.key)
  if (key === undefined) return new Problem(`unknown key "${raw.key}"`)
  if (isRegular(raw.value))
    return new Problem(`regular expressions are not supported: ${raw.value}; * stands for any text`)
  if (raw.operator !== '' && raw.alternatives.length === 0)
    return new Problem(`"${raw.text}" has no value`)
  if (isOrdering(raw) && !countable.has(key))
    return new Problem(`"${key}" has no order: ${raw.text}`)
  if (key === '@') return spanTerm(raw, attributeTest(raw, [raw.key.slice(1)]))
  if (key === 'db' && !isOrdering(raw) && !raw.alternatives.some((one) => isCount(one.text)))
    return spanTerm(raw, attributeTest(raw, ['db.system.name', 'db.system']))
  if (key === 'has') return hasTerm(raw)
  if (key === 'log') return lineTerm(raw, logTest(raw))
  if (key === 'level') return lineTerm(raw, levelTest(raw))
  if (key === 'id') return idTerm(raw, slowMs)
  const test = summaryTest(raw, key, slowMs)
  return test instanceof Problem ? test : summaryTerm(raw, test)
}

const countable: ReadonlySet<string> = new Set([
  'status',
  'dur',
  'spans',
  'errors',
  'db',
  'level',
  '@'
])

function isCount(text: string): boolean {
  return readNumber(text.replace(/^[<>]=?/, '').split('..')[0] || '0') !== undefined
}

function summaryTerm(raw: RawTerm, test: SummaryTest): Term {
  // `key:!=a,b` is none of them: the complement of `key=a,b`.
  const flip = raw.negated !== (raw.operator === '!=')
  return {
    text: raw.text,
    negated: raw.negated,
    decide: (summary) => test(summary) !== flip,
    spans: undefined,
    textsAlone: false
  }
}

function spanTerm(raw: RawTerm, spans: SpanTest | Problem): Term | Problem {
  if (spans instanceof Problem) return spans
  return { text: raw.text, negated: raw.negated, decide: () => undefined, spans, textsAlone: true }
}

/** `!=` speaks of all lines, as of a summary: `log!=x` is what `log=x` leaves out. */
function lineTerm(raw: RawTerm, spans: SpanTest | Problem): Term | Problem {
  const term = spanTerm(raw, spans)
  if (term instanceof Problem) return term
  return { ...term, negated: raw.negated !== (raw.operator === '!=') }
}

/** A trace's line tells its own id; the ids of its spans are looked for when one of them is asked for whole. */
function idTerm(raw: RawTerm, slowMs: number): Term | Problem {
  const test = summaryTest(raw, 'id', slowMs)
  if (test instanceof Problem) return test
  const term = summaryTerm(raw, test)
  const ids = raw.alternatives.flatMap(({ text }) => spanIdOf(text) ?? [])
  if (ids.length === 0) return term
  const flip = raw.negated !== (raw.operator === '!=')
  const spans = anySpan(ids.map(spanIdTest))
  return { ...term, negated: flip, decide: (summary) => (test(summary) ? !flip : undefined), spans }
}

function hasTerm(raw: RawTerm): Term | Problem {
  const words = raw.alternatives.map(({ text }) => text.toLowerCase())
  const unknown = words.find((word) => word !== 'error' && hasTest(word) === undefined)
  if (unknown !== undefined)
    return new Problem(unknownWord('has', unknown, ['error', 'log', 'exception']))
  const flip = raw.negated !== (raw.operator === '!=')
  const tests = words.map(hasTest).filter((test) => test !== undefined)
  const error = words.includes('error')
  const holds = (summary: Summary): boolean =>
    error && (summary.errors > 0 || summary.status === 'error')
  if (tests.length === 0) return summaryTerm(raw, holds)
  return {
    text: raw.text,
    negated: flip,
    decide: (summary) => (holds(summary) ? !flip : undefined),
    spans: anySpan(tests),
    textsAlone: false
  }
}

function anySpan(tests: readonly SpanTest[]): SpanTest {
  const [only] = tests
  if (tests.length === 1 && only !== undefined) return only
  return {
    sameSpan: false,
    test: (span, resource) => tests.some((one) => one.test(span, resource)),
    possible: (lacks) => tests.some((one) => one.possible(lacks))
  }
}

// Short of four characters most trace ids would begin with it by chance.
const minIdPrefix = 4

function freeText(raw: RawTerm): Term | Problem | undefined {
  const word = raw.alternatives[0]
  if (word === undefined || raw.text === '-') return undefined
  if (!word.quoted && isRegular(raw.value))
    return new Problem(`regular expressions are not supported: ${raw.value}; * stands for any text`)
  const test = wordTest(word.literals)
  const prefix = word.literals.length === 1 ? word.text.toLowerCase() : ''
  const inSummary = (summary: Summary): boolean =>
    test(summary.name) ||
    test(summary.route) ||
    test(summary.service) ||
    summary.services.some(test) ||
    (prefix.length >= minIdPrefix && summary.traceId.startsWith(prefix))
  return {
    text: raw.text,
    negated: raw.negated,
    decide: (summary) => (inSummary(summary) ? !raw.negated : undefined),
    spans: freeTextTest(raw),
    textsAlone: !/^[0-9a-f]{4,}$/.test(prefix)
  }
}
