import type { SpanData, TraceRecord } from '../base/span-data.ts'

/** Each span id once: our own word before what another process says, and the first before a later one (Zipkin's shared spans). */
export function uniqueSpans(records: TraceRecord[]): TraceRecord[] {
  // Our own ids are random, and a span of ours ends once.
  if (records.length === 1 && records[0]?.source === 'local') return records
  const owner = new Map<string, SpanData>()
  for (const source of ['local', 'ingest'])
    for (const record of records)
      if (record.source === source)
        for (const span of record.spans) if (!owner.has(span.spanId)) owner.set(span.spanId, span)
  const kept: TraceRecord[] = []
  for (const record of records) {
    const spans = record.spans.filter((span) => owner.get(span.spanId) === span)
    if (spans.length === record.spans.length) kept.push(record)
    else if (spans.length > 0) kept.push({ ...record, spans })
  }
  return kept
}
