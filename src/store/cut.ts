import type { AttributeValue } from '../base/attributes.ts'
import { clip } from '../base/limits.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../base/span-data.ts'

/** A record in two, each with half of the spans; undefined when it has only one. */
export function halves(record: TraceRecord): [TraceRecord, TraceRecord] | undefined {
  const middle = record.spans.length >> 1
  if (middle === 0) return undefined
  return [
    { ...record, spans: record.spans.slice(0, middle) },
    { ...record, spans: record.spans.slice(middle), droppedSpans: 0, fresh: false }
  ]
}

// From what hurts least: the longest texts first, then lists, at last everything that has no bound of its own.
const steps = [
  { text: 1024, items: 64 },
  { text: 256, items: 16 },
  { text: 64, items: 4 },
  { text: 16, items: 0 }
]

/** A record of one span with less and less in it. */
export function* stripped(record: TraceRecord): Iterable<TraceRecord> {
  for (const step of steps) yield cut(record, step.text, step.items)
}

function cut(record: TraceRecord, text: number, items: number): TraceRecord {
  return {
    ...record,
    resource: {
      service: clip(record.resource.service, text),
      attributes: attributesCut(record.resource.attributes, text, items)
    },
    spans: record.spans.map((span) => spanCut(span, text, items))
  }
}

function spanCut(span: SpanData, text: number, items: number): SpanData {
  const attributes = attributesCut(span.attributes, text, items)
  const few = <T extends { readonly attributes: ReadonlyAttributes }>(list: readonly T[]): T[] =>
    list
      .slice(0, items)
      .map((item) => ({ ...item, attributes: attributesCut(item.attributes, text, items) }))
  return {
    spanId: span.spanId,
    parentId: span.parentId,
    parentRemote: span.parentRemote,
    kind: span.kind,
    start: span.start,
    duration: span.duration,
    open: false,
    status: span.status,
    flags: span.flags,
    name: clip(span.name, text),
    statusMessage: clip(span.statusMessage, text),
    traceState: span.traceState.length > text ? '' : span.traceState,
    scope: { name: clip(span.scope.name, text), version: clip(span.scope.version, text) },
    attributes,
    events: few(span.events).map((event) => ({ ...event, name: clip(event.name, text) })),
    links: few(span.links).filter((link) => link.traceState.length <= text),
    logs: few(span.logs).map((log) => ({ ...log, body: clip(log.body, text) })),
    droppedAttributes: span.droppedAttributes + ((span.attributes.length - attributes.length) >> 1),
    droppedEvents: span.droppedEvents + Math.max(0, span.events.length - items),
    droppedLinks: span.droppedLinks + Math.max(0, span.links.length - items)
  }
}

function attributesCut(list: ReadonlyAttributes, text: number, items: number): ReadonlyAttributes {
  const less: (string | AttributeValue)[] = []
  for (let i = 0; i + 1 < list.length && i < items * 2; i += 2) {
    const key = list[i] as string
    const value = list[i + 1] as AttributeValue
    if (key.length > text) continue
    if (typeof value === 'string') less.push(key, clip(value, text))
    else if (Array.isArray(value)) less.push(key, listCut(value, text, items))
    else less.push(key, value)
  }
  return less
}

function listCut(list: readonly unknown[], text: number, items: number): AttributeValue {
  const few = list.slice(0, items)
  return few.map((item) => (typeof item === 'string' ? clip(item, text) : item)) as string[]
}
