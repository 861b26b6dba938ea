import type { Summary } from './summary.ts'

/** What a span is about; decides its colour and glyph. The number is its index here. */
export const categories = [
  'http-in',
  'db',
  'http-out',
  'cache',
  'queue',
  'rpc',
  'io',
  'internal'
] as const
export type Category = (typeof categories)[number]

export const spanKinds = ['internal', 'server', 'client', 'producer', 'consumer'] as const

/** Bits of `TraceColumns.flags`. */
export const spanFlag = {
  error: 1,
  open: 2,
  /** Its parent is not among the trace's spans. */
  orphan: 4,
  /** It stood in a circle of parents; shown as a root. */
  cycle: 8,
  /** It ended before it started; shown with no length. */
  negative: 16,
  /** It came from another process by ingest. */
  ingested: 32,
  /** It started or went on after the response was sent. */
  late: 64,
  exception: 128,
  logs: 256,
  /** A middleware, router or handler of a framework: where a request passed, more than what it did. */
  layer: 512,
  /** Another worker of this application recorded it than the one that the trace began in. */
  elsewhere: 1024
} as const

/** Set where what the runtime did (`RuntimeActivity`) says nothing of a span's time. */
export const notWatched: number = spanFlag.ingested | spanFlag.elsewhere

/**
 * A whole trace as columns, spans in display order (depth first, siblings by start): `GET api/traces/:traceId`.
 * Times are microseconds after `start`, possibly negative. Attributes are fetched per span.
 */
export interface TraceColumns {
  summary: Summary
  /** Epoch milliseconds that offsets count from: the root's start. */
  start: number
  /** Microseconds from `start` to the end of the last span. */
  extent: number
  /** Microseconds from `start` to the moment the root ended; -1 while it is open. */
  response: number
  services: string[]
  names: string[]
  spans: {
    id: string[]
    /** Index into `services`. */
    service: number[]
    /** Index into `names`. */
    name: number[]
    start: number[]
    duration: number[]
    /** Time of its own: not covered by any child. */
    self: number[]
    depth: number[]
    /** Index of the parent's row; -1 for roots. */
    parent: number[]
    kind: number[]
    category: number[]
    flags: number[]
  }
  /** Lines of code that spans were started from (`src/repo.ts:88`), and each row's index into them, -1 for none; empty when nothing is known. */
  sites: { lines: string[]; of: number[] }
  /** What the response waited for: stretches of time, in order, each with the row it was spent in. */
  critical: { row: number[]; from: number[]; to: number[] }
  /** Spans that were not kept because of the trace's limit. */
  dropped: number
  /** The trace came with an outside header from a peer that is not on this machine. */
  joined: boolean
  /**
   * Processes whose clock was off, by what the calls to them show: their spans stand here `offset` microseconds later than they were recorded.
   * `service` is an index into `services`. A span's details and the log lines have the times as they were recorded.
   */
  clocks: { service: number; offset: number }[]
  /** Each row's index into `clocks`, -1 for none; empty when no clock was off. */
  clockOf: number[]
}

export type AttributeEntry = [
  key: string,
  value: string | number | boolean | (string | number | boolean)[]
]

/** `GET api/traces/:traceId/spans/:spanId`. Times are epoch milliseconds and milliseconds. */
export interface SpanDetail {
  traceId: string
  spanId: string
  parentId: string | null
  service: string
  name: string
  kind: (typeof spanKinds)[number]
  category: Category
  start: number
  duration: number
  open: boolean
  status: 'unset' | 'ok' | 'error'
  statusMessage: string
  attributes: AttributeEntry[]
  resource: AttributeEntry[]
  scope: { name: string; version: string }
  events: { time: number; name: string; attributes: AttributeEntry[] }[]
  links: { traceId: string; spanId: string; attributes: AttributeEntry[] }[]
  logs: { time: number; severity: string; body: string; attributes: AttributeEntry[] }[]
  dropped: { attributes: number; events: number; links: number }
}

/** A log line with the span that wrote it: `GET api/traces/:traceId/logs`, in time order over all services. */
export interface TraceLog {
  spanId: string
  service: string
  /** Epoch milliseconds. */
  time: number
  severity: string
  body: string
  attributes: AttributeEntry[]
}

/** How a trace id begins, to tell traces apart by; one of 64 bits was lengthened by zeros in front. */
export function beginningOf(traceId: string): string {
  return traceId.replace(/^0{16}/, '').slice(0, 8)
}
