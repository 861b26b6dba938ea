import { getAttribute, getString } from '../base/attributes.ts'
import { type SpanData, SpanKind, StatusCode, type TraceRecord } from '../base/span-data.ts'
import type { Summary } from '../wire/summary.ts'

/** What the list needs to know of one record; the store keeps it beside the record's bytes, so that lists decode nothing. */
export interface SummaryData {
  readonly service: string
  readonly name: string
  /** Epoch milliseconds with a fraction. */
  readonly start: number
  /** Milliseconds. */
  readonly duration: number
  readonly status: 0 | 1 | 2
  readonly httpStatus: number
  readonly method: string
  readonly route: string
  readonly spans: number
  readonly errors: number
  readonly db: number
  readonly root: 'true root' | 'remote parent' | 'late'
  readonly noise: '' | 'health' | 'static'
  readonly droppedSpans: number
}

/** Figures of one record. Its root is the first span whose parent is not in the record. */
export function summarise(record: TraceRecord): SummaryData {
  const root = rootOf(record.spans)
  const method = getString(root.attributes, 'http.request.method')
  const path = getString(root.attributes, 'url.path')
  const route = getString(root.attributes, 'http.route')
  let errors = 0
  let db = 0
  for (const span of record.spans) {
    if (span.status === StatusCode.error) errors++
    if (span.kind === SpanKind.client && callsDatabase(span)) db++
  }
  return {
    service: record.resource.service,
    name: root.name,
    start: record.epochMs + root.start / 1e6,
    duration: root.duration / 1e6,
    status: root.status,
    httpStatus: httpStatusOf(root),
    method,
    route: route || path,
    spans: record.spans.length,
    errors,
    db,
    root:
      root.parentId === undefined
        ? 'true root'
        : root.kind === SpanKind.server || root.parentRemote
          ? 'remote parent'
          : 'late',
    noise: root.kind === SpanKind.server ? noiseOf(method, path, route) : '',
    droppedSpans: record.droppedSpans
  }
}

export function rootOf(spans: readonly SpanData[]): SpanData {
  const first = spans[0] as SpanData
  // Nearly always: the local root is the first to start.
  if (spans.length === 1 || first.parentId === undefined) return first
  const ids = new Set<string>()
  for (const span of spans) ids.add(span.spanId)
  return spans.find((span) => span.parentId === undefined || !ids.has(span.parentId)) ?? first
}

// By its older name, too, which most instrumentations have.
function callsDatabase({ attributes }: SpanData): boolean {
  return (
    getAttribute(attributes, 'db.system.name') !== undefined ||
    getAttribute(attributes, 'db.system') !== undefined
  )
}

function httpStatusOf(span: SpanData): number {
  const code = getAttribute(span.attributes, 'http.response.status_code')
  return typeof code === 'number' ? code : 0
}

const health =
  /^\/(?:health|healthz|healthcheck|health-check|livez|readyz|ready|live|ping|status|up|_health)\/?$/i
const staticFile =
  /\.(?:js|mjs|css|map|ico|png|jpe?g|gif|svg|webp|avif|woff2?|ttf|otf|txt|webmanifest)$/i

// Only what a browser or a probe fetches by GET and no handler with parameters has answered.
function noiseOf(method: string, path: string, route: string): '' | 'health' | 'static' {
  if (method !== 'GET' && method !== 'HEAD') return ''
  if (health.test(path)) return 'health'
  return staticFile.test(path) && !route.includes(':') ? 'static' : ''
}

const rootRank = { 'true root': 0, 'remote parent': 1, late: 2 } as const
const statusNames = ['unset', 'ok', 'error'] as const

/** One line for a trace, from the figures of all its records. The root-most record, and among equals the earliest, speaks for the trace. */
export function mergeSummary(
  traceId: string,
  parts: readonly (SummaryData & { readonly seq?: number; readonly kept?: Summary['kept'] })[],
  inFlight: boolean
): Summary {
  let head = parts[0] as (typeof parts)[number]
  let seq = 0
  let kept: Summary['kept'] = ''
  // A trace may have as many as it has parts.
  const services = new Set<string>()
  let spans = 0
  let errors = 0
  let db = 0
  for (const part of parts) {
    const closer = rootRank[part.root] - rootRank[head.root]
    if (closer < 0 || (closer === 0 && part.start < head.start)) head = part
    services.add(part.service)
    spans += part.spans
    errors += part.errors
    db += part.db
    seq = Math.max(seq, part.seq ?? 0)
    kept ||= part.kept ?? ''
  }
  return {
    traceId,
    seq,
    name: head.name,
    service: head.service,
    services: [...services],
    start: head.start,
    duration: head.duration,
    status: statusNames[head.status],
    httpStatus: head.httpStatus,
    method: head.method,
    route: head.route,
    spans,
    errors,
    db,
    inFlight,
    incomplete: head.root !== 'true root',
    kept,
    noise:
      errors > 0 || head.status === StatusCode.error || head.httpStatus >= 400 ? '' : head.noise
  }
}

/** What a trace is called where it stands alone: the root's name, and of a request whose route is not known, the path as well. */
export function titleOf({ name, method, route }: Summary): string {
  return method !== '' && !name.includes(' ') && route !== '' ? `${name} ${route}` : name
}
