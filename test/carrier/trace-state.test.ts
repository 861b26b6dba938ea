import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTraceState, serializeTraceState } from '../../src/carrier/trace-state.ts'

const many = (count: number): string =>
  Array.from({ length: count }, (_, i) => `bar${i + 1}=${i + 1}`).join(',')
const allOfKey = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@'
const allOfValue = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i))
  .filter((c) => c !== ',' && c !== '=')
  .join('')

const member =
  '[a-z0-9][a-z0-9_\\-*/@]{0,255}=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]'
const grammar = new RegExp(`^${member}(?:,${member}){0,31}$`)

describe('a tracestate is passed on', () => {
  test.each([
    ['one entry', 'foo=1', 'foo=1'],
    ['two entries', 'foo=1,bar=2', 'foo=1,bar=2'],
    ['white space around entries', 'foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'],
    ['white space around all', '\t foo=1 \t', 'foo=1'],
    ['white space inside a value', 'foo=a b', 'foo=a b'],
    ['empty members', ',foo=1,, ,bar=2,', 'foo=1,bar=2'],
    ['a key that starts with a digit', '0foo=1', '0foo=1'],
    ['keys with at signs anywhere but first', 'foo@=1,f@o@o=2', 'foo@=1,f@o@o=2'],
    ['a key of 256 characters', `foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
    ['a tenant of 242 characters', `foo=1,${'t'.repeat(242)}@v=1`, `foo=1,${'t'.repeat(242)}@v=1`],
    ['a value of 256 characters', `foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`],
    ['all characters that are allowed', `${allOfKey}=${allOfValue}`, `${allOfKey}=${allOfValue}`],
    ['32 entries', many(32), many(32)],
    ['32 entries and an empty one', `${many(32)},`, many(32)],
    ['the first of equal keys', 'foo=1,bar=2,foo=3', 'foo=1,bar=2']
  ])('%s', (_case, header, sent) => {
    expect(parseTraceState(header)?.serialize()).toBe(sent)
  })
})

describe('a tracestate is dropped whole', () => {
  test.each([
    ['empty', ''],
    ['only commas and white space', ' ,\t, '],
    ['33 entries', many(33)],
    ['33 entries of one key', Array(33).fill('a=1').join(',')],
    ['a space in a key', 'foo =1'],
    ['an upper-case key', 'FOO=1'],
    ['a dot in a key', 'foo.bar=1'],
    ['a key that starts with an at sign', '@foo=1,bar=2'],
    ['a key of 257 characters', `foo=1,${'z'.repeat(257)}=1`],
    ['no key', '=1,bar=2'],
    ['no value', 'foo=,bar=3'],
    ['no equals sign', 'foo,bar=3'],
    ['an equals sign in a value', 'foo=bar=baz'],
    ['a tab in a value', 'foo=a\tb'],
    ['a value of 257 characters', `foo=${'v'.repeat(257)}`],
    ['a character outside ASCII', 'foo=caf\u00e9']
  ])('%s', (_case, header) => {
    expect(parseTraceState(header)).toBeUndefined()
  })
})

describe('a list of more than 512 characters', () => {
  const small = (i: number): string => `key${i}=${'v'.repeat(60)}`

  test('loses its large entries first', () => {
    const large = `large=${'x'.repeat(200)}`
    const header = [large, small(1), small(2), small(3), small(4), small(5)].join(',')
    expect(parseTraceState(header)?.serialize()).toBe([1, 2, 3, 4, 5].map(small).join(','))
  })

  test('loses no more large entries than it must', () => {
    const large = (i: number): string => `large${i}=${'x'.repeat(200)}`
    const header = [large(1), large(2), large(3), small(1)].join(',')
    expect(parseTraceState(header)?.serialize()).toBe([large(1), large(2), small(1)].join(','))
  })

  test('then loses its oldest entries', () => {
    const header = Array.from({ length: 10 }, (_, i) => small(i)).join(',')
    expect(parseTraceState(header)?.serialize()).toBe([0, 1, 2, 3, 4, 5, 6].map(small).join(','))
  })

  test('of exactly 512 characters loses nothing', () => {
    const header = `a=${'v'.repeat(100)},b=${'v'.repeat(200)},c=${'v'.repeat(204)}`
    expect(header.length).toBe(512)
    expect(parseTraceState(header)?.serialize()).toBe(header)
  })
})

describe('the TraceState interface', () => {
  const state = parseTraceState('foo=1,bar=2,ba=3') as NonNullable<
    ReturnType<typeof parseTraceState>
  >

  test('gets the value of exactly the key', () => {
    expect(state.get('bar')).toBe('2')
    expect(state.get('ba')).toBe('3')
    expect(state.get('b')).toBeUndefined()
  })

  test('sets to the left and leaves the old list alone', () => {
    expect(state.set('bar', '4').serialize()).toBe('bar=4,foo=1,ba=3')
    expect(state.serialize()).toBe('foo=1,bar=2,ba=3')
  })

  test('unsets', () => {
    expect(state.unset('foo').unset('none').serialize()).toBe('bar=2,ba=3')
    expect(state.unset('foo').unset('bar').unset('ba').get('foo')).toBeUndefined()
  })

  test('ignores what breaks the grammar', () => {
    expect(state.set('Key', '1')).toBe(state)
    expect(state.set('key', 'a,b=c')).toBe(state)
    expect(state.set('key', '')).toBe(state)
  })

  test('pushes the oldest of 32 entries out', () => {
    const full = parseTraceState(many(32))?.set('new', '1').serialize().split(',')
    expect(full?.length).toBe(32)
    expect(full?.[0]).toBe('new=1')
    expect(full).not.toContain('bar32=32')
  })
})

test('a list of another implementation is read before it is sent', () => {
  const foreign = (text: unknown) => ({ serialize: () => text }) as never
  expect(serializeTraceState(foreign('foo=1, bar=2'))).toBe('foo=1,bar=2')
  expect(serializeTraceState(foreign('foo=1\r\nset-cookie: a=b'))).toBe('')
  expect(serializeTraceState(foreign(7))).toBe('')
  expect(serializeTraceState({} as never)).toBe('')
  expect(serializeTraceState(undefined)).toBe('')
})

test('whatever is accepted obeys the grammar and reads the same again', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc
      .tuple(fc.constantFrom('a', 'b@c', 'zz', 'B', ''), fc.string({ maxLength: 300 }))
      .map((p) => p.join('=')),
    fc.constantFrom('', ' ', '\t', 'a=1', 'b=2')
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = parseTraceState(pieces.join(','))?.serialize()
      if (text === undefined) return
      expect(text).toMatch(grammar)
      expect(text.length).toBeLessThanOrEqual(512)
      expect(parseTraceState(text)?.serialize()).toBe(text)
    }),
    { numRuns: 2000 }
  )
})
