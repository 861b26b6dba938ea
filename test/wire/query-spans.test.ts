import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '../../src/base/attributes.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { matchSpans, parseQuery } from '../../src/wire/query.ts'
import { flat, record, span, summaryLine } from '../query/fixtures.ts'

const line = summaryLine()

function spanWith(attributes: Record<string, AttributeValue>, id = 1) {
  return span({ id, name: `s${id}`, attributes: flat(attributes) })
}

function matches(text: string, records: readonly TraceRecord[]): boolean {
  const query = parseQuery(text)
  expect(query.ignored).toEqual([])
  return matchSpans(query, line, records)
}

describe('attribute terms', () => {
  const trace = [
    record([
      spanWith({
        'db.system.name': 'postgresql',
        'db.query.text': 'SELECT * FROM orders',
        'db.rows': 12,
        'db.cached': false,
        'user.roles': ['admin', 'Editor'],
        'zipkin.size': '120'
      }),
      span({
        id: 2,
        events: [
          { name: 'exception', time: 0, attributes: flat({ 'exception.type': 'TypeError' }) }
        ]
      })
    ])
  ]
  it.each([
    ['@db.system.name', true],
    ['@db.system', false],
    ['@DB.SYSTEM.NAME:Postgres', true],
    ['@db.system.name=postgres', false],
    ['@db.system.name=postgresql', true],
    ['@db.system.name:mysql,post*', true],
    ['@db.system.name:!=mysql', true],
    ['@db.system.name:!=postgresql', false],
    ['@db.system.name:!=mysql,postgresql', false],
    ['@db.missing:!=mysql', false],
    ['@db.query.text:"from orders"', true],
    ['@db.query.text:select*orders', true],
    ['@db.query.text:select*items', false],
    ['@db.rows:12', true],
    ['@db.rows:1', false],
    ['@db.rows:1*', true],
    ['@db.rows:>10', true],
    ['@db.rows>=13', false],
    ['@db.rows:10..12', true],
    ['@db.rows:"12"', true],
    ['@db.cached:false', true],
    ['@db.cached:fal', false],
    ['@user.roles:editor', true],
    ['@user.roles=admin', true],
    ['@user.roles:guest', false],
    ['@zipkin.size:>100', true],
    ['@zipkin.size:12', false],
    ['@zipkin.size:"12"', true],
    ['@db.system.name:>5', false],
    ['@exception.type:typeerror', true],
    ['@service.name:api', true],
    ['db:postgresql', true],
    ['db:redis', false],
    ['db!=redis', true]
  ])('%s is %s', (text, expected) => {
    expect(matches(text, trace)).toBe(expected)
    expect(matches(`-${text}`, trace)).toBe(!expected)
  })

  it('must all hold for one span', () => {
    const apart = [record([spanWith({ a: 1 }), spanWith({ b: 2 }, 2)])]
    const together = [record([spanWith({ a: 1, b: 2 })])]
    expect(matches('@a:1 @b:2', apart)).toBe(false)
    expect(matches('@a:1 @b:2', together)).toBe(true)
  })

  it('with a minus speak of every span of the trace', () => {
    const trace = [record([spanWith({ a: 1 })]), record([spanWith({ b: 2 }, 2)])]
    expect(matches('@a:1 -@b:2', trace)).toBe(false)
    expect(matches('@a:1 -@b:3', trace)).toBe(true)
  })

  it('see the attributes of the process', () => {
    const trace = record([spanWith({ a: 1 })])
    const resource = { service: 'api', attributes: flat({ 'service.version': '2.1' }) }
    expect(matches('@a:1 @service.version=2.1', [{ ...trace, resource }])).toBe(true)
  })

  it('take no key for one of the language', () => {
    expect(matches('@__proto__', [record([span({ id: 1 })])])).toBe(false)
    expect(matches('@constructor:x', [record([spanWith({ constructor: 'x' })])])).toBe(true)
  })
})

describe('other terms on spans', () => {
  const log = {
    time: 0,
    severity: 'info' as const,
    body: 'loaded order 42',
    attributes: flat({ u: 'bob' })
  }
  const event = {
    time: 0,
    name: 'exception',
    attributes: flat({ 'exception.message': 'pool is empty' })
  }
  const trace = [
    record([
      span({ id: 1, name: 'middleware', logs: [log] }),
      span({ id: 2, statusMessage: 'timed out', attributes: flat({ n: 1234, list: ['deep'] }) }),
      span({ id: 3, events: [event] })
    ])
  ]
  it.each([
    ['middleware', true],
    ['"timed out"', true],
    ['"order 42"', true],
    ['bob', true],
    ['"POOL IS"', true],
    ['deep', true],
    ['1234', true],
    ['load*42', true],
    ['middleware bob deep', true],
    ['middleware nothing', false],
    ['orders', true],
    ['has:log', true],
    ['has:exception', true],
    ['has:error', false],
    ['has:error,log', true]
  ])('%s is %s', (text, expected) => {
    expect(matches(text, trace)).toBe(expected)
    if (!text.includes(' ') || text.startsWith('"'))
      expect(matches(`-${text}`, trace)).toBe(!expected)
  })

  it('find nothing where there is nothing', () => {
    const bare = [record([span({ id: 1 })])]
    for (const text of ['has:log', 'has:exception', 'bob']) {
      expect(matches(text, bare)).toBe(false)
      expect(matches(`-${text}`, bare)).toBe(true)
    }
  })
})

describe('an index', () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const value = fc.oneof(
    fc.constantFrom('x', 'xy', 'Y', 'true', '12'),
    fc.integer({ min: 0, max: 3 }),
    fc.boolean()
  )
  const term = fc.oneof(
    fc
      .tuple(key, fc.constantFrom(':', '=', ':!=', ':>'), fc.constantFrom('1', '12'))
      .map((parts) => `@${parts.join('')}`),
    fc
      .tuple(key, fc.constantFrom(':', '=', ':!='), fc.constantFrom('x', 'y*', 'tr', '"1"', 'x,2'))
      .map((parts) => `@${parts.join('')}`),
    fc.constantFrom('@a', 'x', 'tru', '1', 'has:exception', 'db:x')
  )

  it('never rules out a term that a span would pass', () => {
    fc.assert(
      fc.property(term, fc.dictionary(key, value), (text, attributes) => {
        const one = record([spanWith(attributes)])
        const strings = [one.resource.service, one.spans[0].name, ...one.spans[0].attributes]
          .filter((item) => typeof item === 'string')
          .map((item) => item.toLowerCase())
        const lacks = (needle: string): boolean => !strings.some((item) => item.includes(needle))
        const test = parseQuery(text).terms[0].spans!
        if (test.test(one.spans[0], one.resource)) expect(test.possible(lacks)).toBe(true)
      }),
      { numRuns: 2000 }
    )
  })

  it('rules out what it does not hold', () => {
    const possible = (text: string): boolean =>
      parseQuery(text).terms[0].spans!.possible((needle) => needle !== 'a')
    expect(possible('@a')).toBe(true)
    expect(possible('@a:1')).toBe(true)
    for (const text of ['@b', '@a:text', 'word', 'has:exception', 'db:redis'])
      expect(possible(text)).toBe(false)
  })
})
