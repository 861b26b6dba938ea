import type { TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'
import type { Entry, TraceStore } from '../store/types.ts'
import type { OpenTraces } from '../trace/open-traces.ts'
import { mergeSummary, summarise, titleOf } from '../trace/summary.ts'
import type { Summary } from '../wire/summary.ts'

/** What is in flight in other workers of this application. */
export interface InFlightElsewhere {
  of(traceId: TraceId): readonly TraceRecord[]
  ids(): Iterable<TraceId>
}

/** Where parts of a trace may be. */
export interface Everywhere {
  readonly store: Pick<TraceStore, 'entries'>
  readonly open: Pick<OpenTraces, 'get'>
  readonly elsewhere?: InFlightElsewhere | undefined
}

/** What is in flight of a trace: a record of each process that it is in. */
export function snapshotsOf(
  { open, elsewhere }: Everywhere,
  traceId: TraceId
): readonly TraceRecord[] {
  const own = open.get(traceId)?.snapshot()
  const others = elsewhere?.of(traceId) ?? []
  return own === undefined ? others : [own, ...others]
}

/** The trace's line; undefined when nothing of it is in memory. */
export function lineOf(
  where: Everywhere,
  traceId: TraceId,
  entries: readonly Entry[] = where.store.entries(traceId)
): Summary | undefined {
  const snapshots = snapshotsOf(where, traceId)
  const parts = snapshots.length === 0 ? entries : [...entries, ...snapshots.map(summarise)]
  const others = where.elsewhere?.of(traceId).length ?? 0
  const inFlight = where.open.get(traceId)?.inFlight === true || others > 0
  return parts.length === 0 ? undefined : mergeSummary(traceId, parts, inFlight)
}

/** How the trace is called in the list; '' when nothing of it is in memory. */
export function nameOf(where: Everywhere, traceId: TraceId): string {
  const summary = lineOf(where, traceId)
  return summary === undefined ? '' : titleOf(summary)
}
