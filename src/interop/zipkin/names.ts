import { SpanKind } from '../../base/span-data.ts'

/** A span without a kind is one within a service. */
export const kinds: Readonly<Record<string, SpanKind>> = {
  SERVER: SpanKind.server,
  CLIENT: SpanKind.client,
  PRODUCER: SpanKind.producer,
  CONSUMER: SpanKind.consumer
}

/** Tags that stand for fields of OpenTelemetry's span, by its "Transformation to Zipkin". */
export const statusTag = 'otel.status_code'
export const errorTag = 'error'
export const scopeTag = 'otel.scope.name'
export const scopeVersionTag = 'otel.scope.version'
export const droppedAttributesTag = 'otel.dropped_attributes_count'
export const droppedEventsTag = 'otel.dropped_events_count'
export const droppedLinksTag = 'otel.dropped_links_count'

/** Zipkin's debug flag (`X-B3-Flags: 1`) has no place in a span of OpenTelemetry. */
export const debugKey = 'zipkin.debug'
