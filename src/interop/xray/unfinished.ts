import { systemClock } from '../../base/clock.ts'
import type { SpanId, TraceId } from '../../base/ids.ts'
import { createGuard, type Guard } from '../../base/safely.ts'
import type { Resource, TraceRecord } from '../../base/span-data.ts'
import { inSlices } from '../../base/time-slices.ts'
import { type Received, ReceivedSpans, type ReceiveSetup } from '../../trace/received.ts'
import { decodeXray, type DecodedSegments, type Piece } from './decode.ts'
import { UnfinishedTrace } from './unfinished-trace.ts'

export interface UnfinishedSetup extends ReceiveSetup {
  /** All that is stored of a trace. */
  readonly stored: (traceId: TraceId) => Iterable<TraceRecord>
  readonly keep: (record: TraceRecord) => void
  /** What is in flight has changed. */
  readonly onChange: () => void
  /** Milliseconds of a clock that runs evenly. */
  readonly now: () => number
}

/** How long subsegments wait for the segment that they were sent ahead of: until its request ends, as a rule. */
const waitMs = 60_000
/** Bytes of the documents that are held; what is made of one takes a few times as many. */
const mostBytes = 4 * 1024 * 1024
const mostPieces = 5000

/**
 * What X-Ray's SDKs have sent and what has no place among stored spans yet: segments in progress, until they come again as ended ones, and
 * subsegments that came ahead of the segment whose service they are of. Both are shown as in flight. Keeps no process alive.
 */
export class UnfinishedSegments {
  // In the order in which they began.
  readonly #traces = new Map<TraceId, UnfinishedTrace>()
  readonly #setup: UnfinishedSetup
  readonly #guard: Guard
  #timer: NodeJS.Timeout | undefined

  constructor(setup: UnfinishedSetup) {
    this.#setup = setup
    this.#guard = createGuard('what waits for X-Ray segments', setup.report)
  }

  /** A `Receive`: gives what can be kept now. */
  *receive(
    body: Uint8Array,
    setup: ReceiveSetup
  ): Generator<undefined, Received | { error: string }> {
    const decoded = yield* decodeXray(body, setup)
    if ('error' in decoded) return decoded
    const arrived = new Map<TraceId, Piece[]>()
    for (const traceId of decoded.ended.keys())
      if (this.#traces.has(traceId)) arrived.set(traceId, [])
    for (const piece of decoded.pieces) {
      const { traceId } = piece.record
      const pieces = arrived.get(traceId)
      if (pieces === undefined) arrived.set(traceId, [piece])
      else pieces.push(piece)
    }
    for (const [traceId, pieces] of arrived) yield* this.#join(traceId, pieces, decoded)
    if (arrived.size > 0) {
      this.#makeRoom()
      this.#sweepLater()
      this.#setup.onChange()
    }
    return yield* decoded.finish()
  }

  *#join(
    traceId: TraceId,
    pieces: readonly Piece[],
    { ended, received }: DecodedSegments
  ): Generator<undefined, void> {
    const known = new Map<SpanId, Resource>(ended.get(traceId))
    // Of what was here before, all that is stored was seen when it came.
    if (pieces.length > 0)
      for (const { spans, resource } of this.#setup.stored(traceId)) {
        for (const { spanId } of spans) known.set(spanId, resource)
        yield
      }
    const trace = this.#traces.get(traceId) ?? new UnfinishedTrace()
    trace.join(pieces, known, received, this.#setup.now())
    if (trace.size > 0) this.#traces.set(traceId, trace)
    else this.#traces.delete(traceId)
  }

  #sweepLater(): void {
    if (this.#timer !== undefined || this.#traces.size === 0) return
    this.#timer = setTimeout(() => this.#guard(() => this.#sweep()), waitMs / 10).unref()
  }

  #sweep(): void {
    this.#timer = undefined
    const since = this.#setup.now() - waitMs
    let left: TraceRecord[] = []
    for (const [traceId, trace] of this.#traces) {
      left = left.concat(trace.letGo(since))
      if (trace.size === 0) this.#traces.delete(traceId)
    }
    if (left.length > 0) this.#keep(left)
    this.#sweepLater()
  }

  #makeRoom(): void {
    let [bytes, pieces] = [0, 0]
    for (const trace of this.#traces.values()) {
      bytes += trace.bytes
      pieces += trace.size
    }
    for (const [traceId, trace] of this.#traces) {
      if (bytes <= mostBytes && pieces <= mostPieces) break
      bytes -= trace.bytes
      pieces -= trace.size
      this.#traces.delete(traceId)
      this.#keep(trace.letGo(Infinity))
      if (trace.size > 0) this.#setup.report.drop('segment in progress given up', trace.size)
    }
  }

  // As spans of a service that is not known, each trace's together.
  #keep(records: readonly TraceRecord[]): void {
    const { keep, now, onChange } = this.#setup
    const spans = new ReceivedSpans(this.#setup)
    function* work(): Generator<undefined, void> {
      for (const record of records) {
        const { service, attributes } = record.resource
        spans.take(spans.sender(service, attributes), record)
        yield
      }
      for (const record of (yield* spans.finish(0, '', 0)).records) {
        keep(record)
        yield
      }
      onChange()
    }
    inSlices(work(), now).catch(this.#guard.failed)
  }

  clear(): void {
    this.#traces.clear()
    this.#setup.onChange()
  }

  /** What is in flight of a trace. */
  of(traceId: TraceId): readonly TraceRecord[] {
    const now = systemClock.now()
    return this.#traces.get(traceId)?.snapshot(systemClock.anchor(now) + now) ?? []
  }

  ids(): Iterable<TraceId> {
    return this.#traces.keys()
  }
}
