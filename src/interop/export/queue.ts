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
}

// Small enough for batches to be filled well, large enough that the resource is not most of what is sent.
const spansPerPiece = 64
// Characters; collectors take 4 MiB and more in one request, and a character may be three bytes.
const defaultBatch = { spans: 512, weight: 2 ** 20 }
const queueWeight = 8 * 2 ** 20

/** Spans that wait to be exported, bounded in number and in text. */
export class ExportQueue {
  readonly #maxSpans: number
  readonly #maxBatch: { readonly spans: number; readonly weight: number }
  #pieces: Piece[] = []
  #spans = 0
  #weight = 0

  constructor(maxSpans: number, maxBatch: Destination['maxBatch']) {
    this.#maxSpans = maxSpans
    this.#maxBatch = { ...defaultBatch, ...maxBatch }
  }

  /** Spans that wait, those of a batch on its way included. */
  get spans(): number {
    return this.#spans
  }

  get fillsBatch(): boolean {
    return this.#spans >= this.#maxBatch.spans
  }

  /** Copies what a record holds; gives the number of spans that found no room. */
  add(record: TraceRecord): number {
    let lost = 0
    for (let from = 0; from < record.spans.length; from += spansPerPiece) {
      const part = record.spans.slice(from, from + spansPerPiece)
      if (this.#spans + part.length > this.#maxSpans || this.#weight > queueWeight) {
        lost += part.length
        continue
      }
      const spans = part.map(copyOf)
      const droppedSpans = from === 0 ? record.droppedSpans : 0
      const weight = spans.reduce((sum, span) => sum + weightOf(span), 0)
      this.#pieces.push({
        record: { ...record, spans, droppedSpans },
        spans: spans.length,
        weight
      })
      this.#spans += spans.length
      this.#weight += weight
    }
    return lost
  }

  /** The next spans to send; they keep their room until `settle`. */
  next(): Batch | undefined {
    let count = 0
    let spans = 0
    let weight = 0
    for (const piece of this.#pieces) {
      const tooMany = spans + piece.spans > this.#maxBatch.spans
      if (count > 0 && (tooMany || weight + piece.weight > this.#maxBatch.weight)) break
      count++
      spans += piece.spans
      weight += piece.weight
    }
    return count === 0 ? undefined : { pieces: this.#pieces.slice(0, count), spans }
  }

  /** Forgets the first spans, sent or given up. */
  settle(batch: Batch): void {
    for (const piece of this.#pieces.splice(0, batch.pieces.length)) {
      this.#spans -= piece.spans
      this.#weight -= piece.weight
    }
  }
}

// A live span lets go of its lists when its record was handed on, but does not change them: holding the lists is enough. To encode
// at once would cost the request that just ended 4 us for each of its spans.
function copyOf(span: SpanData): SpanData {
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
