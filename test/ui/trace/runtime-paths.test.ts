import { describe, expect, it } from 'vitest'
import type { RuntimeActivity } from '../../../src/wire/runtime.ts'
import { laneHeight, range, steps, timeIn } from '../../../ui/trace/runtime-paths.ts'

const activity: RuntimeActivity = {
  traceId: '2'.repeat(32),
  start: 0,
  known: 'all',
  since: 0,
  blocks: [],
  collections: [],
  poolWaits: [],
  samples: {
    to: [100, 200, 400],
    busy: [0, 0, 0],
    delay: [0, 50, 10],
    heap: [5, 9, 7],
    inFlight: [1, 2, 1]
  },
  explained: null
}

const all = { from: 0, to: 400 }

describe('a lane of the strip', () => {
  it('goes in steps from one edge of the window to the other', () => {
    const path = steps(activity, 'inFlight', all, { bottom: 0, top: 2, closed: false })
    expect(path).toBe('M0.0,11.5V11.5H250.0V2.0H500.0V11.5H1000.0')
  })

  it('is closed along the lower edge when it is filled', () => {
    const path = steps(activity, 'delay', all, { bottom: 0, top: 50, closed: true })
    expect(path.startsWith(`M0.0,${laneHeight}`)).toBe(true)
    expect(path.endsWith(`V${laneHeight}Z`)).toBe(true)
  })

  it('shows the part that is zoomed to, and stays inside', () => {
    const path = steps(
      activity,
      'delay',
      { from: 150, to: 300 },
      { bottom: 0, top: 20, closed: false }
    )
    expect(path).toBe('M0.0,2.0V2.0H333.3V11.5H1000.0')
  })

  it('is empty where nothing is known', () => {
    const window = { from: 500, to: 600 }
    expect(steps(activity, 'delay', window, { bottom: 0, top: 1, closed: true })).toBe('')
    expect(range(activity, 'delay', window)).toBeUndefined()
  })

  it('has the range of what is in the window', () => {
    expect(range(activity, 'heap', all)).toEqual({ least: 5, most: 9 })
    expect(range(activity, 'heap', { from: 210, to: 300 })).toEqual({ least: 7, most: 7 })
  })
})

describe('stretches in the window', () => {
  it('are counted with the part that is in it', () => {
    const stretches = [
      { from: -10, to: 10 },
      { from: 20, to: 30 },
      { from: 390, to: 500 },
      { from: 400, to: 500 }
    ]
    expect(timeIn(stretches, all)).toEqual({ count: 3, time: 30 })
  })
})
