import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateLimit } from '../../../../src/interop/export/tail/rate-limit.ts'

describe('a rate limit', () => {
  it('lets exactly as many through as it says, however many come', () => {
    let now = 0
    const allows = rateLimit(10, () => now)
    let through = 0
    for (now = 0; now < 60_000; now++) if (allows()) through++
    // A second's worth at the beginning, then ten each second.
    expect(through).toBe(10 + 600 - 1)
  })

  it('never lets more through in any stretch of time than a second more than that', () => {
    const waits = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), {
      minLength: 1,
      maxLength: 200
    })
    fc.assert(
      fc.property(waits, fc.double({ min: 0.2, max: 50, noNaN: true }), (steps, rate) => {
        let now = 0
        const allows = rateLimit(rate, () => now)
        const at = steps.flatMap((ms) => {
          now += ms
          return allows() ? now : []
        })
        for (let from = 0; from < at.length; from++)
          for (let to = from; to < at.length; to++) {
            const seconds = ((at[to] as number) - (at[from] as number)) / 1000
            const most = Math.max(rate, 1) + rate * seconds
            expect(to - from + 1).toBeLessThanOrEqual(most + 1e-6)
          }
      })
    )
  })

  it('lets through whatever comes no faster than it allows', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 5000, noNaN: true }), (rate) => {
        let now = 0
        const allows = rateLimit(rate, () => now)
        for (let i = 0; i < 100; i++) {
          expect(allows()).toBe(true)
          now += 1000 / rate
        }
      })
    )
  })
})
