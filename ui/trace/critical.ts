import type { TraceColumns } from '../../src/wire/trace.ts'
import type { Window } from './scale.ts'

/**
 * The critical path by row. The columns give it by time; a row that draws its own part would have to read all of it, and thirty rows on the
 * screen of a long path are then the cost of a frame.
 */
export interface PathIndex {
  /** Where the parts of row `i` begin in `part`; those of a whole subtree stand together, because its rows do. */
  readonly first: Int32Array
  /** Numbers of the columns' parts, by row, in a row by time. */
  readonly part: Int32Array
}

export interface Stretch {
  from: number
  to: number
}

/** Counting sort of the parts by their rows. */
export function indexPath({ critical, spans }: TraceColumns): PathIndex {
  const count = spans.id.length
  const first = new Int32Array(count + 1)
  for (const row of critical.row) first[row + 1] = (first[row + 1] as number) + 1
  for (let i = 0; i < count; i++) first[i + 1] = (first[i + 1] as number) + (first[i] as number)
  const next = first.slice()
  const part = new Int32Array(critical.row.length)
  for (const [i, row] of critical.row.entries()) {
    part[next[row] as number] = i
    next[row] = (next[row] as number) + 1
  }
  return { first, part }
}

/** The row is on the path itself, not only something below it. */
export function isOnPath({ first }: PathIndex, row: number): boolean {
  return (first[row + 1] as number) > (first[row] as number)
}

/** The stretches of the path in the rows `from` up to `to`, in time order. */
export function pathStretches(
  columns: TraceColumns,
  { first, part }: PathIndex,
  from: number,
  to: number
): Stretch[] {
  const { critical } = columns
  const stretches: Stretch[] = []
  for (let i = first[from] as number; i < (first[to] as number); i++) {
    const at = part[i] as number
    stretches.push({ from: critical.from[at] as number, to: critical.to[at] as number })
  }
  return stretches.sort((a, b) => a.from - b.from)
}

/** Joins what the eye cannot tell apart (`gap`, in the unit of the times) and leaves out what is outside the window. */
export function joined(stretches: readonly Stretch[], window: Window, gap: number): Stretch[] {
  const drawn: Stretch[] = []
  for (const { from, to } of stretches) {
    if (to < window.from || from > window.to) continue
    const last = drawn.at(-1)
    if (last !== undefined && from - last.to < gap) last.to = Math.max(last.to, to)
    else drawn.push({ from, to })
  }
  return drawn
}
