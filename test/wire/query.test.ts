import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decideBySummary,
  matchSpans,
  matchSummary,
  maxQueryLength,
  maxTerms,
  parseQuery
} from '../../src/wire/query.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { summaryLine } from '../query/fixtures.ts'

const line = summaryLine()

function decide(text: string, fields: Partial<Summary> = {}): boolean | undefined {
  return decideBySummary(parseQuery(text), summaryLine(fields))
}

describe('parseQuery', () => {
  it('reads an empty query as everything', () => {
    for (const text of ['', '   ', '-', '""', '\t\n']) {
      expect(parseQuery(text)).toEqual({ terms: [], ignored: [], needsSpans: false })
      expect(decide(text)).toBe(true)
    }
  })

  it('keeps each term as it was typed', () => {
    const { terms } = parseQuery('status:>=500  -route:"/a b" @x.y "c d"')
    expect(terms.map(({ text, negated }) => [text, negated])).toEqual([
      ['status:>=500', false],
      ['-route:"/a b"', true],
      ['@x.y', false],
      ['"c d"', false]
    ])
  })

  it.each([
    ['sttus:500', 'unknown key "sttus"'],
    ['localhost:3000', 'unknown key "localhost"'],
    ['dur:>abc', '"abc" is not a number'],
    ['dur:5parsecs', '"5parsecs" is not a number'],
    ['dur:..', '".." is not a number'],
    ['spans:1..x', '"1..x" is not a number'],
    ['status:200,ok', '"ok" is not a number'],
    ['db:3,redis', '"redis" is not a number'],
    ['db:>redis', '"redis" is not a number'],
    ['@size:>big', '"big" is not a number'],
    ['status:', '"status:" has no value'],
    ['-name:,', '"-name:," has no value'],
    ['name:>b', '"name" has no order: name:>b'],
    ['is:fast', '"is:fast" is unknown, there is error, slow, live, incomplete, pinned, kept'],
    ['has:n+1', '"has:n+1" is unknown, there is error, log, exception'],
    ['/^(a+)+$/', 'regular expressions are not supported: /^(a+)+$/; * stands for any text'],
    ['route:/a.*b/i', 'regular expressions are not supported: /a.*b/i; * stands for any text']
  ])('ignores %s and says why', (text, why) => {
    expect(parseQuery(text)).toEqual({ terms: [], ignored: [why], needsSpans: false })
    expect(parseQuery(`${text} GET`).terms).toHaveLength(1)
  })

  it('takes a path between slashes, a pasted address and a time as free text', () => {
    for (const text of ['/orders/', 'http://localhost:3000/orders', '12:30', '>5', '"a:b"'])
      expect(parseQuery(text)).toMatchObject({ terms: [{ text }], ignored: [], needsSpans: true })
  })

  it('closes a quote that is still being typed', () => {
    expect(decide('name:"get /ord')).toBe(true)
    expect(decide('name:"get /ord status:500')).toBe(false)
  })

  it('reads no more than a kilobyte and says so', () => {
    const query = parseQuery(`${'a'.repeat(maxQueryLength)} status:500`)
    expect(query.terms).toHaveLength(1)
    expect(query.ignored).toEqual([
      'the query is longer than 1024 characters, the rest is left out'
    ])
  })

  it('applies no more than thirty-two terms and names the others', () => {
    const query = parseQuery(`${'a '.repeat(maxTerms)}b`)
    expect(query.terms).toHaveLength(maxTerms)
    expect(query.ignored).toEqual(['more than 32 terms: b'])
  })

  it('needs spans for attributes, free text and some of has, and for nothing else', () => {
    const needs = ['@a', '-@a:1', 'word', 'db:redis', 'has:log', 'has:error,exception']
    const not = ['status:5xx', 'dur:>1s', 'db:>3', 'is:error', 'has:error', 'id:ab', '-svc:x']
    expect(needs.filter((text) => !parseQuery(text).needsSpans)).toEqual([])
    expect(not.filter((text) => parseQuery(text).needsSpans)).toEqual([])
  })

  it('never throws', () => {
    const alphabet = [
      '-',
      '@',
      '"',
      ':',
      '=',
      '<',
      '>',
      '!',
      ',',
      '.',
      '*',
      '/',
      '\\',
      ' ',
      'a',
      '5',
      'İ',
      'status:',
      'dur:',
      '@a',
      'has:',
      '..',
      '"'
    ]
    const text = fc
      .array(fc.constantFrom(...alphabet), { maxLength: 30 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(text, fc.string(), fc.string({ unit: 'binary' })), (typed) => {
        const query = parseQuery(typed)
        matchSummary(query, line)
        matchSpans(query, line, [])
        expect(query.ignored.every((why) => why.length > 0)).toBe(true)
      }),
      { numRuns: 2000 }
    )
  })
})

describe('a query on summaries', () => {
  it.each([
    ['status:200', true],
    ['status=200', true],
    ['status:!=200', false],
    ['status!=404,500', true],
    ['status:2xx', true],
    ['status:4xx,5xx', false],
    ['status:>=200', true],
    ['status>200', false],
    ['status:<500,500', true],
    ['status:199..201', true],
    ['status:error', false],
    ['dur:39.8', true],
    ['dur:>39', true],
    ['dur:>=39.8ms', true],
    ['dur:>0.04s', false],
    ['dur:<1m', true],
    ['dur:39000us..', true],
    ['dur:..39000000ns', false],
    ['dur:10ms..20ms,30ms..40ms', true],
    ['duration:<40', true],
    ['method:get', true],
    ['method=GE', false],
    ['method:POST,GET', true],
    ['route:/ORDERS', true],
    ['route=/orders', false],
    ['route=/orders/:id', true],
    ['route:/orders*', true],
    ['route:orders*', false],
    ['route:*orders*id', true],
    ['route:*id*id', false],
    ['route:"*"', false],
    ['name:"GET /orders"', true],
    ['name:!="GET /orders"', true],
    ['svc:stor', true],
    ['svc=stor', false],
    ['service=storage', true],
    ['svc!=storage', false],
    ['spans:26', true],
    ['errors:0', true],
    ['err:>0', false],
    ['db:4', true],
    ['db:>4', false],
    ['db:..9', true],
    ['id:1f3a', true],
    ['id:F3A', false],
    ['id:*001', true],
    ['is:error', false],
    ['is:slow', false],
    ['is:live,incomplete', false],
    ['has:error', false],
    ['STATUS:200', true]
  ])('%s is %s', (text, expected) => {
    expect(parseQuery(text).ignored).toEqual([])
    expect(decide(text)).toBe(expected)
    expect(decide(`-${text}`)).toBe(!expected)
  })

  it.each([
    ['is:error', { status: 'error' }],
    ['is:error', { httpStatus: 503 }],
    ['status:error', { httpStatus: 503 }],
    ['is:slow', { duration: 1000 }],
    ['is:live', { inFlight: true }],
    ['is:incomplete', { incomplete: true }],
    ['is:pinned', { kept: 'pinned' }],
    ['is:kept', { kept: 'slow' }],
    ['has:error', { errors: 1 }],
    ['status:0', { httpStatus: 0 }]
  ] as [string, Partial<Summary>][])('%s finds %o', (text, fields) => {
    expect(decide(text, fields)).toBe(true)
    expect(decide(text)).toBe(false)
  })

  it('takes what has no status for neither high nor low', () => {
    expect(decide('status:<400', { httpStatus: 0 })).toBe(false)
    expect(decide('status:0..999', { httpStatus: 0 })).toBe(false)
  })

  it('calls slow what it is told to', () => {
    expect(decideBySummary(parseQuery('is:slow', 30), line)).toBe(true)
    expect(decideBySummary(parseQuery('is:slow', 40), line)).toBe(false)
  })

  it('finds free text in name, route, services and the beginning of the id, and cannot rule it out', () => {
    for (const text of ['orders', 'GET', 'STORAGE', '1f3a', 'ord*id', '"get /o"'])
      expect([text, decide(text), decide(`-${text}`)]).toEqual([text, true, false])
    for (const text of ['1f3', 'f3a9', 'checkout', '"ord*id"'])
      expect([text, decide(text), decide(`-${text}`)]).toEqual([text, undefined, undefined])
  })

  it('counts what it cannot decide as true', () => {
    expect(matchSummary(parseQuery('@a:1 -has:log checkout'), line)).toBe(true)
    expect(matchSummary(parseQuery('@a:1 status:500'), line)).toBe(false)
  })
})

describe('wildcards', () => {
  it('match what a plain walk over the text matches', () => {
    const piece = fc.array(fc.constantFrom('a', 'b', 'A', '*'), { maxLength: 7 })
    const walk = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === ''
      if (pattern[0] !== '*') return pattern[0] === text[0] && walk(pattern.slice(1), text.slice(1))
      return Array.from({ length: text.length + 1 }, (_, i) => i).some((i) =>
        walk(pattern.slice(1), text.slice(i))
      )
    }
    fc.assert(
      fc.property(piece, piece, (pattern, text) => {
        fc.pre(pattern.length > 0)
        const name = text.filter((c) => c !== '*').join('')
        const expected = walk(pattern.join('').toLowerCase(), name.toLowerCase())
        expect(decide(`name=${pattern.join('')}`, { name })).toBe(expected)
      }),
      { numRuns: 2000 }
    )
  })
})
