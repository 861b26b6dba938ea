import type { SpanId, TraceId } from '../base/ids.ts'
import type { SpanKind, StatusCode, TraceRecord } from '../base/span-data.ts'
import type { Block, Collection, RuntimeActivity } from '../wire/runtime.ts'
import type { SavedTrace } from '../wire/saved.ts'
import type { SpanCode } from '../code/sources.ts'
import type { RouteFigures, ServiceMap } from '../wire/status.ts'
import type { Summary, TraceList } from '../wire/summary.ts'
import type { SpanDetail, TraceColumns, TraceLog } from '../wire/trace.ts'

/**
 * Everything that can be asked of what was recorded, stored and in flight alike. What may take long is a promise, and done in slices:
 * nothing blocks the event loop for more than 10 ms.
 */
export interface Reader {
  /** Traces that match, newest first. `before` is the `next` of an earlier answer. */
  list(request: ListRequest): Promise<TraceList>
  /** The trace's summary, in flight or stored. */
  summary(traceId: TraceId): Summary | undefined
  /** What the trace is called; '' when it is not in memory. */
  nameOf(traceId: TraceId): string
  /**
   * Stored records and what is in flight, in parts between which the host may go on; nothing when nothing of the trace is in memory.
   */
  records(traceId: TraceId): Iterable<TraceRecord>
  /** What the page shows of a trace besides its spans' details, in steps between which the host may go on. */
  whole(traceId: TraceId): Generator<void, Omit<SavedTrace, 'spans'> | undefined>
  /** Everything about every span of a trace; the host may go on between any two. */
  details(traceId: TraceId): Iterable<SpanDetail>
  columns(traceId: TraceId): Promise<TraceColumns | undefined>
  span(traceId: TraceId, spanId: string): Promise<SpanDetail | undefined>
  /** What a span says about code: 'elsewhere' for one of another process. */
  code(traceId: TraceId, spanId: string): Promise<SpanCode | 'elsewhere' | undefined>
  logs(traceId: TraceId): Promise<TraceLog[] | undefined>
  /** What this process was doing while the trace went on. */
  runtime(traceId: TraceId): Promise<RuntimeActivity | undefined>
  /** Ids of the trace's spans that hold the text in a name, message, attribute value, event or log line. */
  find(traceId: TraceId, text: string): Promise<string[] | undefined>
  /** Requests in flight, oldest first, `limit` at most, and how many there are. */
  inFlight(limit: number): { rows: Summary[]; total: number }
  /** Traces with a record above `seq`, oldest change first, read as they are taken; `fresh` where nothing of the trace is older. */
  changedSince(seq: number): Iterable<{ readonly summary: Summary; readonly fresh: boolean }>
  /** Compiles a query to a test of one trace, spans included; for the live socket's filter. */
  matcher(query: string): (summary: Summary) => boolean
  routes(): RouteFigures[]
  /** Who calls whom, of the traces that began in that time. */
  map(range?: TimeRange): Promise<ServiceMap>
  /** Every service with the names and kinds of its spans, in order. */
  operations(): Promise<readonly Operation[]>
}

/** What a service does. */
export interface Operation {
  readonly service: string
  /** Of the span. */
  readonly name: string
  readonly kind: SpanKind
}

/** When a trace begins. */
export interface TimeRange {
  /** At this time or later, in epoch milliseconds. */
  readonly from?: number | undefined
  /** At this time or earlier. */
  readonly to?: number | undefined
}

/** What the query language has no words for. */
export interface Narrowing extends TimeRange {
  /** There is such a span, which all of the query's attributes are of, too. */
  readonly span?: WantedSpan | undefined
}

/** Texts are compared as a whole, upper and lower case told apart. */
export interface WantedSpan {
  readonly service?: string | undefined
  readonly name?: string | undefined
  readonly kind?: SpanKind | undefined
  readonly status?: StatusCode | undefined
  /** Milliseconds, as the longest. */
  readonly minDuration?: number | undefined
  readonly maxDuration?: number | undefined
}

export interface ListRequest extends Narrowing {
  readonly query: string
  readonly limit: number
  readonly before?: string | undefined
}

/** What is known of the runtime over a stretch of time; times in epoch milliseconds, all lists in order. */
export interface RuntimeReadings {
  /** From here on all of it is known. */
  readonly since: number
  readonly blocks: readonly {
    readonly from: number
    readonly to: number
    readonly kind: Block['kind']
    readonly traceId: TraceId | undefined
    readonly spanId: SpanId | undefined
    readonly certain: boolean
  }[]
  readonly collections: readonly Collection[]
  /** Where the first sample begins. */
  readonly begin: number
  /** Each from the end of the one before; milliseconds and bytes. */
  readonly samples: readonly {
    readonly to: number
    readonly busy: number
    readonly delay: number
    readonly heap: number
    readonly inFlight: number
  }[]
}
