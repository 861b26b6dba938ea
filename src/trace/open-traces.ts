import type { Clock } from '../base/clock.ts'
import type { TraceId } from '../base/ids.ts'
import type { Limits } from '../base/limits.ts'
import type { Report } from '../base/report.ts'
import { createGuard, type Guard } from '../base/safely.ts'
import type { Resource, TraceRecord } from '../base/span-data.ts'
import { StatusCode } from '../base/span-data.ts'
import type { TraceBuffer } from '../span/setting.ts'
import type { Span } from '../span/span.ts'

export interface OpenTracesSetup {
  readonly clock: Clock
  readonly limits: Limits
  readonly report: Report
  readonly resource: Resource
  /** The user's own redaction of a whole record, the last word before anything is shown or kept. */
  readonly redact: (record: TraceRecord) => TraceRecord
  /** A trace's spans, ended together; a late span comes alone, after its trace. */
  onRecord(record: TraceRecord): void
  /** Something about what is in flight changed. */
  onChange(): void
  /** A span began or ended, at that reading of the clock; one that ended is not handed on yet. */
  readonly onActivity?: ((span: Span, now: number, ended: boolean) => void) | undefined
}

/**
 * The traces that are being recorded. A trace leaves when its local root and all its spans have ended; what ends after the root is handed
 * on as a record of its own. A trace that stays open too long is closed as abandoned, unless its root says that it is alive.
 */
export class OpenTraces {
  readonly #setup: OpenTracesSetup
  // In the order they were opened. Not an lru-cache: that one clears arrays of its whole capacity whenever its last entry leaves, which
  // cost an otherwise idle server 22 us a request.
  readonly #traces = new Map<TraceId, OpenTrace>()
  readonly #sweeper: NodeJS.Timeout
  readonly #guard: Guard

  readonly #leave = (trace: OpenTrace): void => {
    this.#traces.delete(trace.traceId)
  }

  constructor(setup: OpenTracesSetup) {
    this.#setup = setup
    this.#guard = createGuard('the end of open traces', setup.report)
    this.#sweeper = setInterval(
      () => this.#guard(() => this.sweep()),
      Math.max(1000, setup.limits.openMs / 10)
    ).unref()
  }

  /** The open trace of that id, begun now if there is none, as with a fresh id there is not. */
  open(traceId: TraceId, now: number = this.#setup.clock.now(), fresh = false): TraceBuffer {
    const found = fresh ? undefined : this.#traces.get(traceId)
    if (found !== undefined) return found
    if (this.#traces.size >= this.#setup.limits.openTraces) this.#oldest()?.abandon()
    const trace = new OpenTrace(traceId, this.#setup, { now, fresh, onLeave: this.#leave })
    this.#traces.set(traceId, trace)
    return trace
  }

  get(traceId: TraceId): OpenTrace | undefined {
    return this.#traces.get(traceId)
  }

  /** Traces whose local root is open, oldest first. */
  *inFlight(): Iterable<OpenTrace> {
    for (const trace of this.#traces.values()) if (trace.inFlight) yield trace
  }

  /** What is known of each of these now. */
  *snapshots(): Iterable<TraceRecord> {
    for (const trace of this.inFlight()) {
      const record = trace.snapshot()
      if (record !== undefined) yield record
    }
  }

  /** Ids of all that are open, those whose local root has ended included. */
  ids(): Iterable<TraceId> {
    return this.#traces.keys()
  }

  get size(): number {
    return this.#traces.size
  }

  /** Closes what has been open for longer than allowed and whose root does not say that it is alive. */
  sweep(): void {
    const oldest = this.#setup.clock.now() - this.#setup.limits.openMs
    for (const trace of this.#traces.values()) {
      if (trace.lastChange < oldest && !trace.alive()) trace.abandon()
    }
  }

  /** The one to give up when there is no room: among the longest open ones the first that does not say that it is alive. */
  #oldest(): OpenTrace | undefined {
    let first: OpenTrace | undefined
    let asked = 0
    for (const trace of this.#traces.values()) {
      first ??= trace
      if (!trace.alive()) return trace
      // With thousands of open connections, asking all of them would be felt by each new request.
      if (++asked === 16) break
    }
    return first
  }

  close(): void {
    clearInterval(this.#sweeper)
    this.#traces.clear()
  }
}

/** One trace being recorded: its live spans until the local root ends. */
export class OpenTrace implements TraceBuffer {
  readonly traceId: TraceId
  readonly epochMs: number
  readonly baseMs: number
  /** Reading of the monotonic clock when a span was last added or ended. */
  lastChange: number
  left = false
  readonly #setup: OpenTracesSetup
  readonly #onLeave: (trace: OpenTrace) => void
  #spans: Span[] = []
  #openSpans = 0
  #kept = 0
  #dropped = 0
  #root: Span | undefined
  #rootEnded = false
  #fresh: boolean
  #abandoned = false

  constructor(
    traceId: TraceId,
    setup: OpenTracesSetup,
    { now, fresh, onLeave }: { now: number; fresh: boolean; onLeave: (trace: OpenTrace) => void }
  ) {
    const anchor = setup.clock.anchor(now)
    this.traceId = traceId
    this.epochMs = Math.floor(anchor + now)
    this.baseMs = this.epochMs - anchor
    this.lastChange = now
    this.#setup = setup
    this.#fresh = fresh
    this.#onLeave = onLeave
  }

  get inFlight(): boolean {
    return this.#root !== undefined && !this.#rootEnded
  }

  /** The first span of the trace in this process. */
  get root(): Span | undefined {
    return this.#root
  }

  alive(): boolean {
    return this.#root?.alive?.() === true
  }

  /** A trace may grow to its limit; the root is always kept. */
  add(span: Span, now: number): boolean {
    if (this.#root === undefined) {
      this.#root = span
      this.#setup.onChange()
    } else if (this.#kept >= this.#setup.limits.spansPerTrace) {
      this.#dropped++
      this.#setup.report.drop('span limit of the trace')
      return false
    }
    this.#kept++
    this.#openSpans++
    this.#spans.push(span)
    this.lastChange = now
    this.#setup.onActivity?.(span, now, false)
    return true
  }

  ended(span: Span, now: number): void {
    this.#openSpans--
    this.lastChange = now
    if (this.#abandoned) return
    this.#setup.onActivity?.(span, now, true)
    if (span === this.#root) this.#rootEnded = true
    if (!this.#rootEnded) return
    try {
      this.#flush()
    } finally {
      if (this.#openSpans === 0) this.#leave()
    }
  }

  /** What is known now, open spans with their duration so far; undefined when all of it has been handed on. */
  snapshot(): TraceRecord | undefined {
    return this.#spans.length === 0 ? undefined : this.#record([...this.#spans])
  }

  /** Closes the trace with what is known: its open spans end now and say so. */
  abandon(): void {
    this.#setup.report.drop('trace abandoned')
    for (const span of this.#spans) {
      if (!span.open) continue
      span.put('spanlight.abandoned', true)
      span.setStatus({ code: StatusCode.error, message: 'abandoned: never ended' })
    }
    this.#abandoned = true
    for (const span of this.#spans) span.end()
    this.#rootEnded = true
    try {
      this.#flush()
    } finally {
      this.#leave()
    }
  }

  #leave(): void {
    this.left = true
    this.#onLeave(this)
  }

  #flush(): void {
    const ended = this.#openSpans === 0 ? this.#spans : this.#spans.filter((span) => !span.open)
    if (ended.length === 0) return
    this.#spans = this.#openSpans === 0 ? [] : this.#spans.filter((span) => span.open)
    // Whatever becomes of the record, its spans are let go of.
    try {
      this.#setup.onRecord(this.#record(ended))
    } finally {
      for (const span of ended) span.release()
      this.#dropped = 0
      this.#fresh = false
    }
  }

  #record(spans: readonly Span[]): TraceRecord {
    return this.#setup.redact({
      traceId: this.traceId,
      epochMs: this.epochMs,
      resource: this.#setup.resource,
      source: 'local',
      spans,
      droppedSpans: this.#dropped,
      fresh: this.#fresh
    })
  }
}
