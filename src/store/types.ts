import type { TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'
import type { Wanted } from '../wire/query-spans.ts'
import type { Summary } from '../wire/summary.ts'

/** One entry of the ring, without decoding its spans. */
export interface Entry extends SummaryData {
  /** Number of the entry; grows by one with every entry that is added. */
  readonly seq: number
  readonly traceId: TraceId
  /** Why it is (also) in the kept ring. */
  readonly kept: '' | 'error' | 'slow' | 'pinned'
}

/** The two rings behind one face: what every later stage reads. */
export interface TraceStore {
  /**
   * Keeps a record; gives its sequence number. One that does not fit into a segment is divided (the number is then the last part's), and
   * a single span that does not fit is cut, which is counted; 0 when not even that helps, or when there is nothing to keep.
   * `figures` are the record's, from a caller who has made them already.
   */
  add(record: TraceRecord, keep: '' | 'error' | 'slow', figures?: SummaryData): number
  /** All records of a trace, oldest first, decoded, no span twice; empty when nothing of it is in memory. */
  records(traceId: TraceId): TraceRecord[]
  /**
   * The same in parts of few spans, what came from other processes last. The host may go on between two of them; what is evicted
   * meanwhile does not come any more.
   */
  recordsInParts(traceId: TraceId): Iterable<TraceRecord>
  /** All entries of a trace, oldest first, no record twice. */
  entries(traceId: TraceId): Entry[]
  has(traceId: TraceId): boolean
  /**
   * Traces newest first by their first entry in memory: each trace once, with all of its entries. Recent and kept together.
   * Starts below `before` when given. Decodes no span. `undefined` comes now and then instead, when there was much to pass over.
   *
   * `worth` is asked first of every trace that has one record alone, as nearly all have; when it says no the trace does not come.
   * The host may go on between any two.
   */
  traces(before?: number, worth?: (glance: Glance) => boolean): Iterable<StoredTrace | undefined>
  /** Traces with an entry above `seq`, each once, in the order of their last entries: who stops can go on from the last one's `last`. */
  changedSince(seq: number): Iterable<StoredTrace>
  /**
   * Whether the entry's bytes rule out that any text of its record (names, keys, values, messages) contains `text`, both in lower case;
   * false means "no idea, decode". Numbers, booleans and ids are no texts.
   */
  lacks(entry: Entry, text: string): boolean
  /** Copies a trace to the kept ring; false when nothing of it is in memory. */
  pin(traceId: TraceId): boolean
  clear(): void
  readonly newest: number
  /** The oldest sequence number in the recent ring; newest + 1 when it is empty. */
  readonly oldest: number
  readonly stats: { recent: RingStats; kept: RingStats }
  /** Tells of every change, after it was made. Returns the way to stop. */
  subscribe(listener: () => void): () => void
}

/** The records themselves, for somebody who follows a store. */
export interface RecordFeed extends Pick<TraceStore, 'newest' | 'oldest' | 'subscribe'> {
  /**
   * Records of the recent ring above `seq` (of 'own' those that no other worker handed on), in the order they were added, read as they are
   * taken.
   */
  recordsAfter(
    seq: number,
    which: 'all' | 'own'
  ): Iterable<{ readonly seq: number; readonly record: TraceRecord }>
  /** The traces that are pinned, each once. */
  pinned(): ReadonlySet<TraceId>
  /** Records of pinned traces that have left the recent ring, read as they are taken. */
  pinnedBefore(): Iterable<TraceRecord>
}

/**
 * A trace that has one record, read as far as it is asked: its line is that of the list. Good until the next one is looked at.
 */
export interface Glance extends Readonly<Summary> {
  /** What the store's `lacks` says of its record. */
  lacks(text: string): boolean
  /**
   * Whether one of its spans has such a value: as an attribute of its own, of an event or of its resource; or wherever free text looks, but
   * for the root's name, which is in the line.
   */
  holds(wanted: Wanted): boolean
}

export interface StoredTrace {
  readonly traceId: TraceId
  /** Sequence number of the first entry that is in memory: the trace's place in the list. */
  readonly first: number
  /** Sequence number of the last entry. */
  readonly last: number
  readonly entries: readonly Entry[]
}

export interface RingStats {
  /** Bytes of the ring's segments. */
  readonly capacity: number
  /** Bytes of them that are in use. */
  readonly bytes: number
  readonly spans: number
  /** A trace has a record for the request itself, and one for each batch of spans that came later. */
  readonly traces: number
  readonly records: number
  readonly evictedSpans: number
  /** Epoch milliseconds of the oldest record; 0 when empty. */
  readonly oldestMs: number
}
