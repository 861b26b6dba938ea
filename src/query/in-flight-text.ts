import { getString } from '../base/attributes.ts'
import { clip } from '../base/limits.ts'
import type { SpanData, TraceRecord } from '../base/span-data.ts'
import { summarise } from '../trace/summary.ts'

const maxTraces = 20
const maxSpans = 20
const maxLine = 300

/**
 * What each request in flight is doing, in lines for a terminal: its open spans under each other, and where none is open below the
 * request's own, what it did last.
 */
export function inFlightText(records: Iterable<TraceRecord>): string[] {
  const lines: string[] = []
  let count = 0
  for (const record of records) if (count++ < maxTraces) lines.push(...traceLines(record))
  if (count === 0) return ['nothing was in flight']
  const more = count > maxTraces ? [`and ${count - maxTraces} more`] : []
  const head = count === 1 ? 'one request was in flight:' : `${count} requests were in flight:`
  return [head, ...lines, ...more].map((line) => clip(line, maxLine))
}

function traceLines(record: TraceRecord): string[] {
  const { method, name, duration } = summarise(record)
  const [root, ...open] = record.spans.filter((span) => span.open)
  // The path, not the route: which order it is that hangs is half of the answer.
  const path = root === undefined ? '' : getString(root.attributes, 'url.path')
  const title = path === '' ? name : `${method} ${path}`
  const lines = [`  ${title}, for ${seconds(duration)}, trace ${record.traceId}`]
  const depths = new Map(root && [[root.spanId, 0]])
  for (const span of open.slice(0, maxSpans)) {
    const depth = ((span.parentId && depths.get(span.parentId)) ?? 0) + 1
    depths.set(span.spanId, depth)
    lines.push(`  ${'  '.repeat(depth)}${span.name}, for ${seconds(span.duration / 1e6)}`)
  }
  if (open.length > maxSpans) lines.push(`    and ${open.length - maxSpans} more open spans`)
  const last = open.length === 0 ? lastEnded(record.spans) : undefined
  if (root !== undefined && last !== undefined) {
    const ago = root.start + root.duration - endOf(last)
    lines.push(`    waiting since ${last.name} ended, ${seconds(ago / 1e6)} ago`)
  }
  const thrown = record.spans.flatMap(({ events }) =>
    events.filter(({ name }) => name === 'exception')
  )
  for (const { attributes } of thrown.slice(-1)) {
    const type = getString(attributes, 'exception.type')
    lines.push(`    threw ${type}: ${getString(attributes, 'exception.message')}`)
  }
  const said = lastLog(record.spans)
  if (said !== undefined) lines.push(`    last log: ${said}`)
  return lines
}

function lastEnded(spans: readonly SpanData[]): SpanData | undefined {
  let last: SpanData | undefined
  for (const span of spans)
    if (!span.open && (last === undefined || endOf(span) > endOf(last))) last = span
  return last
}

function lastLog(spans: readonly SpanData[]): string | undefined {
  const logs = spans.flatMap((span) => span.logs.slice(-1))
  return logs.sort((a, b) => a.time - b.time).at(-1)?.body
}

function endOf(span: SpanData): number {
  return span.start + span.duration
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
