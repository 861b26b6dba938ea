import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../base/span-data.ts'
import type { Destination } from './destination.ts'

/** Some spans of a record, held until they are sent. */
interface Piece {
  readonly record: TraceRecord
  readonly spans: number
  readonly weight: number
}

export interface Batch {
  readonly pieces: readonly Piece[]
  readonly spans: number
  readonly weight: number
}

// Small enough for batches to be filled well, large enough that the resource is not most of what is sent.
const spansPerPiece = 64
// Characters; collectors take 4 MiB and more in one request, and a character may be three bytes.
const defaultBatch = { spans: 512, weight: 2 ** 20 }
const queueWeight = 8 * 2 ** 20
// Who refuses less than that in one request refuses it for another reason than its size.
const leastWeight = 16 * 2 ** 10

/** Spans that wait to be exported, bounded in number and in text; where there is no room, the oldest go. */
export class ExportQueue {
  readonly #maxSpans: number
  readonly #batchSpans: number
  #batchWeight: number
  #pieces: Piece[] = []
  #spans = 0
  #weight = 0
  /** Pieces at the front that are on their way. */
  #taken = 0

  constructor(maxSpans: number, maxBatch: Destination['maxBatch']) {
    this.#maxSpans = maxSpans
    this.#batchSpans = maxBatch?.spans ?? defaultBatch.spans
    this.#batchWeight = maxBatch?.weight ?? defaultBatch.weight
  }

  /** Spans that wait, those of a batch on its way included. */
  get spans(): number {
    return this.#spans
  }

  get fillsBatch(): boolean {
    return this.#spans >= this.#batchSpans || this.#weight >= this.#batchWeight
  }

  /** Copies what a record holds; gives the number of spans that found no room or made it. */
  add(record: TraceRecord): number {
    let lost = 0
    // A trace that is too long loses its end rather than its beginning, which says what it is.
    let others = this.#pieces.length - this.#taken
    for (let from = 0; from < record.spans.length; from += spansPerPiece) {
      const part = record.spans.slice(from, from + spansPerPiece)
      for (; others > 0 && !this.#hasRoom(part.length); others--) lost += this.#drop(this.#taken, 1)
      if (!this.#hasRoom(part.length)) {
        lost += part.length
        continue
      }
      const droppedSpans = from === 0 ? record.droppedSpans : 0
      const piece = pieceOf({ ...record, spans: part.map(copyOf), droppedSpans })
      this.#pieces.push(piece)
      this.#spans += piece.spans
      this.#weight += piece.weight
    }
    return lost
  }

  /** The next spans to send; they keep their room until `settle`. */
  next(): Batch | undefined {
    const pieces: Piece[] = []
    let spans = 0
    let weight = 0
    for (const piece of this.#pieces) {
      const tooMany = spans + piece.spans > this.#batchSpans
      if (pieces.length > 0 && (tooMany || weight + piece.weight > this.#batchWeight)) break
      pieces.push(piece)
      spans += piece.spans
      weight += piece.weight
    }
    this.#taken = pieces.length
    return pieces.length === 0 ? undefined : { pieces, spans, weight }
  }

  /** Forgets the first spans, sent or given up. */
  settle(batch: Batch): void {
    this.#drop(0, batch.pieces.length)
    this.#taken = 0
  }

  /** Makes batches half as heavy as this one, which is the next, from now on; false when it is as light as can be. */
  halve({ pieces: [first, second], weight }: Batch): boolean {
    const half = Math.ceil(weight / 2)
    if (first === undefined || half < leastWeight) return false
    if (second === undefined && first.spans < 2) return false
    this.#taken = 0
    this.#batchWeight = half
    if (second === undefined) this.#pieces.splice(0, 1, ...halvesOf(first))
    return true
  }

  #hasRoom(spans: number): boolean {
    return this.#spans + spans <= this.#maxSpans && this.#weight <= queueWeight
  }

  #drop(from: number, count: number): number {
    let spans = 0
    for (const piece of this.#pieces.splice(from, count)) {
      spans += piece.spans
      this.#weight -= piece.weight
    }
    this.#spans -= spans
    return spans
  }
}

function pieceOf(record: TraceRecord): Piece {
  const weight = record.spans.reduce((sum, span) => sum + weightOf(span), 0)
  return { record, spans: record.spans.length, weight }
}

function halvesOf({ record }: Piece): Piece[] {
  const half = Math.ceil(record.spans.length / 2)
  return [
    pieceOf({ ...record, spans: record.spans.slice(0, half) }),
    pieceOf({ ...record, spans: record.spans.slice(half), droppedSpans: 0 })
  ]
}

// A live span lets go of its lists when its record was handed on, but does not change them: holding the lists is enough. To encode
// at once would cost the request that just ended 4 us for each of its spans.
export function copyOf(span: SpanData): SpanData {
  return {
    spanId: span.spanId,
    parentId: span.parentId,
    parentRemote: span.parentRemote,
    name: span.name,
    kind: span.kind,
    start: span.start,
    duration: span.duration,
    open: span.open,
    status: span.status,
    statusMessage: span.statusMessage,
    traceState: span.traceState,
    flags: span.flags,
    scope: span.scope,
    attributes: span.attributes,
    events: span.events,
    links: span.links,
    logs: span.logs,
    droppedAttributes: span.droppedAttributes,
    droppedEvents: span.droppedEvents,
    droppedLinks: span.droppedLinks
  }
}

// About what the span takes as JSON, in characters.
function weightOf(span: SpanData): number {
  let weight = 400 + weightOfAttributes(span.attributes)
  for (const event of span.events) weight += 100 + weightOfAttributes(event.attributes)
  for (const link of span.links) weight += 150 + weightOfAttributes(link.attributes)
  for (const log of span.logs) weight += 200 + log.body.length + weightOfAttributes(log.attributes)
  return weight
}

function weightOfAttributes(attributes: ReadonlyAttributes): number {
  let weight = 0
  for (const item of attributes) {
    if (typeof item === 'string') weight += item.length + 20
    else if (typeof item !== 'object') weight += 40
    else for (const one of item) weight += 40 + (typeof one === 'string' ? one.length : 0)
  }
  return weight
}
