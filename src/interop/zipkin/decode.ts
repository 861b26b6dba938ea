import { field, list, text } from '../../base/fields.ts'
import { type SpanData, SpanKind, type TraceRecord } from '../../base/span-data.ts'
import { BadBody, maxSpans, type Range } from '../../trace/bounded-body.ts'
import { JsonPieces, parseJson } from '../../trace/json-pieces.ts'
import { readBody, type Received, ReceivedSpans, type ReceiveSetup } from '../../trace/received.ts'
import { serverHalfId } from '../../trace/shared-spans.ts'
import { readIdentity, readSpan } from './decode-span.ts'
import { findSpans, spanReader } from './protobuf.ts'
import { readTags } from './tags.ts'

/** Reads a list of spans of Zipkin's version 2, in JSON, as a `Receive` does. */
export function decodeZipkin(body: Uint8Array, setup: ReceiveSetup): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => decodeJson(bytes, setup))
}

/** The same, in protobuf. */
export function decodeZipkinProtobuf(
  body: Uint8Array,
  setup: ReceiveSetup
): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => {
    const { spans, tooMany } = findSpans(bytes)
    return decodeSpans(spans, spanReader(bytes), { invalid: 0, tooMany }, setup)
  })
}

function* decodeJson(body: Buffer, setup: ReceiveSetup): Generator<undefined, Received> {
  const scan = new Scan(body)
  while (scan.advance()) yield
  const left = { invalid: scan.finish(), tooMany: scan.tooMany }
  const read = ({ begin, end }: Range): unknown => parseJson(body.toString('utf8', begin, end))
  return yield* decodeSpans(scan.spans, read, left, setup)
}

function* decodeSpans(
  spans: readonly Range[],
  read: (range: Range) => unknown,
  left: { readonly invalid: number; readonly tooMany: number },
  setup: ReceiveSetup
): Generator<undefined, Received> {
  let { invalid } = left
  const received = new ReceivedSpans(setup)
  for (const range of spans) {
    if (!addSpan(read(range), received, setup)) invalid++
    yield
  }
  const whole = yield* received.finish(invalid, 'a valid traceId, id or timestamp', left.tooMany)
  return { ...whole, records: yield* apart(whole.records) }
}

/** False when it is none that can be kept. */
function addSpan(raw: unknown, received: ReceivedSpans, setup: ReceiveSetup): boolean {
  if (isVersion1(raw)) throw new BadBody("spans of Zipkin's version 1: send version 2")
  const { redactor, limits } = setup
  const name = text(field(field(raw, 'localEndpoint'), 'serviceName'))
  const tags = readTags(field(raw, 'tags'), setup)
  const service = name === '' ? tags.service : redactor.text(name, limits.nameLength)
  const sender = received.sender(service, tags.resource)
  const identity = readIdentity(raw, sender.resource.service)
  if (identity === undefined) return false
  received.add(sender, identity, (epoch) => readSpan(raw, identity, epoch, tags, setup))
  return true
}

// It has the same ids, name and times, so that a span of it would be kept without its service, kind and tags. Zipkin refuses it here, too.
function isVersion1(raw: unknown): boolean {
  return (
    Array.isArray(field(raw, 'binaryAnnotations')) ||
    field(list(field(raw, 'annotations'))[0], 'endpoint') !== undefined
  )
}

/** Not every tracer says that its server shares the client's span; where both came together it shows. */
function* apart(records: readonly TraceRecord[]): Generator<undefined, TraceRecord[]> {
  const clients = new Set<string>()
  for (const { traceId, spans } of records) {
    for (const { kind, spanId } of spans)
      if (kind === SpanKind.client) clients.add(`${traceId} ${spanId}`)
    yield
  }
  const halves: TraceRecord[] = []
  for (const record of records) {
    halves.push(withOwnIds(record, clients))
    yield
  }
  return halves
}

function withOwnIds(record: TraceRecord, clients: ReadonlySet<string>): TraceRecord {
  const { traceId, resource } = record
  const shared = ({ kind, spanId }: SpanData): boolean =>
    kind === SpanKind.server && clients.has(`${traceId} ${spanId}`)
  if (!record.spans.some(shared)) return record
  const spans = record.spans.map((span) => {
    if (!shared(span)) return span
    const spanId = serverHalfId(span.spanId, resource.service)
    return { ...span, spanId, parentId: span.spanId, parentRemote: true }
  })
  return { ...record, spans }
}

/** Finds the spans of the list. */
class Scan extends JsonPieces<'list'> {
  readonly spans: Range[] = []
  tooMany = 0

  /** How many items of the list are no objects. */
  finish(): number {
    const around = this.rest()
    if (!Array.isArray(around)) throw new BadBody('the body is no list of spans')
    return around.length - this.spans.length - this.tooMany
  }

  protected open(parent: 'list' | undefined, isObject: boolean): 'list' | undefined {
    if (this.isBody) return isObject ? undefined : 'list'
    if (parent === 'list') this.enter()
    return undefined
  }

  protected leave(range: Range): void {
    if (this.spans.length < maxSpans) this.spans.push(range)
    else this.tooMany++
  }
}
