import type { TraceId } from '../base/ids.ts'
import type { Resource, TraceRecord } from '../base/span-data.ts'
import { inSlices } from '../base/time-slices.ts'
import type { StoredTrace, TraceStore } from '../store/types.ts'
import type { OpenTraces } from '../trace/open-traces.ts'
import { parseQuery } from '../wire/query.ts'
import type { RuntimeActivity } from '../wire/runtime.ts'
import type { RouteFigures } from '../wire/status.ts'
import type { Summary } from '../wire/summary.ts'
import { spanCode } from './code.ts'
import { traceColumns } from './columns.ts'
import { spanDetail, spanDetails, spansHolding, traceLogs } from './detail.ts'
import { type InFlightElsewhere, lineOf, nameOf, snapshotsOf } from './line.ts'
import { serviceMap } from './map.ts'
import { narrow } from './narrow.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { operationsIn } from './operations.ts'
import { type RuntimeSource, traceRuntime } from './runtime.ts'
import { Matcher, maxRows, search, type SearchSetup } from './search.ts'
import type { Reader, TimeRange } from './types.ts'

export interface ReaderSetup {
  readonly store: TraceStore
  readonly open: Pick<OpenTraces, 'get' | 'ids' | 'inFlight' | 'size'>
  /** What is in flight in other workers of this application. */
  readonly elsewhere?: InFlightElsewhere | undefined
  readonly routes: { figures(): RouteFigures[] }
  /** What `is:slow` means, in milliseconds. @default 1000 */
  readonly slowMs?: number
  /** What this process was doing; undefined where it is not watched. */
  readonly runtime?: RuntimeSource['read'] | undefined
  readonly runtimeElsewhere?: RuntimeElsewhere | undefined
  /** Milliseconds of a clock that runs evenly. */
  readonly now: () => number
}

/** What another worker of this application, the one of that resource, was doing; undefined when it does not say. */
export type RuntimeElsewhere = (
  traceId: TraceId,
  resource: Resource
) => Promise<RuntimeActivity | undefined>

const nowhereElse: InFlightElsewhere = { of: () => [], ids: () => [] }

/** Joins what is stored and what is in flight: the one place that reads, for the page, the API and the formats alike. */
export function createReader(setup: ReaderSetup): Reader {
  const { store, open, elsewhere = nowhereElse, slowMs, now } = setup

  /** All that is known of a trace, in parts between which the host may go on. */
  function* recordsOf(traceId: TraceId): Generator<TraceRecord> {
    const snapshots = snapshotsOf(setup, traceId)
    yield* store.recordsInParts(traceId)
    yield* snapshots
  }

  function inFlightIds(): ReadonlySet<TraceId> {
    const ids = new Set(elsewhere.ids())
    for (const { traceId } of open.inFlight()) ids.add(traceId)
    return ids
  }

  /** Reads a whole trace in slices; undefined when nothing of it is in memory. */
  async function read<T>(
    traceId: TraceId,
    work: (records: Iterable<TraceRecord>, summary: Summary) => Generator<void, T>
  ): Promise<T | undefined> {
    const summary = reader.summary(traceId)
    return summary && inSlices(work(recordsOf(traceId), summary), now)
  }

  const summaryOf = (trace: StoredTrace): Summary =>
    lineOf(setup, trace.traceId, trace.entries) as Summary

  const ownName = (traceId: TraceId): string => nameOf(setup, traceId)
  const runtime = setup.runtime && { read: setup.runtime, nameOf: ownName }

  const searching: SearchSetup = {
    store,
    now,
    summaryOf,
    *inFlight() {
      for (const traceId of [...inFlightIds()].reverse()) {
        const summary = store.has(traceId) ? undefined : lineOf(setup, traceId, [])
        if (summary !== undefined) yield summary
      }
    },
    isOpen: (traceId) => open.get(traceId) !== undefined || elsewhere.of(traceId).length > 0,
    openFirst: () => {
      const first = new Set<number>()
      for (const ids of [open.ids(), elsewhere.ids()])
        for (const traceId of ids) first.add(store.entries(traceId)[0]?.seq ?? 0)
      return first
    },
    recordsOf
  }

  const version = (): string => `${store.oldest} ${store.newest}`

  const reader: Reader = {
    list({ query, limit, before, ...narrowing }) {
      const wanted = narrow(parseQuery(query, slowMs), narrowing)
      return search(searching, wanted, clampLimit(limit), readCursor(before))
    },
    nameOf: ownName,
    summary: (traceId) => lineOf(setup, traceId),
    records: recordsOf,
    *whole(traceId) {
      const summary = reader.summary(traceId)
      const columns = summary && (yield* traceColumns(recordsOf(traceId), summary))
      if (columns === undefined) return undefined
      const logs = yield* traceLogs(recordsOf(traceId))
      const { activity } = yield* traceRuntime(traceId, recordsOf(traceId), runtime)
      return { columns, logs, runtime: activity }
    },
    details: (traceId) => spanDetails(recordsOf(traceId)),
    columns: (traceId) => read(traceId, traceColumns),
    span: (traceId, spanId) => read(traceId, (records) => spanDetail(records, spanId)),
    code: (traceId, spanId) => read(traceId, (records) => spanCode(records, spanId)),
    logs: (traceId) => read(traceId, traceLogs),
    async runtime(traceId) {
      const found = await read(traceId, (records) => traceRuntime(traceId, records, runtime))
      const there = found?.elsewhere && (await setup.runtimeElsewhere?.(traceId, found.elsewhere))
      return there ?? found?.activity
    },
    find: (traceId, text) => read(traceId, (records) => spansHolding(records, text)),
    inFlight(limit) {
      const rows: Summary[] = []
      let total = 0
      for (const traceId of inFlightIds()) {
        total++
        if (rows.length >= limit) continue
        const summary = lineOf(setup, traceId)
        if (summary !== undefined) rows.push(summary)
      }
      return { rows, total }
    },
    *changedSince(seq) {
      for (const trace of store.changedSince(seq))
        yield { summary: summaryOf(trace), fresh: trace.first > seq }
    },
    matcher(text) {
      const matcher = new Matcher(searching, parseQuery(text, slowMs))
      return (summary) => matcher.matches(summary, store.entries(summary.traceId as TraceId))
    },
    routes: () => setup.routes.figures(),
    map: oneAtATime((range?: TimeRange) => inSlices(serviceMap(store, now, range), now), version),
    operations: oneAtATime(() => inSlices(operationsIn(store, now), now), version)
  }
  return reader
}

// Foreign numbers: a limit of a billion would be a way to make the server build one.
function clampLimit(limit: number): number {
  return Number.isFinite(limit) ? Math.min(maxRows, Math.max(1, Math.floor(limit))) : 100
}

function readCursor(before: string | undefined): number | undefined {
  return before !== undefined && /^\d{1,15}$/.test(before) ? Number(before) : undefined
}
