import { beforeEach, describe, expect, it } from 'vitest'
import { type Found, Inspections } from '../../src/inspect/inspections.ts'

let now = 0
let ready = false
let running = false
let profiles: (Found | undefined)[] = []

function inspections(bodies = false, onChange: (granted?: number) => void = () => {}): Inspections {
  return new Inspections({
    bodies,
    onChange,
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

describe('inspections of several workers', () => {
  it('wait for the same requests, each as long as the one that was asked', () => {
    const asked = inspections()
    asked.add('profile', 'GET', '/a', 1)
    now = 20_000
    const other = inspections()
    other.adopt(asked.shared)
    expect(other.wishes).toEqual(asked.wishes)
    expect(ready).toBe(true)
    now = 60_001
    expect(other.wishes).toEqual([])
    expect(ready).toBe(false)
  })

  it('tell of a request that has come, and count those of the others', () => {
    const told: (number | undefined)[] = []
    const asked = inspections()
    const wish = asked.add('bodies', 'GET', '/a', 2)
    const other = inspections(false, (granted) => told.push(granted))
    other.adopt(asked.shared)
    expect(told).toEqual([])
    expect(other.begin('GET', '/a')?.bodies).toBe(true)
    expect(told).toEqual([wish?.id])
    expect(asked.granted(wish?.id ?? 0)).toBe(true)
    expect(asked.wishes).toEqual([{ ...wish, remaining: 1 }])
    other.adopt(asked.shared)
    expect(other.wishes).toEqual(asked.wishes)
    asked.begin('GET', '/a')
    other.adopt(asked.shared)
    expect(other.begin('GET', '/a')).toBeUndefined()
  })

  it('give up a profile that another one was faster with', () => {
    const told: (number | undefined)[] = []
    const asked = inspections()
    asked.add('profile', 'GET', '/a', 1)
    const other = inspections(false, (granted) => told.push(granted))
    other.adopt(asked.shared)
    const slower = other.begin('GET', '/a')
    other.adopt([])
    expect(ready).toBe(false)
    slower?.end(found('GET /a'))
    expect(told).toEqual([])
  })

  it('give new wishes numbers of their own', () => {
    const asked = inspections()
    for (const route of ['/a', '/b']) asked.add('bodies', 'GET', route, 1)
    const next = inspections()
    next.adopt(asked.shared)
    next.add('bodies', 'GET', '/c', 1)
    expect(next.wishes.map(({ id }) => id)).toEqual([1, 2, 3])
  })
})
