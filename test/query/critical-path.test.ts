import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData } from '../../src/base/span-data.ts'
import { criticalPath } from '../../src/query/critical-path.ts'
import { anySpans } from './arbitraries.ts'
import { finish, record, span, treeOf } from './fixtures.ts'

const ms = 1e6

/** The path as `name from-to`, in milliseconds. */
function path(spans: readonly SpanData[]): string[] {
  const tree = treeOf([record(spans)])
  return finish(criticalPath(tree)).map(
    ({ row, from, to }) => `${tree.spans[row].name} ${from / ms}-${to / ms}`
  )
}

function at(name: string, id: number, parent: number | undefined, from: number, to: number) {
  return span({ name, id, parent, start: from * ms, duration: (to - from) * ms })
}

describe('criticalPath', () => {
  it('is the root alone when nothing was called', () => {
    expect(path([at('root', 1, undefined, 0, 10)])).toEqual(['root 0-10'])
  })

  it('goes into each of the calls made one after another', () => {
    expect(
      path([
        at('root', 1, undefined, 0, 100),
        at('auth', 2, 1, 10, 30),
        at('query', 3, 1, 40, 90),
        at('wait', 4, 3, 50, 60)
      ])
    ).toEqual([
      'root 0-10',
      'auth 10-30',
      'root 30-40',
      'query 40-50',
      'wait 50-60',
      'query 60-90',
      'root 90-100'
    ])
  })

  it('follows the call that ended last of those made at once', () => {
    expect(
      path([
        at('root', 1, undefined, 0, 100),
        at('short', 2, 1, 10, 50),
        at('long', 3, 1, 12, 95),
        at('before', 4, 1, 0, 11)
      ])
    ).toEqual(['before 0-11', 'root 11-12', 'long 12-95', 'root 95-100'])
  })

  it('leaves out work that goes on after the response', () => {
    expect(
      path([
        at('root', 1, undefined, 0, 100),
        at('query', 2, 1, 10, 60),
        at('mail', 3, 1, 50, 400),
        at('after', 4, 1, 200, 300)
      ])
    ).toEqual(['root 0-10', 'query 10-60', 'root 60-100'])
  })

  it('goes into another process whose clock is a little ahead', () => {
    expect(
      path([
        at('root', 1, undefined, 0, 100),
        at('call', 2, 1, 10, 90),
        { ...at('served', 3, 2, 30, 95), parentRemote: true },
        at('query', 4, 3, 40, 93)
      ])
    ).toEqual(['root 0-10', 'call 10-30', 'served 30-40', 'query 40-90', 'root 90-100'])
  })

  it('forgives a child the last millisecond of a coarse clock', () => {
    expect(path([at('root', 1, undefined, 0, 100), at('handler', 2, 1, 10, 100.9)])).toEqual([
      'root 0-10',
      'handler 10-100'
    ])
  })

  it('goes into what an open root is waiting for', () => {
    const root = { ...at('root', 1, undefined, 0, 100), open: true }
    expect(path([root, { ...at('query', 2, 1, 20, 130), open: true }])).toEqual([
      'root 0-20',
      'query 20-100'
    ])
  })

  it('covers the root from end to end, without a seam, whatever the spans claim', () => {
    fc.assert(
      fc.property(anySpans, fc.integer({ min: 1, max: 1_000_000 }), (spans, scale) => {
        const scaled = spans.map((one) => ({
          ...one,
          start: one.start * scale,
          duration: one.duration * scale
        }))
        const tree = treeOf([record(scaled)])
        const found = finish(criticalPath(tree))
        let reached = tree.start[tree.root]
        for (const { row, from, to } of found) {
          expect(from).toBe(reached)
          expect(to).toBeGreaterThan(from)
          expect(from).toBeGreaterThanOrEqual(tree.start[row])
          expect(to).toBeLessThanOrEqual(tree.start[row] + tree.duration[row])
          reached = to
        }
        expect(reached).toBe(tree.start[tree.root] + tree.duration[tree.root])
      }),
      { numRuns: 1000 }
    )
  })

  it('stays on spans below the root', () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        const tree = treeOf([record(spans)])
        for (const { row } of finish(criticalPath(tree))) {
          let above = row
          while (tree.parent[above] >= 0) above = tree.parent[above]!
          expect(above).toBe(tree.root)
        }
      })
    )
  })

  it('walks a chain of ten thousand spans without recursion', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      span({ id: i + 1, parent: i === 0 ? undefined : i, start: i, duration: 20_000 - i })
    )
    expect(finish(criticalPath(treeOf([record(chain)])))).toHaveLength(10_000)
  })

  it('is empty for nothing', () => {
    expect(finish(criticalPath(treeOf([])))).toEqual([])
  })
})
