import type { AttributeValue } from '../../base/attributes.ts'
import type { ReadonlyAttributes, SpanData } from '../../base/span-data.ts'
import { spanKinds } from '../../wire/trace.ts'

export interface Tag {
  readonly key: string
  readonly type: 'string' | 'bool' | 'int64' | 'float64'
  readonly value: string | number | boolean
}

/** Tags for what a Jaeger span has no field for, as OpenTelemetry's specification of the transformation to Jaeger names them. */
export const tagNames = {
  kind: 'span.kind',
  scopeName: 'otel.scope.name',
  scopeVersion: 'otel.scope.version',
  status: 'otel.status_code',
  statusMessage: 'otel.status_description',
  error: 'error',
  traceState: 'w3c.tracestate',
  droppedAttributes: 'otel.dropped_attributes_count',
  droppedEvents: 'otel.dropped_events_count',
  droppedLinks: 'otel.dropped_links_count'
} as const

/** Which kind of reference a link was, where it came from Jaeger or OpenTracing as a second parent. */
export const refTypeKey = 'opentracing.ref_type'

/** Fields of a log. What an application logged is an event `log`. */
export const logFields = { event: 'event', level: 'level', message: 'message' } as const
export const lineEvent = 'log'

export const statusNames = ['', 'OK', 'ERROR'] as const

/** What the span says of itself comes first: of two tags with one name, readers take the first. */
export function spanTags(span: SpanData): Tag[] {
  const { scope, status } = span
  const tags: Tag[] = []
  const text = (key: string, value: string): void => {
    if (value !== '') tags.push({ key, type: 'string', value })
  }
  const count = (key: string, value: number): void => {
    if (value > 0) tags.push({ key, type: 'int64', value })
  }
  text(tagNames.kind, spanKinds[span.kind])
  text(tagNames.scopeName, scope.name)
  text(tagNames.scopeVersion, scope.version)
  text(tagNames.status, statusNames[status])
  if (statusNames[status] === 'ERROR') tags.push({ key: tagNames.error, type: 'bool', value: true })
  text(tagNames.statusMessage, span.statusMessage)
  text(tagNames.traceState, span.traceState)
  count(tagNames.droppedAttributes, span.droppedAttributes)
  count(tagNames.droppedEvents, span.droppedEvents)
  count(tagNames.droppedLinks, span.droppedLinks)
  tags.push(...tagsOf(span.attributes))
  return tags
}

export function tagsOf(attributes: ReadonlyAttributes): Tag[] {
  const tags: Tag[] = []
  for (let i = 0; i + 1 < attributes.length; i += 2)
    tags.push(tagOf(attributes[i] as string, attributes[i + 1] as AttributeValue))
  return tags
}

export function tagOf(key: string, value: AttributeValue): Tag {
  if (typeof value === 'string') return { key, type: 'string', value }
  if (typeof value === 'boolean') return { key, type: 'bool', value }
  // A tag has no lists: OpenTelemetry asks for their JSON.
  if (typeof value !== 'number') return { key, type: 'string', value: JSON.stringify(value) }
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { key, type: 'int64', value }
  // JSON has no name for what is no number.
  if (!Number.isFinite(value)) return { key, type: 'string', value: String(value) }
  return { key, type: 'float64', value }
}
