import type { AttributeValue } from '../../base/attributes.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../base/span-data.ts'
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

/**
 * Records as an OTLP/HTTP JSON request, `{ "resourceSpans": [...] }`: what `POST v1/traces` of any collector takes, and what the download
 * of a trace holds. Ids are hex, 64-bit numbers strings. The logs of a span are events named `log` whose first two attributes are
 * `log.severity` (trace, debug, info, warn, error, fatal) and `log.body`.
 */
export function encodeJson(records: Iterable<TraceRecord>): string {
  return [...jsonParts(records)].join('')
}

// This many spans take about half a millisecond.
const spansPerPart = 128

/** The same in pieces, for a writer that lets others go first in between; a trace of 10,000 spans takes 40 ms in all. */
export function* jsonParts(records: Iterable<TraceRecord>): Generator<string> {
  let before = '{"resourceSpans":['
  for (const record of records) {
    for (let from = 0; from < record.spans.length; from += spansPerPart) {
      yield before + encodeSpans(record, from, from + spansPerPart)
      before = ','
    }
  }
  yield before === ',' ? ']}' : '{"resourceSpans":[]}'
}

/** Some of a record's spans as one element of `resourceSpans`. */
function encodeSpans(record: TraceRecord, from: number, to: number): string {
  const scopeSpans = Array.from(byScope(record, from, to), ({ scope, places }) => ({
    scope,
    spans: places.map((place) => spanOf(record, place))
  }))
  return JSON.stringify({
    resource: { attributes: attributesOf(resourceAttributes(record)) },
    scopeSpans
  })
}

// Absent fields (undefined) are left out by JSON.stringify; protobuf reads an absent field as zero.
function spanOf(record: TraceRecord, place: number): object {
  const { traceId, epochMs } = record
  const span = record.spans[place] as SpanData
  const { status, statusMessage } = span
  const events = eventsOf(span)
  return {
    traceId,
    spanId: span.spanId,
    traceState: span.traceState || undefined,
    parentSpanId: span.parentId,
    flags: flagsOf(span),
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: nanosOf(epochMs, span.start),
    endTimeUnixNano: nanosOf(epochMs, span.start + span.duration),
    attributes: attributesOf(spanAttributes(record, place)),
    droppedAttributesCount: span.droppedAttributes || undefined,
    events: events.length === 0 ? undefined : events.map((event) => eventOf(event, epochMs)),
    droppedEventsCount: span.droppedEvents || undefined,
    links: linksOf(span),
    droppedLinksCount: span.droppedLinks || undefined,
    status:
      status === 0 && statusMessage === ''
        ? undefined
        : { code: status, message: statusMessage || undefined }
  }
}

function eventOf({ time, name, attributes }: SpanData['events'][number], epochMs: number): object {
  return { timeUnixNano: nanosOf(epochMs, time), name, attributes: attributesOf(attributes) }
}

function linksOf(span: SpanData): object[] | undefined {
  if (span.links.length === 0) return undefined
  return span.links.map((link) => ({
    traceId: link.traceId,
    spanId: link.spanId,
    traceState: link.traceState || undefined,
    attributes: attributesOf(link.attributes)
  }))
}

interface KeyValue {
  readonly key: string
  readonly value: object
}

function attributesOf(attributes: ReadonlyAttributes): KeyValue[] {
  const list: KeyValue[] = []
  for (let i = 0; i < attributes.length; i += 2)
    list.push({ key: attributes[i] as string, value: valueOf(attributes[i + 1] as AttributeValue) })
  return list
}

function valueOf(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return numberOf(value, isInteger(value))
  // The elements of a list are of one type in OTLP too, so one fraction makes doubles of all.
  const whole = (value as readonly unknown[]).every(isInteger)
  const one = (item: string | number | boolean): object =>
    typeof item === 'number' ? numberOf(item, whole) : valueOf(item)
  return { arrayValue: { values: (value as readonly (string | number | boolean)[]).map(one) } }
}

function numberOf(value: number, whole: boolean): object {
  if (whole) return { intValue: String(value) }
  // JSON has neither these nor a negative zero; protobuf's mapping takes strings for them.
  if (Number.isFinite(value) && !Object.is(value, -0)) return { doubleValue: value }
  return { doubleValue: Object.is(value, -0) ? '-0' : String(value) }
}

/** Nanoseconds since 1970 as digits. */
function nanosOf(epochMs: number, offset: number): string {
  const nanos = nanosWithin(offset)
  const ms = millisecondsAt(epochMs, offset)
  if (ms < 0) return '0'
  return ms === 0 ? String(nanos) : `${ms}${String(nanos).padStart(6, '0')}`
}
