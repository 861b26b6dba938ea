import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spanFlag } from '../../../src/wire/trace.ts'
import { textOfLayers } from '../../../ui/trace/groups.ts'
import { createModel } from '../../../ui/trace/model.ts'
import {
  firstFolding,
  reveal,
  rowKind,
  visibleRows,
  withAncestors,
  type Folding,
  type Rows
} from '../../../ui/trace/rows.ts'
import { columnsOf, type Row } from './fixture.ts'

const nothing: Folding = { collapsed: new Set(), opened: new Set(), focus: 0 }

const list = (rows: Rows) =>
  Array.from(
    { length: rows.length },
    (_, i) => `${['span', 'group', 'gap'][rows.kind[i]]} ${rows.at[i]}`
  )

/** Depths of a random tree in display order: each row at most one deeper than the one before. */
const trees = fc.array(fc.nat(4), { minLength: 1, maxLength: 60 }).map((steps) => {
  const rows: Row[] = [{ depth: 0, start: 0, duration: 1000, name: 'root' }]
  for (const [i, step] of steps.entries()) {
    const depth = Math.max(1, Math.min(step, rows[i].depth + 1))
    rows.push({
      depth,
      start: i,
      duration: 1,
      name: `span ${step}`,
      flags: step === 3 ? spanFlag.error : 0
    })
  }
  return rows
})

describe('the model of a trace', () => {
  it('ends each subtree before the next span that is not below it', () => {
    fc.assert(
      fc.property(trees, (rows) => {
        const { subtreeEnd } = createModel(columnsOf(rows))
        for (let i = 0; i < rows.length; i++) {
          let end = i + 1
          while (end < rows.length && rows[end].depth > rows[i].depth) end++
          expect(subtreeEnd[i]).toBe(end)
        }
      })
    )
  })

  it('counts the errors below a span, its own not included', () => {
    fc.assert(
      fc.property(trees, (rows) => {
        const { subtreeEnd, errorsBelow } = createModel(columnsOf(rows))
        for (let i = 0; i < rows.length; i++) {
          const below = rows
            .slice(i + 1, subtreeEnd[i])
            .filter((row) => row.flags === spanFlag.error).length
          expect(errorsBelow[i]).toBe(below)
        }
      })
    )
  })

  it('gathers five equal leaf siblings and leaves four alone', () => {
    const loop = (count: number): Row[] => [
      { depth: 0, start: 0, duration: 100, category: 0 },
      ...Array.from({ length: count }, (_, i) => ({
        depth: 1,
        start: i * 10,
        duration: 10,
        name: 'SELECT item',
        category: 1
      }))
    ]
    expect(createModel(columnsOf(loop(4))).groups).toEqual([])
    expect(createModel(columnsOf(loop(5))).groups).toEqual([
      { kind: 'loop', first: 1, count: 5, total: 50, errors: 0, site: '' }
    ])
  })

  it('does not gather spans that have children, differ in name, or stand under different parents', () => {
    const rows: Row[] = [{ depth: 0, start: 0, duration: 100 }]
    for (let i = 0; i < 6; i++)
      rows.push(
        { depth: 1, start: i, duration: 2, name: 'a' },
        { depth: 2, start: i, duration: 1, name: 'b' }
      )
    expect(createModel(columnsOf(rows)).groups).toEqual([])
  })

  it('finds the stretch of a request that no child covers', () => {
    const model = createModel(
      columnsOf([
        { depth: 0, start: 0, duration: 100_000, category: 0 },
        { depth: 1, start: 0, duration: 30_000 },
        { depth: 1, start: 60_000, duration: 40_000 }
      ])
    )
    expect(model.gaps).toEqual([{ parent: 0, before: 2, from: 30_000, to: 60_000 }])
    expect(list(visibleRows(model, nothing))).toEqual(['span 0', 'span 1', 'gap 0', 'span 2'])
  })

  it('shows no row for less than five milliseconds', () => {
    const rows = [
      { depth: 0, start: 0, duration: 9000, category: 0 },
      { depth: 1, start: 0, duration: 4500 }
    ]
    expect(createModel(columnsOf(rows)).gaps).toEqual([])
  })

  it('shows a gap after the last child at the end of the parent', () => {
    const model = createModel(
      columnsOf([
        { depth: 0, start: 0, duration: 100_000, category: 0 },
        { depth: 1, start: 0, duration: 30_000 }
      ])
    )
    expect(list(visibleRows(model, nothing))).toEqual(['span 0', 'span 1', 'gap 0'])
  })
})

describe('the layers of a framework', () => {
  const layer = spanFlag.layer
  /** A request of ten milliseconds in three middleware, a router, its handler and a query. */
  const passed = (more: Partial<Row>[] = []): Row[] =>
    [
      { depth: 0, start: 0, duration: 10_000, category: 0, name: 'GET /orders' },
      { depth: 1, start: 0, duration: 100, flags: layer, name: 'middleware - cors' },
      { depth: 1, start: 100, duration: 100, flags: layer, name: 'middleware - json' },
      { depth: 1, start: 200, duration: 9800, flags: layer, name: 'router - /' },
      { depth: 2, start: 300, duration: 9700, flags: layer, name: 'request handler - /orders' },
      { depth: 3, start: 300, duration: 9600, category: 1, name: 'SELECT orders' }
    ].map((row, i) => ({ ...row, ...more[i] }))

  it('fold into one row with their own time, and what they called stays, right below it', () => {
    const columns = columnsOf(passed())
    const model = createModel(columns)
    expect(model.groups).toEqual([
      { kind: 'layers', first: 1, count: 4, total: 400, errors: 0, site: '' }
    ])
    expect(textOfLayers(columns, model.groups[0])).toEqual({
      title: '4 layers',
      passed: 'cors \u203a json \u203a / \u203a /orders'
    })
    const folded = visibleRows(model, nothing)
    expect(list(folded)).toEqual(['span 0', 'group 0', 'span 5'])
    expect([...folded.level]).toEqual([0, 1, 1, 1, 1, 2])
    const opened = visibleRows(model, { ...nothing, opened: new Set([0]) })
    expect(list(opened)).toEqual(['span 0', 'group 0', ...[1, 2, 3, 4, 5].map((i) => `span ${i}`)])
    expect([...opened.level]).toEqual([0, 1, 1, 1, 2, 3])
  })

  it('are called middleware where they are nothing else, those of Koa in each other, too', () => {
    const columns = columnsOf([
      { depth: 0, start: 0, duration: 1000, category: 0 },
      ...[1, 2, 3].map((depth) => ({
        depth,
        start: depth,
        duration: 1000 - 2 * depth,
        flags: layer,
        name: `middleware - m${depth}`
      })),
      { depth: 4, start: 10, duration: 900, category: 1, name: 'SELECT' }
    ])
    const model = createModel(columns)
    expect(textOfLayers(columns, model.groups[0]).title).toBe('3 middleware')
    const folded = visibleRows(model, nothing)
    expect(list(folded)).toEqual(['span 0', 'group 0', 'span 4'])
    expect(folded.level[4]).toBe(2)
  })

  it.each<[string, Partial<Row>]>([
    ['took long', { duration: 1600 }],
    ['threw', { flags: layer | spanFlag.error }],
    ['passed an exception on', { flags: layer | spanFlag.exception }],
    ['went on after the answer', { flags: layer | spanFlag.late }],
    ['is of another service', { service: 'other' }],
    ['is no layer', { flags: 0 }]
  ])('stand alone where one of them %s', (_what, more) => {
    expect(createModel(columnsOf(passed([{}, {}, more]))).groups).toEqual([])
  })

  it('are slow from a twentieth of the trace on, and not below a millisecond', () => {
    const groups = (scale: number, own: number): number => {
      const rows = passed().map((row) => ({
        ...row,
        start: row.start * scale,
        duration: row.duration * scale
      }))
      rows[2] = { ...rows[2], duration: own } as Row
      return createModel(columnsOf(rows)).groups.length
    }
    expect(groups(1, 999)).toBe(1)
    expect(groups(1, 1000)).toBe(0)
    expect(groups(10, 4999)).toBe(1)
    expect(groups(10, 5000)).toBe(0)
  })

  it('stand alone when they are only two', () => {
    const columns = columnsOf(passed().filter((_, i) => i !== 1 && i !== 2))
    expect(createModel(columns).groups).toEqual([])
  })

  it('keep what they called folded where one of them was folded before', () => {
    const model = createModel(columnsOf(passed()))
    const folded = visibleRows(model, { ...nothing, collapsed: new Set([4]) })
    expect(list(folded)).toEqual(['span 0', 'group 0'])
    expect(
      list(visibleRows(model, reveal(model, { ...nothing, collapsed: new Set([4]) }, 5)))
    ).toEqual(['span 0', 'group 0', 'span 5'])
  })

  it('have gaps of their own: what no span covers is not covered by a layer', () => {
    const model = createModel(
      columnsOf([
        { depth: 0, start: 0, duration: 100_000, category: 0 },
        { depth: 1, start: 0, duration: 100_000, flags: layer },
        { depth: 2, start: 0, duration: 30_000 },
        { depth: 2, start: 60_000, duration: 40_000 }
      ])
    )
    expect(model.gaps).toEqual([{ parent: 1, before: 3, from: 30_000, to: 60_000 }])
  })
})

describe('the rows of the timeline', () => {
  it('are the spans whose ancestors are all unfolded, in order, as a walk of the tree gives them', () => {
    fc.assert(
      fc.property(trees, fc.array(fc.nat(60)), (rows, picks) => {
        const columns = columnsOf(rows)
        const model = createModel(columns)
        const collapsed = new Set(picks.filter((pick) => pick < rows.length))
        const shown = visibleRows(model, {
          collapsed,
          opened: new Set(model.groups.keys()),
          focus: 0
        })
        const hidden = (i: number): boolean => {
          const above = columns.spans.parent[i]
          return above >= 0 && (collapsed.has(above) || hidden(above))
        }
        const spans = list(shown).filter((row) => row.startsWith('span'))
        expect(spans).toEqual(rows.flatMap((_, i) => (hidden(i) ? [] : [`span ${i}`])))
      })
    )
  })

  it('tell where each shown span stands', () => {
    fc.assert(
      fc.property(trees, (rows) => {
        const shown = visibleRows(createModel(columnsOf(rows)), nothing)
        for (let i = 0; i < rows.length; i++) {
          const at = shown.position[i]
          if (at < 0) continue
          if (shown.kind[at] === rowKind.span) expect(shown.at[at]).toBe(i)
        }
      })
    )
  })

  it('show a folded group as one row that its members point to', () => {
    const rows: Row[] = [{ depth: 0, start: 0, duration: 60, category: 0 }]
    for (let i = 0; i < 6; i++) rows.push({ depth: 1, start: i * 10, duration: 10, name: 'SELECT' })
    const model = createModel(columnsOf(rows))
    const folded = visibleRows(model, nothing)
    expect(list(folded)).toEqual(['span 0', 'group 0'])
    expect([...folded.position]).toEqual([0, 1, 1, 1, 1, 1, 1])
    const opened = visibleRows(model, { ...nothing, opened: new Set([0]) })
    expect(opened.length).toBe(8)
  })

  it('show only the subtree that is in focus', () => {
    const model = createModel(
      columnsOf([0, 1, 2, 2, 1].map((depth, i) => ({ depth, start: i, duration: 1, name: `${i}` })))
    )
    expect(list(visibleRows(model, { ...nothing, focus: 1 }))).toEqual([
      'span 1',
      'span 2',
      'span 3'
    ])
  })

  it('show only matches and what leads to them when asked, whatever is folded', () => {
    const model = createModel(
      columnsOf([0, 1, 2, 2, 1].map((depth, i) => ({ depth, start: i, duration: 1, name: `${i}` })))
    )
    const only = withAncestors(model, [3])
    expect(
      list(visibleRows(model, { collapsed: new Set([0]), opened: new Set(), focus: 0, only }))
    ).toEqual(['span 0', 'span 1', 'span 3'])
  })

  it('are revealed by unfolding exactly what hides the span', () => {
    fc.assert(
      fc.property(trees, fc.nat(60), fc.array(fc.nat(60)), (rows, pick, picks) => {
        const model = createModel(columnsOf(rows))
        const row = pick % rows.length
        const folding = { ...nothing, collapsed: new Set(picks.filter((i) => i < rows.length)) }
        const shown = visibleRows(model, reveal(model, folding, row))
        expect(shown.at[shown.position[row]]).toBe(row)
        expect(shown.kind[shown.position[row]]).toBe(rowKind.span)
      })
    )
  })
})

describe('the first view of a trace', () => {
  it('shows everything up to 300 spans', () => {
    const rows = Array.from({ length: 300 }, (_, i): Row => ({
      depth: Math.min(i, 3),
      start: i,
      duration: 1,
      name: `${i}`
    }))
    expect(firstFolding(createModel(columnsOf(rows))).size).toBe(0)
  })

  it('folds what is neither on the critical path nor above an error in a larger one', () => {
    const rows: Row[] = [{ depth: 0, start: 0, duration: 9999 }]
    for (let i = 0; i < 150; i++) {
      rows.push({ depth: 1, start: i, duration: 5, name: `p${i}` })
      rows.push({ depth: 2, start: i, duration: 2, name: 'c', flags: i === 7 ? spanFlag.error : 0 })
    }
    const collapsed = firstFolding(
      createModel(
        columnsOf(rows, [
          [3, 0, 1],
          [4, 1, 2]
        ])
      )
    )
    expect(collapsed.has(0)).toBe(false)
    expect(collapsed.has(1)).toBe(true)
    expect(collapsed.has(3)).toBe(false)
    expect(collapsed.has(1 + 7 * 2)).toBe(false)
    expect(collapsed.size).toBe(148)
  })
})
