import type { AttributeValue } from '../base/attributes.ts'
import type { SpanId, TraceId } from '../base/ids.ts'
import type {
  ReadonlyAttributes,
  Resource,
  SpanData,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanLog,
  StatusCode,
  TraceRecord
} from '../base/span-data.ts'

// Lists, not objects: a record of five spans takes 5 us to write and 5 us to read, and with its names in it 10 us each. The members of a
// family are of one version (its name says so), so the order may change with any release.

type SpanRow = readonly [
  spanId: SpanId,
  parentId: SpanId | 0,
  bits: number,
  name: string,
  kind: SpanKind,
  start: number,
  duration: number,
  status: StatusCode,
  statusMessage: string,
  traceState: string,
  flags: number,
  scope: string,
  scopeVersion: string,
  attributes: ReadonlyAttributes,
  events: readonly SpanEvent[] | 0,
  links: readonly SpanLink[] | 0,
  logs: readonly SpanLog[] | 0,
  droppedAttributes: number,
  droppedEvents: number,
  droppedLinks: number
]

export type RecordRow = readonly [
  traceId: TraceId,
  epochMs: number,
  ingested: 0 | 1,
  droppedSpans: number,
  /** A number instead of the resource of an earlier row of the same list: the index of that row. */
  resource: Resource | number,
  spans: readonly SpanRow[]
]

const remoteBit = 1
const openBit = 2

/** Records as they are handed from one worker to another, ready for JSON. */
export function toRows(records: readonly TraceRecord[]): RecordRow[] {
  const firstOf = new Map<Resource, number>()
  return records.map(({ traceId, epochMs, source, droppedSpans, resource, spans }, index) => {
    const earlier = firstOf.get(resource)
    if (earlier === undefined) firstOf.set(resource, index)
    const ingested = source === 'ingest' ? 1 : 0
    const of = earlier ?? withWritten(resource)
    return [traceId, epochMs, ingested, droppedSpans, of, spans.map(toRow)]
  })
}

/** The records again, marked as relayed. */
export function fromRows(rows: readonly RecordRow[]): TraceRecord[] {
  const records: TraceRecord[] = []
  for (const [traceId, epochMs, ingested, droppedSpans, of, spans] of rows) {
    const resource = typeof of === 'number' ? (records[of] as TraceRecord).resource : withRead(of)
    const source = ingested === 1 ? 'ingest' : 'local'
    const record = { traceId, epochMs, source, droppedSpans, resource, relayed: true } as const
    records.push({ ...record, spans: spans.map(fromRow) })
  }
  return records
}

function toRow(span: SpanData): SpanRow {
  return [
    span.spanId,
    span.parentId ?? 0,
    (span.parentRemote ? remoteBit : 0) | (span.open ? openBit : 0),
    span.name,
    span.kind,
    span.start,
    span.duration,
    span.status,
    span.statusMessage,
    span.traceState,
    span.flags,
    span.scope.name,
    span.scope.version,
    written(span.attributes),
    span.events.length === 0 ? 0 : span.events.map(withWritten),
    span.links.length === 0 ? 0 : span.links.map(withWritten),
    span.logs.length === 0 ? 0 : span.logs.map(withWritten),
    span.droppedAttributes,
    span.droppedEvents,
    span.droppedLinks
  ]
}

const none: readonly never[] = Object.freeze([])

function fromRow(row: SpanRow): SpanData {
  const [spanId, parentId, bits, name, kind, start, duration, status, statusMessage, ...rest] = row
  const [traceState, flags, scope, version, attributes, events, links, logs, ...dropped] = rest
  return {
    spanId,
    parentId: parentId === 0 ? undefined : parentId,
    parentRemote: (bits & remoteBit) !== 0,
    name,
    kind,
    start,
    duration,
    open: (bits & openBit) !== 0,
    status,
    statusMessage,
    traceState,
    flags,
    scope: { name: scope, version },
    attributes: read(attributes),
    events: events === 0 ? none : events.map(withRead),
    links: links === 0 ? none : links.map(withRead),
    logs: logs === 0 ? none : logs.map(withRead),
    droppedAttributes: dropped[0],
    droppedEvents: dropped[1],
    droppedLinks: dropped[2]
  }
}

interface WithAttributes {
  readonly attributes: ReadonlyAttributes
}

function withWritten<T extends WithAttributes>(one: T): T {
  return { ...one, attributes: written(one.attributes) }
}

function withRead<T extends WithAttributes>(one: T): T {
  return { ...one, attributes: read(one.attributes) }
}

/** JSON has neither NaN, infinities nor a negative zero: in place of one stands an object with its name. */
function written(attributes: ReadonlyAttributes): ReadonlyAttributes {
  return attributes.some(isOdd) ? (attributes.map(nameOdd) as AttributeValue[]) : attributes
}

function read(attributes: ReadonlyAttributes): ReadonlyAttributes {
  return attributes.some(isNamed) ? (attributes.map(fromName) as AttributeValue[]) : attributes
}

function isOdd(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value) || Object.is(value, -0)
  return typeof value === 'object' && (value as readonly unknown[]).some(isOdd)
}

function nameOdd(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nameOdd)
  return isOdd(value) ? { number: Object.is(value, -0) ? '-0' : String(value) } : value
}

function isNamed(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return Array.isArray(value) ? value.some(isNamed) : true
}

function fromName(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromName)
  return isNamed(value) ? Number((value as { number: string }).number) : value
}
