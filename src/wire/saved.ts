import type { RuntimeActivity } from './runtime.ts'
import type { Summary } from './summary.ts'
import type { SpanDetail, TraceColumns, TraceLog } from './trace.ts'

/** Ids of the elements of a saved page that hold its data as JSON: this one a `SavedPage`, and for each trace a `SavedTrace`. */
export const savedPageId = 'saved'

export function savedTraceId(traceId: string): string {
  return `saved-${traceId}`
}

/** What is in a saved page: a file that shows traces without the process that recorded them. */
export interface SavedPage {
  /** Epoch milliseconds. */
  savedAt: number
  /** Whose page it was. */
  service: string
  /** Of Spanlight. */
  version: string
  /** What `is:slow` meant there, in milliseconds. */
  slowMs: number
  /** Newest first, or in the order they were asked for. */
  traces: Summary[]
  /** Traces that matched, too, and found no room in the file. */
  left: number
}

/** A trace with all that the page would ask the process for. */
export interface SavedTrace {
  columns: TraceColumns
  logs: TraceLog[]
  runtime: RuntimeActivity
  /** Of every span, in no order. */
  spans: SpanDetail[]
}
