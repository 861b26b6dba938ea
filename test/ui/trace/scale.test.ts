import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clampWindow, pan, place, ticks, zoomAt } from '../../../ui/trace/scale.ts'

const whole = { from: -50, to: 100_000 }
const windows = fc
  .tuple(fc.integer({ min: -50, max: 99_990 }), fc.integer({ min: 5, max: 100_050 }))
  .map(([from, length]) => clampWindow({ from, to: from + length }, whole))

describe('the window of time', () => {
  it('stays inside the trace whatever is zoomed and panned', () => {
    fc.assert(
      fc.property(
        windows,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (window, factor, share) => {
          for (const next of [
            zoomAt(window, whole, factor, (window.from + window.to) / 2),
            pan(window, whole, share)
          ]) {
            expect(next.from).toBeGreaterThanOrEqual(whole.from)
            expect(next.to).toBeLessThanOrEqual(whole.to + 1e-6)
            expect(next.to).toBeGreaterThan(next.from)
          }
        }
      )
    )
  })

  it('keeps the moment under the pointer where it is while zooming in', () => {
    const next = zoomAt({ from: 0, to: 1000 }, whole, 0.5, 250)
    expect((250 - next.from) / (next.to - next.from)).toBeCloseTo(0.25)
  })

  it('is never shorter than a microsecond', () => {
    expect(clampWindow({ from: 10, to: 10 }, whole)).toEqual({ from: 10, to: 11 })
  })
})

describe('ticks', () => {
  it('stand at round figures inside the window', () => {
    expect(ticks({ from: 0, to: 1800 }, 4)).toEqual([0, 500, 1000, 1500])
    expect(ticks({ from: 3, to: 9 }, 3)).toEqual([4, 6, 8])
  })

  it('are none for a window without length', () => {
    expect(ticks({ from: 5, to: 5 }, 4)).toEqual([])
  })
})

describe('a bar', () => {
  it('is cut at the ends of the window', () => {
    expect(place({ from: 100, to: 200 }, 50, 100)).toEqual({ x: 0, w: 50 })
  })

  it('has no place outside of it', () => {
    expect(place({ from: 100, to: 200 }, 201, 5)).toBeUndefined()
    expect(place({ from: 100, to: 200 }, 10, 5)).toBeUndefined()
  })
})
