import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactor } from './setup.ts'

const clean = redactor()

describe('an attribute value', () => {
  test.each([
    ['text', 'a', 'a'],
    ['number', 1.5, 1.5],
    ['boolean', false, false],
    ['bigint', 10n, '10'],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['numbers', [1, 2], [1, 2]],
    ['booleans', [true, false], [true, false]],
    ['bigints', [1n, 2n], ['1', '2']],
    ['holes', ['a', null, undefined, 'b'], ['a', 'b']],
    ['an empty array', [], []]
  ])('of %s is kept', (_kind, value, expected) => {
    expect(clean.attribute('app.value', value)).toEqual(expected)
  })

  const revoked = Proxy.revocable([], {})
  revoked.revoke()
  const throwing = new Proxy(['a'], {
    get() {
      throw new Error('no')
    }
  })
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', { a: 1 }],
    ['a date', new Date()],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a mixed array', ['a', 1]],
    ['an array of objects', [{}]],
    ['an array of arrays', [['a']]],
    ['a typed array', new Uint8Array(2)],
    ['a revoked proxy', revoked.proxy],
    ['an array that throws', throwing]
  ])('of %s is dropped', (_kind, value) => {
    expect(clean.attribute('app.value', value)).toBeUndefined()
  })

  test('is clipped by what its key says', () => {
    const length = (key: string): number =>
      (clean.attribute(key, 'x '.repeat(10_000)) as string).length
    expect(length('app.value')).toBe(1024)
    expect(length('exception.message')).toBe(2048)
    expect(length('exception.stacktrace')).toBe(8192)
    expect(length('http.request.header.accept')).toBe(1024)
    expect(
      (clean.attribute('app.list', Array(100).fill('x'.repeat(2000))) as string[]).map(
        (s) => s.length
      )
    ).toEqual(Array(64).fill(1024))
  })

  test('of an array of holes is not read to its end', () => {
    let reads = 0
    const holes = new Proxy(Array<string>(100_000), {
      get(target, key): unknown {
        reads++
        return Reflect.get(target, key)
      }
    })
    expect(clean.attribute('app.value', holes)).toEqual([])
    expect(reads).toBeLessThan(5000)
  })
})

describe('an attribute key', () => {
  test.each([
    ['url.full', 'https://u:p@h/a?token=x', 'https://[redacted]@h/a?token=[redacted]'],
    ['http.url', 'https://h/a?token=x', 'https://h/a?token=[redacted]'],
    ['http.target', '/a?token=x', '/a?token=[redacted]'],
    ['url.path', '/a/eyJhbGciOi.eyJzdWIiOi.x', '/a/:secret'],
    ['url.query', 'token=x', 'token=[redacted]'],
    ['url.query', 'a=%zz', ''],
    ['url.fragment', 'access_token=x', 'access_token=[redacted]'],
    ['db.query.text', "SELECT 'x'", 'SELECT ?'],
    ['db.statement', "SELECT 'x'", 'SELECT ?'],
    ['db.query.parameter.0', 'x', '[redacted]'],
    ['db.query.parameter.name', 5, '[redacted]'],
    ['db.statement.parameters', ['x'], ['[redacted]']],
    ['http.request.header.cookie', ['a=b; c=d'], ['a=[redacted]; c=[redacted]']],
    ['http.request.header.cookie', 'a=b', 'a=[redacted]'],
    [
      'http.response.header.set-cookie',
      ['a=b; Path=/', 'c=d'],
      ['a=[redacted]; Path=/', 'c=[redacted]']
    ],
    ['http.response.header.set_cookie', ['a=b'], ['a=[redacted]']],
    ['http.request.header.authorization', ['Bearer x'], ['Bearer [redacted]']],
    ['http.request.header.x-api-key', ['x'], ['[redacted]']],
    ['http.request.header.accept', ['*/*'], ['*/*']],
    ['app.card', 4_111_111_111_111_111, '[redacted]'],
    ['app.time', 1_732_290_000_000, 1_732_290_000_000],
    ['app.cards', [1, 4_111_111_111_111_111], '[redacted]'],
    ['app.note', 'Bearer abc', 'Bearer [redacted]'],
    ['__proto__', 'x', 'x'],
    ['constructor', 'x', 'x']
  ])('%s makes %j', (key, value, expected) => {
    expect(clean.attribute(key, value)).toEqual(expected)
  })

  test.each([
    ['too long', 'k'.repeat(129)],
    ['a secret itself', `ghp_${'a1'.repeat(18)}`],
    ['not text', 7 as never]
  ])('that is %s is dropped', (_case, key) => {
    expect(clean.attribute(key, 'x')).toBeUndefined()
  })

  test('of a million kinds is forgotten again, and hidden all the same', () => {
    for (let i = 0; i < 10_000; i++) {
      expect(clean.attribute(`app.value${i}`, 'x')).toBe('x')
      if (i % 100 === 0) expect(clean.attribute(`token${i}`, 'x')).toBe('[redacted]')
    }
  })
})

test('hiding an attribute twice is hiding it once', () => {
  const key = fc.constantFrom(
    'app.a',
    'app.token',
    'url.full',
    'url.query',
    'db.query.text',
    'exception.stacktrace',
    'http.request.header.cookie',
    'http.request.header.x-foo',
    'tokens'
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.array(fc.string()),
    fc.double(),
    fc.boolean(),
    fc.bigInt(),
    fc.anything()
  )
  const both = [clean, redactor({ mode: 'token' })]
  fc.assert(
    fc.property(key, value, (name, given) => {
      for (const redact of both) {
        const once = redact.attribute(name, given)
        if (once !== undefined) expect(redact.attribute(name, once)).toEqual(once)
      }
    }),
    { numRuns: 5000 }
  )
})
