import type { TraceTree } from '../trace/tree.ts'

/** A stretch of time, in nanoseconds after the tree's `epochMs`, and the row it was spent in. */
export interface Stretch {
  readonly row: number
  readonly from: number
  readonly to: number
}

/** How much later than its parent a child may end and still count as waited for: times handed in by instrumentations are whole milliseconds. */
const toleranceNs = 1e6

interface Step {
  readonly row: number
  /** The path runs through the row from `from` to `until`, of which it is settled down to `cursor`. */
  readonly from: number
  readonly until: number
  cursor: number
  /** Children not looked at yet, the last to end at the end. */
  readonly children: readonly number[]
  left: number
}

/**
 * What the root's end waited for: from its end back, always into the child that ended last before the point reached. The stretches are
 * in order of time, touch each other and sum up to the root's duration. A child that goes on after its parent has ended was not
 * waited for, unless it is in another process (whose clock may be off) or the parent has not ended yet.
 */
export function criticalPath(tree: TraceTree): Stretch[] {
  if (tree.root < 0) return []
  const children = childrenByEnd(tree)
  const found: Stretch[] = []
  const emit = (row: number, from: number, to: number): void => {
    if (to > from) found.push({ row, from, to })
  }
  const enter = (row: number, from: number, until: number): Step => {
    const own = children.get(row) ?? []
    return { row, from, until, cursor: until, children: own, left: own.length }
  }
  const path: Step[] = [enter(tree.root, tree.start[tree.root] as number, endOf(tree, tree.root))]
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    if (step.left === 0) {
      emit(step.row, step.from, step.cursor)
      path.pop()
      continue
    }
    step.left--
    const child = step.children[step.left] as number
    const to = waitedUntil(tree, step, child)
    const from = Math.max(tree.start[child] as number, step.from)
    if (to === undefined || to <= from) continue
    emit(step.row, to, step.cursor)
    step.cursor = from
    path.push(enter(child, from, to))
  }
  return found.reverse()
}

/** Where the path enters the child, coming from the end; undefined when the child is not on it. */
function waitedUntil(tree: TraceTree, step: Step, child: number): number | undefined {
  const end = endOf(tree, child)
  const parentEnd = endOf(tree, step.row)
  const excused =
    end - parentEnd <= toleranceNs ||
    tree.spans[child]?.parentRemote === true ||
    tree.spans[step.row]?.open === true
  if (!excused) return undefined
  const to = Math.min(end, parentEnd, step.until)
  return to > step.cursor ? undefined : to
}

function endOf(tree: TraceTree, row: number): number {
  return (tree.start[row] as number) + (tree.duration[row] as number)
}

function childrenByEnd(tree: TraceTree): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (let row = 0; row < tree.parent.length; row++) {
    const above = tree.parent[row] as number
    if (above < 0) continue
    const siblings = children.get(above)
    if (siblings === undefined) children.set(above, [row])
    else siblings.push(row)
  }
  for (const siblings of children.values())
    siblings.sort((a, b) => endOf(tree, a) - endOf(tree, b) || b - a)
  return children
}
