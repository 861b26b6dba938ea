import { orderBy } from '../trace/order.ts'
import type { TraceTree } from '../trace/tree.ts'
import { spanFlag } from '../wire/trace.ts'

/** A stretch of time, in nanoseconds after the tree's `epochMs`, and the row it was spent in. */
export interface Stretch {
  readonly row: number
  readonly from: number
  readonly to: number
}

/** How much later than its parent a child may end and still count as waited for: times handed in by instrumentations are whole milliseconds. */
const toleranceNs = 1e6

const stepsPerPart = 2048

interface Step {
  readonly row: number
  /** The path runs through the row from `from` to `until`, of which it is settled down to `cursor`. */
  readonly from: number
  readonly until: number
  cursor: number
  /** The child to look at next, the last to end first; -1 when there is none left. */
  child: number
}

/**
 * What the root's end waited for: from its end back, always into the child that ended last before the point reached. The stretches are
 * in order of time, touch each other and sum up to the root's duration. A child that goes on after its parent has ended was not
 * waited for, unless it is in another process (whose clock may be off) or the parent has not ended yet.
 */
export function* criticalPath(tree: TraceTree): Generator<void, Stretch[]> {
  if (tree.root < 0) return []
  const { lastChild, earlierSibling } = yield* childrenByEnd(tree)
  const found: Stretch[] = []
  const emit = (row: number, from: number, to: number): void => {
    if (to > from) found.push({ row, from, to })
  }
  const enter = (row: number, from: number, until: number): Step => {
    return { row, from, until, cursor: until, child: lastChild[row] as number }
  }
  const path: Step[] = [enter(tree.root, tree.start[tree.root] as number, endOf(tree, tree.root))]
  let steps = 0
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    if (++steps % stepsPerPart === 0) yield
    const child = step.child
    if (child < 0) {
      emit(step.row, step.from, step.cursor)
      path.pop()
      continue
    }
    step.child = earlierSibling[child] as number
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
    tree.remote[child] === 1 ||
    ((tree.flags[step.row] as number) & spanFlag.open) !== 0
  if (!excused) return undefined
  const to = Math.min(end, parentEnd, step.until)
  return to > step.cursor ? undefined : to
}

function endOf(tree: TraceTree, row: number): number {
  return (tree.start[row] as number) + (tree.duration[row] as number)
}

/** Children of each row as a list, the last to end first and of those the first in display order. */
function* childrenByEnd(
  tree: TraceTree
): Generator<void, { lastChild: Int32Array; earlierSibling: Int32Array }> {
  const count = tree.parent.length
  const last = count - 1
  const lastChild = new Int32Array(count).fill(-1)
  const earlierSibling = new Int32Array(count).fill(-1)
  // From the last row on, so that of equal ends the first row is prepended last.
  const ends = new Float64Array(count)
  for (let i = 0; i < count; i++) ends[i] = endOf(tree, last - i)
  const byEnd = yield* orderBy(ends)
  for (let i = 0; i < count; i++) {
    const row = last - (byEnd[i] as number)
    const above = tree.parent[row] as number
    if (above < 0) continue
    earlierSibling[row] = lastChild[above] as number
    lastChild[above] = row
  }
  return { lastChild, earlierSibling }
}
