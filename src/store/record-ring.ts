import type { TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'
import { readHex, segmentFull } from './bytes.ts'
import { Decoder } from './decoder.ts'
import { Encoder } from './encoder.ts'
import type { RecordGlance } from './glance.ts'
import type { RingPlan } from './plan.ts'
import { Ring } from './ring.ts'
import { rowFlag, Segment } from './segment.ts'
import type { TraceKey } from './trace-key.ts'
import type { Entry, RingStats } from './types.ts'

/** A record, and what the store has found out about it. */
export interface Draft {
  readonly record: TraceRecord
  readonly figures: SummaryData
  /** Index of the root among the record's spans. */
  readonly root: number
}

/**
 * A ring of records, and the way to them by trace id. A table has the newest record's position for each hash of a trace id; from there
 * each row links to the next older one of the same hash, until a position that is no longer in the ring. Nothing has to be taken out when
 * a segment is reused, and no object exists per record or trace.
 */
export class RecordRing {
  readonly #plan: RingPlan
  readonly #ring: Ring<Segment>
  readonly #encoder: Encoder
  // Its own: it remembers texts by their segment's first position, which each ring counts for itself.
  readonly #decoder = new Decoder()
  /** The lower 32 bits of positions. The distance to the next position tells the rest. */
  readonly #heads: Uint32Array
  /** Each record begins with its sequence number; in the other ring that is its position. */
  readonly #numbered: boolean
  readonly #glance: RecordGlance
  #highest = 0
  #evictedSpans = 0

  constructor(plan: RingPlan, numbered: boolean, glance: RecordGlance) {
    this.#plan = plan
    this.#ring = new Ring(plan.segments, () => new Segment(plan.segmentBytes))
    this.#encoder = new Encoder(plan.maxTextIds, plan.seenSlots)
    this.#heads = new Uint32Array(plan.buckets)
    this.#numbered = numbered
    this.#glance = glance
  }

  get oldest(): number {
    return this.#ring.oldest
  }

  get next(): number {
    return this.#ring.next
  }

  /** Adds a record of the trace in `key`; gives its position, 0 when it does not even fit into an empty segment. */
  add(draft: Draft, key: TraceKey, seq: number, kept: number): number {
    const fresh = this.#ring.active.count === 0
    const position = this.#write(draft, key, seq, kept)
    if (position > 0 || fresh) return position
    this.#ring.advance((segment) => (this.#evictedSpans += segment.spans))
    return this.#write(draft, key, seq, kept)
  }

  #write(draft: Draft, key: TraceKey, seq: number, kept: number): number {
    const { out, texts, definitions } = this.#encoder
    const segment = this.#ring.active
    if (segment.count === 0) {
      this.#encoder.begin(segment.bytes, draft.record.epochMs)
      segment.fill(draft.record.epochMs, texts.places, definitions.places)
    }
    const start = segment.end
    out.at = start
    out.limit = segment.limit
    try {
      if (this.#numbered) {
        out.room(8)
        out.varint(seq)
      }
      this.#encoder.record(draft.record, draft.root, draft.figures)
    } catch (error) {
      // What was half written is forgotten with its ids; only a fresh segment starts from a clean state again.
      if (segment.count > 0) segment.seal()
      if (error === segmentFull) return 0
      this.#ring.advance((lost) => (this.#evictedSpans += lost.spans))
      throw error
    }
    segment.spans += draft.record.spans.length
    segment.texts = texts.count
    segment.definitions = definitions.count
    segment.folds ||= texts.folds
    // To look for a trace that cannot be there would miss the processor's caches at each step: 0.3 us.
    const before = draft.record.fresh === true ? 0 : this.newest(key)
    return this.#link(segment, key, start, { seq, kept, before })
  }

  #link(
    segment: Segment,
    key: TraceKey,
    start: number,
    { seq, kept, before }: { seq: number; kept: number; before: number }
  ): number {
    const position = this.#ring.next
    let flags = kept
    if (before > 0) {
      flags |= rowFlag.follows
      this.setFlags(before, this.flags(before) | rowFlag.followed)
      this.#find(before).traces--
    }
    segment.traces++
    if (seq < this.#highest) flags |= rowFlag.displaced
    else this.#highest = seq
    const head = this.#head(key)
    const link = position - head
    segment.add(
      key.words,
      start,
      this.#encoder.out.at,
      flags,
      head > 0 && link < 2 ** 32 ? link : 0
    )
    this.#heads[key.hash & (this.#heads.length - 1)] = position
    return position
  }

  /** The newest position of the trace in `key`, 0 when there is none. */
  newest(key: TraceKey): number {
    return this.#search(key, this.#head(key))
  }

  /** The next older position of the same trace. */
  earlier(key: TraceKey, position: number): number {
    return this.#search(key, this.#older(position))
  }

  #search(key: TraceKey, position: number): number {
    if (position === 0) return 0
    const ring = this.#ring
    const oldest = ring.oldest
    while (position >= oldest) {
      const segment = ring.find(position)
      if (segment === undefined) return 0
      const row = position - segment.first
      if (segment.holds(row, key.words)) return position
      const link = segment.link(row)
      if (link === 0) return 0
      position -= link
    }
    return 0
  }

  #older(position: number): number {
    const segment = this.#ring.find(position)
    const link = segment?.link(position - segment.first) ?? 0
    return link === 0 ? 0 : position - link
  }

  #head(key: TraceKey): number {
    if (this.#ring.empty) return 0
    const low = this.#heads[key.hash & (this.#heads.length - 1)] as number
    if (low === 0) return 0
    const next = this.#ring.next
    return next - (((next >>> 0) - low) >>> 0)
  }

  /** Makes the trace at a position the key's. */
  aim(key: TraceKey, position: number): void {
    const segment = this.#find(position)
    key.copy(segment.bytes, segment.idAt(position - segment.first))
  }

  traceId(position: number): TraceId {
    const segment = this.#find(position)
    const at = segment.idAt(position - segment.first)
    return readHex(segment.bytes, at, at + 16) as TraceId
  }

  flags(position: number): number {
    const segment = this.#find(position)
    return segment.flags(position - segment.first)
  }

  setFlags(position: number, flags: number): void {
    const segment = this.#find(position)
    segment.setFlags(position - segment.first, flags)
  }

  seq(position: number): number {
    if (!this.#numbered) return position
    const segment = this.#find(position)
    return this.#decoder.leading(segment, position - segment.first)
  }

  entry(position: number, traceId: TraceId, kept: Entry['kept']): Entry {
    const segment = this.#find(position)
    return this.#decoder.entry(
      segment,
      this.#place(segment, position),
      this.seq(position),
      traceId,
      kept
    )
  }

  record(position: number, traceId: TraceId): TraceRecord {
    const segment = this.#find(position)
    const record = this.#decoder.record(segment, this.#place(segment, position), traceId)
    return this.isRelayed(position) ? { ...record, relayed: true } : record
  }

  /** The record in parts, between which the ring may change; nothing when it is not there any more. */
  *recordInParts(position: number, traceId: TraceId): Generator<TraceRecord> {
    const segment = this.#ring.find(position)
    if (segment === undefined) return
    const relayed = this.isRelayed(position)
    const parts = this.#decoder.recordInParts(segment, this.#place(segment, position), traceId)
    for (const part of parts) yield relayed ? { ...part, relayed } : part
  }

  /** Whether another worker handed the record on. */
  isRelayed(position: number): boolean {
    return (this.flags(position) & rowFlag.relayed) !== 0
  }

  /** Whether the record came from another process. */
  isIngested(position: number): boolean {
    const segment = this.#find(position)
    return this.#decoder.isIngested(segment, this.#place(segment, position))
  }

  /** The segment of a position, if it is still there. */
  segment(position: number): Segment | undefined {
    return this.#ring.find(position)
  }

  /** Whether the ring has no other record of the trace. */
  isAlone(position: number): boolean {
    return (this.flags(position) & (rowFlag.follows | rowFlag.followed)) === 0
  }

  glance(position: number): RecordGlance {
    const segment = this.#find(position)
    const place = this.#place(segment, position)
    this.#glance.aim(segment, position - segment.first, place, this.seq(position))
    return this.#glance
  }

  clear(): void {
    this.#ring.clear()
  }

  get stats(): RingStats {
    let bytes = 0
    let spans = 0
    let traces = 0
    for (const segment of this.#ring.blocks()) {
      bytes += segment.used
      spans += segment.spans
      traces += segment.traces
    }
    const { oldest, next } = this.#ring
    const first = this.#ring.find(oldest)
    return {
      capacity: this.#plan.segments * this.#plan.segmentBytes,
      bytes,
      spans,
      traces,
      records: next - oldest,
      evictedSpans: this.#evictedSpans,
      oldestMs: first === undefined ? 0 : this.#decoder.epochMs(first, this.#place(first, oldest))
    }
  }

  #find(position: number): Segment {
    const segment = this.#ring.find(position)
    if (segment === undefined) throw new RangeError(`no record at position ${position}`)
    return segment
  }

  /** Where the record's head begins. */
  #place(segment: Segment, position: number): number {
    const row = position - segment.first
    return segment.place(row) + (this.#numbered ? this.#leadingBytes(segment, row) : 0)
  }

  #leadingBytes(segment: Segment, row: number): number {
    let size = 1
    for (let at = segment.place(row); (segment.bytes[at] as number) > 127; at++) size++
    return size
  }
}
