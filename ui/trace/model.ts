import { spanFlag, type TraceColumns } from '../../src/wire/trace.ts'
import { serviceColours } from './colours.ts'
import { indexPath, type PathIndex } from './critical.ts'
import { findGroups, type Group } from './groups.ts'

/**
 * A trace as the page works with it: the columns, and per row what folding, searching and drawing ask for, computed once in linear passes.
 * Spans stand in display order (depth first), so the subtree of row `i` is the rows `i + 1` up to `subtreeEnd[i]`.
 */
export interface Model {
  readonly columns: TraceColumns
  readonly count: number
  /** Row after the last descendant. */
  readonly subtreeEnd: Int32Array
  /** Spans with an error below the row, itself not counted. */
  readonly errorsBelow: Int32Array
  readonly children: Int32Array
  /** 1 where a part of the critical path lies in the row itself or below it. */
  readonly onCriticalPath: Uint8Array
  readonly path: PathIndex
  readonly rowOf: ReadonlyMap<string, number>
  readonly groups: readonly Group[]
  /** Index of the group that a row belongs to; -1 where it stands alone. */
  readonly groupOf: Int32Array
  readonly gaps: readonly Gap[]
  /** How many spans were started from a line of code, `src/repo.ts:88`. */
  spansFrom(place: string): number
  /** Palette colour of each service. */
  readonly serviceColours: readonly number[]
  /** Something went on after the response was sent. */
  readonly late: boolean
}

/** A stretch in which a span waited and no child covers: where time went that nobody has measured. */
export interface Gap {
  readonly parent: number
  /** The row it is shown before. */
  readonly before: number
  readonly from: number
  readonly to: number
}

/** Recorded by the process that serves this page: of another one's requests it cannot ask for more. */
export function isOurs(model: Model, row: number): boolean {
  return ((model.columns.spans.flags[row] ?? 0) & spanFlag.ingested) === 0
}

const gapShare = 0.05
/** Microseconds below which waiting is not worth a row, in a trace however short. */
const gapLeast = 5000

export function createModel(columns: TraceColumns): Model {
  const { id, depth, parent, flags } = columns.spans
  const count = id.length
  const subtreeEnd = new Int32Array(count)
  const errorsBelow = new Int32Array(count)
  const children = new Int32Array(count)
  const onCriticalPath = new Uint8Array(count)
  const rowOf = new Map<string, number>()
  for (const row of columns.critical.row) onCriticalPath[row] = 1
  // Backwards, every descendant is finished before its parent is asked.
  for (let i = count - 1; i >= 0; i--) {
    let end = i + 1
    while (end < count && (depth[end] as number) > (depth[i] as number))
      end = subtreeEnd[end] as number
    subtreeEnd[i] = end
    rowOf.set(id[i] as string, i)
    const above = parent[i] as number
    if (above < 0) continue
    children[above] = (children[above] as number) + 1
    const own = ((flags[i] as number) & spanFlag.error) === 0 ? 0 : 1
    errorsBelow[above] = (errorsBelow[above] as number) + (errorsBelow[i] as number) + own
    if (onCriticalPath[i] === 1) onCriticalPath[above] = 1
  }
  const { groups, groupOf } = findGroups(columns, children)
  return {
    columns,
    count,
    subtreeEnd,
    errorsBelow,
    children,
    onCriticalPath,
    path: indexPath(columns),
    rowOf,
    groups,
    groupOf,
    gaps: findGaps(columns, subtreeEnd, children),
    spansFrom(place) {
      const site = columns.sites.lines.indexOf(place)
      return site < 0 ? 0 : columns.sites.of.filter((one) => one === site).length
    },
    serviceColours: serviceColours(columns),
    late: flags.some((flag) => (flag & spanFlag.late) !== 0)
  }
}

function findGaps(columns: TraceColumns, subtreeEnd: Int32Array, children: Int32Array): Gap[] {
  const { start, duration, self, category, flags } = columns.spans
  const least = Math.max(columns.extent * gapShare, gapLeast)
  const gaps: Gap[] = []
  for (let parent = 0; parent < start.length; parent++) {
    // A database or outgoing call waits for another machine: that is what it is for, no gap.
    const works = category[parent] === 0 || ((flags[parent] as number) & spanFlag.layer) !== 0
    if (children[parent] === 0 || (self[parent] as number) < least || !works) continue
    let covered = start[parent] as number
    const end = covered + (duration[parent] as number)
    for (
      let child = parent + 1;
      child < (subtreeEnd[parent] as number);
      child = subtreeEnd[child] as number
    ) {
      const from = start[child] as number
      if (from - covered >= least && from <= end)
        gaps.push({ parent, before: child, from: covered, to: from })
      covered = Math.max(covered, from + (duration[child] as number))
    }
    if (end - covered >= least)
      gaps.push({ parent, before: subtreeEnd[parent] as number, from: covered, to: end })
  }
  return gaps
}
