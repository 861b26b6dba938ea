import type { AttributeValue } from '../../base/attributes.ts'
import type { TraceId } from '../../base/ids.ts'
import {
  type ReadonlyAttributes,
  type SpanData,
  SpanKind,
  StatusCode,
  type TraceRecord
} from '../../base/span-data.ts'
import { droppedSpansKey } from '../../trace/own-names.ts'
import { isServerHalf } from '../../trace/shared-spans.ts'
import { type Annotation, annotationsOf } from './annotations.ts'
import { type Endpoint, localEndpoint, remoteEndpoint } from './endpoints.ts'
import {
  debugKey,
  droppedAttributesTag,
  droppedEventsTag,
  droppedLinksTag,
  errorTag,
  scopeTag,
  scopeVersionTag,
  statusTag
} from './names.ts'
import { microsOf } from './time.ts'

/** A span of Zipkin's version 2, by OpenTelemetry's "Transformation to Zipkin". */
export interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string | undefined
  readonly kind?: string | undefined
  readonly name: string
  readonly timestamp: number
  readonly duration?: number | undefined
  readonly localEndpoint: Endpoint
  readonly remoteEndpoint?: Endpoint | undefined
  readonly annotations?: readonly Annotation[] | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly debug?: true | undefined
  readonly shared?: true | undefined
}

// This many spans take about half a millisecond.
const spansPerPart = 128

/** Records as a list of spans, in pieces between which others may go first. */
export function* zipkinParts(records: Iterable<TraceRecord>): Generator<string> {
  let before = '['
  for (const record of records) {
    for (let from = 0; from < record.spans.length; from += spansPerPart) {
      const spans = record.spans.slice(from, from + spansPerPart)
      const encoded = spans.map((span, i) => encodeZipkin(span, record, from + i === 0))
      yield before + JSON.stringify(encoded).slice(1, -1)
      before = ','
    }
  }
  yield before === ',' ? ']' : '[]'
}

const kindNames = {
  [SpanKind.internal]: undefined,
  [SpanKind.server]: 'SERVER',
  [SpanKind.client]: 'CLIENT',
  [SpanKind.producer]: 'PRODUCER',
  [SpanKind.consumer]: 'CONSUMER'
} as const

/** `first` of its record tells, too, how many spans the record is without. Absent fields (undefined) are left out by JSON.stringify. */
export function encodeZipkin(span: SpanData, record: TraceRecord, first = false): ZipkinSpan {
  const { traceId, epochMs, resource } = record
  const { attributes } = span
  // It has its id from us (trace/shared-spans.ts). Zipkin knows which span it belongs below by the id it shares.
  const shared = isServerHalf(span, resource.service)
  return {
    traceId: shortId(traceId),
    id: shared ? (span.parentId as string) : span.spanId,
    parentId: shared ? undefined : span.parentId,
    kind: kindNames[span.kind],
    name: span.name,
    timestamp: microsOf(epochMs, span.start),
    // Without one it has not ended, and a zero means the same; a fraction of a microsecond is one.
    duration: span.open ? undefined : Math.max(1, Math.round(span.duration / 1000)),
    localEndpoint: localEndpoint(resource.service, attributes),
    remoteEndpoint: remoteEndpoint(span),
    annotations: annotationsOf(span, epochMs),
    tags: tagsOf(span, resource.attributes, first ? record.droppedSpans : 0),
    debug: has(attributes, debugKey) ? true : undefined,
    shared: shared ? true : undefined
  }
}

/** An id of 64 bits, which was lengthened to be kept, as its sender has it. */
export function shortId(traceId: TraceId): string {
  return traceId.startsWith('0'.repeat(16)) ? traceId.slice(16) : traceId
}

function tagsOf(
  span: SpanData,
  resource: ReadonlyAttributes,
  droppedSpans: number
): Record<string, string> {
  // Without a prototype, whose setters a key could meet.
  const tags = Object.create(null) as Record<string, string>
  for (const attributes of [resource, span.attributes])
    for (let i = 0; i < attributes.length; i += 2)
      tags[attributes[i] as string] = tagOf(attributes[i + 1] as AttributeValue)
  delete tags[debugKey]
  if (span.status === StatusCode.ok) tags[statusTag] = 'OK'
  if (span.status === StatusCode.error) {
    tags[statusTag] = 'ERROR'
    tags[errorTag] = span.statusMessage
  }
  if (span.scope.name !== '') tags[scopeTag] = span.scope.name
  if (span.scope.version !== '') tags[scopeVersionTag] = span.scope.version
  if (span.droppedAttributes > 0) tags[droppedAttributesTag] = String(span.droppedAttributes)
  if (span.droppedEvents > 0) tags[droppedEventsTag] = String(span.droppedEvents)
  if (span.droppedLinks > 0) tags[droppedLinksTag] = String(span.droppedLinks)
  if (droppedSpans > 0) tags[droppedSpansKey] = String(droppedSpans)
  return tags
}

function tagOf(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function has(attributes: ReadonlyAttributes, key: string): boolean {
  for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === key) return true
  return false
}
