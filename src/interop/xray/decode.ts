import { field, list, text } from '../../base/fields.ts'
import type { TraceId } from '../../base/ids.ts'
import { maxSpans } from '../../trace/bounded-body.ts'
import {
  type Received,
  ReceivedSpans,
  type ReceiveSetup,
  type Sender
} from '../../trace/received.ts'
import { resourceAttributes } from './attributes.ts'
import { childOf, documents, maxDocument, nanosOf, type Segment, segmentOf } from './document.ts'
import { readSegment } from './segment.ts'

/** Reads X-Ray's segment documents, each behind its header, as a `Receive` does. */
export function* decodeXray(
  body: Uint8Array,
  setup: ReceiveSetup
): Generator<undefined, Received | { error: string }> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const reading = new Reading(setup)
  const alone: Segment[] = []
  let found = 0
  for (const document of documents(bytes)) {
    found++
    const segment = document.length > maxDocument ? undefined : segmentOf(parse(document))
    if (segment === undefined) reading.invalid++
    else if (segment.isSub) alone.push(segment)
    else yield* reading.add(segment, reading.senderOf(segment))
    yield
  }
  if (found === 0) return { error: 'the body is no X-Ray document: its header line is missing' }
  // A subsegment that is sent alone does not say whose it is; its segment does, where that came along.
  for (const segment of alone) yield* reading.add(segment, reading.senderOf(segment))
  return yield* reading.finish()
}

class Reading {
  readonly #setup: ReceiveSetup
  readonly #received: ReceivedSpans
  readonly #senders = new Map<TraceId, Sender>()
  invalid = 0
  #count = 0

  constructor(setup: ReceiveSetup) {
    this.#setup = setup
    this.#received = new ReceivedSpans(setup)
  }

  senderOf({ raw, traceId, isSub }: Segment): Sender {
    const known = isSub ? this.#senders.get(traceId) : undefined
    if (known !== undefined) return known
    const { redactor, limits } = this.#setup
    const service = isSub ? '' : text(field(raw, 'name'))
    const attributes = resourceAttributes(raw, this.#setup)
    const sender = this.#received.sender(redactor.text(service, limits.nameLength), attributes)
    if (!isSub) this.#senders.set(traceId, sender)
    return sender
  }

  /** The segment and all that is embedded in it; without recursion, as their depth is the sender's choice. */
  *add(top: Segment, sender: Sender): Generator<undefined, void> {
    const pending = [top]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      this.#addOne(next, sender)
      for (const raw of list(field(next.raw, 'subsegments')).toReversed()) {
        const child = childOf(next, raw)
        if (child === undefined) this.invalid++
        else pending.push(child)
      }
      yield
    }
  }

  #addOne(segment: Segment, sender: Sender): void {
    const start = nanosOf(field(segment.raw, 'start_time'))
    const end = nanosOf(field(segment.raw, 'end_time'))
    // Sent once more when it is done, under the same id, of which the first is kept: so the first has to be the whole one.
    if (field(segment.raw, 'in_progress') === true) return
    if (start === undefined || end === undefined) {
      this.invalid++
      return
    }
    if (++this.#count > maxSpans) return
    const identity = { traceId: segment.traceId, spanId: segment.id, start }
    this.#received.add(sender, identity, (epoch) =>
      readSegment(segment, start, end, epoch, this.#setup)
    )
  }

  finish(): Generator<undefined, Received> {
    const tooMany = Math.max(0, this.#count - maxSpans)
    return this.#received.finish(this.invalid, 'a valid id, start or end', tooMany)
  }
}

function parse(document: string): unknown {
  try {
    return JSON.parse(document)
  } catch {
    return undefined
  }
}
