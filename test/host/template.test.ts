import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fill, hideValue, joinPaths, routeText } from '../../src/host/template.ts'

describe('joinPaths', () => {
  it.each([
    ['', '/', '/'],
    ['', '', '/'],
    ['/api', '/', '/api'],
    ['/api', '', '/api'],
    ['/api/', '/x', '/api/x'],
    ['/', '/x', '/x'],
    ['/api', '/x/:id', '/api/x/:id'],
    ['/api', '*', '/api*']
  ])('puts %j and %j together as %j', (base, path, joined) => {
    expect(joinPaths(base, path)).toBe(joined)
  })
})

describe('fill', () => {
  it.each<[string, unknown, string]>([
    ['/api/v1', { ver: 'v1' }, '/api/:ver'],
    ['/a/a', { one: 'a', two: 'a' }, '/:one/:two'],
    ['/v1/1', { id: '1' }, '/v1/:id'],
    ['/v2', { num: '2' }, '/v:num'],
    ['/from-to', { a: 'from', b: 'to' }, '/:a-:b'],
    ['/d%2F2/x', { did: 'd/2' }, '/:did/x'],
    ['/files/a/b', { rest: ['a', 'b'] }, '/files/*rest'],
    ['/files/a/b', { 0: 'a/b' }, '/files/*'],
    ['/u/12', { 0: '12' }, '/u/*'],
    ['/%zz', { a: 'b' }, '/%zz'],
    ['/x', {}, '/x'],
    ['/x', null, '/x'],
    ['/x', 'x', '/x'],
    ['/x', { a: '', b: undefined, c: 1, d: ['', 2] }, '/x'],
    ['', { a: 'b' }, '']
  ])('%j with %j is %j', (path, params, filled) => {
    expect(fill(path, params)).toBe(filled)
  })

  it('never throws, and leaves no value of a whole segment behind', () => {
    const segment = fc
      .string({ minLength: 1 })
      .filter((text) => !text.includes('/') && !/\p{Surrogate}/u.test(text))
    fc.assert(
      fc.property(fc.uniqueArray(segment, { minLength: 1, maxLength: 5 }), (values) => {
        const path = `/static-part/${values.map(encodeURIComponent).join('/')}`
        const params = Object.fromEntries(values.map((value, i) => [`p${i}`, value]))
        const filled = fill(path, params).split('/').slice(2)
        if (values.includes('static-part')) return
        expect(filled).toEqual(values.map((_, i) => `:p${i}`))
      })
    )
    fc.assert(
      fc.property(fc.string(), fc.anything(), (path, params) => {
        expect(typeof fill(path, params)).toBe('string')
      })
    )
  })
})

describe('hideValue', () => {
  it.each([
    ['/reset/abc', 'abc', '/reset/:token'],
    ['/reset/abc/now', 'abc', '/reset/:token/now'],
    ['/reset/%61bc', 'abc', '/reset/:token'],
    ['/abc/abc', 'abc', '/:token/:token'],
    ['/reset-abc.html', 'abc', '/reset-:token.html'],
    ['/reset-a%20b', 'a b', '/reset-:token'],
    ['/reset/a/b', ['a', 'b'], '/reset/*token'],
    ['/reset/', '', '/reset/'],
    ['/reset/x', undefined, '/reset/x']
  ])('%j without %j is %j', (path, value, hidden) => {
    expect(hideValue(path, 'token', value)).toBe(hidden)
  })
})

describe('routeText', () => {
  it('is the path as it was written, or the one of several that fits', () => {
    expect(routeText('/a/:b', undefined)).toBe('/a/:b')
    expect(routeText(/^\/a/, undefined)).toBe('/^\\/a/')
    const several = ['/one', ['/two/:n', /x/]]
    expect(routeText(several, { url: '/two/5?x', params: { n: '5' } })).toBe('/two/:n')
    expect(routeText(several, { url: '/x', params: {} })).toBe('/one|/two/:n|/x/')
  })
})
