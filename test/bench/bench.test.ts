import { describe, expect, it } from 'vitest'
import { figure, meets, number, table } from './figures.js'
import { differences, median, percentile, ratioOf, seeded, spreadOf } from './statistics.js'

describe('statistics of the bench', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 1, 4, 2])).toBe(3)
    expect(median([])).toBeNaN()
  })

  it('leaves what it was given in its order', () => {
    const values = [3, 1, 2]
    median(values)
    percentile(values, 0.5)
    expect(values).toEqual([3, 1, 2])
  })

  it('finds a percentile by the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect(percentile(values, 0.99)).toBe(99)
    expect(percentile(values, 1)).toBe(100)
    expect(percentile(values, 0)).toBe(1)
  })

  it('tells the least and the most beside the median', () => {
    expect(spreadOf([4, 2, 9])).toEqual({ value: 4, low: 2, high: 9 })
  })

  it('compares within a round, so that a slow round falls out', () => {
    expect(differences([110, 210], [100, 200])).toEqual([10, 10])
  })

  it('divides the medians, not the single rounds', () => {
    expect(ratioOf([10, 10, 10], [50, 0.001, 100])).toEqual({ value: 0.2, low: 0.1, high: 10_000 })
  })

  it('draws the same numbers at each run', () => {
    const [a, b] = [seeded(7), seeded(7)]
    const drawn = Array.from({ length: 1000 }, () => a())
    expect(drawn).toEqual(Array.from({ length: 1000 }, () => b()))
    expect(drawn.every((n) => n >= 0 && n < 1)).toBe(true)
    expect(new Set(drawn).size).toBeGreaterThan(990)
  })
})

describe('figures of the bench', () => {
  it('judges by the median, from both sides', () => {
    expect(meets(80, { atMost: 80 })).toBe(true)
    expect(meets(80.1, { atMost: 80 })).toBe(false)
    expect(meets(55, { atLeast: 55 })).toBe(true)
    expect(meets(54, { atLeast: 55 })).toBe(false)
  })

  it('does not count as met what could not be measured', () => {
    expect(figure('x', 'ms', Number.NaN, { atMost: 1 }).met).toBe(false)
    expect(figure('x', 'ms', 1).met).toBeUndefined()
  })

  it('prints a line for each figure, with its target and whether it is met', () => {
    const lines = table([
      figure('fast', 'us', { value: 12.345, low: 11, high: 14 }, { atMost: 20 }, 'a note'),
      figure('slow', 'fps', 30, { atLeast: 55 })
    ]).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(/^fast +12\.3 us +11 to 14 +<= 20 +met +a note$/)
    expect(lines[2]).toMatch(/^slow +30 fps +>= 55 +MISSED$/)
  })

  it('prints numbers with the digits that say something', () => {
    expect([0.2, 1.234, 12.34, 1234.5].map(number)).toEqual(['0.200', '1.23', '12.3', '1,235'])
    expect(number(Number.NaN)).toBe('-')
  })
})
