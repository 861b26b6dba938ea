import type { SpanId } from '../base/ids.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../base/span-data.ts'
import { orderBy } from '../trace/order.ts'
import { spanHolds } from '../wire/query-spans.ts'
import { type AttributeEntry, type SpanDetail, spanKinds, type TraceLog } from '../wire/trace.ts'
import { categoryOf } from './categories.ts'

const statuses = ['unset', 'ok', 'error'] as const

/** Everything about one span; undefined when the records do not hold it. Stops between records, as all that reads a trace does. */
export function* spanDetail(
  records: Iterable<TraceRecord>,
  spanId: string
): Generator<void, SpanDetail | undefined> {
  for (const record of records) {
    const span = record.spans.find((one) => one.spanId === spanId)
    if (span !== undefined) return detailOf(record, span)
    yield
  }
  return undefined
}

/** Everything about every span, each once. */
export function* spanDetails(records: Iterable<TraceRecord>): Generator<SpanDetail, void> {
  const seen = new Set<SpanId>()
  for (const record of records) {
    for (const span of record.spans) {
      if (seen.has(span.spanId)) continue
      seen.add(span.spanId)
      yield detailOf(record, span)
    }
  }
}

function detailOf(record: TraceRecord, span: SpanData): SpanDetail {
  const at = (ns: number): number => record.epochMs + ns / 1e6
  return {
    traceId: record.traceId,
    spanId: span.spanId,
    parentId: span.parentId ?? null,
    service: record.resource.service,
    name: span.name,
    kind: spanKinds[span.kind],
    category: categoryOf(span),
    start: at(span.start),
    duration: Math.max(0, span.duration) / 1e6,
    open: span.open,
    status: statuses[span.status],
    statusMessage: span.statusMessage,
    attributes: entriesOf(span.attributes),
    resource: [['service.name', record.resource.service], ...entriesOf(record.resource.attributes)],
    scope: { name: span.scope.name, version: span.scope.version },
    events: span.events.map((event) => ({
      time: at(event.time),
      name: event.name,
      attributes: entriesOf(event.attributes)
    })),
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: entriesOf(link.attributes)
    })),
    logs: span.logs.map((log) => ({
      time: at(log.time),
      severity: log.severity,
      body: log.body,
      attributes: entriesOf(log.attributes)
    })),
    dropped: {
      attributes: span.droppedAttributes,
      events: span.droppedEvents,
      links: span.droppedLinks
    }
  }
}

/** Every log line of a trace in order of time; lines of one moment keep their order. */
export function* traceLogs(records: Iterable<TraceRecord>): Generator<void, TraceLog[]> {
  const lines: TraceLog[] = []
  const seen = new Set<string>()
  for (const record of records) {
    for (const span of record.spans) {
      if (seen.has(span.spanId)) continue
      seen.add(span.spanId)
      for (const log of span.logs) {
        lines.push({
          spanId: span.spanId,
          service: record.resource.service,
          time: record.epochMs + log.time / 1e6,
          severity: log.severity,
          body: log.body,
          attributes: entriesOf(log.attributes)
        })
      }
    }
    yield
  }
  const order = yield* orderBy(Float64Array.from(lines, ({ time }) => time))
  return Array.from(order, (i) => lines[i] as TraceLog)
}

/** Ids of the spans that hold the text in a name, message, attribute value, event or log line. */
export function* spansHolding(
  records: Iterable<TraceRecord>,
  text: string
): Generator<void, SpanId[]> {
  const wanted = text.toLowerCase()
  const found: SpanId[] = []
  for (const { spans } of records) {
    for (const span of spans) if (spanHolds(span, wanted)) found.push(span.spanId)
    yield
  }
  return found
}

// Pairs, not an object: a key may be `__proto__`.
function entriesOf(attributes: ReadonlyAttributes): AttributeEntry[] {
  const entries: AttributeEntry[] = []
  for (let i = 0; i + 1 < attributes.length; i += 2) {
    const value = attributes[i + 1] as AttributeEntry[1]
    entries.push([String(attributes[i]), Array.isArray(value) ? [...value] : value])
  }
  return entries
}
