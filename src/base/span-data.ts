import type { AttributeValue } from './attributes.ts'
import type { SpanId, TraceId } from './ids.ts'

/** OpenTelemetry API's numbering; OTLP's is one more. */
export const SpanKind = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind]

export const StatusCode = { unset: 0, ok: 1, error: 2 } as const
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode]

export type ReadonlyAttributes = readonly (string | AttributeValue)[]

export interface SpanEvent {
  readonly name: string
  /** Nanoseconds after the record's `epochMs`. */
  readonly time: number
  readonly attributes: ReadonlyAttributes
}

export interface SpanLink {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly traceState: string
  readonly attributes: ReadonlyAttributes
}

/** OpenTelemetry's severity numbers of the short names, section "Displaying Severity" of the logs data model. */
export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

export interface SpanLog {
  /** Nanoseconds after the record's `epochMs`. */
  readonly time: number
  readonly severity: Severity
  readonly body: string
  readonly attributes: ReadonlyAttributes
}

export interface Scope {
  readonly name: string
  readonly version: string
}

/**
 * One span as it is kept: the shape that the live span, the codec and the foreign formats share. Times are whole nanoseconds after the
 * record's `epochMs`, so that they are exact without 64-bit integers.
 */
export interface SpanData {
  readonly spanId: SpanId
  readonly parentId: SpanId | undefined
  /** True when the parent is a span of another process. */
  readonly parentRemote: boolean
  readonly name: string
  readonly kind: SpanKind
  readonly start: number
  /** Nanoseconds; of an open span, up to the moment of reading. */
  readonly duration: number
  /** True while the span has not ended; never true of a stored one. */
  readonly open: boolean
  readonly status: StatusCode
  readonly statusMessage: string
  readonly traceState: string
  readonly flags: number
  readonly scope: Scope
  readonly attributes: ReadonlyAttributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly logs: readonly SpanLog[]
  readonly droppedAttributes: number
  readonly droppedEvents: number
  readonly droppedLinks: number
}

/** Who made the spans: OpenTelemetry's resource, its `service.name` apart. */
export interface Resource {
  readonly service: string
  readonly attributes: ReadonlyAttributes
}

/**
 * Spans of one trace that one process ended together: what the ring keeps as one entry. A trace is all records with its id; its late
 * spans and each other process's spans are records of their own.
 */
export interface TraceRecord {
  readonly traceId: TraceId
  /** Whole milliseconds since 1970 that the spans' times count from. */
  readonly epochMs: number
  readonly resource: Resource
  /** Where the spans came from. */
  readonly source: 'local' | 'ingest'
  /** In start order; the record's root, if it has one, is the first span whose parent is not in the record. Never empty. */
  readonly spans: readonly SpanData[]
  /** Spans that were not kept because of the trace's limit. */
  readonly droppedSpans: number
  /** True when nothing else of the trace can be stored: its id was made for it in this process, and this is its first record. */
  readonly fresh?: boolean
  /** True when another worker of this application recorded or received it, and handed it on. */
  readonly relayed?: boolean
}
