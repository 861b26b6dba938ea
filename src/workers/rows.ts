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
  parentId: SpanId | '',
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
    return [traceId, epochMs, ingested, droppedSpans, earlier ?? resource, spans.map(toRow)]
  })
}

/** The records again, marked as relayed. */
export function fromRows(rows: readonly RecordRow[]): TraceRecord[] {
  const records: TraceRecord[] = []
  for (const [traceId, epochMs, ingested, droppedSpans, of, spans] of rows) {
    const resource = typeof of === 'number' ? (records[of] as TraceRecord).resource : of
    const source = ingested === 1 ? 'ingest' : 'local'
    const read = spans.map(fromRow)
    records.push({ traceId, epochMs, source, droppedSpans, resource, spans: read, relayed: true })
  }
  return records
}

function toRow(span: SpanData): SpanRow {
  return [
    span.spanId,
    span.parentId ?? '',
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
    span.attributes,
    span.events.length === 0 ? 0 : span.events,
    span.links.length === 0 ? 0 : span.links,
    span.logs.length === 0 ? 0 : span.logs,
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
    parentId: parentId === '' ? undefined : parentId,
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
    attributes: numbersIn(attributes),
    events: events === 0 ? none : events,
    links: links === 0 ? none : links,
    logs: logs === 0 ? none : logs,
    droppedAttributes: dropped[0],
    droppedEvents: dropped[1],
    droppedLinks: dropped[2]
  }
}

/** JSON has neither NaN nor infinities: what is no number there was one of these. */
function numbersIn(attributes: ReadonlyAttributes): ReadonlyAttributes {
  const values: readonly unknown[] = attributes
  if (!values.some(lacksNumber)) return attributes
  return values.map((value) => {
    if (value === null) return Number.NaN
    return Array.isArray(value) ? value.map((one: unknown) => one ?? Number.NaN) : value
  }) as AttributeValue[]
}

function lacksNumber(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.includes(null))
}
