import { field, text } from '../../base/fields.ts'
import { parseJson } from '../../trace/json-pieces.ts'
import {
  readBody,
  type Received,
  ReceivedSpans,
  type ReceiveSetup,
  type Sender
} from '../../trace/received.ts'
import { readSpan } from './decode-span.ts'
import { readTags } from './decode-tags.ts'
import { readIdentity } from './identity.ts'
import { JaegerOutline, type TraceOutline } from './outline.ts'

/** Reads Jaeger's JSON, as a `Receive` does. */
export function decodeJaeger(body: Uint8Array, setup: ReceiveSetup): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => decodeTraces(bytes, setup))
}

function* decodeTraces(body: Buffer, setup: ReceiveSetup): Generator<undefined, Received> {
  const outline = new JaegerOutline(body, setup.maxSpans)
  while (outline.advance()) yield
  const { traces, tooMany } = outline.finish()
  const received = new ReceivedSpans(setup)
  let invalid = 0
  for (const trace of traces) {
    const senders = new Senders(body, trace, received, setup)
    for (const { begin, end } of trace.spans) {
      const raw = parseJson(body.toString('utf8', begin, end))
      const identity = readIdentity(raw)
      if (identity === undefined) invalid++
      else
        received.add(senders.of(raw), identity, (epoch) => ({
          span: readSpan(raw, identity, epoch, setup),
          droppedSpans: 0
        }))
      yield
    }
  }
  return yield* received.finish(invalid, 'a valid traceID, spanID or startTime', tooMany)
}

/** The processes of a trace, each read when the first span of it comes. */
class Senders {
  readonly #body: Buffer
  readonly #trace: TraceOutline
  readonly #received: ReceivedSpans
  readonly #setup: ReceiveSetup
  readonly #known = new Map<string, Sender>()

  constructor(body: Buffer, trace: TraceOutline, received: ReceivedSpans, setup: ReceiveSetup) {
    this.#body = body
    this.#trace = trace
    this.#received = received
    this.#setup = setup
  }

  of(span: unknown): Sender {
    const own = field(span, 'process')
    // A span that the storage's own tools wrote holds its process.
    if (typeof own === 'object' && own !== null) return this.#make(own)
    const id = text(field(span, 'processID'))
    let sender = this.#known.get(id)
    if (sender === undefined) {
      // As keys are found in the bytes of the body; Jaeger calls its processes p1, p2 and so on.
      const range = this.#trace.processes.get(id)
      const raw = range && parseJson(this.#body.toString('utf8', range.begin, range.end))
      sender = this.#make(raw)
      this.#known.set(id, sender)
    }
    return sender
  }

  #make(process: unknown): Sender {
    const { redactor, limits } = this.#setup
    const { attributes } = readTags(field(process, 'tags'), this.#setup)
    const service = text(field(process, 'serviceName'))
    return this.#received.sender(redactor.text(service, limits.nameLength), attributes)
  }
}
