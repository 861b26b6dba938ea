import { type SpanData, StatusCode, type TraceRecord } from '../../base/span-data.ts'

interface Services {
  readonly name: string
  spanCount: number
  errorSpanCount: number
}

/** Where a trace begins, for its name. */
interface Begin {
  readonly at: bigint
  readonly isRoot: boolean
  readonly service: string
  readonly name: string
}

/** A line of Jaeger's list of results; undefined when nothing of the trace is in memory. */
export function* summaryOf(records: Iterable<TraceRecord>): Generator<void, object | undefined> {
  const services = new Map<string, Services>()
  const ids = new Set<string>()
  const parents: string[] = []
  let traceId = ''
  let begin: Begin | undefined
  let from = 0n
  let to = 0n
  for (const record of records) {
    const { service } = record.resource
    traceId = record.traceId
    const counts = services.get(service) ?? { name: service, spanCount: 0, errorSpanCount: 0 }
    services.set(service, counts)
    for (const span of record.spans) {
      const at = nanos(record, span.start)
      const end = at + BigInt(Math.round(Math.max(0, span.duration)))
      if (begin === undefined || at < from) from = at
      if (end > to) to = end
      begin = earlier(begin, span, at, service)
      counts.spanCount++
      if (span.status === StatusCode.error) counts.errorSpanCount++
      ids.add(span.spanId)
      if (span.parentId !== undefined) parents.push(span.parentId)
    }
    yield
  }
  if (begin === undefined) return undefined
  const all = [...services.values()]
  return {
    traceId,
    // The name that versions before 2.19 look for.
    traceID: traceId,
    rootServiceName: begin.service,
    rootOperationName: begin.name,
    minStartTimeUnixNano: String(from),
    maxEndTimeUnixNano: String(to),
    spanCount: all.reduce((sum, { spanCount }) => sum + spanCount, 0),
    errorSpanCount: all.reduce((sum, { errorSpanCount }) => sum + errorSpanCount, 0),
    orphanSpanCount: parents.filter((id) => !ids.has(id)).length,
    services: all
  }
}

/** The earliest span without a parent, and where there is none, the earliest. */
function earlier(
  begin: Begin | undefined,
  { parentId, name }: SpanData,
  at: bigint,
  service: string
): Begin {
  const isRoot = parentId === undefined
  if (begin !== undefined && (begin.isRoot === isRoot ? begin.at <= at : begin.isRoot)) return begin
  return { at, isRoot, service, name }
}

function nanos({ epochMs }: TraceRecord, offset: number): bigint {
  const time = BigInt(epochMs) * 1_000_000n + BigInt(Math.round(offset))
  return time < 0n ? 0n : time
}
