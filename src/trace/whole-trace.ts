import type { SpanData, TraceRecord } from '../base/span-data.ts'
import { buildTree, type TraceTree, TreeSpans } from './tree.ts'

/** A trace all of whose spans are at hand, for formats that cannot be written while it is read. */
export interface WholeTrace {
  readonly tree: TraceTree
  /** The span of each row, and what it is a record of. */
  readonly rows: readonly TraceRow[]
}

export interface TraceRow {
  readonly span: SpanData
  readonly record: TraceRecord
  /** By how many nanoseconds the clock of its process was moved. */
  readonly offset: number
}

/** Reads all of a trace; undefined when nothing of it is in memory. Stops where the host may go on. */
export function* wholeTrace(
  records: Iterable<TraceRecord>
): Generator<void, WholeTrace | undefined> {
  const spans = new TreeSpans()
  const found: Omit<TraceRow, 'offset'>[] = []
  for (const record of records) {
    for (const span of record.spans) if (spans.add(record, span)) found.push({ span, record })
    yield
  }
  if (found.length === 0) return undefined
  const tree = yield* buildTree(spans)
  const rows: TraceRow[] = []
  for (const i of tree.order) {
    const { span, record } = found[i] as Omit<TraceRow, 'offset'>
    rows.push({ span, record, offset: tree.offsets[spans.process[i] as number] as number })
  }
  return { tree, rows }
}
