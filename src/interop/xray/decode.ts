import { field, list, text } from '../../base/fields.ts'
import type { SpanId, TraceId } from '../../base/ids.ts'
import type { Resource, TraceRecord } from '../../base/span-data.ts'
import { maxSpans } from '../../trace/bounded-body.ts'
import {
  type Received,
  ReceivedSpans,
  type ReadSpan,
  type ReceiveSetup,
  type Sender
} from '../../trace/received.ts'
import { resourceAttributes } from './attributes.ts'
import { childOf, documents, maxDocument, nanosOf, type Segment, segmentOf } from './document.ts'
import { readSegment } from './segment.ts'

/** What cannot be kept as it came: it is sent once more when it ends, or does not say whose it is. */
export interface Piece {
  readonly id: SpanId
  readonly parentId: SpanId | undefined
  /** In progress. */
  readonly open: boolean
  /** Undefined of a subsegment that was sent alone: its segment's is meant. */
  readonly resource: Resource | undefined
  /** The span, and those embedded in it. */
  readonly record: TraceRecord
  /** Of its document. */
  readonly bytes: number
}

/** Reads X-Ray's segment documents, each behind its header; in all else as a `Receive` does. */
export function* decodeXray(
  body: Uint8Array,
  setup: ReceiveSetup
): Generator<undefined, DecodedSegments | { error: string }> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const decoded = new DecodedSegments(setup)
  let found = 0
  for (const document of documents(bytes)) {
    found++
    const segment = document.length > maxDocument ? undefined : segmentOf(parse(document))
    yield* decoded.add(segment, document.length)
    yield
  }
  return found === 0
    ? { error: 'the body is no X-Ray document: its header line is missing' }
    : decoded
}

/** What one body held. */
export class DecodedSegments {
  /** What has ended and says whose it is. */
  readonly received: ReceivedSpans
  /** The same by id, with whose it is. */
  readonly ended: Map<TraceId, Map<SpanId, Resource>> = new Map()
  readonly pieces: Piece[] = []
  readonly #setup: ReceiveSetup
  #invalid = 0
  #count = 0
  #kept = 0

  constructor(setup: ReceiveSetup) {
    this.#setup = setup
    this.received = new ReceivedSpans(setup)
  }

  /** A segment and all that is embedded in it; undefined for a document that is none. */
  *add(segment: Segment | undefined, bytes: number): Generator<undefined, void> {
    if (segment === undefined) {
      this.#invalid++
      return
    }
    const resource = this.#resourceOf(segment)
    const tops = [segment]
    for (let top = tops.pop(); top !== undefined; top = tops.pop()) {
      if (segment.isSub || isOpen(top))
        yield* this.#addPiece(top, resource, segment.isSub, bytes, tops)
      else yield* this.#addTree(top, this.received, resource, tops)
    }
  }

  *#addPiece(
    top: Segment,
    own: Resource,
    isAlone: boolean,
    bytes: number,
    tops: Segment[]
  ): Generator<undefined, void> {
    const { id, parentId } = top
    const spans = new ReceivedSpans(this.#setup)
    yield* this.#addTree(top, spans, own, tops)
    const [record] = (yield* spans.finish(0, '', 0)).records
    if (record === undefined) return
    const resource = isAlone ? undefined : record.resource
    this.pieces.push({ id, parentId, open: isOpen(top), resource, record, bytes })
  }

  /** Without recursion, as their depth is the sender's choice. What is open in one that has ended is added to `tops`: it ends by itself. */
  *#addTree(
    top: Segment,
    spans: ReceivedSpans,
    resource: Resource,
    tops: Segment[]
  ): Generator<undefined, void> {
    const sender = spans.sender(resource.service, resource.attributes)
    const pending = [top]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (this.#addOne(next, spans, sender) && spans === this.received)
        this.#note(next, sender.resource)
      for (const raw of list(field(next.raw, 'subsegments')).toReversed()) {
        const child = childOf(next, raw)
        if (child === undefined) this.#invalid++
        else (isOpen(child) && !isOpen(top) ? tops : pending).push(child)
      }
      yield
    }
  }

  #addOne(segment: Segment, spans: ReceivedSpans, sender: Sender): boolean {
    const start = nanosOf(field(segment.raw, 'start_time'))
    const end = isOpen(segment) ? undefined : nanosOf(field(segment.raw, 'end_time'))
    if (start === undefined || (end === undefined && !isOpen(segment))) {
      this.#invalid++
      return false
    }
    if (++this.#count > maxSpans) return false
    const identity = { traceId: segment.traceId, spanId: segment.id, start }
    const read = (epoch: bigint): ReadSpan => readSegment(segment, start, end, epoch, this.#setup)
    const kept = spans.add(sender, identity, read)
    if (kept) this.#kept++
    return kept
  }

  #note({ traceId, id }: Segment, resource: Resource): void {
    const ids = this.ended.get(traceId) ?? new Map<SpanId, Resource>()
    this.ended.set(traceId, ids.set(id, resource))
  }

  #resourceOf({ raw, isSub }: Segment): Resource {
    const { redactor, limits } = this.#setup
    const service = isSub ? '' : redactor.text(text(field(raw, 'name')), limits.nameLength)
    return { service, attributes: resourceAttributes(raw, this.#setup) }
  }

  *finish(): Generator<undefined, Received> {
    const tooMany = Math.max(0, this.#count - maxSpans)
    const without = 'a valid id, start or end'
    const received = yield* this.received.finish(this.#invalid, without, tooMany)
    return { ...received, spans: this.#kept }
  }
}

function isOpen({ raw }: Segment): boolean {
  return field(raw, 'in_progress') === true
}

function parse(document: string): unknown {
  try {
    return JSON.parse(document)
  } catch {
    return undefined
  }
}
