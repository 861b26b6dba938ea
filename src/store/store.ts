import type { SpanId, TraceId } from '../base/ids.ts'
import type { Report } from '../base/report.ts'
import { createGuard, type Guard } from '../base/safely.ts'
import type { SpanData, TraceRecord } from '../base/span-data.ts'
import { rootOf, summarise, type SummaryData } from '../trace/summary.ts'
import { halves, stripped } from './cut.ts'
import { RecordGlance } from './glance.ts'
import { minMemory, planRings } from './plan.ts'
import { type Draft, RecordRing } from './record-ring.ts'
import { rowFlag } from './segment.ts'
import { TextSearch } from './text-search.ts'
import { TraceKey } from './trace-key.ts'
import type { Entry, Glance, RingStats, StoredTrace, TraceStore } from './types.ts'
import { uniqueSpans } from './unique-spans.ts'

export interface StoreSetup {
  /** Bytes for everything the store holds, at least 1 MiB. */
  readonly memory: number
  readonly report: Report
}

/** Throws a TypeError when `memory` is not a number of bytes that is large enough. */
export function createStore(setup: StoreSetup): TraceStore {
  if (!(setup.memory >= minMemory && Number.isFinite(setup.memory)))
    throw new TypeError(`memory must be at least ${minMemory} bytes, not ${setup.memory}`)
  return new Store(setup)
}

// Rows that are passed over before the host may go on: a tenth of a millisecond.
const rowsPerPart = 256

// By the two bits of a row's flags.
const reasons: readonly Entry['kept'][] = ['', 'error', 'slow', 'pinned']
const pinned = reasons.indexOf('pinned')

/**
 * Two rings behind one face. Every record goes to the recent ring, where its position is its sequence number; what is worth keeping goes
 * to the kept ring as well, under the number it has. Once a trace is in the kept ring all its records go there.
 */
class Store implements TraceStore {
  readonly #report: Report
  readonly #recent: RecordRing
  readonly #kept: RecordRing
  readonly #key = new TraceKey()
  readonly #search = new TextSearch()
  readonly #listeners = new Map<() => void, Guard>()

  constructor({ memory, report }: StoreSetup) {
    const { recent, kept } = planRings(memory)
    this.#report = report
    const search = this.#search
    this.#recent = new RecordRing(
      recent,
      false,
      new RecordGlance(search, (traceId, flags) =>
        (flags & rowFlag.kept) === 0 ? '' : (this.entries(traceId)[0]?.kept ?? '')
      )
    )
    this.#kept = new RecordRing(
      kept,
      true,
      new RecordGlance(search, (_, flags) => reasons[flags & rowFlag.kept] ?? '')
    )
  }

  get newest(): number {
    return this.#recent.next - 1
  }

  get oldest(): number {
    return this.#recent.oldest
  }

  get stats(): { recent: RingStats; kept: RingStats } {
    return { recent: this.#recent.stats, kept: this.#kept.stats }
  }

  add(record: TraceRecord, keep: '' | 'error' | 'slow', figures?: SummaryData): number {
    if (record.spans.length === 0 || !this.#key.set(record.traceId)) return 0
    const seq = this.#add(record, keep, figures)
    if (seq > 0) this.#changed()
    return seq
  }

  // The number of the last part, when a record had to be divided.
  #add(record: TraceRecord, keep: Entry['kept'], figures?: SummaryData): number {
    const seq = this.#addWhole(record, keep, figures)
    if (seq !== 0) return seq
    const parts = halves(record)
    if (parts !== undefined) {
      const first = this.#add(parts[0], keep)
      return this.#add(parts[1], keep) || first
    }
    this.#report.drop('record larger than a segment')
    for (const less of stripped(record)) {
      const lesser = this.#addWhole(less, keep)
      if (lesser !== 0) return lesser
    }
    return 0
  }

  #addWhole(record: TraceRecord, keep: Entry['kept'], figures?: SummaryData): number {
    const key = this.#key
    const before = record.fresh === true ? 0 : this.#kept.newest(key)
    let reason = 0
    if (keep !== '') reason = reasons.indexOf(keep)
    else if (before > 0) reason = this.#kept.flags(before) & rowFlag.kept
    const draft = draftOf(record, figures)
    const seq = this.#recent.add(draft, key, this.#recent.next, reason)
    if (seq === 0 || reason === 0) return seq
    const follows = (this.#recent.flags(seq) & rowFlag.follows) !== 0
    if (before === 0 && follows) this.#keepAll(record.traceId, reason)
    else this.#addKept(draft, seq, reason)
    return seq
  }

  #addKept(draft: Draft, seq: number, reason: number): void {
    // It has fitted into a segment of this size, but perhaps only because its texts were there already.
    if (this.#kept.add(draft, this.#key, seq, reason) === 0)
      this.#report.drop('record larger than a segment')
  }

  // Copies what the kept ring has not got, and notes the reason in all rows of the trace.
  #keepAll(traceId: TraceId, reason: number): void {
    const there = new Set<number>()
    for (const position of this.#positions(this.#kept)) {
      there.add(this.#kept.seq(position))
      mark(this.#kept, position, reason)
    }
    for (const seq of this.#positions(this.#recent)) {
      mark(this.#recent, seq, reason)
      if (!there.has(seq)) this.#addKept(draftOf(this.#recent.record(seq, traceId)), seq, reason)
    }
  }

  // Positions of the trace in the key, oldest first.
  #positions(ring: RecordRing): number[] {
    const found: number[] = []
    for (let at = ring.newest(this.#key); at > 0; at = ring.earlier(this.#key, at)) found.push(at)
    return found.reverse()
  }

  has(traceId: TraceId): boolean {
    const key = this.#key
    return key.set(traceId) && (this.#recent.newest(key) > 0 || this.#kept.newest(key) > 0)
  }

  entries(traceId: TraceId): Entry[] {
    return this.#key.set(traceId) ? this.#entries(traceId) : []
  }

  // Of the trace in the key.
  #entries(traceId: TraceId): Entry[] {
    const entries: Entry[] = []
    const reasonOf = new Map<number, Entry['kept']>()
    const oldest = this.#recent.oldest
    for (const position of this.#positions(this.#kept)) {
      const kept = reasons[this.#kept.flags(position) & rowFlag.kept] ?? ''
      const seq = this.#kept.seq(position)
      if (seq >= oldest) reasonOf.set(seq, kept)
      else entries.push(this.#kept.entry(position, traceId, kept))
    }
    entries.sort((a, b) => a.seq - b.seq)
    for (const seq of this.#positions(this.#recent))
      entries.push(this.#recent.entry(seq, traceId, reasonOf.get(seq) ?? ''))
    return entries
  }

  records(traceId: TraceId): TraceRecord[] {
    const places = this.#placesOf(traceId)
    return uniqueSpans(places.map(({ ring, position }) => ring.record(position, traceId)))
  }

  *recordsInParts(traceId: TraceId): Generator<TraceRecord> {
    const places = this.#placesOf(traceId)
    const ingested = places.filter(({ ring, position }) => ring.isIngested(position))
    // Our own word before what another process says; and our own span ids are random, so among these none comes twice.
    const own = places.filter(({ ring, position }) => !ring.isIngested(position))
    const seen = new Set<SpanId>()
    for (const { ring, position } of own)
      for (const part of ring.recordInParts(position, traceId)) {
        if (ingested.length > 0) for (const { spanId } of part.spans) seen.add(spanId)
        yield part
      }
    for (const { ring, position } of ingested)
      for (const part of ring.recordInParts(position, traceId)) {
        const spans = part.spans.filter(({ spanId }) => {
          const size = seen.size
          return seen.add(spanId).size > size
        })
        if (spans.length > 0) yield { ...part, spans }
      }
  }

  // Where the trace's records are, oldest first.
  #placesOf(traceId: TraceId): { ring: RecordRing; position: number }[] {
    if (!this.#key.set(traceId)) return []
    const [recent, kept] = [this.#recent, this.#kept]
    const keptOnly = this.#positions(kept).filter((at) => kept.seq(at) < recent.oldest)
    keptOnly.sort((a, b) => kept.seq(a) - kept.seq(b))
    return [
      ...keptOnly.map((position) => ({ ring: kept, position })),
      ...this.#positions(recent).map((position) => ({ ring: recent, position }))
    ]
  }

  /** Traces that change their place while this is read, because of an eviction, may be missed; none comes twice. */
  *traces(
    before: number = Infinity,
    worth: (glance: Glance) => boolean = () => true
  ): Generator<StoredTrace | undefined> {
    const [recent, kept] = [this.#recent, this.#kept]
    let passed = 0
    let seq = Math.min(Math.ceil(before) - 1, this.newest)
    for (; seq >= recent.oldest; seq--) {
      const worthless = this.#isAlone(seq) && !worth(recent.glance(seq))
      const trace = worthless ? undefined : this.#recentTrace(seq, rowFlag.follows)
      if (trace !== undefined && trace.first === seq) yield trace
      else if (++passed % rowsPerPart === 0) yield
    }
    for (const position of (yield* kept.positions(0, seq + 1)).reverse()) {
      if (++passed % rowsPerPart === 0) yield
      if (kept.segment(position) === undefined) continue
      if (kept.isAlone(position) && !worth(kept.glance(position))) continue
      kept.aim(this.#key, position)
      const earlier = kept.earlier(this.#key, position)
      if (earlier > 0 && kept.seq(earlier) < kept.seq(position)) continue
      const trace = this.#keptTrace(position)
      if (trace.first === kept.seq(position)) yield trace
    }
  }

  // Whether the trace has no other record, in neither ring. The kept ring can have one that this ring has lost.
  #isAlone(seq: number): boolean {
    const [recent, kept] = [this.#recent, this.#kept]
    if (!recent.isAlone(seq)) return false
    if ((recent.flags(seq) & rowFlag.kept) === 0) return true
    recent.aim(this.#key, seq)
    const position = kept.newest(this.#key)
    return position === 0 || (kept.seq(position) === seq && kept.isAlone(position))
  }

  /** By the number of the trace's last entry, so that a reader who stops can go on from there. */
  *changedSince(seq: number): Iterable<StoredTrace> {
    const kept = this.#kept
    for (const position of finish(kept.positions(Math.floor(seq) + 1, this.#recent.oldest))) {
      if (!this.#aimKept(position)) continue
      if (kept.seq(kept.newest(this.#key)) > kept.seq(position)) continue
      const trace = this.#keptTrace(position)
      if (trace.last === kept.seq(position)) yield trace
    }
    for (let next = Math.floor(seq) + 1; next <= this.newest; next++) {
      next = Math.max(next, this.#recent.oldest)
      const trace = this.#recentTrace(next, rowFlag.followed)
      if (trace !== undefined && trace.last === next) yield trace
    }
  }

  // False when the position has been evicted since it was found.
  #aimKept(position: number): boolean {
    if (this.#kept.segment(position) === undefined) return false
    this.#kept.aim(this.#key, position)
    return true
  }

  #keptTrace(position: number): StoredTrace {
    const traceId = this.#kept.traceId(position)
    return traceOf(traceId, this.#entries(traceId))
  }

  // The trace of a record, unless the flag says, and it is still true, that another record of it speaks for it.
  #recentTrace(seq: number, flag: number): StoredTrace | undefined {
    const ring = this.#recent
    if (ring.segment(seq) === undefined) return undefined
    const flags = ring.flags(seq)
    const traceId = ring.traceId(seq)
    if ((flags & (rowFlag.follows | rowFlag.followed | rowFlag.kept)) === 0)
      return { traceId, first: seq, last: seq, entries: [ring.entry(seq, traceId, '')] }
    ring.aim(this.#key, seq)
    if ((flags & flag) !== 0 && (flag === rowFlag.followed || ring.earlier(this.#key, seq) > 0))
      return undefined
    return traceOf(traceId, this.#entries(traceId))
  }

  lacks(entry: Entry, text: string): boolean {
    const seq = entry.seq
    const recent = this.#recent.segment(seq)
    if (recent !== undefined) return this.#search.lacks(recent, seq - recent.first, text)
    if (!this.#key.set(entry.traceId)) return false
    const ring = this.#kept
    for (let at = ring.newest(this.#key); at > 0; at = ring.earlier(this.#key, at)) {
      const segment = ring.segment(at)
      if (segment !== undefined && ring.seq(at) === seq)
        return this.#search.lacks(segment, at - segment.first, text)
    }
    return false
  }

  pin(traceId: TraceId): boolean {
    if (!this.has(traceId)) return false
    this.#keepAll(traceId, pinned)
    this.#changed()
    return true
  }

  clear(): void {
    this.#recent.clear()
    this.#kept.clear()
    this.#changed()
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.set(own, createGuard('a listener of the store', this.#report))
    return () => this.#listeners.delete(own)
  }

  #changed(): void {
    for (const [listener, guard] of this.#listeners) guard(listener)
  }
}

function mark(ring: RecordRing, position: number, reason: number): void {
  ring.setFlags(position, (ring.flags(position) & ~rowFlag.kept) | reason)
}

function draftOf(record: TraceRecord, figures: SummaryData = summarise(record)): Draft {
  const { spans } = record
  const first = spans[0] as SpanData
  const root = first.parentId === undefined ? 0 : Math.max(0, spans.indexOf(rootOf(spans)))
  return { record, root, figures }
}

function traceOf(traceId: TraceId, entries: readonly Entry[]): StoredTrace {
  return {
    traceId,
    first: entries[0]?.seq ?? 0,
    last: entries[entries.length - 1]?.seq ?? 0,
    entries
  }
}

function finish<T>(work: Generator<unknown, T>): T {
  let part = work.next()
  while (part.done !== true) part = work.next()
  return part.value
}
