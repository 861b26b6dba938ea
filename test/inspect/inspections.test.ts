import { beforeEach, describe, expect, it } from 'vitest'
import { type Found, Inspections } from '../../src/inspect/inspections.ts'

let now = 0
let ready = false
let running = false
let profiles: (Found | undefined)[] = []

function inspections(bodies = false): Inspections {
  return new Inspections({
    bodies,
    now: () => now,
    profiler: {
      start: () => void (ready = true),
      begin() {
        if (running || !ready) return undefined
        running = true
        return (found) => {
          running = false
          if (found !== undefined) ready = false
          profiles.push(found)
        }
      },
      stop: () => void (ready = false)
    }
  })
}

const found = (name: string): Found => ({ traceId: 't', spanId: 's', name })

beforeEach(() => {
  now = 0
  ready = false
  running = false
  profiles = []
})

describe('inspections', () => {
  it('are at rest until somebody asks', () => {
    const all = inspections()
    expect(all.active).toBe(false)
    expect(all.begin('GET', '/orders/7')).toBeUndefined()
  })

  it('grant bodies to as many requests of the route as were asked for', () => {
    const all = inspections()
    const wish = all.add('bodies', 'GET', '/orders/:id', 2)
    expect(all.active).toBe(true)
    expect(all.begin('POST', '/orders/7')).toBeUndefined()
    expect(all.begin('GET', '/other/7')).toBeUndefined()
    expect(all.begin('GET', '/orders/7')?.bodies).toBe(true)
    expect(all.wishes).toEqual([{ ...wish, remaining: 1 }])
    expect(all.begin('GET', '/orders/8')?.bodies).toBe(true)
    expect(all.active).toBe(false)
    expect(all.begin('GET', '/orders/9')).toBeUndefined()
  })

  it('give the bodies of every request where they are always kept', () => {
    const all = inspections(true)
    expect(all.active).toBe(true)
    expect(all.begin('GET', '/any')?.bodies).toBe(true)
  })

  it('profile one request, and wait on when another route took it', () => {
    const all = inspections()
    all.add('profile', 'GET', '/orders/:id', 50)
    all.begin('GET', '/orders/new')?.end(found('GET /orders/new'))
    expect(profiles).toEqual([undefined])
    expect(all.active).toBe(true)
    const inspection = all.begin('GET', '/orders/7')
    expect(inspection?.bodies).toBe(false)
    // Another one while it runs is not profiled, and takes nothing away from the wish.
    expect(all.begin('GET', '/orders/8')).toBeUndefined()
    inspection?.end(found('GET /orders/:id'))
    expect(profiles[1]).toEqual(found('GET /orders/:id'))
    expect(all.active).toBe(false)
  })

  it('take the path itself for a request that has no route', () => {
    const all = inspections()
    all.add('profile', 'GET', '/plain', 1)
    all.begin('GET', '/plain')?.end(found('GET'))
    expect(profiles).toEqual([found('GET')])
  })

  it('are cancelled, once', () => {
    const all = inspections()
    const wish = all.add('profile', 'GET', '/a', 1)
    expect(ready).toBe(true)
    expect(all.cancel(wish?.id ?? 0)).toBe(true)
    expect(ready).toBe(false)
    expect(all.cancel(wish?.id ?? 0)).toBe(false)
    expect(all.active).toBe(false)
  })

  it('are forgotten when nothing comes for ten minutes', () => {
    const all = inspections()
    all.add('bodies', 'GET', '/a', 1)
    now = 600_001
    expect(all.begin('GET', '/a')).toBeUndefined()
    expect(all.wishes).toEqual([])
  })

  it('keep the profiler ready for as long as somebody waits for it, a minute', () => {
    const all = inspections()
    all.add('profile', 'GET', '/a', 1)
    all.add('profile', 'GET', '/b', 1)
    all.begin('GET', '/a')?.end(found('GET /a'))
    expect(ready).toBe(true)
    now = 60_001
    expect(all.wishes).toEqual([])
    expect(ready).toBe(false)
  })

  it('have a bound', () => {
    const all = inspections()
    for (let i = 0; i < 20; i++) expect(all.add('bodies', 'GET', `/${i}`, 1)).toBeDefined()
    expect(all.add('bodies', 'GET', '/more', 1)).toBeUndefined()
    const others = inspections()
    expect(others.add('bodies', 'GET', '/a', 1e9)?.remaining).toBe(100)
  })
})
