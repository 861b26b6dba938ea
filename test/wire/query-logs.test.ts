import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Severity } from '../../src/base/span-data.ts'
import { severities } from '../../src/store/layout.ts'
import { matchSpans, parseQuery } from '../../src/wire/query.ts'
import { severities as ordered } from '../../src/wire/query-logs.ts'
import { flat, record, span, summaryLine } from '../query/fixtures.ts'

const summary = summaryLine()

type Line = [severity: Severity, body: string, fields?: Record<string, string | number | string[]>]

/** One span for each list of lines. */
function matches(text: string, ...spans: Line[][]): boolean {
  const query = parseQuery(text)
  expect(query.ignored).toEqual([])
  expect(query.needsSpans).toBe(true)
  const records = spans.map((lines, i) =>
    record([
      span({
        id: i + 1,
        logs: lines.map(([severity, body, fields = {}]) => ({
          time: 0,
          severity,
          body,
          attributes: flat(fields)
        }))
      })
    ])
  )
  return matchSpans(query, summary, records)
}

describe('terms about log lines', () => {
  const lines: Line[] = [
    ['info', 'Order loaded', { 'order.id': 4711, tags: ['vip', 'new'] }],
    ['error', 'payment timed out', { host: 'pay-1' }]
  ]
  it.each([
    ['log:loaded', true],
    ['log:LOADED', true],
    ['log="order loaded"', true],
    ['log=order', false],
    ['log:order*', true],
    ['log:payment*order', false],
    ['log:4711', true],
    ['log:vip', true],
    ['log=pay-1', true],
    ['log:host', false],
    ['log:nothing,timed', true],
    ['-log:loaded', false],
    ['-log:nothing', true],
    ['log!="order loaded"', false],
    ['log!=order', true],
    ['level:error', true],
    ['LEVEL:Error', true],
    ['log.level:fatal', false],
    ['level:fatal,info', true],
    ['level:>error', false],
    ['level>=error', true],
    ['level:<info', false],
    ['level:<=info', true],
    ['level:<debug,error', true],
    ['-level:error', false],
    ['level!=error', false],
    ['level!=fatal', true]
  ])('%s is %s', (text, expected) => {
    expect(matches(text, lines)).toBe(expected)
    expect(matches(text, ...lines.map((line) => [line]))).toBe(expected)
  })

  it('all hold for the same line, of whatever span', () => {
    expect(matches('log:timed level:error', lines)).toBe(true)
    expect(matches('log:loaded level:error', lines)).toBe(false)
    expect(matches('log:timed log:pay-1', [], lines)).toBe(true)
    expect(matches('log:timed log:loaded', lines)).toBe(false)
    expect(matches('level:error -log:loaded', lines)).toBe(false)
    expect(matches('level:error -log:lost', lines)).toBe(true)
  })

  it('may stand beside terms about spans and traces', () => {
    const query = parseQuery('@a:1 log:x')
    const spans = [
      span({ id: 1, attributes: flat({ a: 1 }) }),
      span({ id: 2, logs: [{ time: 0, severity: 'info', body: 'x', attributes: [] }] })
    ]
    expect(matchSpans(query, summary, [record(spans)])).toBe(true)
    expect(matchSpans(query, summary, [record(spans.slice(1))])).toBe(false)
  })

  it('are refused with a reason when they mean nothing', () => {
    expect(parseQuery('level:loud').ignored).toEqual([
      '"level:loud" is unknown, there is trace, debug, info, warn, error, fatal'
    ])
    expect(parseQuery('log:>5').ignored).toEqual(['"log" has no order: log:>5'])
    expect(parseQuery('log:').ignored).toEqual(['"log:" has no value'])
  })

  it('know the severities in the order in which they are stored', () => {
    expect(ordered).toEqual(severities)
  })

  it('mean by an order what the list says', () => {
    const place = (name: Severity): number => ordered.indexOf(name)
    fc.assert(
      fc.property(
        fc.constantFrom(...ordered),
        fc.constantFrom(...ordered),
        fc.constantFrom('>', '>=', '<', '<=', ':'),
        (line, bound, sign) => {
          const [a, b] = [place(line), place(bound)]
          const expected =
            sign === '>'
              ? a > b
              : sign === '>='
                ? a >= b
                : sign === '<'
                  ? a < b
                  : sign === '<='
                    ? a <= b
                    : a === b
          expect(matches(`level${sign}${bound}`, [[line, 'x']])).toBe(expected)
        }
      )
    )
  })
})

describe('the id of a span', () => {
  const ids = [span({ id: 1 }), span({ id: 2 })]
  const [first, second] = ids.map(({ spanId }) => spanId) as unknown as [string, string]
  const matchesId = (text: string): boolean => matchSpans(parseQuery(text), summary, [record(ids)])

  it.each([
    [first, true],
    [second.toUpperCase(), true],
    [`id:${second}`, true],
    [`trace=${second}`, true],
    [`id:${'f'.repeat(16)},${first}`, true],
    ['f'.repeat(16), false],
    [`id:${'f'.repeat(16)}`, false],
    [`-id:${first}`, false],
    [`id!=${first}`, false],
    [`-id:${'f'.repeat(16)}`, true],
    [first.slice(1), false],
    [`id:${first.slice(1)}`, false]
  ])('%s is %s', (text, expected) => expect(matchesId(text)).toBe(expected))

  it('asks for spans only when it can be one', () => {
    expect(parseQuery('id:1f3a9c').needsSpans).toBe(false)
    expect(parseQuery(`id:${first}`).needsSpans).toBe(true)
  })
})
