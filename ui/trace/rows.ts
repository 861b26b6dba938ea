import type { Model } from './model.ts'

/** What the timeline shows, top to bottom, as numbers only: no object per row, so that folding 80,000 spans stays cheap. */
export interface Rows {
  readonly length: number
  /** What the row is: `rowKind`. */
  readonly kind: Uint8Array
  /** Span row, index of the group or index of the gap, by kind. */
  readonly at: Int32Array
  /** Where a span row is shown; -1 when it is folded away. A folded group's members point to the group. */
  readonly position: Int32Array
  /** How deep a span row is shown: what is in layers that are folded stands right below their row. */
  readonly level: Int32Array
}

export const rowKind = { span: 0, group: 1, gap: 2 } as const

export interface Folding {
  /** Spans whose subtree is folded. */
  readonly collapsed: ReadonlySet<number>
  /** Groups that were opened. */
  readonly opened: ReadonlySet<number>
  /** The span that is shown as the root; 0 for the whole trace. */
  readonly focus: number
  /** When given, only spans with a 1 are shown, with what leads to them; folding is ignored. */
  readonly only?: Uint8Array | undefined
}

/** One linear pass: folded subtrees are skipped by index, not walked. */
export function visibleRows(model: Model, folding: Folding): Rows {
  const { count, subtreeEnd, groupOf, groups, gaps, columns } = model
  const room = count + groups.length + gaps.length
  const kind = new Uint8Array(room)
  const at = new Int32Array(room)
  const position = new Int32Array(count).fill(-1)
  const level = new Int32Array(count)
  let length = 0
  let gap = 0
  const sorted = folding.only === undefined ? gapOrder(model) : []
  const end = folding.focus > 0 ? (subtreeEnd[folding.focus] as number) : count
  const show = (what: number, index: number): number => {
    kind[length] = what
    at[length] = index
    return length++
  }
  for (let i = folding.focus; i <= end;) {
    gap = showGaps(i)
    if (i === end) break
    if (folding.only !== undefined) {
      if (folding.only[i] === 1) position[i] = show(rowKind.span, i)
      level[i] = columns.spans.depth[i] as number
      i++
      continue
    }
    const group = groupOf[i] as number
    if (group >= 0 && i === groups[group]?.first) {
      const shown = show(rowKind.group, group)
      if (!folding.opened.has(group)) {
        i = foldGroup(i, i + (groups[group]?.count ?? 1), shown)
        continue
      }
    }
    position[i] = show(rowKind.span, i)
    level[i] = levelBelow(i)
    i = folding.collapsed.has(i) ? (subtreeEnd[i] as number) : i + 1
  }
  return { length, kind, at, position, level }

  function levelBelow(row: number): number {
    const parent = columns.spans.parent[row] as number
    return parent < folding.focus
      ? (columns.spans.depth[row] as number)
      : (level[parent] as number) + 1
  }

  // Layers hold what they called, which stays; unless one of them was folded itself.
  function foldGroup(first: number, end: number, shown: number): number {
    let shallowest = levelBelow(first)
    let after = end
    for (let i = first; i < end; i++) {
      if ((columns.spans.parent[i] as number) < first)
        shallowest = Math.min(shallowest, levelBelow(i))
      if (folding.collapsed.has(i)) after = Math.max(after, subtreeEnd[i] as number)
    }
    level.fill(shallowest, first, end)
    position.fill(shown, first, after)
    return after
  }

  // Gaps stand before the row that follows them, deepest first; those of a folded parent are passed over.
  function showGaps(row: number): number {
    let next = gap
    while (next < sorted.length && (gaps[sorted[next] as number]?.before ?? 0) <= row) {
      const index = sorted[next] as number
      const parent = gaps[index]?.parent ?? 0
      const seen = (position[parent] as number) >= 0 && parent >= folding.focus
      if (gaps[index]?.before === row && seen && !folding.collapsed.has(parent))
        show(rowKind.gap, index)
      next++
    }
    return next
  }

  function gapOrder(of: Model): number[] {
    const order = of.gaps.map((_, i) => i)
    const depthOf = (i: number) => columns.spans.depth[of.gaps[i]?.parent ?? 0] ?? 0
    return order.sort(
      (a, b) => (of.gaps[a]?.before ?? 0) - (of.gaps[b]?.before ?? 0) || depthOf(b) - depthOf(a)
    )
  }
}

const showAllUpTo = 300

/**
 * How a trace is first shown: whole when it has at most 300 spans, else the critical path, what leads to errors, and the first level unfolded
 * and the rest folded.
 */
export function firstFolding(model: Model): Set<number> {
  const collapsed = new Set<number>()
  if (model.count <= showAllUpTo) return collapsed
  const { depth } = model.columns.spans
  for (let i = 0; i < model.count; i++) {
    if (model.children[i] === 0 || depth[i] === 0) continue
    if (model.onCriticalPath[i] === 1 || (model.errorsBelow[i] as number) > 0) continue
    collapsed.add(i)
  }
  return collapsed
}

/** Marks the spans that match and everything that leads to them. */
export function withAncestors(model: Model, matches: readonly number[]): Uint8Array {
  const marked = new Uint8Array(model.count)
  for (const match of matches) {
    for (let i = match; i >= 0 && marked[i] === 0; i = model.columns.spans.parent[i] as number)
      marked[i] = 1
  }
  return marked
}

/** Unfolds whatever hides a span; gives the same sets when nothing does. */
export function reveal(model: Model, folding: Folding, row: number): Folding {
  const { parent } = model.columns.spans
  const collapsed = new Set(folding.collapsed)
  const opened = new Set(folding.opened)
  const group = model.groupOf[row] as number
  if (group >= 0) opened.add(group)
  for (let i = parent[row] as number; i >= 0; i = parent[i] as number) collapsed.delete(i)
  const inFocus = row >= folding.focus && row < (model.subtreeEnd[folding.focus] ?? 0)
  return { collapsed, opened, focus: inFocus ? folding.focus : 0 }
}
