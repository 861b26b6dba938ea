import { hash } from 'node:crypto'
import type { SpanId } from '../base/ids.ts'
import { type SpanData, SpanKind, type TraceRecord } from '../base/span-data.ts'

/**
 * Zipkin's servers may go on with the span of their client instead of one below it (`"shared": true`): both report the same id, and what
 * the server then does names that id as its parent. Here an id is one span's, so the server's half gets one of its own, below the
 * client's half. It is made of the shared id and the service, so that whoever holds a child of that service can find it without having
 * seen both halves, in whatever order they come: by Zipkin's own rule a child belongs to the half of its own service.
 */
export function serverHalfId(shared: SpanId, service: string): SpanId {
  return hash('sha256', `${shared} ${service}`).slice(0, 16) as SpanId
}

/** Whether a span is the server's half of one that it shares with its parent. */
export function isServerHalf(span: SpanData, service: string): boolean {
  const { spanId, parentId, parentRemote, kind } = span
  return (
    parentRemote &&
    kind === SpanKind.server &&
    parentId !== undefined &&
    serverHalfId(parentId, service) === spanId
  )
}

/** The parent of a span in a trace that has such halves, as `find` knows it. */
export function parentAmong<T>(
  parentId: SpanId,
  child: { readonly spanId: string; readonly service: string },
  find: (id: SpanId) => T | undefined
): T | undefined {
  const half = serverHalfId(parentId, child.service)
  return (half === child.spanId ? undefined : find(half)) ?? find(parentId)
}

// So many are decoded in three milliseconds, in which nobody else goes on.
const heldSpans = 2000

/**
 * The records of one trace for readers who find a parent by its id alone: children of a server's half name that half. In a trace that is
 * longer than what is held back, those that come before their parent are left as they are.
 */
export function* belowServerHalves(records: Iterable<TraceRecord>): Generator<TraceRecord, void> {
  const halves = new Set<SpanId>()
  const held: TraceRecord[] = []
  let spans = 0
  for (const record of records) {
    if (record.source === 'ingest')
      for (const span of record.spans)
        if (isServerHalf(span, record.resource.service)) halves.add(span.spanId)
    held.push(record)
    spans += record.spans.length
    if (spans > heldSpans) for (const one of held.splice(0)) yield below(one, halves)
  }
  for (const record of held) yield below(record, halves)
}

function below(record: TraceRecord, halves: ReadonlySet<SpanId>): TraceRecord {
  if (halves.size === 0 || record.source !== 'ingest') return record
  const { service } = record.resource
  const spans = record.spans.map((span) => {
    if (span.parentId === undefined) return span
    const parentId = serverHalfId(span.parentId, service)
    return halves.has(parentId) && parentId !== span.spanId ? { ...span, parentId } : span
  })
  return { ...record, spans }
}
