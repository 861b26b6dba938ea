import type { SpanData, SpanEvent, SpanLink, SpanLog, TraceRecord } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'
import { ByteWriter } from './bytes.ts'
import { DefinitionWriter, scopeInPlace } from './definitions.ts'
import { followsFrom, namedByRoute } from './figure-slots.ts'
import { extra, headFlag, impliedName, kindBits, parentCode, severities } from './layout.ts'
import { ParentTable } from './parents.ts'
import { StringWriter } from './strings.ts'
import { writeNumber } from './values.ts'

/**
 * Writes records into the segment that is being filled. It holds what is needed only while a segment is filled, so that there is one
 * for a whole ring; `begin` starts it anew.
 *
 *     record   head, resource, root span, the other spans in their order
 *     head     flags, time, [spans, index of the root, errors, db], [dropped spans],
 *              [http status, method, route]: figures of the list, when they do not follow from the root span
 *     span     2 bytes of flags, [extras], [scope], name, start, duration, span id, [parent], shape, values, [extras' data]
 *
 * The root stands first because the list reads its name, time and status from there.
 */
export class Encoder {
  readonly out: ByteWriter
  readonly texts: StringWriter
  readonly definitions: DefinitionWriter
  readonly #parents: ParentTable
  #baseMs = 0

  constructor(maxTextIds: number, seenSlots: number) {
    this.out = new ByteWriter()
    this.texts = new StringWriter(this.out, maxTextIds, seenSlots)
    this.definitions = new DefinitionWriter(this.out, this.texts)
    this.#parents = new ParentTable()
  }

  /** Starts an empty segment. Its times count from `baseMs`. */
  begin(bytes: Buffer, baseMs: number): void {
    this.out.bytes = bytes
    this.out.at = 0
    this.#baseMs = baseMs
    this.texts.reset()
    this.definitions.reset()
  }

  /** Writes a record at `out.at`; throws `segmentFull` when it does not fit before `out.limit`. */
  record(record: TraceRecord, root: number, figures: SummaryData): void {
    const spans = record.spans
    const rootSpan = spans[root] as SpanData
    const out = this.out
    const plain = spans.length === 1 && figures.db === 0
    const slots = this.definitions.slotsOf(rootSpan.attributes)
    const implied = slots !== undefined && followsFrom(figures, rootSpan.attributes, slots)
    out.room(80)
    out.byte(
      kindBits(figures.root, figures.noise) |
        (record.source === 'ingest' ? headFlag.ingest : 0) |
        (plain ? headFlag.plain : 0) |
        (record.droppedSpans > 0 ? headFlag.dropped : 0) |
        (implied ? headFlag.implied : 0)
    )
    out.signed(record.epochMs - this.#baseMs)
    if (!plain) {
      out.varint(spans.length)
      out.varint(root)
      out.varint(figures.errors)
      out.varint(figures.db)
    }
    if (record.droppedSpans > 0) out.varint(record.droppedSpans)
    if (!implied) {
      writeNumber(out, figures.httpStatus)
      this.texts.write(figures.method)
      this.texts.write(figures.route)
    }
    this.definitions.resource(record.resource)
    this.#span(rootSpan, 0, implied && namedByRoute(rootSpan.name, rootSpan.attributes, slots))
    if (spans.length === 1) return
    const parents = this.#parents
    parents.begin(rootSpan.spanId)
    let index = 1
    for (let i = 0; i < spans.length; i++) {
      if (i === root) continue
      const span = spans[i] as SpanData
      this.#span(span, index, false)
      parents.add(span.spanId, index++)
    }
  }

  #span(span: SpanData, index: number, nameImplied: boolean): void {
    const out = this.out
    const parentId = span.parentId
    const parent = parentId === undefined || index === 0 ? -1 : this.#parents.find(parentId)
    const scope = this.definitions.scopeId(span.scope)
    const extras = extrasOf(span)
    out.room(48)
    const flagsAt = out.at
    let first =
      (span.kind & 7) |
      ((span.status & 3) << 3) |
      (parentId === undefined ? 0 : parent < 0 ? parentCode.bytes : parentCode.index) |
      (span.parentRemote ? 0x80 : 0)
    out.byte(first)
    out.byte(
      (span.flags & 3) |
        (extras === 0 ? 0 : 4) |
        ((scope < 0 || scope >= scopeInPlace ? scopeInPlace : scope) << 3)
    )
    if (extras !== 0) out.byte(extras)
    if (nameImplied) out.byte(impliedName)
    else this.texts.write(span.name)
    out.room(64)
    out.signed(span.start)
    out.signed(span.duration)
    const idsAt = out.at
    let whole = out.hex(span.spanId, 16)
    if (parentId !== undefined && parent >= 0) out.varint(parent)
    else if (parentId !== undefined && whole) whole = out.hex(parentId, 16)
    if (!whole) {
      // An id that is no id (a context made by hand): both as texts.
      first = (first & ~parentCode.mask) | parentCode.texts
      out.bytes[flagsAt] = first
      out.at = idsAt
      out.byte(parentId === undefined ? 0 : 1)
      this.texts.write(span.spanId)
      if (parentId !== undefined) this.texts.write(parentId)
    }
    if (scope < 0 || scope >= scopeInPlace) this.definitions.scope(span.scope, scope)
    this.definitions.attributes(span.attributes)
    if (extras !== 0) this.#extras(span, extras)
  }

  #extras(span: SpanData, extras: number): void {
    const out = this.out
    out.room(64)
    if ((extras & extra.flags) !== 0) out.signed(span.flags)
    if ((extras & extra.dropped) !== 0) {
      out.varint(span.droppedAttributes)
      out.varint(span.droppedEvents)
      out.varint(span.droppedLinks)
    }
    if ((extras & extra.traceState) !== 0) this.texts.write(span.traceState)
    if ((extras & extra.statusMessage) !== 0) this.texts.write(span.statusMessage)
    if ((extras & extra.events) !== 0) {
      this.#count(span.events.length)
      for (const event of span.events) this.#event(event)
    }
    if ((extras & extra.links) !== 0) {
      this.#count(span.links.length)
      for (const link of span.links) this.#link(link)
    }
    if ((extras & extra.logs) !== 0) {
      this.#count(span.logs.length)
      for (const log of span.logs) this.#log(log)
    }
  }

  #count(count: number): void {
    this.out.room(16)
    this.out.varint(count)
  }

  #event(event: SpanEvent): void {
    this.out.room(16)
    this.out.signed(event.time)
    this.texts.write(event.name)
    this.definitions.attributes(event.attributes)
  }

  #link(link: SpanLink): void {
    const out = this.out
    out.room(40)
    const start = out.at
    out.byte(1)
    if (!out.hex(link.traceId, 32) || !out.hex(link.spanId, 16)) {
      out.at = start
      out.byte(0)
      this.texts.write(link.traceId)
      this.texts.write(link.spanId)
    }
    this.texts.write(link.traceState)
    this.definitions.attributes(link.attributes)
  }

  #log(log: SpanLog): void {
    this.out.room(16)
    this.out.signed(log.time)
    this.out.byte(severities.indexOf(log.severity))
    this.texts.write(log.body)
    this.definitions.attributes(log.attributes)
  }
}

function extrasOf(span: SpanData): number {
  let extras = 0
  if (span.traceState !== '') extras |= extra.traceState
  if (span.statusMessage !== '') extras |= extra.statusMessage
  if (span.events.length > 0) extras |= extra.events
  if (span.links.length > 0) extras |= extra.links
  if (span.logs.length > 0) extras |= extra.logs
  if (span.droppedAttributes + span.droppedEvents + span.droppedLinks > 0) extras |= extra.dropped
  if (span.flags > 3 || span.flags < 0) extras |= extra.flags
  return extras
}
