import { getAttribute } from '../../base/attributes.ts'
import type { SpanData, TraceRecord } from '../../base/span-data.ts'
import { negativeKey } from '../../trace/own-names.ts'
import { lineEvent, logFields, refTypeKey, spanTags, type Tag, tagOf, tagsOf } from './tags.ts'

/** A span as Jaeger's API and its files have it; `processID` names an entry of the trace's `processes`. */
export function spanOf(span: SpanData, record: TraceRecord, processID: string): object {
  const startTime = micros(record, span.start)
  return {
    traceID: record.traceId,
    spanID: span.spanId,
    // The sampled bit means the same in both; Jaeger's next one is "debug", W3C's "random".
    flags: span.flags & 1,
    operationName: span.name,
    references: referencesOf(span, record),
    startTime,
    // From the end, so that a child ends with its parent in whole microseconds, too.
    duration: Math.max(0, micros(record, span.start + span.duration) - startTime),
    tags: spanTags(span),
    logs: logsOf(span, record),
    processID,
    warnings: warningsOf(span)
  }
}

function referencesOf({ parentId, links }: SpanData, { traceId }: TraceRecord): object[] {
  const references: object[] = []
  if (parentId !== undefined)
    references.push({ refType: 'CHILD_OF', traceID: traceId, spanID: parentId })
  for (const link of links) {
    const second = getAttribute(link.attributes, refTypeKey) === 'child_of'
    const refType = second ? 'CHILD_OF' : 'FOLLOWS_FROM'
    references.push({ refType, traceID: link.traceId, spanID: link.spanId })
  }
  return references
}

function logsOf({ events, logs }: SpanData, record: TraceRecord): object[] {
  const all: { timestamp: number; fields: Tag[] }[] = []
  for (const { time, name, attributes } of events) {
    const fields = tagsOf(attributes)
    if (name !== '') fields.unshift(tagOf(logFields.event, name))
    all.push({ timestamp: micros(record, time), fields })
  }
  for (const { time, severity, body, attributes } of logs) {
    const fields = tagsOf([logFields.event, lineEvent, logFields.level, severity])
    fields.push(tagOf(logFields.message, body), ...tagsOf(attributes))
    all.push({ timestamp: micros(record, time), fields })
  }
  return all.sort((a, b) => a.timestamp - b.timestamp)
}

function warningsOf(span: SpanData): string[] {
  const warnings: string[] = []
  if (span.open) warnings.push('the span has not ended; its duration is up to now')
  if (getAttribute(span.attributes, negativeKey) === true)
    warnings.push('the span ended before it began; it is shown without a length')
  const { droppedAttributes, droppedEvents, droppedLinks } = span
  if (droppedAttributes + droppedEvents + droppedLinks > 0)
    warnings.push(
      `beyond the limits of a span: ${droppedAttributes} attributes, ${droppedEvents} events and log lines, ${droppedLinks} links`
    )
  return warnings
}

/** Microseconds since 1970, whole ones: Jaeger's own programs refuse a fraction. */
function micros({ epochMs }: TraceRecord, nanos: number): number {
  return Math.max(0, epochMs * 1000 + Math.floor(nanos / 1000))
}
