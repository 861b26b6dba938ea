import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './build.js'
import type { Child } from './child.js'
import { contestants, figuresOf, measure, startPages } from './live/part.js'

describe('pages of the bench', () => {
  const size = { perSecond: 1000, warmUpMs: 100, ms: 300 }
  let pages: Child
  beforeAll(async () => {
    ensureBuilt(() => {})
    pages = await startPages()
  })
  afterAll(() => pages?.stop())

  it.each(contestants)('are told everything: $name', async (contestant) => {
    const seen = await measure(contestant, pages, size)
    for (const key of ['p99', 'longest', 'cpu'] as const) expect(seen[key], key).toBeGreaterThan(0)
    if (contestant.pages.now !== undefined) expect(seen.bytes).toBeGreaterThan(50)
  })

  it('are not measured as stalled when they are not', async () => {
    const easy = { name: 'easy', pages: { stalled: 1 }, before: [{ count: 10 }] }
    await expect(measure(easy, pages, size)).rejects.toThrow('has taken everything')
  })
})

describe('figures of the live part', () => {
  const same = { p99: 1, longest: 2, cpu: 3, memory: 4, frame: 100, bytes: 180 }
  const seen = Object.fromEntries(contestants.map(({ name }) => [name, [same, same]]))
  const figureOf = (name: string, changes: typeof seen) =>
    figuresOf({ ...seen, ...changes }).figures.find((one) => one.name === name)

  it('compare with the round without pages', () => {
    const slower = [
      { ...same, p99: 4 },
      { ...same, p99: 6 }
    ]
    const figure = figureOf('loop delay p99 added: 20 pages', { '20 pages': slower })
    expect(figure).toMatchObject({ value: 4, low: 3, high: 5 })
  })

  it('compare a stalled page with the noise of the pages that it stands beside', () => {
    const five = [same, { ...same, p99: 1.5 }]
    const judge = (p99: number) =>
      figureOf('loop delay p99 added by a stalled page', {
        '5 pages': five,
        '5 pages and a stalled one': [same, same].map((one) => ({ ...one, p99 }))
      })
    expect(judge(1.5)).toMatchObject({ target: { atMost: 0.5 }, met: true })
    expect(judge(2)).toMatchObject({ value: 0.75, met: false })
  })
})
