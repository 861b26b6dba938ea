/** `GET api/status`. */
export interface Status {
  version: string
  mode: 'local' | 'token'
  /** Why this mode: the sentence of the terminal line. */
  why: string
  service: string
  bootId: string
  node: string
  pid: number
  uptimeMs: number
  ring: {
    /** Bytes that the ring may hold, and holds now. */
    capacity: number
    bytes: number
    spans: number
    traces: number
    /** Spans that made room for newer ones. */
    evicted: number
    /** Spans that were never kept, all reasons together. */
    dropped: number
    /** Epoch milliseconds of the oldest trace in memory; 0 when empty. */
    oldest: number
  }
  kept: { capacity: number; bytes: number; spans: number; traces: number }
  drops: { reason: string; count: number }[]
  inFlight: number
  instrumented: Instrumented[]
  /** Libraries of the project that Spanlight knows, those that one line would trace first. */
  libraries: LibraryStatus[]
  /** Where spans are sent, as well as being kept. */
  exports: ExportStatus[]
  /** Where the application has several workers. */
  workers?: WorkersStatus
  pages: number
  sample: number
  /** Of what is exported or not, by `tailSampling`: traces so far, by the reason; absent without that option. */
  tailSampling?: { reason: string; traces: number }[]
  /** Of the last minute, as far as requests were in flight; absent where `capture.runtime` is off. */
  runtime?: RuntimeFigures
  /** CPU milliseconds that encoding and serving have cost so far, by our own clock. */
  overheadMs: number
  /** In a hub, which records nothing of itself and shows what others send. */
  hub?: HubStatus
}

export interface HubStatus {
  listeners: Listener[]
  /** Lines for a shell that have another service send its traces here. Its token is not in them; TOKEN stands there. */
  variables: string[]
}

export interface Listener {
  /** `OTLP/HTTP`, `Zipkin`. */
  name: string
  /** `http://localhost:4318`; '' where it does not listen. */
  address: string
  /** What it is for, or why it does not listen, in words. */
  about: string
  /** Bodies of spans that were taken, and the spans in them; absent where none are taken. */
  bodies?: number
  spans?: number
}

export interface WorkersStatus {
  /** Of the worker that answers: only the keeper has everybody's traces; another one answers when the keeper does not. */
  role: 'keeper' | 'member' | 'alone'
  /** `thread` is 0 for the main thread. */
  workers: { pid: number; thread: number }[]
}

export interface RuntimeFigures {
  /** By how much a timer was late, at most. */
  delayMs: number
  /** Of V8's heap, in use now. */
  heapBytes: number
  /** Share of the time in which the garbage collector had stopped the process, 0 to 1. */
  gcShare: number
}

export interface Instrumented {
  /** What: `express 5`, `fetch`, `pg`. */
  name: string
  on: boolean
  /** How it is done, or why it is not, in words; with the line that would switch it on. */
  how: string
}

export interface ExportStatus {
  /** Its address, without what may be secret in it. */
  to: string
  protocol: 'http/protobuf' | 'http/json' | 'grpc' | 'zipkin'
  /** Spans that arrived. */
  sent: number
  /** Spans that it refused, or that could not be delivered. */
  failed: number
  /** Spans for which there was no room while it did not keep up. */
  dropped: number
  waiting: number
  /** Whether the last try failed. */
  failing: boolean
  /** What went wrong last, in words; '' where nothing did. */
  lastError: string
  /** Epoch milliseconds of it; 0 where nothing went wrong. */
  lastErrorAt: number
}

/** A library that the project depends on or has loaded. */
export interface LibraryStatus {
  name: string
  /** As installed; '' where it is not known. */
  version: string
  traced: boolean
  /** How its calls are recorded, or why they are not, in words. */
  how: string
  /** The one line that would trace it. */
  line?: string
}

/** Every error answer of the API. */
export interface ApiError {
  error: string
  /** What to do about it. */
  hint?: string
}

/** `GET api/routes`: per-route figures, largest share of time first. */
export interface RouteFigures {
  route: string
  method: string
  service: string
  count: number
  errors: number
  perMinute: number
  p50: number
  p95: number
  p99: number
  max: number
  /** Share of all time spent in requests, 0 to 1. */
  share: number
}

/** `GET api/map`: services and who calls whom. */
export interface ServiceMap {
  nodes: {
    name: string
    kind: 'service' | 'db' | 'queue' | 'external'
    /** All spans of a service, all calls to anything else; those of them that failed. */
    spans: number
    errors: number
    /** How often it was entered from outside, or called; how often that failed; how long it took, in milliseconds. */
    calls: number
    failed: number
    p50: number
    p95: number
  }[]
  edges: { from: string; to: string; calls: number; errors: number; p50: number; p95: number }[]
  /** The traces that were looked at, the newest first; `complete` is false when the time for it ran out before all were. Epoch milliseconds. */
  drawn: { traces: number; complete: boolean; from: number; to: number }
}
