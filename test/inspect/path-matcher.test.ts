import { describe, expect, it } from 'vitest'
import { pathMatcher } from '../../src/inspect/path-matcher.ts'

describe('a route', () => {
  it.each([
    ['/', '/'],
    ['/health', '/health'],
    ['/health', '/health/'],
    ['/orders/:id', '/orders/7'],
    ['/orders/:id/items/:item', '/orders/7/items/a%20b'],
    ['/files/*', '/files/a/b/c'],
    ['/files/*path', '/files/a'],
    ['/users/:id(\\d+)', '/users/12'],
    ['/things{/:id}', '/things/1']
  ])('%s may be meant by %s', (route, path) => {
    expect(pathMatcher(route)(path)).toBe(true)
  })

  it.each([
    ['/', '/a'],
    ['/health', '/healthy'],
    ['/orders/:id', '/orders'],
    ['/orders/:id', '/orders/'],
    ['/orders/:id', '/orders/7/items'],
    ['/orders/:id', '/Orders/7'],
    ['/files/*', '/other/a']
  ])('%s is not meant by %s', (route, path) => {
    expect(pathMatcher(route)(path)).toBe(false)
  })
})
