import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Baggage, parseBaggage, serializeBaggage } from '../../src/carrier/baggage.ts'

const entries = (header: string): Record<string, string> =>
  Object.fromEntries(
    (parseBaggage(header)?.getAllEntries() ?? []).map(([key, entry]) => [
      key,
      entry.metadata === undefined ? entry.value : `${entry.value};${String(entry.metadata)}`
    ])
  )

describe('a baggage header is read', () => {
  test.each([
    ['one member', 'userId=alice', { userId: 'alice' }],
    ['several members', 'a=1,b=2 , c = 3', { a: '1', b: '2', c: '3' }],
    ['an empty value', 'a=,b=2', { a: '', b: '2' }],
    ['an equals sign in a value', 'a=b=c', { a: 'b=c' }],
    ['escapes', 'serverNode=DF%2028,name=Am%C3%A9lie', { serverNode: 'DF 28', name: 'Amélie' }],
    ['an escape that is not UTF-8', 'a=%ff', { a: '\ufffd' }],
    ['a stray percent sign', 'a=100%,b=%zz', { a: '100%', b: '%zz' }],
    ['properties', 'a=1;p;q=2 ; r = 3,b=2', { a: '1;p;q=2 ; r = 3', b: '2' }],
    ['the last of equal keys', 'a=1,b=2,a=3', { a: '3', b: '2' }],
    ['the members that are valid', 'a=1,,=2,b c=3,d="4",e=5;,f=6;p q,g=7', { a: '1', g: '7' }],
    [
      'keys that are names of Object.prototype',
      '__proto__=1,constructor=2',
      Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2']
      ])
    ]
  ])('%s', (_case, header, expected) => {
    expect(entries(header)).toEqual(expected)
  })
})

describe('a baggage header is ignored', () => {
  test.each([
    ['empty', ''],
    ['without any valid member', 'a,b;c,"d"'],
    [
      'over 8192 characters',
      `a=1,b=${'v'.repeat(4000)},c=${'v'.repeat(4000)},d=${'v'.repeat(300)}`
    ],
    ['over 180 members', Array.from({ length: 181 }, (_, i) => `k${i}=1`).join(',')]
  ])('%s', (_case, header) => {
    expect(parseBaggage(header)).toBeUndefined()
  })
})

test('a member over 4096 characters is left out alone', () => {
  expect(entries(`a=1,b=${'v'.repeat(4095)},c=3`)).toEqual({ a: '1', c: '3' })
})

test('180 members are taken', () => {
  const header = Array.from({ length: 180 }, (_, i) => `k${i}=1`).join(',')
  expect(parseBaggage(header)?.serialize()).toBe(header)
})

test('what is not changed leaves as it came, properties and escapes included', () => {
  const header = 'a=%41b;p;q=2,  serverNode=DF%2028 ;secure'
  expect(parseBaggage(header)?.serialize()).toBe('a=%41b;p;q=2,serverNode=DF%2028 ;secure')
})

describe("OpenTelemetry's Baggage interface", () => {
  const baggage = parseBaggage('a=1;p=x,b=2,c=3') as Baggage

  test('gets one entry', () => {
    expect(baggage.getEntry('b')).toEqual({ value: '2' })
    expect(String(baggage.getEntry('a')?.metadata)).toBe('p=x')
    expect(baggage.getEntry('none')).toBeUndefined()
  })

  test('sets, removes and clears into new objects', () => {
    expect(baggage.setEntry('d', { value: '4' }).serialize()).toBe('a=1;p=x,b=2,c=3,d=4')
    expect(baggage.setEntry('a', { value: '5' }).serialize()).toBe('a=5,b=2,c=3')
    expect(baggage.removeEntry('a').serialize()).toBe('b=2,c=3')
    expect(baggage.removeEntries('a', 'c', 'x').serialize()).toBe('b=2')
    expect(baggage.clear().getAllEntries()).toEqual([])
    expect(baggage.serialize()).toBe('a=1;p=x,b=2,c=3')
  })

  test('encodes what user code sets', () => {
    const set = new Baggage().setEntry('user name', { value: 'Zoë, "x"; 100%' })
    expect(set.serialize()).toBe('user%20name=Zo%C3%AB%2C%20%22x%22%3B%20100%25')
    expect(entries(set.serialize())).toEqual({ 'user name': 'Zoë, "x"; 100%' })
  })

  test('lets no metadata inject members', () => {
    const metadata = { toString: () => 'p=1,admin=true' }
    expect(new Baggage().setEntry('a', { value: '1', metadata }).serialize()).toBe('a=1')
  })

  test('leaves out what cannot be sent', () => {
    const throwing = {
      toString() {
        throw new Error('no')
      }
    }
    const odd = new Baggage()
      .setEntry('', { value: '1' })
      .setEntry('a', { value: 7 } as never)
      .setEntry('b', undefined as never)
      .setEntry('c', { value: '1', metadata: throwing })
      .setEntry('d', { value: 'v'.repeat(5000) })
    expect(odd.serialize()).toBe('c=1')
  })

  test('sends no more than the limits', () => {
    let large = new Baggage()
    for (let i = 0; i < 5; i++) large = large.setEntry(`k${i}`, { value: 'v'.repeat(2000) })
    expect(large.serialize().length).toBeLessThanOrEqual(8192)
    expect(parseBaggage(large.serialize())?.getAllEntries().length).toBe(4)
  })
})

test('baggage of other origin is sent if it can be', () => {
  expect(serializeBaggage({ getAllEntries: () => [['a', { value: '1' }]] })).toBe('a=1')
  for (const odd of [
    undefined,
    null,
    7,
    {},
    { getAllEntries: () => 7 },
    { getAllEntries: () => [[]] }
  ])
    expect(serializeBaggage(odd)).toBe('')
})

test('any text is read without an exception, and what is sent is valid and stays the same', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .tuple(fc.constantFrom('a', 'b', ' c ', '%61'), fc.string({ maxLength: 40 }))
      .map((p) => p.join('=')),
    fc.constantFrom('', ';', 'a=1;b', 'a=%', 'x=%C3', '='.repeat(9))
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const sent = parseBaggage(pieces.join(','))?.serialize()
      if (sent === undefined) return
      expect(sent).toMatch(/^[\x20-\x7e\t]*$/)
      expect(parseBaggage(sent)?.serialize()).toBe(sent)
    }),
    { numRuns: 2000 }
  )
})

test('any key and value that user code sets come back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'grapheme' }),
      (key, value) => {
        const sent = new Baggage().setEntry(key, { value }).serialize()
        expect(parseBaggage(sent)?.getEntry(key)?.value).toBe(value)
      }
    )
  )
})
