import type { ReadonlyAttributes, Scope, SpanData, TraceRecord } from '../../base/span-data.ts'
import { droppedSpansKey, logBody, logEvent, logSeverity } from '../../trace/own-names.ts'
import { hasIsRemote, isRemote } from './names.ts'

// What JSON and protobuf say alike: how a record becomes a request of OTLP, before it is text or bytes.

/** The spans of one instrumentation scope. */
export interface ScopeGroup {
  readonly scope: Scope
  /** Places in the record's list. */
  readonly places: number[]
}

/** Some of a record's spans by their scope, in the order in which the scopes first appear. */
export function byScope(record: TraceRecord, from: number, to: number): Iterable<ScopeGroup> {
  const groups = new Map<string, ScopeGroup>()
  for (let i = from; i < Math.min(to, record.spans.length); i++) {
    const { scope } = record.spans[i] as SpanData
    const key = `${scope.name}\n${scope.version}`
    let group = groups.get(key)
    if (group === undefined) {
      group = { scope: { name: scope.name, version: scope.version }, places: [] }
      groups.set(key, group)
    }
    group.places.push(i)
  }
  return groups.values()
}

export function resourceAttributes({ resource }: TraceRecord): ReadonlyAttributes {
  const { service, attributes } = resource
  return service === '' ? attributes : ['service.name', service, ...attributes]
}

/** A span's attributes; on the first of a record stands what the trace's limit did not let in. */
export function spanAttributes(record: TraceRecord, place: number): ReadonlyAttributes {
  const { attributes } = record.spans[place] as SpanData
  if (place > 0 || record.droppedSpans === 0) return attributes
  return [...attributes, droppedSpansKey, record.droppedSpans]
}

export function flagsOf(span: SpanData): number {
  return (span.flags & 0xff) | hasIsRemote | (span.parentRemote ? isRemote : 0)
}

function logAttributes({
  severity,
  body,
  attributes
}: SpanData['logs'][number]): ReadonlyAttributes {
  return [logSeverity, severity, logBody, body, ...attributes]
}

/** A span's events, its logs being some. */
export function eventsOf(span: SpanData): SpanData['events'] {
  if (span.logs.length === 0) return span.events
  const logs = span.logs.map((log) => ({
    name: logEvent,
    time: log.time,
    attributes: logAttributes(log)
  }))
  return [...span.events, ...logs]
}

/** Whether a number travels as a 64-bit integer; negative zero has none. */
export function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

// The sum of both parts of a time is beyond what a number holds exactly: its milliseconds and the nanoseconds within the last one.

export function nanosWithin(offset: number): number {
  const rest = offset % 1e6
  return rest < 0 ? rest + 1e6 : rest
}

export function millisecondsAt(epochMs: number, offset: number): number {
  return epochMs + (offset - nanosWithin(offset)) / 1e6
}
