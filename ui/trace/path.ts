import { spanFlag } from '../../src/wire/trace.ts'
import type { Model } from './model.ts'

export interface OnPath {
  /** Rows that did the same, in order. */
  readonly rows: readonly number[]
  /** Microseconds of the response time that were spent in them. */
  readonly time: number
}

/** The operation that the response waited for longest: parts of the critical path gathered by service and name. */
export function longestOnPath(model: Model): OnPath | undefined {
  const { critical, spans } = model.columns
  const found = new Map<string, { rows: Set<number>; time: number }>()
  for (let i = 0; i < critical.row.length; i++) {
    const row = critical.row[i] as number
    const key = `${spans.service[row]} ${spans.name[row]}`
    const entry = found.get(key) ?? { rows: new Set(), time: 0 }
    entry.rows.add(row)
    entry.time += (critical.to[i] as number) - (critical.from[i] as number)
    found.set(key, entry)
  }
  let longest: { rows: Set<number>; time: number } | undefined
  for (const entry of found.values())
    if (longest === undefined || entry.time > longest.time) longest = entry
  return longest && { rows: [...longest.rows].sort((a, b) => a - b), time: longest.time }
}

/** Where the first error came from: the first failed span with no failed span below it; -1 when nothing failed. */
export function firstFailure(model: Model): number {
  return model.columns.spans.flags.findIndex(
    (flags, i) => (flags & spanFlag.error) !== 0 && model.errorsBelow[i] === 0
  )
}

/**
 * The span whose exception explains a failed span without one: the first below it, where an outgoing call failed because of the service that
 * it called, else the nearest above it, where a driver's failure became an exception. -1 when there is none.
 */
export function exceptionNear(model: Model, row: number): number {
  const { flags, parent } = model.columns.spans
  const thrown = (i: number) => ((flags[i] as number) & spanFlag.exception) !== 0
  for (let i = row + 1; i < (model.subtreeEnd[row] as number); i++) if (thrown(i)) return i
  for (let i = parent[row] as number; i >= 0; i = parent[i] as number) if (thrown(i)) return i
  return -1
}
