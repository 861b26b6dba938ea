import { describe, expect, it } from 'vitest'
import { atSpeed, budgets } from './page/budgets.js'
import { check, liveFigures, type Watched } from './page/live.js'

const smooth = { fps: 60, p99: 17, longest: 17, mainThread: 8 }
const names = ['200/s at the top', '200/s, scrolled away', '1,000/s at the top', '200/s, filtered']
const scenario = { name: '200/s at the top', perSecond: 200, share: 1, away: false, windows: 3 }

describe('figures of the live list', () => {
  const watched: Watched = {
    name: '200/s at the top',
    speed: 1,
    windows: [smooth, { ...smooth, fps: 50 }, smooth],
    elements: 600,
    sent: 800
  }

  it('are judged by the budget of their speed', () => {
    const [fps, slow, share] = liveFigures(watched)
    expect(fps).toMatchObject({ value: 60, low: 50, target: { atLeast: 55 }, met: true })
    expect(slow).toMatchObject({ value: 17, target: { atMost: 34 } })
    expect(share).toMatchObject({ value: 8, target: { atMost: 15 } })
    const throttled = liveFigures({ ...watched, speed: 4 })
    expect(throttled.map(({ name }) => name)).toEqual([
      '200/s at the top, cpu/4',
      '200/s at the top, slow frames, cpu/4',
      '200/s at the top, main thread, cpu/4'
    ])
    expect(throttled[0]?.target).toEqual({ atLeast: 45 })
  })

  it('miss their targets, and say why, when nothing could be measured', () => {
    const why = '1387 requests in 2.2 s'
    const figures = liveFigures({ ...watched, windows: [], elements: Number.NaN, why })
    expect(figures.map(({ met }) => met)).toEqual([false, false, false, false])
    expect(figures[0]?.note).toBe(why)
  })

  it('have a budget for each scenario at each speed', () => {
    for (const speed of [1, 4] as const)
      expect(Object.keys(budgets[speed].live).sort()).toEqual([...names].sort())
    expect(atSpeed('first paint', 1)).toBe('first paint')
    expect(atSpeed('first paint', 4)).toBe('first paint, cpu/4')
  })
})

describe('a list that was watched', () => {
  const before = { newest: 6000, pending: 0 }

  it('has moved as far as traces came', () => {
    expect(() => check({ ...scenario, before, after: { newest: 6600, pending: 0 } })).not.toThrow()
    expect(() => check({ ...scenario, before, after: { newest: 6010, pending: 0 } })).toThrow(
      '200/s at the top: 10 traces came to the list, not 320'
    )
  })

  it('has stayed where it was under a reader who scrolled away, and counted what came', () => {
    const away = { ...scenario, away: true, before }
    expect(() => check({ ...away, after: { newest: 6000, pending: 600 } })).not.toThrow()
    expect(() => check({ ...away, after: { newest: 6000, pending: 0 } })).toThrow('0 traces came')
    expect(() => check({ ...away, after: { newest: 6001, pending: 600 } })).toThrow(
      'the list moved under the reader'
    )
  })

  it('has shown something at all', () => {
    const nothing = { newest: -Infinity, pending: 0 }
    expect(() => check({ ...scenario, before: nothing, after: nothing })).toThrow('NaN traces came')
  })
})
