import { getAttribute } from '../base/attributes.ts'
import { type SpanData, StatusCode, type TraceRecord } from '../base/span-data.ts'
import { buildTree, type TraceTree } from '../trace/tree.ts'
import type { Summary } from '../wire/summary.ts'
import { categories, spanFlag, type TraceColumns } from '../wire/trace.ts'
import { categoryOf, peerOf } from './categories.ts'
import { criticalPath } from './critical-path.ts'
import { selfTimes } from './self-time.ts'

/** A trace as the page draws it. `records` is everything known of it and not empty. */
export function traceColumns(records: readonly TraceRecord[], summary: Summary): TraceColumns {
  const tree = buildTree(records)
  const origin = tree.start[tree.root] as number
  // Both ends are rounded, not the length: so children stay within their parents and the critical path has no seams.
  const micros = (ns: number): number => Math.round((ns - origin) / 1000)
  const root = tree.spans[tree.root] as SpanData
  const rootEnd = endOf(tree, tree.root)
  const self = selfTimes(tree)
  const services = new Numbering()
  const names = new Numbering()
  const columns = emptySpans()
  let extent = 0
  for (const [row, span] of tree.spans.entries()) {
    const from = micros(tree.start[row] as number)
    const to = micros(endOf(tree, row))
    extent = Math.max(extent, to)
    columns.id.push(span.spanId)
    columns.service.push(services.of((tree.records[row] as TraceRecord).resource.service))
    const category = categoryOf(span)
    columns.name.push(names.of(category === 'http-out' ? withPeer(span) : span.name))
    columns.start.push(from)
    columns.duration.push(to - from)
    columns.self.push(Math.min(to - from, Math.round((self[row] as number) / 1000)))
    columns.depth.push(tree.depth[row] as number)
    columns.parent.push(tree.parent[row] as number)
    columns.kind.push(span.kind)
    columns.category.push(categories.indexOf(category))
    columns.flags.push(flagsOf(tree, row) | (isLate(tree, row, rootEnd) ? spanFlag.late : 0))
  }
  const critical = criticalPath(tree)
  return {
    summary,
    start: tree.epochMs + origin / 1e6,
    extent,
    response: root.open ? -1 : micros(rootEnd),
    services: services.texts,
    names: names.texts,
    spans: columns,
    critical: {
      row: critical.map(({ row }) => row),
      from: critical.map(({ from }) => micros(from)),
      to: critical.map(({ to }) => micros(to))
    },
    dropped: records.reduce((sum, { droppedSpans }) => sum + droppedSpans, 0),
    joined: tree.spans.some(isJoined)
  }
}

/** An outgoing request is named by its method alone (semantic conventions); a reader wants to see where it went. */
function withPeer(span: SpanData): string {
  const peer = /^[A-Z]+$/.test(span.name) ? peerOf(span) : ''
  return peer === '' ? span.name : `${span.name} ${peer}`
}

function endOf(tree: TraceTree, row: number): number {
  return (tree.start[row] as number) + (tree.duration[row] as number)
}

function flagsOf(tree: TraceTree, row: number): number {
  const span = tree.spans[row] as SpanData
  let flags = tree.flags[row] as number
  if (span.status === StatusCode.error) flags |= spanFlag.error
  if (span.open) flags |= spanFlag.open
  if (tree.records[row]?.source === 'ingest') flags |= spanFlag.ingested
  if (span.events.some(({ name }) => name === 'exception')) flags |= spanFlag.exception
  if (span.logs.length > 0) flags |= spanFlag.logs
  return flags
}

/**
 * Whether a span went on after the response. Another process's clock may be off by more than a span is long, so of those only what
 * started after the response counts.
 */
function isLate(tree: TraceTree, row: number, rootEnd: number): boolean {
  const root = tree.spans[tree.root] as SpanData
  if (root.open || row === tree.root) return false
  const home = tree.records[tree.root] as TraceRecord
  const record = tree.records[row] as TraceRecord
  const sameProcess =
    record.source === home.source && record.resource.service === home.resource.service
  return (sameProcess ? endOf(tree, row) : (tree.start[row] as number)) > rootEnd
}

// Set by the server side on its local root, so there alone it is looked for.
function isJoined(span: SpanData): boolean {
  return span.parentRemote && getAttribute(span.attributes, 'spanlight.joined') === true
}

/** Texts by number, each once. */
class Numbering {
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()

  of(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.texts.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }
}

function emptySpans(): TraceColumns['spans'] {
  return {
    id: [],
    service: [],
    name: [],
    start: [],
    duration: [],
    self: [],
    depth: [],
    parent: [],
    kind: [],
    category: [],
    flags: []
  }
}
