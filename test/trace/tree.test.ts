import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import { serverHalfId } from '../../src/trace/shared-spans.ts'
import { spanFlag } from '../../src/wire/trace.ts'
import { epochMs, record, span, spanId, treeOf } from '../query/fixtures.ts'

type Tree = ReturnType<typeof treeOf>

function ids(tree: Tree): number[] {
  return tree.spans.map(({ spanId }) => Number.parseInt(spanId, 16))
}

function flagged(tree: Tree, flag: number): number[] {
  return ids(tree).filter((_, row) => ((tree.flags[row] ?? 0) & flag) !== 0)
}

/** The same by walking: children found by scanning, cycles by following each span's ancestors. */
function naive(spans: readonly SpanData[]): { id: string; parent: string; depth: number }[] {
  const unique = spans.filter((a, i) => spans.findIndex((b) => b.spanId === a.spanId) === i)
  const parentOf = (one: SpanData): SpanData | undefined =>
    unique.find((other) => other.spanId === one.parentId)
  const inCircle = (one: SpanData): boolean => {
    let at = parentOf(one)
    for (let steps = 0; at !== undefined && steps <= unique.length; steps++) {
      if (at === one) return true
      at = parentOf(at)
    }
    return false
  }
  const above = (one: SpanData): SpanData | undefined => (inCircle(one) ? undefined : parentOf(one))
  const rows: { id: string; parent: string; depth: number }[] = []
  const visit = (parent: SpanData | undefined, depth: number): void => {
    const children = unique.filter((one) => above(one) === parent)
    for (const child of children.toSorted((a, b) => a.start - b.start)) {
      rows.push({ id: child.spanId, parent: parent?.spanId ?? '', depth })
      visit(child, depth + 1)
    }
  }
  visit(undefined, 0)
  return rows
}

describe('buildTree', () => {
  it('orders spans depth first, siblings by start', () => {
    const tree = treeOf([
      record([
        span({ id: 1 }),
        span({ id: 2, parent: 1, start: 50 }),
        span({ id: 3, parent: 1, start: 10 }),
        span({ id: 4, parent: 3, start: 20 }),
        span({ id: 5, parent: 1, start: 10 })
      ])
    ])
    expect(ids(tree)).toEqual([1, 3, 4, 5, 2])
    expect([...tree.depth]).toEqual([0, 1, 2, 1, 1])
    expect([...tree.parent]).toEqual([-1, 0, 1, 0, 0])
    expect([...tree.flags]).toEqual([0, 0, 0, 0, 0])
  })

  it('joins records of several processes on one scale of time', () => {
    const remote = record([span({ id: 2, parent: 1, parentRemote: true, start: 500 })], {
      service: 'storage',
      epochMs: epochMs + 3
    })
    const tree = treeOf([record([span({ id: 1 })]), remote])
    expect(ids(tree)).toEqual([1, 2])
    expect(tree.epochMs).toBe(epochMs)
    expect(tree.start[1]).toBe(3_000_500)
    expect(tree.records[1]).toBe(remote)
  })

  it('takes the first of two spans with one id', () => {
    const tree = treeOf([
      record([span({ id: 1 }), span({ id: 2, parent: 1, name: 'first' })]),
      record([span({ id: 2, parent: 1, name: 'second' })])
    ])
    expect(tree.spans.map(({ name }) => name)).toEqual(['span 1', 'first'])
  })

  it('shows a span without its parent as a root and says so', () => {
    const tree = treeOf([record([span({ id: 1 }), span({ id: 3, parent: 99, start: 1 })])])
    expect([...tree.parent]).toEqual([-1, -1])
    expect(flagged(tree, spanFlag.orphan)).toEqual([3])
  })

  it('makes roots of a span that is its own parent and of each member of a circle', () => {
    const tree = treeOf([
      record([
        span({ id: 1, parent: 1 }),
        span({ id: 2, parent: 3, start: 1 }),
        span({ id: 3, parent: 2, start: 2 }),
        span({ id: 4, parent: 3, start: 3 })
      ])
    ])
    expect(ids(tree)).toEqual([1, 2, 3, 4])
    expect([...tree.parent]).toEqual([-1, -1, -1, 2])
    expect(flagged(tree, spanFlag.cycle)).toEqual([1, 2, 3])
  })

  it('gives a span that ended before it started no length and says so', () => {
    const tree = treeOf([record([span({ id: 1, duration: -5 })])])
    expect(tree.duration[0]).toBe(0)
    expect(flagged(tree, spanFlag.negative)).toEqual([1])
  })

  it('reads times that are no numbers as zero', () => {
    const tree = treeOf([record([span({ id: 1, start: Number.NaN, duration: Infinity })])])
    expect([tree.start[0], tree.duration[0]]).toEqual([0, 0])
  })

  it('survives a chain, a circle and a fan of many spans', () => {
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      span({ id: i + 1, parent: i === 0 ? undefined : i, start: i })
    )
    expect(treeOf([record(chain)]).depth[9999]).toBe(9999)
    const circle = Array.from({ length: 10_000 }, (_, i) =>
      span({ id: i + 1, parent: ((i + 1) % 10_000) + 1, start: i })
    )
    expect(flagged(treeOf([record(circle)]), spanFlag.cycle)).toHaveLength(10_000)
    const fan = Array.from({ length: 100_000 }, (_, i) =>
      span({ id: i + 1, parent: i === 0 ? undefined : 1, start: 100_000 - i })
    )
    const tree = treeOf([record(fan)])
    expect(ids(tree).slice(0, 3)).toEqual([1, 100_000, 99_999])
    expect(new Set(tree.parent)).toEqual(new Set([-1, 0]))
  })

  it('finds the span that speaks for the trace', () => {
    const roots = [
      span({ id: 1, parent: 90 }),
      span({ id: 2, parent: 91, kind: 1, start: 5 }),
      span({ id: 3, start: 9 }),
      span({ id: 4, start: 10 })
    ]
    const root = (count: number): string | undefined => {
      const tree = treeOf([record(roots.slice(0, count))])
      return tree.spans[tree.root]?.spanId
    }
    expect([root(1), root(2), root(3), root(4)]).toEqual([1, 2, 3, 3].map(spanId))
  })

  it('gives an empty tree for nothing', () => {
    expect(treeOf([])).toMatchObject({ spans: [], root: -1 })
  })

  it('agrees with a naive tree on any spans', () => {
    const seed = fc.record({
      id: fc.integer({ min: 1, max: 12 }),
      parent: fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined }),
      start: fc.integer({ min: 0, max: 6 })
    })
    fc.assert(
      fc.property(
        fc.array(seed, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 0, max: 14 }),
        (seeds, cut) => {
          const spans = seeds.map(span)
          const records: TraceRecord[] = [spans.slice(0, cut), spans.slice(cut)]
            .filter((part) => part.length > 0)
            .map((part) => record(part))
          const tree = treeOf(records)
          const rows = tree.spans.map(({ spanId }, row) => ({
            id: spanId,
            parent: tree.spans[tree.parent[row] ?? -1]?.spanId ?? '',
            depth: tree.depth[row]
          }))
          expect(rows).toEqual(naive(spans))
        }
      ),
      { numRuns: 500 }
    )
  })

  it('puts what a server did below its half of a span that it shares with its client', () => {
    const shared = spanId(2)
    const half = (service: string) => ({
      ...span({ id: 0, parent: 2, kind: 1, start: 20, parentRemote: true }),
      spanId: serverHalfId(shared, service)
    })
    const of = (service: string) => ({ service, source: 'ingest' as const })
    const records = [
      // Spans end before what they are part of.
      record([span({ id: 5, parent: 2, start: 30 })], of('back')),
      record([half('back'), span({ id: 6, parent: 5, start: 40 })], of('back')),
      record([half('other')], of('other')),
      record([span({ id: 7, parent: 2, start: 31 })], of('other')),
      record([span({ id: 8, parent: 2, start: 90 })], of('third')),
      record([span({ id: 1 }), span({ id: 2, parent: 1, kind: 2, start: 10 })], of('front'))
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (order) => {
        const tree = treeOf(order)
        const rows = tree.spans.map(({ spanId: id }, row) => {
          const above = tree.spans[tree.parent[row] ?? -1]?.spanId ?? ''
          return `${id} < ${above}`
        })
        const [back, other] = [half('back').spanId, half('other').spanId]
        expect(rows.sort()).toEqual(
          [
            `${spanId(1)} < `,
            `${shared} < ${spanId(1)}`,
            `${back} < ${shared}`,
            `${other} < ${shared}`,
            `${spanId(5)} < ${back}`,
            `${spanId(6)} < ${spanId(5)}`,
            `${spanId(7)} < ${other}`,
            `${spanId(8)} < ${shared}`
          ].sort()
        )
      })
    )
  })
})
