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
import type { Entry, Glance, RecordFeed, RingStats, StoredTrace, TraceStore } from './types.ts'
import { TraceWalk } from './trace-walk.ts'
import { uniqueSpans } from './unique-spans.ts'

export interface StoreSetup {
  /** Bytes for everything the store holds, at least 1 MiB. */
  readonly memory: number
  readonly report: Report
}

/** Throws a TypeError when `memory` is not a number of bytes that is large enough. */
export function createStore(setup: StoreSetup): TraceStore & RecordFeed {
  if (!(setup.memory >= minMemory && Number.isFinite(setup.memory)))
    throw new TypeError(`memory must be at least ${minMemory} bytes, not ${setup.memory}`)
  return new Store(setup)
}

// By the two bits of a row's flags.
const reasons: readonly Entry['kept'][] = ['', 'error', 'slow', 'pinned']
const pinned = reasons.indexOf('pinned')

/**
 * Two rings behind one face. Every record goes to the recent ring, where its position is its sequence number; what is worth keeping goes
 * to the kept ring as well, under the number it has. Once a trace is in the kept ring all its records go there.
 */
class Store implements TraceStore, RecordFeed {
  readonly #report: Report
  readonly #recent: RecordRing
  readonly #kept: RecordRing
  readonly #key = new TraceKey()
  readonly #search = new TextSearch()
  readonly #walk: TraceWalk
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
    this.#walk = new TraceWalk(this.#recent, this.#kept, this.#key, (id) => this.entries(id))
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
    const seq = this.#recent.add(draft, key, this.#recent.next, flagsOf(record, reason))
    if (seq === 0 || reason === 0) return seq
    const follows = (this.#recent.flags(seq) & rowFlag.follows) !== 0
    if (before === 0 && follows) this.#keepAll(record.traceId, reason)
    else this.#addKept(draft, seq, reason)
    return seq
  }

  #addKept(draft: Draft, seq: number, reason: number): void {
    // It has fitted into a segment of this size, but perhaps only because its texts were there already.
    if (this.#kept.add(draft, this.#key, seq, flagsOf(draft.record, reason)) === 0)
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

  traces(before?: number, worth?: (glance: Glance) => boolean): Iterable<StoredTrace | undefined> {
    return this.#walk.newestFirst(before, worth)
  }

  changedSince(seq: number): Iterable<StoredTrace> {
    return this.#walk.changedSince(seq)
  }

  *recordsAfter(
    seq: number,
    which: 'all' | 'own'
  ): Generator<{ seq: number; record: TraceRecord }> {
    const ring = this.#recent
    for (let next = Math.max(seq + 1, ring.oldest); next < ring.next; next++) {
      next = Math.max(next, ring.oldest)
      if (which === 'own' && ring.isRelayed(next)) continue
      yield { seq: next, record: ring.record(next, ring.traceId(next)) }
    }
  }

  pinned(): Set<TraceId> {
    return new Set([...this.#pins()].map((position) => this.#kept.traceId(position)))
  }

  *pinnedBefore(): Generator<TraceRecord> {
    const [recent, kept] = [this.#recent, this.#kept]
    for (const at of this.#pins())
      if (kept.seq(at) < recent.oldest) yield kept.record(at, kept.traceId(at))
  }

  *#pins(): Generator<number> {
    const ring = this.#kept
    for (let at = ring.oldest; at < ring.next; at = Math.max(at + 1, ring.oldest))
      if ((ring.flags(at) & rowFlag.kept) === pinned) yield at
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

function flagsOf({ relayed }: TraceRecord, reason: number): number {
  return relayed === true ? reason | rowFlag.relayed : reason
}

function draftOf(record: TraceRecord, figures: SummaryData = summarise(record)): Draft {
  const { spans } = record
  const first = spans[0] as SpanData
  const root = first.parentId === undefined ? 0 : Math.max(0, spans.indexOf(rootOf(spans)))
  return { record, root, figures }
}
