import type { TraceId } from '../base/ids.ts'
import { inSequence } from './in-sequence.ts'
import type { RecordRing } from './record-ring.ts'
import { rowFlag } from './segment.ts'
import type { TraceKey } from './trace-key.ts'
import type { Entry, Glance, StoredTrace } from './types.ts'

// Rows that are passed over before the host may go on: a tenth of a millisecond.
const rowsPerPart = 256

/** The traces of both rings one after another, each once: a record speaks for its trace when it is the first, or the last, of it. */
export class TraceWalk {
  readonly #recent: RecordRing
  readonly #kept: RecordRing
  readonly #key: TraceKey
  readonly #entries: (traceId: TraceId) => Entry[]

  /** `key` is the store's; between two uses of it others may aim it elsewhere. */
  constructor(
    recent: RecordRing,
    kept: RecordRing,
    key: TraceKey,
    entries: (traceId: TraceId) => Entry[]
  ) {
    this.#recent = recent
    this.#kept = kept
    this.#key = key
    this.#entries = entries
  }

  get #newest(): number {
    return this.#recent.next - 1
  }

  /** Traces that change their place while this is read, because of an eviction, may be missed; none comes twice. */
  *newestFirst(
    before: number = Infinity,
    worth: (glance: Glance) => boolean = () => true
  ): Generator<StoredTrace | undefined> {
    const [recent, kept] = [this.#recent, this.#kept]
    let passed = 0
    let seq = Math.min(Math.ceil(before) - 1, this.#newest)
    for (; seq >= recent.oldest; seq--) {
      const worthless = this.#isAlone(seq) && !worth(recent.glance(seq))
      const trace = worthless ? undefined : this.#recentTrace(seq, rowFlag.follows)
      if (trace !== undefined && trace.first === seq) yield trace
      else if (++passed % rowsPerPart === 0) yield
    }
    for (const position of (yield* inSequence(kept, 0, seq + 1)).reverse()) {
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
    for (const position of finish(inSequence(kept, Math.floor(seq) + 1, this.#recent.oldest))) {
      if (!this.#aimKept(position)) continue
      if (kept.seq(kept.newest(this.#key)) > kept.seq(position)) continue
      const trace = this.#keptTrace(position)
      if (trace.last === kept.seq(position)) yield trace
    }
    for (let next = Math.floor(seq) + 1; next <= this.#newest; next++) {
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
