import type { AttributeValue } from '../../base/attributes.ts'
import type { ReadonlyAttributes, SpanData, SpanLink, TraceRecord } from '../../base/span-data.ts'
import {
  byScope,
  eventsOf,
  flagsOf,
  isInteger,
  millisecondsAt,
  nanosWithin,
  resourceAttributes,
  spanAttributes
} from './outgoing.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

// The numbers are those of opentelemetry-proto 1.x. A field that has its default value is left out, as proto3 has it.

/** Records as an ExportTraceServiceRequest: what `encodeJson` says, in less than half of the bytes and a third of the time. */
export function encodeProtobuf(records: Iterable<TraceRecord>): Buffer {
  const writer = new ProtobufWriter()
  for (const record of records) writeResourceSpans(writer, record)
  return writer.bytes
}

function writeResourceSpans(writer: ProtobufWriter, record: TraceRecord): void {
  const resourceSpans = writer.begin(1)
  const resource = writer.begin(1)
  writeAttributes(writer, 1, resourceAttributes(record))
  writer.end(resource)
  for (const { scope, places } of byScope(record, 0, record.spans.length)) {
    const scopeSpans = writer.begin(2)
    const named = writer.begin(1)
    if (scope.name !== '') writer.text(1, scope.name)
    if (scope.version !== '') writer.text(2, scope.version)
    writer.end(named)
    for (const place of places) writeSpan(writer, record, place)
    writer.end(scopeSpans)
  }
  writer.end(resourceSpans)
}

function writeSpan(writer: ProtobufWriter, record: TraceRecord, place: number): void {
  const { traceId, epochMs } = record
  const span = record.spans[place] as SpanData
  const begin = writer.begin(2)
  writer.hex(1, traceId)
  writer.hex(2, span.spanId)
  if (span.traceState !== '') writer.text(3, span.traceState)
  if (span.parentId !== undefined) writer.hex(4, span.parentId)
  if (span.name !== '') writer.text(5, span.name)
  writer.uint32(6, span.kind + 1)
  writeTime(writer, 7, epochMs, span.start)
  writeTime(writer, 8, epochMs, span.start + span.duration)
  writeAttributes(writer, 9, spanAttributes(record, place))
  if (span.droppedAttributes > 0) writer.uint32(10, span.droppedAttributes)
  for (const event of eventsOf(span)) writeEvent(writer, event, epochMs)
  if (span.droppedEvents > 0) writer.uint32(12, span.droppedEvents)
  for (const link of span.links) writeLink(writer, link)
  if (span.droppedLinks > 0) writer.uint32(14, span.droppedLinks)
  if (span.status !== 0 || span.statusMessage !== '') {
    const status = writer.begin(15)
    if (span.statusMessage !== '') writer.text(2, span.statusMessage)
    if (span.status !== 0) writer.uint32(3, span.status)
    writer.end(status)
  }
  writer.fixed32(16, flagsOf(span))
  writer.end(begin)
}

function writeEvent(
  writer: ProtobufWriter,
  { time, name, attributes }: SpanData['events'][number],
  epochMs: number
): void {
  const event = writer.begin(11)
  writeTime(writer, 1, epochMs, time)
  if (name !== '') writer.text(2, name)
  writeAttributes(writer, 3, attributes)
  writer.end(event)
}

function writeLink(writer: ProtobufWriter, link: SpanLink): void {
  const begin = writer.begin(13)
  writer.hex(1, link.traceId)
  writer.hex(2, link.spanId)
  if (link.traceState !== '') writer.text(3, link.traceState)
  writeAttributes(writer, 4, link.attributes)
  writer.end(begin)
}

function writeTime(writer: ProtobufWriter, field: number, epochMs: number, offset: number): void {
  const ms = millisecondsAt(epochMs, offset)
  writer.nanos(field, Math.max(0, ms), ms < 0 ? 0 : nanosWithin(offset))
}

function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: ReadonlyAttributes
): void {
  for (let i = 0; i < attributes.length; i += 2) {
    const attribute = writer.begin(field)
    writer.text(1, attributes[i] as string)
    const value = writer.begin(2)
    writeValue(writer, attributes[i + 1] as AttributeValue)
    writer.end(value)
    writer.end(attribute)
  }
}

// One field of a oneof, and so never left out.
function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.text(1, value)
  else if (typeof value === 'boolean') writer.bool(2, value)
  else if (typeof value === 'number') writeNumber(writer, value, isInteger(value))
  else writeList(writer, value)
}

function writeList(
  writer: ProtobufWriter,
  values: Exclude<AttributeValue, string | number | boolean>
): void {
  const whole = (values as readonly unknown[]).every(isInteger)
  const list = writer.begin(5)
  for (const value of values) {
    const one = writer.begin(1)
    if (typeof value === 'number') writeNumber(writer, value, whole)
    else writeValue(writer, value)
    writer.end(one)
  }
  writer.end(list)
}

function writeNumber(writer: ProtobufWriter, value: number, whole: boolean): void {
  if (whole) writer.int64(3, value)
  else writer.double(4, value)
}
