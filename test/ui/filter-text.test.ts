import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchSummary, parseQuery } from '../../src/wire/query.ts'
import { hasTerm, quoted, setTerm, terms, toggleTerm } from '../../ui/list/query-text.ts'
import { suggest, take } from '../../ui/list/suggest.ts'
import { summaryOf } from './fake.ts'

describe('a query as text', () => {
  test('is cut into words, quotes holding white space together', () => {
    expect(terms('status:5xx "check out" -route:"/a b"  x')).toEqual([
      'status:5xx',
      '"check out"',
      '-route:"/a b"',
      'x'
    ])
    expect(terms('"never closed')).toEqual(['"never closed'])
    expect(terms('')).toEqual([])
  })

  test('gains a term by a chip and loses it by the same chip', () => {
    const on = toggleTerm('route:/a', 'is:error')
    expect(on).toBe('route:/a is:error')
    expect(hasTerm(on, 'is:error')).toBe(true)
    expect(hasTerm(on, 'is:err')).toBe(false)
    expect(toggleTerm(on, 'is:error')).toBe('route:/a')
  })

  test('has one range of durations, however often one is drawn', () => {
    expect(setTerm('dur:1ms..5ms is:error', 'dur', '10ms..50ms')).toBe('is:error dur:10ms..50ms')
  })

  test('finds exactly the value that was quoted into it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9 /:*,"\\.()<>=@-]{1,12}$/), (route) => {
        const query = parseQuery(`route=${quoted(route)}`)
        expect(query.ignored).toEqual([])
        expect(matchSummary(query, summaryOf({ route }))).toBe(true)
        expect(matchSummary(query, summaryOf({ route: `${route}x` }))).toBe(false)
      }),
      { numRuns: 1_000 }
    )
  })
})

describe('suggestions', () => {
  const seen = [
    summaryOf({ route: '/orders', httpStatus: 500 }),
    summaryOf({ route: '/orders' }),
    summaryOf({ route: '/carts with space', services: ['api', 'storage'] })
  ]
  const texts = (text: string, caret = text.length): string[] =>
    suggest(text, caret, seen).items.map((item) => item.insert)

  test('are keys while a key is typed', () => {
    expect(texts('st')).toContain('status:')
    expect(texts('-ro')).toEqual(['-route:'])
    expect(texts('service')).toEqual(['svc:'])
  })

  test('are the values that were seen, the most frequent first', () => {
    expect(texts('route:')).toEqual(['route:/orders', 'route:"/carts with space"'])
    expect(texts('svc:')).toEqual(['svc:api', 'svc:storage'])
    expect(texts('-route:car')).toEqual(['-route:"/carts with space"'])
  })

  test('of a level are those of the language, by either spelling', () => {
    expect(texts('level:w')).toEqual(['level:>=warn', 'level:warn'])
    expect(texts('log.level:fat')).toEqual(['log.level:fatal'])
  })

  test('complete the last of several values', () => {
    expect(texts('svc:api,sto')).toEqual(['svc:api,storage'])
  })

  test('are of the word at the caret, not of the last one', () => {
    expect(texts('sta is:error', 3)).toEqual(['status:'])
  })

  test('are none for an unknown key or a complete word', () => {
    expect(texts('sttus:5')).toEqual([])
    expect(texts('is:error')).toEqual([])
  })

  test('replace the word and leave the caret behind it', () => {
    const text = 'is:error ro "x"'
    const found = suggest(text, 11, seen)
    const [first] = found.items
    expect(first && take(text, found, first)).toEqual(['is:error route: "x"', 15])
    const value = suggest('route:/or', 9, seen)
    expect(value.items[0] && take('route:/or', value, value.items[0])).toEqual([
      'route:/orders ',
      14
    ])
  })

  test('never throw, and only ever replace around the caret', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(40), (text, at) => {
        const caret = Math.min(at, text.length)
        const { from, to } = suggest(text, caret, seen)
        expect(from).toBeLessThanOrEqual(caret)
        expect(to).toBeGreaterThanOrEqual(caret)
      })
    )
  })
})
