import type { Summary } from './summary.ts'

/** Sub-protocol of the live socket. A token rides as a second one: `spanlight.token.<token>`. */
export const liveProtocol = 'spanlight.v1'
export const tokenProtocolPrefix = 'spanlight.token.'

/** The header that a page or tool must send with every request that changes state or comes from a browser. */
export const clientHeader = 'x-spanlight'

/** Server to page. */
export type LiveMessage = Hello | Traces | Evicted | Gap | Problem

export interface Hello {
  type: 'hello'
  /** Differs for each process start: a page that sees another one starts anew. */
  bootId: string
  /** The newest sequence number when the page connected. */
  seq: number
  /** The oldest sequence number still in memory. */
  oldest: number
  version: string
  /** What `is:slow` means here, in milliseconds. */
  slowMs: number
}

/** Changed traces, sent at most ten times a second. A trace that the page already has is replaced. */
export interface Traces {
  type: 'traces'
  /** Everything up to this sequence number has been sent. */
  seq: number
  rows: SummaryRow[]
  /** All requests in flight, oldest first, at most 100; and how many there are. Absent when nothing changed. */
  inFlight?: { rows: SummaryRow[]; total: number }
  /** Traces ended per second, over the last five seconds. */
  rate: number
}

/** Sequence numbers below `oldest` are no longer in memory, but for kept traces. */
export interface Evicted {
  type: 'evicted'
  oldest: number
}

/** `count` traces were not sent because this page reads too slowly; they are in memory, ask for them with `since`. */
export interface Gap {
  type: 'gap'
  count: number
}

export interface Problem {
  type: 'problem'
  text: string
}

/** Page to server. */
export type LiveRequest = Since | Filter

/** Sends everything changed after `seq`; the first message of a page, and the one after a gap. */
export interface Since {
  type: 'since'
  seq: number
}

/** From now on only traces that match; '' for all. Only what the page cannot decide by a summary needs it. */
export interface Filter {
  type: 'filter'
  query: string
}

/** A summary as it crosses the socket: values in the order of `summaryFields`, about half of the bytes. */
export type SummaryRow = (string | number | boolean | string[])[]

const summaryFields = [
  'traceId',
  'seq',
  'name',
  'service',
  'services',
  'start',
  'duration',
  'status',
  'httpStatus',
  'method',
  'route',
  'spans',
  'errors',
  'db',
  'inFlight',
  'incomplete',
  'kept',
  'noise'
] as const satisfies readonly (keyof Summary)[]

export function encodeSummary(summary: Summary): SummaryRow {
  return summaryFields.map((field) => summary[field])
}

export function reviveSummary(row: SummaryRow): Summary {
  const summary: Record<string, unknown> = {}
  for (const [i, field] of summaryFields.entries()) summary[field] = row[i]
  return summary as unknown as Summary
}
