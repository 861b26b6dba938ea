import { describe, expect, it } from 'vitest'
import { maxRoutes, Routes } from '../../src/query/routes.ts'
import { summarise } from '../../src/trace/summary.ts'
import { record, request, type RequestSeed, span } from './fixtures.ts'

function seen(seed: Omit<RequestSeed, 'trace'>) {
  return summarise(request({ trace: 1, ...seed }))
}

const late = summarise(record([span({ id: 1, parent: 2 })]))

describe('Routes', () => {
  it('gives figures of each route, the largest share of time first', () => {
    const routes = new Routes(() => 0)
    for (let i = 1; i <= 100; i++) routes.observe(seen({ route: '/fast', duration: i / 10 }))
    for (const status of [200, 500, 404]) routes.observe(seen({ duration: 1000, status }))
    const [slow, fast] = routes.figures()
    expect(slow).toMatchObject({
      route: '/orders',
      method: 'GET',
      service: 'api',
      count: 3,
      errors: 1,
      perMinute: 3,
      max: 1000
    })
    expect(slow.share).toBeCloseTo(3000 / 3505, 6)
    expect(fast).toMatchObject({ route: '/fast', count: 100, errors: 0, max: 10 })
    expect(fast.p50).toBeGreaterThan(4.8)
    expect(fast.p50).toBeLessThan(5.2)
    expect(fast.p99).toBeGreaterThan(9.6)
  })

  it('tells routes apart by service, method and route, and names what has no route', () => {
    const routes = new Routes(() => 0)
    routes.observe(seen({}))
    routes.observe(seen({ method: 'POST' }))
    routes.observe(seen({ service: 'other' }))
    routes.observe(summarise(record([span({ id: 1, name: 'job' })])))
    expect(
      routes
        .figures()
        .map(({ route }) => route)
        .toSorted()
    ).toEqual(['/orders', '/orders', '/orders', 'job'])
  })

  it('counts no late spans', () => {
    const routes = new Routes(() => 0)
    routes.observe(late)
    expect(routes.figures()).toEqual([])
  })

  it('gives the rate of the last five minutes', () => {
    let now = 1_000_000
    const routes = new Routes(() => now)
    const rate = (): number => routes.figures()[0].perMinute
    for (let i = 0; i < 30; i++) routes.observe(seen({}))
    expect(rate()).toBe(30)
    now += 2 * 60_000
    expect(rate()).toBe(15)
    for (let i = 0; i < 10; i++) routes.observe(seen({}))
    now += 4 * 60_000
    expect(rate()).toBe(2)
    now += 60 * 60_000
    expect(rate()).toBe(0)
    expect(routes.figures()[0].count).toBe(40)
  })

  it('remembers a bounded number of routes, those in use', () => {
    const routes = new Routes(() => 0)
    for (let i = 0; i < maxRoutes + 500; i++) {
      routes.observe(seen({ route: `/scan/${i}` }))
      routes.observe(seen({ route: '/orders' }))
    }
    expect(routes.figures()).toHaveLength(maxRoutes)
    expect(routes.figures()[0]).toMatchObject({ route: '/orders', count: maxRoutes + 500 })
    routes.clear()
    expect(routes.figures()).toEqual([])
  })

  it('calls the five slowest of a route slow once twenty have been seen', () => {
    const routes = new Routes(() => 0)
    const isSlow = (duration: number, route = '/a'): boolean =>
      routes.observe(seen({ duration, route }))
    for (let i = 1; i <= 20; i++) expect(isSlow(i)).toBe(false)
    expect(isSlow(15)).toBe(false)
    expect(isSlow(16)).toBe(false)
    expect(isSlow(17)).toBe(true)
    expect(isSlow(17)).toBe(false)
    expect(isSlow(100)).toBe(true)
    expect(isSlow(1000, '/b')).toBe(false)
    expect(routes.observe(late)).toBe(false)
  })
})
