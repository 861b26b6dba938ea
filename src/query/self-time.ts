import type { TraceTree } from '../trace/tree.ts'

/**
 * Nanoseconds of each row that none of its children covers; overlapping children count once, and what of a child lies outside of its
 * parent does not count. One pass: in display order siblings come by start, so one mark per parent is enough.
 */
export function selfTimes(tree: TraceTree): Float64Array {
  const self = tree.duration.slice()
  const coveredTo = tree.start.slice()
  for (let row = 0; row < self.length; row++) {
    const above = tree.parent[row] as number
    if (above < 0) continue
    const start = tree.start[row] as number
    const parentEnd = (tree.start[above] as number) + (tree.duration[above] as number)
    const from = Math.max(start, coveredTo[above] as number)
    const to = Math.min(start + (tree.duration[row] as number), parentEnd)
    if (to <= from) continue
    self[above] = (self[above] as number) - (to - from)
    coveredTo[above] = to
  }
  return self
}
