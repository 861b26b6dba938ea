import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plotted } from '../../ui/list/dots.ts'
import type { Row } from '../../ui/list/rows.ts'
import { logShare, revealed, windowOf } from '../../ui/list/scale.ts'
import { summaryOf } from './fake.ts'

const now = 1_795_000_000_000

describe('the bar of a duration', () => {
  test('takes a sixth more for each decade', () => {
    expect([1, 10, 100, 1_000, 10_000].map((ms) => Math.round(logShare(ms)))).toEqual([
      17, 33, 50, 67, 83
    ])
  })

  test('is seen for any duration and never leaves its column', () => {
    fc.assert(
      fc.property(fc.double(), (ms) => {
        const share = logShare(ms)
        expect(share).toBeGreaterThanOrEqual(1)
        expect(share).toBeLessThanOrEqual(100)
      })
    )
  })
})

describe('the window of rows', () => {
  const shapes = fc.record({
    row: fc.constantFrom(24, 28, 36),
    count: fc.nat(100_000),
    height: fc.nat(3_000),
    scrollTop: fc.nat(3_000_000)
  })

  test('holds every row that can be seen, and few more', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const scrollTop = Math.min(
          shape.scrollTop,
          Math.max(0, shape.count * shape.row - shape.height)
        )
        const { from, to } = windowOf({ ...shape, scrollTop })
        const first = Math.floor(scrollTop / shape.row)
        const last = Math.min(shape.count, Math.ceil((scrollTop + shape.height) / shape.row))
        expect(from).toBeLessThanOrEqual(first)
        expect(to).toBeGreaterThanOrEqual(last)
        expect(to).toBeLessThanOrEqual(shape.count)
        expect(to - from).toBeLessThanOrEqual(shape.height / shape.row + 40)
      })
    )
  })

  test('scrolls no further than it must to show a row', () => {
    const shape = { row: 28, count: 100, height: 280, scrollTop: 280 }
    expect(revealed(12, shape)).toBe(280)
    expect(revealed(9, shape)).toBe(252)
    expect(revealed(20, shape)).toBe(308)
  })
})

describe('the chart', () => {
  const row = (ago: number, duration = 10, over = {}): Row => ({
    summary: summaryOf({ start: now - ago, duration, ...over }),
    verdict: 'yes',
    shown: true,
    gone: false,
    past: false
  })

  test('shows the last minute of a busy server', () => {
    const rows = Array.from({ length: 100 }, (_, i) => row(100_000 - i * 1_000))
    const { points, from, to } = plotted(rows, [], 0, now)
    expect(to - from).toBe(60_000)
    expect(points).toHaveLength(60)
  })

  test('reaches back to the last requests of a quiet one', () => {
    const { points, from, to } = plotted([row(3_000_000), row(2_900_000)], [], 0, now)
    expect(to - from).toBe(3_600_000)
    expect(points).toHaveLength(2)
  })

  test('has a place for every point, and is not pressed flat by a hung request', () => {
    const { range } = plotted(
      [row(10, 0.02), row(5, 4_000)],
      [summaryOf({ duration: 31_000 })],
      now,
      now
    )
    expect(range[0]).toBeLessThanOrEqual(0.1)
    expect(range[1]).toBe(10_000)
  })

  test('tells failures and the age of what is in flight', () => {
    const { points, rising } = plotted(
      [row(10, 5, { httpStatus: 503 })],
      [summaryOf({ duration: 1_000 })],
      now - 500,
      now
    )
    expect(points.map((point) => point.failed)).toEqual([true])
    expect(rising.map(({ ms }) => ms)).toEqual([1_500])
  })

  test('says no 95th percentile of a handful', () => {
    const rows = Array.from({ length: 19 }, (_, i) => row(100 - i))
    expect(plotted(rows, [], 0, now).p95).toBe(0)
    const many = Array.from({ length: 100 }, (_, i) => row(200 - i, i + 1))
    expect(plotted(many, [], 0, now).p95).toBe(95)
  })
})
