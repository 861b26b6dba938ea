import type { SpanId } from '../../base/ids.ts'
import type { Resource, SpanData, TraceRecord } from '../../base/span-data.ts'
import type { ReceivedSpans } from '../../trace/received.ts'
import type { Piece } from './decode.ts'

interface Held extends Piece {
  /** When it came, by the even clock. */
  readonly since: number
}

/** What is in progress of one trace, and what came ahead of the segment that it is of. */
export class UnfinishedTrace {
  readonly #pieces = new Map<SpanId, Held>()
  bytes = 0

  get size(): number {
    return this.#pieces.size
  }

  /**
   * Takes in what arrived. `ended` are the spans of the trace that are stored or just received, with whose they are; what finds its place by
   * them is handed to `received`.
   */
  join(
    arrived: readonly Piece[],
    ended: Map<SpanId, Resource>,
    received: ReceivedSpans,
    now: number
  ): void {
    for (const id of ended.keys()) this.#delete(id)
    for (const piece of arrived) {
      // Datagrams may overtake each other: what has ended stays so.
      const isLate = piece.open && this.#pieces.get(piece.id)?.open === false
      if (isLate || ended.has(piece.id)) continue
      this.#delete(piece.id)
      this.#pieces.set(piece.id, { ...piece, since: now })
      this.bytes += piece.bytes
    }
    this.#settle(ended, received)
    for (const piece of this.#pieces.values())
      if (piece.open) this.#pieces.set(piece.id, { ...piece, record: without(piece.record, ended) })
  }

  /** Gives what waits the service of its parent, and so on with what waits for that. */
  #settle(ended: Map<SpanId, Resource>, received: ReceivedSpans): void {
    const waiting = new Map<SpanId, Held[]>()
    const known = [...ended]
    for (const piece of this.#pieces.values()) {
      const { resource, parentId, record } = piece
      if (resource !== undefined)
        for (const { spanId } of record.spans) known.push([spanId, resource])
      else if (parentId !== undefined) {
        const siblings = waiting.get(parentId)
        if (siblings === undefined) waiting.set(parentId, [piece])
        else siblings.push(piece)
      }
    }
    // It grows while it is read.
    for (const [id, resource] of known) {
      for (const piece of waiting.get(id) ?? []) {
        const { record, open } = piece
        for (const { spanId } of record.spans) {
          known.push([spanId, resource])
          if (!open) ended.set(spanId, resource)
        }
        if (open)
          this.#pieces.set(piece.id, { ...piece, resource, record: { ...record, resource } })
        else {
          this.#delete(piece.id)
          received.take(received.sender(resource.service, resource.attributes), record)
        }
      }
      waiting.delete(id)
    }
  }

  /** Lets go of subsegments that have waited since then or longer. */
  letGo(since: number): TraceRecord[] {
    const gone = [...this.#pieces.values()].filter((piece) => !piece.open && piece.since <= since)
    for (const { id } of gone) this.#delete(id)
    return gone.map(({ record }) => record)
  }

  /** What is known now; what is open has its duration up to that time, in epoch milliseconds. */
  snapshot(time: number): TraceRecord[] {
    return Array.from(this.#pieces.values(), ({ open, record }) =>
      open ? { ...record, spans: record.spans.map((span) => upTo(span, record, time)) } : record
    )
  }

  #delete(id: SpanId): void {
    this.bytes -= this.#pieces.get(id)?.bytes ?? 0
    this.#pieces.delete(id)
  }
}

function upTo(span: SpanData, { epochMs }: TraceRecord, time: number): SpanData {
  const duration = Math.max(0, Math.round((time - epochMs) * 1e6) - span.start)
  return span.open ? { ...span, duration } : span
}

/** What is embedded in a segment in progress may be sent alone as well. */
function without(record: TraceRecord, ids: ReadonlyMap<SpanId, unknown>): TraceRecord {
  return { ...record, spans: record.spans.filter(({ spanId }) => !ids.has(spanId)) }
}
