import {
  isScalar,
  type LineTest,
  type QueryLog,
  type SpanTest,
  type Wanted
} from './query-spans.ts'
import type { RawTerm } from './query-terms.ts'
import { needleOf, Problem, textTest } from './query-values.ts'

/** From the least to the most severe. */
export const severities = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

/** `log:`: the text of a line, or a value of one of its fields. */
export function logTest(raw: RawTerm): SpanTest {
  const mode = raw.operator === ':' ? 'find' : 'whole'
  const tests = raw.alternatives.map(({ literals }) => textTest(literals, mode))
  const needles = raw.alternatives.map(({ literals }) => needleOf(literals))
  const test: Wanted['test'] = (value) =>
    Array.isArray(value) ? value.some(test) : tests.some((one) => one(String(value)))
  return lineTest(
    (log) => test(log.body) || log.attributes.some((value, i) => i % 2 === 1 && test(value)),
    { keys: [], test, severity: () => true, enough: true },
    (lacks) => needles.some((needle) => needle === '' || isScalar(needle) || !lacks(needle))
  )
}

/** `level:`: the severity of a line, in order: `level:>=warn`. */
export function levelTest(raw: RawTerm): SpanTest | Problem {
  const wanted = new Set<string>()
  for (const [i, { text }] of raw.alternatives.entries()) {
    const own = /^[<>]=?/.exec(text)?.[0] ?? ''
    const sign = own === '' && i === 0 && /^[<>]/.test(raw.operator) ? raw.operator : own
    const bound = severities.findIndex((name) => name === text.slice(own.length).toLowerCase())
    if (bound < 0)
      return new Problem(`"${raw.key}:${text}" is unknown, there is ${severities.join(', ')}`)
    for (const [at, name] of severities.entries()) if (compares(at, sign, bound)) wanted.add(name)
  }
  const severity = (name: string): boolean => wanted.has(name)
  return lineTest(
    (log) => severity(log.severity),
    { keys: [], test: () => true, severity, enough: true },
    () => true
  )
}

function compares(value: number, sign: string, bound: number): boolean {
  if (sign === '') return value === bound
  return (
    (sign.endsWith('=') && value === bound) || (sign[0] === '>' ? value > bound : value < bound)
  )
}

function lineTest(line: LineTest, wanted: Wanted, possible: SpanTest['possible']): SpanTest {
  const test = (span: { readonly logs: readonly QueryLog[] }): boolean => span.logs.some(line)
  return { sameSpan: false, test, possible, wanted, line }
}
