import type { RawTerm } from './query-terms.ts'
import { numberTest, Problem, readDuration, readNumber, textTest } from './query-values.ts'
import type { Summary } from './summary.ts'

/** A key of the query language: what the filter box suggests and the documentation lists. */
export interface QueryKey {
  readonly key: string
  /** Other spellings. */
  readonly aliases: readonly string[]
  /** One line for a person. */
  readonly doc: string
  /** Values worth suggesting; the page adds those it has seen. */
  readonly values: readonly string[]
}

export const queryKeys: readonly QueryKey[] = [
  {
    key: 'status',
    aliases: [],
    doc: 'HTTP status code, its class, or error',
    values: ['5xx', '4xx', '200', '>=500', 'error']
  },
  {
    key: 'dur',
    aliases: ['duration'],
    doc: 'how long the request took; ns us ms s m, a bare number is ms',
    values: ['>100ms', '>1s', '10ms..50ms']
  },
  {
    key: 'method',
    aliases: [],
    doc: 'HTTP method',
    values: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  },
  { key: 'route', aliases: [], doc: 'route of the request, or its path', values: [] },
  { key: 'name', aliases: [], doc: 'name of the first span', values: [] },
  {
    key: 'svc',
    aliases: ['service'],
    doc: 'a service that took part in the request',
    values: []
  },
  { key: 'spans', aliases: [], doc: 'number of spans', values: ['>100'] },
  { key: 'errors', aliases: ['err'], doc: 'number of failed spans', values: ['>0'] },
  {
    key: 'db',
    aliases: [],
    doc: 'number of database calls, or the name of a database system',
    values: ['>10', 'postgresql', 'redis']
  },
  {
    key: 'id',
    aliases: ['trace'],
    doc: 'trace id, or how it begins; or the id of a span',
    values: []
  },
  {
    key: 'is',
    aliases: [],
    doc: 'error: it failed; slow; live: still running; incomplete: its beginning is missing; pinned; kept: outlives the recent ones',
    values: ['error', 'slow', 'live', 'incomplete', 'pinned', 'kept']
  },
  {
    key: 'has',
    aliases: [],
    doc: 'error: any span failed; log: a line was logged; exception: an exception was recorded',
    values: ['error', 'log', 'exception']
  },
  {
    key: 'log',
    aliases: [],
    doc: 'a log line with this text, or with a field that has it',
    values: []
  },
  {
    key: 'level',
    aliases: ['log.level'],
    doc: 'a log line of this level; with log: of the same line',
    values: ['error', '>=warn', 'fatal', 'warn', 'info', 'debug', 'trace']
  },
  {
    key: '@',
    aliases: [],
    doc: 'any attribute by its name: @db.system.name:postgresql; all of them must hold for the same span',
    values: []
  }
]

export type SummaryTest = (summary: Summary) => boolean

/** The key's own spelling; undefined for one that does not exist. */
export function knownKey(typed: string): string | undefined {
  const lower = typed.toLowerCase()
  return queryKeys.find((known) => known.key === lower || known.aliases.includes(lower))?.key
}

/** The test of a term that a summary alone decides, negation not yet applied. */
export function summaryTest(raw: RawTerm, key: string, slowMs: number): SummaryTest | Problem {
  switch (key) {
    case 'status':
      return statusTest(raw)
    case 'dur':
      return numeric(raw, readDuration, (summary) => summary.duration)
    case 'spans':
      return numeric(raw, readNumber, (summary) => summary.spans)
    case 'errors':
      return numeric(raw, readNumber, (summary) => summary.errors)
    case 'db':
      return numeric(raw, readNumber, (summary) => summary.db)
    case 'method':
      return textual(raw, (summary) => [summary.method])
    case 'route':
      return textual(raw, (summary) => [summary.route])
    case 'name':
      return textual(raw, (summary) => [summary.name])
    case 'svc':
      return textual(raw, (summary) => [summary.service, ...summary.services])
    case 'id':
      return idTest(raw)
    default:
      return worded(raw, stateTests(slowMs))
  }
}

function anyOf<T>(tests: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  return tests.length === 1
    ? (tests[0] as (value: T) => boolean)
    : (value) => tests.some((test) => test(value))
}

function numeric(
  raw: RawTerm,
  read: (text: string) => number | undefined,
  of: (summary: Summary) => number
): SummaryTest | Problem {
  const tests = raw.alternatives.map((alternative, i) =>
    numberTest(raw, alternative, i === 0, read)
  )
  const problem = tests.find((test) => test instanceof Problem)
  if (problem !== undefined) return problem
  const test = anyOf(tests as ((value: number) => boolean)[])
  return (summary) => test(of(summary))
}

function textual(raw: RawTerm, of: (summary: Summary) => readonly string[]): SummaryTest {
  const mode = raw.operator === ':' ? 'find' : 'whole'
  const test = anyOf(raw.alternatives.map(({ literals }) => textTest(literals, mode)))
  return (summary) => of(summary).some(test)
}

function idTest(raw: RawTerm): SummaryTest {
  const test = anyOf(
    raw.alternatives.map(({ literals }) =>
      textTest(literals.length === 1 ? [...literals, ''] : literals, 'whole')
    )
  )
  return (summary) => test(summary.traceId)
}

function statusTest(raw: RawTerm): SummaryTest | Problem {
  const tests: SummaryTest[] = []
  for (const [i, alternative] of raw.alternatives.entries()) {
    const text = alternative.text.toLowerCase()
    if (/^[1-5]xx$/.test(text)) {
      const hundreds = Number(text[0])
      tests.push((summary) => Math.floor(summary.httpStatus / 100) === hundreds)
    } else if (text === 'error') tests.push(failed)
    else {
      const test = numberTest(raw, alternative, i === 0, readNumber)
      if (test instanceof Problem) return test
      // What has no status is not below 400; only `status:0` finds it.
      tests.push(({ httpStatus }) => (httpStatus > 0 || text === '0') && test(httpStatus))
    }
  }
  return anyOf(tests)
}

function failed(summary: Summary): boolean {
  return summary.status === 'error' || summary.httpStatus >= 500
}

function stateTests(slowMs: number): ReadonlyMap<string, SummaryTest> {
  return new Map<string, SummaryTest>([
    ['error', failed],
    ['slow', (summary) => summary.duration >= slowMs],
    ['live', (summary) => summary.inFlight],
    ['incomplete', (summary) => summary.incomplete],
    ['pinned', (summary) => summary.kept === 'pinned'],
    ['kept', (summary) => summary.kept !== '']
  ])
}

function worded(raw: RawTerm, known: ReadonlyMap<string, SummaryTest>): SummaryTest | Problem {
  const tests: SummaryTest[] = []
  for (const { text } of raw.alternatives) {
    const test = known.get(text.toLowerCase())
    if (test === undefined) return new Problem(unknownWord(raw.key, text, [...known.keys()]))
    tests.push(test)
  }
  return anyOf(tests)
}

export function unknownWord(key: string, word: string, known: readonly string[]): string {
  return `"${key}:${word}" is unknown, there is ${known.join(', ')}`
}
