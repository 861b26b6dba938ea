import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spanFlag } from '../../../src/wire/trace.ts'
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
      { first: 1, count: 5, total: 50, errors: 0, site: '' }
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
