import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainMount, placeOf } from '../../src/serve/place.ts'

const place = (rest: string, method = 'GET') =>
  placeOf(method, rest, {
    isFile: (name) => name === 'assets/app.js' || name === 'LICENSE',
    isQuery: (name) => name.startsWith('other/')
  })

describe('an address below the mount path', () => {
  it.each([
    ['', 'shell', '', ''],
    ['/', 'shell', '', ''],
    ['?a=1', 'shell', '', 'a=1'],
    ['/t/abc?s=1&z=2', 'shell', 't/abc', 's=1&z=2'],
    ['/status', 'shell', 'status', ''],
    ['/t/abc#x?y', 'shell', 't/abc', ''],
    ['/assets/app.js', 'asset', 'assets/app.js', ''],
    ['/LICENSE', 'asset', 'LICENSE', ''],
    ['/assets/gone.js', 'asset', 'assets/gone.js', ''],
    ['/favicon.ico', 'asset', 'favicon.ico', ''],
    ['/live?since=1', 'live', 'live', 'since=1'],
    ['/live/', 'shell', 'live/', ''],
    ['/api', 'api', 'api', ''],
    ['/api/traces?q=a?b', 'api', 'api/traces', 'q=a?b'],
    ['/apis', 'shell', 'apis', ''],
    ['/v1/traces', 'ingest', 'v1/traces', ''],
    ['/v1/traces/', 'api', 'v1/traces/', ''],
    ['/v1/metrics', 'ingest', 'v1/metrics', ''],
    ['/v1/profiles', 'api', 'v1/profiles', ''],
    ['/other/spans?a', 'query', 'other/spans', 'a'],
    ['//live', 'shell', '/live', '']
  ])('%j is a matter of the %s', (rest, door, path, query) => {
    expect(place(rest)).toEqual({ door, path, query })
  })

  it('of any kind is taken apart without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['shell', 'asset', 'api', 'query', 'live', 'ingest']).toContain(
          place(`/${text}`).door
        )
      })
    )
  })
})

describe('a mount path', () => {
  it.each(['/_traces', '/a/b/_traces', '/caf%C3%A9/_traces', '/a.b~c/_traces', '/@me/_traces'])(
    '%s is plain',
    (mount) => {
      expect(isPlainMount(mount)).toBe(true)
    }
  )

  it.each([
    '',
    '/',
    '//evil.com/_traces',
    '/a//_traces',
    '/\\evil/_traces',
    '/a"b/_traces',
    "/a'b/_traces",
    '/a<b/_traces',
    '/a&b/_traces',
    '/a b/_traces',
    '/a\nb/_traces',
    '/é/_traces',
    'a/_traces',
    `/${'a'.repeat(600)}`
  ])('%j is not', (mount) => {
    expect(isPlainMount(mount)).toBe(false)
  })
})
