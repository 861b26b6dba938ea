/** One line of the list: a trace as far as it is known. All times are milliseconds. */
export interface Summary {
  traceId: string
  /** Number of the trace's newest record; grows with every change. 0 while nothing of it is stored. */
  seq: number
  /** The root span's name: `GET /orders/:id`. */
  name: string
  /** The root span's service. */
  service: string
  /** Every service seen in the trace. */
  services: string[]
  /** Root's start, epoch milliseconds with a fraction. */
  start: number
  /** The root span's duration; of a trace in flight, up to now. */
  duration: number
  /** The root span's status. */
  status: 'unset' | 'ok' | 'error'
  /** HTTP status code of the root; 0 when it has none. */
  httpStatus: number
  /** HTTP method of the root; '' when it has none. */
  method: string
  /** Route of the root, else its path, else ''. */
  route: string
  spans: number
  /** Spans with status error. */
  errors: number
  /** Spans that call a database. */
  db: number
  inFlight: boolean
  /** The root is not among the spans seen: its parent is in a process that sent nothing (yet). */
  incomplete: boolean
  /** Kept beyond the recent ring: 'error', 'slow', 'pinned', or '' when only recent. */
  kept: '' | 'error' | 'slow' | 'pinned'
  /** Why the list folds it away unless it fails: 'health', 'static', or ''. */
  noise: '' | 'health' | 'static'
}

/** `GET api/traces`. */
export interface TraceList {
  traces: Summary[]
  /** Pass as `before` to get the next older page; undefined at the end. */
  next?: string
  /** Terms of the query that were ignored, each with the reason, in words for a person. */
  ignored: string[]
  /** Traces that were looked at, and whether the time for one search ran out before all were. */
  searched: { traces: number; complete: boolean }
}
