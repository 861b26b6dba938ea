import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideBySummary, matchSummary, parseQuery } from '../../src/wire/query.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { summaryLine } from '../query/fixtures.ts'

/** A term as data: what a query is made of, and what it means read off directly. */
interface Meaning {
  text: string
  holds: (summary: Summary) => boolean
}

const words = ['get', '/orders', 'api', 'storage', 'x']

const counted: fc.Arbitrary<Meaning> = fc
  .record({
    key: fc.constantFrom('spans', 'errors', 'db', 'dur'),
    sign: fc.constantFrom(':', '=', ':!=', '!=', ':>', '>', ':>=', '>=', ':<', '<', ':<=', '<='),
    bound: fc.integer({ min: 0, max: 5 }),
    other: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined })
  })
  .map(({ key, sign, bound, other }) => ({
    text: `${key}${sign}${bound}${other === undefined ? '' : `,${other}`}`,
    holds(summary) {
      const value = key === 'dur' ? summary.duration : Number(summary[key as 'spans'])
      const plain = sign.length > 1 && sign !== '!=' ? sign.replace(/^:/, '') : sign
      if (plain === '!=') return value !== bound && value !== other
      const first =
        plain === '>'
          ? value > bound
          : plain === '>='
            ? value >= bound
            : plain === '<'
              ? value < bound
              : plain === '<='
                ? value <= bound
                : value === bound
      return first || value === other
    }
  }))

const ranged: fc.Arbitrary<Meaning> = fc
  .tuple(
    fc.constantFrom('spans' as const, 'errors' as const),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 5 })
  )
  .map(([key, from, to]) => ({
    text: `${key}:${from}..${to}`,
    holds: (summary) => summary[key] >= from && summary[key] <= to
  }))

const worded: fc.Arbitrary<Meaning> = fc
  .record({
    key: fc.constantFrom('name', 'route', 'method', 'svc'),
    sign: fc.constantFrom(':', '=', '!='),
    values: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 2 })
  })
  .map(({ key, sign, values }) => ({
    text: `${key}${sign}${values.map((value) => `"${value.toUpperCase()}"`).join(',')}`,
    holds(summary) {
      const texts = key === 'svc' ? [summary.service, ...summary.services] : [summary[key]]
      const found = texts.some((text) =>
        values.some((value) =>
          sign === ':' ? text.toLowerCase().includes(value) : text.toLowerCase() === value
        )
      )
      return sign === '!=' ? !found : found
    }
  }))

const stated: fc.Arbitrary<Meaning> = fc.constantFrom<Meaning>(
  { text: 'is:live', holds: (summary) => summary.inFlight },
  { text: 'is:incomplete', holds: (summary) => summary.incomplete },
  { text: 'is:kept', holds: (summary) => summary.kept !== '' },
  { text: 'is:pinned,live', holds: ({ kept, inFlight }) => kept === 'pinned' || inFlight },
  { text: 'has:error', holds: ({ errors, status }) => errors > 0 || status === 'error' },
  { text: 'status:5xx', holds: (summary) => summary.httpStatus >= 500 },
  {
    text: 'status:>=404',
    holds: (summary) => summary.httpStatus >= 404
  }
)

const term: fc.Arbitrary<Meaning> = fc
  .tuple(fc.boolean(), fc.oneof(counted, ranged, worded, stated))
  .map(([negated, { text, holds }]) =>
    negated ? { text: `-${text}`, holds: (summary) => !holds(summary) } : { text, holds }
  )

const summary: fc.Arbitrary<Summary> = fc
  .record({
    name: fc.constantFrom('GET /orders', 'get', 'X', ''),
    route: fc.constantFrom('/orders', '/orders/:id', ''),
    method: fc.constantFrom('GET', ''),
    service: fc.constantFrom('api', 'storage'),
    services: fc.subarray(['api', 'storage', 'x']),
    duration: fc.integer({ min: 0, max: 6 }),
    spans: fc.integer({ min: 0, max: 6 }),
    errors: fc.integer({ min: 0, max: 6 }),
    db: fc.integer({ min: 0, max: 6 }),
    httpStatus: fc.constantFrom(0, 200, 404, 500),
    status: fc.constantFrom('unset' as const, 'error' as const),
    inFlight: fc.boolean(),
    incomplete: fc.boolean(),
    kept: fc.constantFrom('' as const, 'pinned' as const, 'slow' as const)
  })
  .map(summaryLine)

describe('any query', () => {
  it('means what its terms mean, all of them together', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 4 }), summary, (terms, line) => {
        const query = parseQuery(terms.map(({ text }) => text).join(' '))
        expect(query.ignored).toEqual([])
        expect(query.needsSpans).toBe(false)
        const expected = terms.every(({ holds }) => holds(line))
        expect(decideBySummary(query, line)).toBe(expected)
        expect(matchSummary(query, line)).toBe(expected)
      }),
      { numRuns: 3000 }
    )
  })

  it('is split in two by a term and its negation', () => {
    fc.assert(
      fc.property(fc.oneof(counted, ranged, worded, stated), summary, ({ text }, line) => {
        const holds = matchSummary(parseQuery(text), line)
        expect(matchSummary(parseQuery(`-${text}`), line)).toBe(!holds)
      }),
      { numRuns: 1000 }
    )
  })
})
