import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Route } from '../../ui/route.ts'

let parseRoute: (url: string, mount: string) => Route
let printRoute: (route: Route, mount: string) => string
const id = '0123456789abcdef0123456789abcdef'

beforeAll(async () => {
  // The mount path is read from the document when the module is loaded.
  vi.stubGlobal('document', {
    baseURI: 'http://localhost:3000/_traces/',
    // No saved page.
    getElementById: () => null
  })
  const module = await import('../../ui/route.ts')
  ;({ parseRoute, printRoute } = module)
  expect(module.base).toBe('/_traces/')
})

describe('an address', () => {
  test.each([
    ['/_traces', { screen: 'list', params: {} }],
    ['/_traces/', { screen: 'list', params: {} }],
    ['/_traces/?q=status%3A5xx', { screen: 'list', params: { q: 'status:5xx' } }],
    [
      `/_traces/t/${id}?s=00f067aa0ba902b7`,
      { screen: 'trace', traceId: id, params: { s: '00f067aa0ba902b7' } }
    ],
    [`/_traces/t/${id.toUpperCase()}`, { screen: 'trace', traceId: id, params: {} }],
    ['/_traces/status', { screen: 'status', params: {} }],
    ['/_traces/map', { screen: 'map', params: {} }],
    ['/_traces/t/not-an-id', { screen: 'lost', path: 't/not-an-id', params: {} }],
    ['/_traces/t/../../etc', { screen: 'lost', path: 't/../../etc', params: {} }],
    ['/_traces/nowhere#main', { screen: 'lost', path: 'nowhere#main', params: {} }]
  ])('%s is read', (url, route) => {
    expect(parseRoute(url, '/_traces/')).toEqual(route)
  })

  test('is read below any mount', () => {
    expect(parseRoute('/a/b/_traces/status', '/a/b/_traces/').screen).toBe('status')
    expect(parseRoute('/status', '/').screen).toBe('status')
    expect(parseRoute('/', '/').screen).toBe('list')
  })

  test('survives being printed and read again', () => {
    const params = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,4}$/),
      fc.string({ minLength: 1, unit: 'grapheme' })
    )
    const routes: fc.Arbitrary<Route> = fc.oneof(
      fc.record({ screen: fc.constant('list' as const), params }),
      fc.record({ screen: fc.constantFrom('status' as const, 'map' as const), params }),
      fc.record({ screen: fc.constant('trace' as const), traceId: fc.constant(id), params })
    )
    fc.assert(
      fc.property(routes, fc.constantFrom('/', '/_traces/', '/a b/_traces/'), (route, mount) => {
        const read = parseRoute(printRoute(route, mount), mount)
        expect({ ...read, params: { ...read.params } }).toEqual({
          ...route,
          params: { ...route.params }
        })
      })
    )
  })

  test('never throws, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => parseRoute(`/_traces/${text}`, '/_traces/')).not.toThrow()
      })
    )
  })

  test('leaves empty parameters out', () => {
    expect(printRoute({ screen: 'list', params: { q: '' } }, '/_traces/')).toBe('/_traces/')
  })
})
