import { field, text } from '../../base/fields.ts'
import { type SpanData, SpanKind, type TraceRecord } from '../../base/span-data.ts'
import { BadBody, maxSpans, type Range } from '../../trace/bounded-body.ts'
import { JsonPieces, parseJson } from '../../trace/json-pieces.ts'
import { readBody, type Received, ReceivedSpans, type ReceiveSetup } from '../../trace/received.ts'
import { serverHalfId } from '../../trace/shared-spans.ts'
import { readIdentity, readSpan } from './decode-span.ts'
import { readTags } from './tags.ts'

/** Reads a list of spans of Zipkin's version 2, in JSON, as a `Receive` does. */
export function decodeZipkin(body: Uint8Array, setup: ReceiveSetup): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => decodeList(bytes, setup))
}

function* decodeList(body: Buffer, setup: ReceiveSetup): Generator<undefined, Received> {
  const scan = new Scan(body)
  while (scan.advance()) yield
  let invalid = scan.finish()
  const received = new ReceivedSpans(setup)
  for (const { begin, end } of scan.spans) {
    if (!addSpan(parseJson(body.toString('utf8', begin, end)), received, setup)) invalid++
    yield
  }
  const { tooMany } = scan
  const whole = yield* received.finish(invalid, 'a valid traceId, id or timestamp', tooMany)
  return { ...whole, records: yield* apart(whole.records) }
}

/** False when it is none that can be kept. */
function addSpan(raw: unknown, received: ReceivedSpans, setup: ReceiveSetup): boolean {
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
