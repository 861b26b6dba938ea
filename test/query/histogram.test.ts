import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Histogram } from '../../src/query/histogram.ts'

function of(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.add(value)
  return histogram
}

const durations = fc.array(fc.double({ min: 0.001, max: 3e6, noNaN: true }), {
  minLength: 1,
  maxLength: 60
})

describe('Histogram', () => {
  it('gives percentiles within two percent and the exact maximum', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1), (values, share) => {
        const histogram = of(values)
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(0, Math.ceil(share * values.length) - 1)]
        expect(histogram.quantile(share) / exact).toBeGreaterThan(0.979)
        expect(histogram.quantile(share) / exact).toBeLessThan(1.021)
        expect(histogram.max).toBe(sorted.at(-1))
        expect(histogram.count).toBe(values.length)
      })
    )
  })

  it('merges into the same figures as counting all at once', () => {
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const merged = of(a)
        merged.merge(of(b))
        const whole = of([...a, ...b])
        for (const share of [0.1, 0.5, 0.9])
          expect(merged.quantile(share)).toBe(whole.quantile(share))
        expect(merged.sum).toBeCloseTo(whole.sum, 3)
      })
    )
  })

  it('takes what is out of range without losing count', () => {
    const histogram = of([0, -5, 1e12, Number.NaN, Infinity])
    expect(histogram.count).toBe(3)
    expect(histogram.max).toBe(1e12)
    expect(histogram.quantile(0.1)).toBeGreaterThanOrEqual(0)
    expect(new Histogram().quantile(0.5)).toBe(0)
  })
})
