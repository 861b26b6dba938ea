import type { SpanId, TraceId } from '../base/ids.ts'
import type { Limits } from '../base/limits.ts'
import type { Report } from '../base/report.ts'
import {
  type ReadonlyAttributes,
  type Resource,
  type SpanData,
  type SpanEvent,
  type SpanLog,
  StatusCode,
  type TraceRecord
} from '../base/span-data.ts'
import type { Redactor } from '../redact/redactor.ts'
import { BadBody, tooManySpans } from './bounded-body.ts'
import { orderBy } from './order.ts'

/** What reading a foreign format needs: everything passes through the rules and the limits of what is recorded here. */
export interface ReceiveSetup {
  readonly redactor: Redactor
  readonly limits: Limits
  readonly report: Report
  /** Spans that are taken of one body. @default 5000 */
  readonly maxSpans?: number
}

/** What one body of a foreign format held. */
export interface Received {
  /** One for each trace and resource. */
  readonly records: TraceRecord[]
  /** Spans that were taken. */
  readonly spans: number
  /** Spans that were refused, for OTLP's `partialSuccess.rejectedSpans`. */
  readonly rejected: number
  /** Why, in words; '' when none was. */
  readonly message: string
}

/**
 * Reads one body. Foreign input: gives `error` for what is not of the format at all, refuses single spans that are invalid or too many,
 * ignores what it does not know, never throws. It yields wherever the host may go on, each time after a fraction of a millisecond, and
 * nothing is lost if it is never resumed.
 */
export type Receive = (
  body: Uint8Array,
  setup: ReceiveSetup
) => Generator<undefined, Received | { error: string }>

/** Reads what may turn out to be no such body in the middle of it. */
export function* readBody(
  body: Uint8Array,
  read: (bytes: Buffer) => Generator<undefined, Received>
): Generator<undefined, Received | { error: string }> {
  try {
    return yield* read(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  } catch (error) {
    if (error instanceof BadBody) return { error: error.message }
    throw error
  }
}

/** A span whose times can still be moved to the epoch of its record, which is known when all of its spans are. */
export interface MovableSpan extends SpanData {
  start: number
  readonly events: readonly Movable<SpanEvent>[]
  readonly logs: readonly Movable<SpanLog>[]
}

export type Movable<T> = Omit<T, 'time'> & { time: number }

/** What a span must have. */
export interface SpanIdentity {
  readonly traceId: TraceId
  readonly spanId: SpanId
  /** Nanoseconds since 1970. */
  readonly start: bigint
}

export interface ReadSpan {
  readonly span: MovableSpan
  /** Spans of the trace that its sender left out. */
  readonly droppedSpans: number
}

/** A process or service whose spans the body holds. */
export interface Sender {
  readonly resource: Resource
  readonly groups: Map<TraceId, Group>
}

interface Group {
  readonly traceId: TraceId
  readonly resource: Resource
  /** Nanoseconds since 1970, in a whole millisecond, that the spans' times count from until all are there. */
  readonly epoch: bigint
  readonly spans: Map<SpanId, MovableSpan>
  dropped: number
}

const millisecond = 1_000_000n

/** Sorts the spans of a body to one record for each sender and trace; a batch repeats and mixes both. */
export class ReceivedSpans {
  readonly #setup: Pick<ReceiveSetup, 'limits' | 'report'>
  readonly #senders = new Map<string, Sender>()

  constructor(setup: Pick<ReceiveSetup, 'limits' | 'report'>) {
    this.#setup = setup
  }

  /** Both already redacted. */
  sender(service: string, attributes: ReadonlyAttributes): Sender {
    const key = JSON.stringify([service, attributes])
    let found = this.#senders.get(key)
    if (found === undefined) {
      // The name that OpenTelemetry's resource conventions ask for where there is none.
      const resource = { service: service || 'unknown_service', attributes }
      found = { resource, groups: new Map() }
      this.#senders.set(key, found)
    }
    return found
  }

  /** `read` makes the span, its times counted from the epoch (nanoseconds since 1970) that it is given; it is not called for a duplicate. False where it is not kept. */
  add(sender: Sender, identity: SpanIdentity, read: (epoch: bigint) => ReadSpan): boolean {
    const { limits, report } = this.#setup
    const group = groupOf(sender, identity)
    if (group.spans.has(identity.spanId)) {
      report.drop('ingest duplicate')
      return false
    }
    const { span, droppedSpans } = read(group.epoch)
    group.dropped += droppedSpans
    const mustStay = span.status === StatusCode.error || span.parentId === undefined
    if (group.spans.size >= limits.spansPerTrace && !mustStay) {
      group.dropped++
      report.drop('span limit of the trace')
      return false
    }
    group.spans.set(span.spanId, span)
    return true
  }

  /** Spans that were read before, perhaps as another sender's. */
  take(sender: Sender, { traceId, epochMs, spans, droppedSpans }: TraceRecord): void {
    for (const [i, span] of spans.entries()) {
      const start = BigInt(epochMs) * millisecond + BigInt(span.start)
      this.add(sender, { traceId, spanId: span.spanId, start }, (epoch) => ({
        span: later(span, (epochMs - Number(epoch / millisecond)) * 1e6),
        droppedSpans: i === 0 ? droppedSpans : 0
      }))
    }
  }

  /** What the body held. Of `invalid` spans it is said that they came `without` something; `tooMany` were not read at all. */
  *finish(invalid: number, without: string, tooMany: number): Generator<undefined, Received> {
    const records: TraceRecord[] = []
    for (const { groups } of this.#senders.values()) {
      for (const group of groups.values()) {
        records.push(yield* recordOf(group))
        yield
      }
    }
    const { report } = this.#setup
    if (invalid > 0) report.drop('ingest invalid', invalid)
    if (tooMany > 0) report.drop('ingest refused', tooMany)
    const reasons: string[] = []
    if (invalid > 0) reasons.push(`${invalid} without ${without}`)
    if (tooMany > 0) reasons.push(`${tooMany} ${tooManySpans}`)
    return {
      records,
      spans: records.reduce((sum, { spans }) => sum + spans.length, 0),
      rejected: invalid + tooMany,
      message: reasons.join('; ')
    }
  }
}

/** Nanoseconds from `epoch` to `time`, as a stored time. */
export function after(epoch: bigint, time: bigint): number {
  return within(Number(time - epoch))
}

function groupOf({ groups, resource }: Sender, { traceId, start }: SpanIdentity): Group {
  let group = groups.get(traceId)
  if (group === undefined) {
    const epoch = (start / millisecond) * millisecond
    group = { traceId, resource, epoch, spans: new Map(), dropped: 0 }
    groups.set(traceId, group)
  }
  return group
}

function* recordOf(group: Group): Generator<undefined, TraceRecord> {
  const { traceId, resource, epoch, dropped } = group
  const sorted = yield* inOrder([...group.spans.values()])
  const later = Math.floor((sorted[0] as SpanData).start / 1e6)
  if (later !== 0) {
    for (const [i, span] of sorted.entries()) {
      moveEpoch(span, later * 1e6)
      if (i % spansPerPart === spansPerPart - 1) yield
    }
  }
  return {
    traceId,
    epochMs: Number(epoch / millisecond) + later,
    resource,
    source: 'ingest',
    spans: sorted,
    droppedSpans: dropped
  }
}

// Array.sort takes 40 ms for as many spans as a file's trace may have.
const spansPerPart = 2048

/** By start; where a clock of microseconds tells nothing, what was called from elsewhere comes before what it did. */
function* inOrder(spans: MovableSpan[]): Generator<undefined, MovableSpan[]> {
  if (spans.length <= spansPerPart)
    return spans.sort(
      (a, b) => a.start - b.start || Number(b.parentRemote) - Number(a.parentRemote)
    )
  // What is equal stays in its order. Plain loops, as Array.from of a typed array takes ten times as long.
  const all: MovableSpan[] = []
  for (const span of spans) if (span.parentRemote) all.push(span)
  for (const span of spans) if (!span.parentRemote) all.push(span)
  yield
  const starts = new Float64Array(all.length)
  for (let i = 0; i < all.length; i++) starts[i] = (all[i] as MovableSpan).start
  const sorting = orderBy(starts)
  let step = sorting.next()
  for (; step.done !== true; step = sorting.next()) yield
  const order = step.value
  const sorted: MovableSpan[] = []
  for (let i = 0; i < order.length; i++) sorted.push(all[order[i] as number] as MovableSpan)
  return sorted
}

/** A copy whose times are `by` nanoseconds later, with its own lists of what moves. */
function later(span: SpanData, by: number): MovableSpan {
  const events = span.events.map((event) => ({ ...event }))
  const logs = span.logs.map((log) => ({ ...log }))
  const copy = { ...span, events, logs }
  moveEpoch(copy, -by)
  return copy
}

function moveEpoch(span: MovableSpan, by: number): void {
  span.start = within(span.start - by)
  for (const event of span.events) event.time = within(event.time - by)
  for (const log of span.logs) log.time = within(log.time - by)
}

// Stored times are whole numbers within 2^53, and a start plus a duration too: 52 days each way.
const furthest = 2 ** 52

function within(time: number): number {
  return Math.max(-furthest, Math.min(furthest, time))
}
