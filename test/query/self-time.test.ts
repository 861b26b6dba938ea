import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { selfTimes } from '../../src/query/self-time.ts'
import { record, span, treeOf } from './fixtures.ts'
import { anySpans } from './arbitraries.ts'

describe('selfTimes', () => {
  it('counts overlapping children once and what reaches out of the parent not at all', () => {
    const tree = treeOf([
      record([
        span({ id: 1, start: 0, duration: 100 }),
        span({ id: 2, parent: 1, start: 10, duration: 30 }),
        span({ id: 3, parent: 1, start: 20, duration: 30 }),
        span({ id: 4, parent: 1, start: 25, duration: 5 }),
        span({ id: 5, parent: 1, start: 90, duration: 500 })
      ])
    ])
    expect([...selfTimes(tree)]).toEqual([50, 30, 30, 5, 500])
  })

  it('takes no time from a parent for what is deeper than its children', () => {
    const tree = treeOf([
      record([
        span({ id: 1, start: 0, duration: 100 }),
        span({ id: 2, parent: 1, start: 0, duration: 10 }),
        span({ id: 3, parent: 2, start: 0, duration: 60 })
      ])
    ])
    expect([...selfTimes(tree)]).toEqual([90, 0, 60])
  })

  it('agrees with counting moment by moment', () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        const tree = treeOf([record(spans)])
        const self = selfTimes(tree)
        for (const row of tree.spans.keys()) {
          const start = tree.start[row]
          let free = 0
          for (let at = start; at < start + tree.duration[row]; at++) {
            const covered = tree.spans.some((_, child) => {
              const from = tree.start[child]
              return tree.parent[child] === row && at >= from && at < from + tree.duration[child]
            })
            if (!covered) free++
          }
          expect(self[row]).toBe(free)
        }
      }),
      { numRuns: 300 }
    )
  })
})
