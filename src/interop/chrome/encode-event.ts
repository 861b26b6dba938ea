import type { AttributeValue } from '../../base/attributes.ts'
import { clip } from '../../base/limits.ts'
import {
  type ReadonlyAttributes,
  type Resource,
  type SpanData,
  StatusCode
} from '../../base/span-data.ts'
import { jsonValue } from '../../trace/json-value.ts'
import type { TraceRow } from '../../trace/whole-trace.ts'
import { spanKinds } from '../../wire/trace.ts'
import { eventCategory, flowCategory, logCategory } from './names.ts'

/** Where an event is drawn. */
export interface Track {
  readonly pid: number
  readonly tid: number
}

const statusNames = [undefined, 'ok', 'error'] as const

/** A span as a complete event. Absent fields (undefined) are left out by JSON.stringify. */
export function spanEvent({ span, record }: TraceRow, track: Track, start: number): object {
  const { scope, droppedAttributes, droppedEvents, droppedLinks } = span
  const dropped = { attributes: droppedAttributes, events: droppedEvents, links: droppedLinks }
  return {
    name: span.name,
    cat: spanKinds[span.kind],
    ph: 'X',
    ts: start / 1000,
    dur: Math.max(0, span.duration) / 1000,
    ...track,
    // The legacy viewer's red.
    cname: span.status === StatusCode.error ? 'terrible' : undefined,
    args: {
      trace_id: record.traceId,
      span_id: span.spanId,
      parent_id: span.parentId,
      parent_remote: span.parentRemote || undefined,
      status: statusNames[span.status],
      status_message: span.statusMessage || undefined,
      trace_state: span.traceState || undefined,
      flags: span.flags,
      scope: scope.name === '' && scope.version === '' ? undefined : scope,
      attributes: objectOf(span.attributes),
      links: span.links.length === 0 ? undefined : span.links.map(linkOf),
      dropped: Object.values(dropped).some((count) => count > 0) ? dropped : undefined
    }
  }
}

/** Its events and log lines, as instants of the same lane. `shift` is what its times are moved by, in nanoseconds. */
export function* instants(
  { span, record, offset }: TraceRow,
  track: Track,
  shift: number
): Generator<object> {
  const ids = { trace_id: record.traceId, span_id: span.spanId }
  const at = (time: number): object => ({
    ph: 'i',
    s: 't',
    ts: (time + offset + shift) / 1000,
    ...track
  })
  for (const { name, time, attributes } of span.events)
    yield {
      name,
      cat: eventCategory,
      ...at(time),
      args: { ...ids, attributes: objectOf(attributes) }
    }
  for (const { severity, body, time, attributes } of span.logs) {
    const args = { ...ids, severity, body, attributes: objectOf(attributes) }
    yield { name: clip(body, 100), cat: logCategory, ...at(time), args }
  }
}

/** An arrow from a call to what it called in another process. Perfetto draws none whose id is beyond 64 bits. */
export function flow(id: number, from: Track, at: number, to: Track, start: number): object[] {
  const both = { name: 'call', cat: flowCategory, id }
  return [
    { ...both, ph: 's', ts: at / 1000, ...from },
    { ...both, ph: 'f', bp: 'e', ts: start / 1000, ...to }
  ]
}

/** Names of a process, with what is known of it, and of its place among the others. */
export function processEvents(
  pid: number,
  traceId: string,
  { service, attributes }: Resource
): object[] {
  const args = { name: service, attributes: objectOf(attributes) }
  return [
    { name: 'process_name', ph: 'M', pid, tid: 0, args },
    { name: 'process_labels', ph: 'M', pid, tid: 0, args: { labels: traceId.slice(0, 8) } },
    { name: 'process_sort_index', ph: 'M', pid, tid: 0, args: { sort_index: pid } }
  ]
}

export function laneEvents({ pid, tid }: Track): object[] {
  return [
    { name: 'thread_name', ph: 'M', pid, tid, args: { name: `lane ${tid}` } },
    { name: 'thread_sort_index', ph: 'M', pid, tid, args: { sort_index: tid } }
  ]
}

function linkOf({ traceId, spanId, traceState, attributes }: SpanData['links'][number]): object {
  return {
    trace_id: traceId,
    span_id: spanId,
    trace_state: traceState || undefined,
    attributes: objectOf(attributes)
  }
}

// Object.fromEntries makes an own property of `__proto__`, too.
function objectOf(attributes: ReadonlyAttributes): object | undefined {
  const entries: [string, unknown][] = []
  for (let i = 0; i + 1 < attributes.length; i += 2)
    entries.push([attributes[i] as string, jsonValue(attributes[i + 1] as AttributeValue)])
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
