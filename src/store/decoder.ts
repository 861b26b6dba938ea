import { type Attributes, getString } from '../base/attributes.ts'
import type { SpanId, TraceId } from '../base/ids.ts'
import type {
  Scope,
  SpanData,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanLog,
  StatusCode,
  TraceRecord
} from '../base/span-data.ts'
import { ByteReader } from './bytes.ts'
import { scopeInPlace } from './definitions.ts'
import { HeadReader } from './head-reader.ts'
import { extra, headFlag, impliedName, parentCode, severities } from './layout.ts'
import type { Segment } from './segment.ts'
import { fillRoute } from './routes.ts'
import { TextReader } from './text-reader.ts'
import type { Entry } from './types.ts'
import { readParameters, readValue } from './values.ts'

const none: readonly never[] = Object.freeze([])

// These take a tenth of a millisecond.
const spansPerPart = 128

/** Reads what an Encoder wrote; its picture is there. */
export class Decoder {
  readonly #from = new ByteReader()
  readonly #texts = new TextReader(this.#from)
  readonly #text = (): string => this.#texts.read()
  readonly #head = new HeadReader(this.#from, this.#texts)

  /** A number that stands at the beginning of a row's record. */
  leading(segment: Segment, row: number): number {
    this.#aim(segment, segment.place(row))
    return this.#from.varint()
  }

  /** Epoch milliseconds of the record at a place. */
  epochMs(segment: Segment, place: number): number {
    return this.#headOf(segment, place).epochMs
  }

  isIngested(segment: Segment, place: number): boolean {
    return ((segment.bytes[place] as number) & headFlag.ingest) !== 0
  }

  /** The line of a record for the list; reads no further than the beginning of its root span. */
  entry(
    segment: Segment,
    place: number,
    seq: number,
    traceId: TraceId,
    kept: Entry['kept']
  ): Entry {
    const head = this.#headOf(segment, place)
    return {
      seq,
      traceId,
      kept,
      service: head.service,
      name: head.name,
      start: head.start,
      duration: head.duration,
      status: head.status,
      httpStatus: head.httpStatus,
      method: head.method,
      route: head.route,
      spans: head.spans,
      errors: head.errors,
      db: head.db,
      root: head.root,
      noise: head.noise,
      droppedSpans: head.droppedSpans
    }
  }

  record(segment: Segment, place: number, traceId: TraceId): TraceRecord {
    const head = this.#begin(segment, place, traceId)
    const root = this.#head.rootIndex
    const spans: SpanData[] = []
    const ids: SpanId[] = []
    for (let left = this.#head.spans; left > 0; left--) spans.push(this.#span(ids))
    if (root > 0) spans.splice(root, 0, spans.shift() as SpanData)
    return { ...head, spans }
  }

  /**
   * The record in parts of few spans, its root in the first. The host may go on between two of them; what is evicted meanwhile does not
   * come any more.
   */
  *recordInParts(segment: Segment, place: number, traceId: TraceId): Generator<TraceRecord> {
    let head = this.#begin(segment, place, traceId)
    const first = segment.first
    const ids: SpanId[] = []
    for (let left = this.#head.spans; left > 0 && segment.first === first;) {
      const spans: SpanData[] = []
      for (; left > 0 && spans.length < spansPerPart; left--) spans.push(this.#span(ids))
      const at = this.#from.at
      yield { ...head, spans }
      // Others have read in between.
      this.#aim(segment, at)
      head = { ...head, droppedSpans: 0 }
    }
  }

  #begin(segment: Segment, place: number, traceId: TraceId): Omit<TraceRecord, 'spans'> {
    const { epochMs, flags, droppedSpans } = this.#headOf(segment, place)
    return {
      traceId,
      epochMs,
      resource: this.#texts.resource(this.#from.varint()),
      source: (flags & headFlag.ingest) === 0 ? 'local' : 'ingest',
      droppedSpans
    }
  }

  // Moves to the resource.
  #headOf(segment: Segment, place: number): HeadReader {
    this.#aim(segment, place)
    this.#head.read()
    return this.#head
  }

  #aim(segment: Segment, place: number): void {
    this.#from.bytes = segment.bytes
    this.#from.at = place
    this.#texts.segment = segment
  }

  // False, and the code is passed, when the name follows from the attributes.
  #hasName(): boolean {
    if (this.#from.bytes[this.#from.at] !== impliedName) return true
    this.#from.at++
    return false
  }

  // `ids` are those of the spans before it in the record, to which its own is added.
  #span(ids: SpanId[]): SpanData {
    const from = this.#from
    const first = from.byte()
    const second = from.byte()
    const extras = (second & 4) === 0 ? 0 : from.byte()
    const named = this.#hasName()
    const name = named ? this.#text() : ''
    const start = from.signed()
    const duration = from.signed()
    let spanId: string
    let parentId: string | undefined
    switch (first & parentCode.mask) {
      case parentCode.texts: {
        const hasParent = from.byte() === 1
        spanId = this.#text()
        if (hasParent) parentId = this.#text()
        break
      }
      case parentCode.index:
        spanId = from.hex(16)
        parentId = ids[from.varint()]
        break
      case parentCode.bytes:
        spanId = from.hex(16)
        parentId = from.hex(16)
        break
      default:
        spanId = from.hex(16)
    }
    ids.push(spanId as SpanId)
    const scope = this.#scope(second >> 3)
    const attributes = this.#attributes()
    const flags = (extras & extra.flags) === 0 ? second & 3 : from.signed()
    const dropped = (extras & extra.dropped) !== 0
    return {
      spanId: spanId as SpanId,
      parentId: parentId as SpanId | undefined,
      parentRemote: first > 127,
      name: named ? name : nameOf(attributes),
      kind: (first & 7) as SpanKind,
      start,
      duration,
      open: false,
      status: ((first >> 3) & 3) as StatusCode,
      flags,
      scope,
      attributes,
      droppedAttributes: dropped ? from.varint() : 0,
      droppedEvents: dropped ? from.varint() : 0,
      droppedLinks: dropped ? from.varint() : 0,
      traceState: (extras & extra.traceState) === 0 ? '' : this.#text(),
      statusMessage: (extras & extra.statusMessage) === 0 ? '' : this.#text(),
      events: (extras & extra.events) === 0 ? none : this.#list(() => this.#event()),
      links: (extras & extra.links) === 0 ? none : this.#list(() => this.#link()),
      logs: (extras & extra.logs) === 0 ? none : this.#list(() => this.#log())
    }
  }

  #list<T>(read: () => T): T[] {
    const list: T[] = []
    for (let left = this.#from.varint(); left > 0; left--) list.push(read())
    return list
  }

  #event(): SpanEvent {
    return { time: this.#from.signed(), name: this.#text(), attributes: this.#attributes() }
  }

  #link(): SpanLink {
    const whole = this.#from.byte() === 1
    return {
      traceId: (whole ? this.#from.hex(32) : this.#text()) as TraceId,
      spanId: (whole ? this.#from.hex(16) : this.#text()) as SpanId,
      traceState: this.#text(),
      attributes: this.#attributes()
    }
  }

  #log(): SpanLog {
    return {
      time: this.#from.signed(),
      severity: severities[this.#from.byte()] ?? 'info',
      body: this.#text(),
      attributes: this.#attributes()
    }
  }

  #attributes(): Attributes | readonly never[] {
    const shape = this.#from.varint()
    if (shape === 0) return none
    const { keys, slots } = this.#texts.shape(shape)
    const list: Attributes = []
    let parameters: string[] | undefined
    for (const key of keys) {
      if (list.length === slots.path * 2) parameters = readParameters(this.#from, this.#text)
      list.push(
        key,
        parameters === undefined || list.length !== slots.path * 2
          ? readValue(this.#from, this.#text)
          : ''
      )
    }
    // Only now: the route may stand behind the path.
    if (parameters !== undefined)
      list[slots.path * 2 + 1] = fillRoute(list[slots.route * 2 + 1] as string, parameters)
    return list
  }

  #scope(code: number): Scope {
    return this.#texts.scope(code === scopeInPlace ? this.#from.varint() : code + 1)
  }
}

function nameOf(attributes: Attributes | readonly never[]): string {
  return `${getString(attributes, 'http.request.method')} ${getString(attributes, 'http.route')}`
}
