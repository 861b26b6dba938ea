import { describe, expect, it } from 'vitest'
import { checkSearch, searchFigures } from './ring/search-part.js'

describe('the bench of searches', () => {
  it('measures searches and the opening of a trace', async () => {
    const figures = await searchFigures({ say: () => {}, quick: true })
    const names = figures.map(({ name }) => name)
    expect(names).toContain('search 4 MiB by status')
    expect(names).toContain('open a trace of 2,000 spans')
    expect(names.filter((name) => name.startsWith('longest block'))).toHaveLength(2)
    for (const { name, value } of figures) expect(value, name).toBeGreaterThan(0)
  })

  it('takes no search for a fast one that gave up, or found too much or too little', () => {
    const list = (found: number, complete: boolean) => ({
      traces: Array.from({ length: found }),
      searched: { traces: 100, complete }
    })
    const expected = { by: 'status', found: 3, whole: 100 }
    expect(() => checkSearch(list(3, true), expected)).not.toThrow()
    expect(() => checkSearch(list(3, false), expected)).toThrow('has looked at 100 of 100')
    expect(() => checkSearch(list(3, true), { ...expected, whole: 101 })).toThrow('of 101')
    expect(() => checkSearch(list(2, true), expected)).toThrow('found 2 of 3')
    expect(() => checkSearch(list(4, false), { ...expected, whole: false })).toThrow('found 4')
    expect(() => checkSearch(list(1, false), { ...expected, whole: false })).not.toThrow()
  })
})
