import { orderBy } from '../../trace/order.ts'
import type { TraceTree } from '../../trace/tree.ts'

/** How far up a span looks for the one that it would be drawn into, and how many lanes it tries. */
const furthest = 64
const maxTried = 128

/**
 * The lane (`tid`) of each row, counted from 1 for every process. What a viewer draws in one lane must lie within each other or apart, so a
 * lane is free for a span when the last one in it has ended, or is what the span was called by and goes on for longer.
 */
export function* assignLanes(
  { start, duration, parent }: Pick<TraceTree, 'start' | 'duration' | 'parent'>,
  processes: Int32Array
): Generator<void, Int32Array> {
  const lanes = new Int32Array(start.length)
  const ofProcess = new Map<number, number[][]>()
  const endOf = (row: number): number => (start[row] as number) + (duration[row] as number)
  const isAbove = (above: number, row: number): boolean => {
    let at = row
    // A parent's row comes before those of its children.
    for (let steps = 0; at > above && steps < furthest; steps++) at = parent[at] as number
    return at === above
  }
  const isFree = (lane: number[], row: number): boolean => {
    for (let last = lane.at(-1); last !== undefined; last = lane.at(-1)) {
      if (endOf(last) > (start[row] as number))
        return endOf(last) >= endOf(row) && isAbove(last, row)
      lane.pop()
    }
    return true
  }
  let done = 0
  for (const row of yield* orderBy(start)) {
    if (++done % 512 === 0) yield
    const process = processes[row] as number
    let all = ofProcess.get(process)
    if (all === undefined) ofProcess.set(process, (all = []))
    const above = parent[row] as number
    const own = above >= 0 && processes[above] === process ? (lanes[above] as number) - 1 : -1
    let at = own >= 0 && isFree(all[own] as number[], row) ? own : -1
    if (at < 0) at = all.slice(0, maxTried).findIndex((lane) => isFree(lane, row))
    if (at < 0) at = all.push([]) - 1
    ;(all[at] as number[]).push(row)
    lanes[row] = at + 1
  }
  return lanes
}
