import type { AttributeValue } from '../../base/attributes.ts'
import type { ReadonlyAttributes, Scope, SpanData, TraceRecord } from '../../base/span-data.ts'
import { droppedSpansKey, logBody, logEvent, logSeverity } from '../../trace/own-names.ts'
import { hasIsRemote, isRemote } from './names.ts'

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
export function encodeSpans(record: TraceRecord, from: number, to: number): string {
  const scopes = new Map<string, { scope: Scope; spans: object[] }>()
  for (let i = from; i < Math.min(to, record.spans.length); i++) {
    const span = record.spans[i] as SpanData
    const key = `${span.scope.name}\n${span.scope.version}`
    let group = scopes.get(key)
    if (group === undefined) {
      group = { scope: { name: span.scope.name, version: span.scope.version }, spans: [] }
      scopes.set(key, group)
    }
    group.spans.push(spanOf(span, record, i === 0 ? record.droppedSpans : 0))
  }
  const { service, attributes } = record.resource
  const name = service === '' ? [] : ['service.name', service]
  return JSON.stringify({
    resource: { attributes: attributesOf([...name, ...attributes]) },
    scopeSpans: [...scopes.values()]
  })
}

// Absent fields (undefined) are left out by JSON.stringify; protobuf reads an absent field as zero.
function spanOf(span: SpanData, { traceId, epochMs }: TraceRecord, droppedSpans: number): object {
  const { status, statusMessage } = span
  const attributes = attributesOf(span.attributes)
  if (droppedSpans > 0)
    attributes.push({ key: droppedSpansKey, value: { intValue: String(droppedSpans) } })
  return {
    traceId,
    spanId: span.spanId,
    traceState: span.traceState || undefined,
    parentSpanId: span.parentId,
    flags: (span.flags & 0xff) | hasIsRemote | (span.parentRemote ? isRemote : 0),
    name: span.name,
    kind: span.kind + 1,
    startTimeUnixNano: nanosOf(epochMs, span.start),
    endTimeUnixNano: nanosOf(epochMs, span.start + span.duration),
    attributes,
    droppedAttributesCount: span.droppedAttributes || undefined,
    events: eventsOf(span, epochMs),
    droppedEventsCount: span.droppedEvents || undefined,
    links: linksOf(span),
    droppedLinksCount: span.droppedLinks || undefined,
    status:
      status === 0 && statusMessage === ''
        ? undefined
        : { code: status, message: statusMessage || undefined }
  }
}

function eventsOf(span: SpanData, epochMs: number): object[] | undefined {
  if (span.events.length === 0 && span.logs.length === 0) return undefined
  const events: object[] = []
  for (const { time, name, attributes } of span.events)
    events.push({
      timeUnixNano: nanosOf(epochMs, time),
      name,
      attributes: attributesOf(attributes)
    })
  for (const { time, severity, body, attributes } of span.logs)
    events.push({
      timeUnixNano: nanosOf(epochMs, time),
      name: logEvent,
      attributes: attributesOf([logSeverity, severity, logBody, body, ...attributes])
    })
  return events
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

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function numberOf(value: number, whole: boolean): object {
  if (whole) return { intValue: String(value) }
  // JSON has neither these nor a negative zero; protobuf's mapping takes strings for them.
  if (Number.isFinite(value) && !Object.is(value, -0)) return { doubleValue: value }
  return { doubleValue: Object.is(value, -0) ? '-0' : String(value) }
}

/** Nanoseconds since 1970 as digits. By remainder, as the sum is beyond what a number holds exactly. */
function nanosOf(epochMs: number, offset: number): string {
  const rest = offset % 1e6
  const nanos = rest < 0 ? rest + 1e6 : rest
  const ms = epochMs + (offset - nanos) / 1e6
  if (ms < 0) return '0'
  return ms === 0 ? String(nanos) : `${ms}${String(nanos).padStart(6, '0')}`
}
