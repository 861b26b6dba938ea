import { matchSummary, matchSpans, parseQuery } from '../../src/wire/query.ts'
import type { QueryRecord } from '../../src/wire/query-spans.ts'
import { spanHolds } from '../../src/wire/query-spans.ts'
import { type SavedPage, savedPageId, type SavedTrace, savedTraceId } from '../../src/wire/saved.ts'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import type { AttributeEntry, SpanDetail } from '../../src/wire/trace.ts'
import { ApiProblem } from '../api.ts'

export function savedPage(): SavedPage {
  return (read(savedPageId) as SavedPage | undefined) ?? { ...nothing, traces: [] }
}

const nothing = { savedAt: 0, service: '', version: '', slowMs: 1000, left: 0 }

/** What the process would have answered, by the path that it would have been asked for. */
export function savedAnswers(page: SavedPage): (path: string) => unknown {
  return (path) => {
    const url = new URL(path, 'file:///')
    const [, api, traces, traceId = '', part, id] = url.pathname.split('/')
    if (api !== 'api' || traces !== 'traces') throw notHere
    if (traceId === '') return list(page, url.searchParams.get('q') ?? '')
    const trace = openTrace(traceId)
    if (part === undefined) return trace.columns
    if (part === 'logs') return trace.logs
    if (part === 'runtime') return trace.runtime
    if (part === 'find') return { spanIds: found(trace, url.searchParams.get('text') ?? '') }
    const span = url.pathname.endsWith('/source') ? undefined : trace.spanOf.get(id ?? '')
    if (span === undefined) throw notHere
    return span
  }
}

const notHere = new ApiProblem(404, 'This is not in the file', '')

interface ReadTrace extends SavedTrace {
  readonly spanOf: ReadonlyMap<string, SpanDetail>
  readonly records: readonly QueryRecord[]
}

// Read when they are opened: a file may hold more than somebody looks at.
const opened = new Map<string, ReadTrace>()

function openTrace(traceId: string): ReadTrace {
  let trace = opened.get(traceId)
  if (trace === undefined) {
    const saved = read(savedTraceId(traceId)) as SavedTrace | null | undefined
    if (!saved) throw notHere
    const spanOf = new Map(saved.spans.map((span) => [span.spanId, span]))
    trace = { ...saved, spanOf, records: saved.spans.map(recordOf) }
    opened.set(traceId, trace)
  }
  return trace
}

function read(elementId: string): unknown {
  const text = document.getElementById(elementId)?.textContent
  return text ? JSON.parse(text) : undefined
}

function list(page: SavedPage, text: string): TraceList {
  const query = parseQuery(text, page.slowMs)
  const holds = (summary: Summary): boolean =>
    matchSummary(query, summary) &&
    (!query.needsSpans || matchSpans(query, summary, openTrace(summary.traceId).records))
  return {
    traces: page.traces.filter(holds),
    ignored: [...query.ignored],
    searched: { traces: page.traces.length, complete: true }
  }
}

function found({ records }: ReadTrace, text: string): string[] {
  const wanted = text.toLowerCase()
  return records.flatMap(({ spans }) =>
    spans.filter((span) => spanHolds(span, wanted)).map(({ spanId }) => spanId)
  )
}

/** As the query language reads spans. */
function recordOf(span: SpanDetail): QueryRecord {
  const flat = <T extends { attributes: AttributeEntry[] }>(one: T) => ({
    ...one,
    attributes: one.attributes.flat(1)
  })
  return {
    resource: { service: span.service, attributes: span.resource.flat(1) },
    spans: [{ ...flat(span), events: span.events.map(flat), logs: span.logs.map(flat) }]
  }
}
