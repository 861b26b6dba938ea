import { getAttribute } from '../base/attributes.ts'
import type { SpanData, TraceRecord } from '../base/span-data.ts'
import { buildTree, TreeSpans, type TraceTree } from '../trace/tree.ts'
import type { Summary } from '../wire/summary.ts'
import { categories, spanFlag, type TraceColumns } from '../wire/trace.ts'
import { categoryOf, isLayer, peerOf } from './categories.ts'
import { callSiteOf } from './code.ts'
import { criticalPath } from './critical-path.ts'
import { Home, workerOf } from './home.ts'
import { selfTimes } from './self-time.ts'

const rowsPerPart = 1024

/**
 * A trace as the page draws it, from all that is known of it; undefined when that is nothing. Stops between parts, where the host may
 * go on.
 */
export function* traceColumns(
  records: Iterable<TraceRecord>,
  summary: Summary
): Generator<void, TraceColumns | undefined> {
  const found = new Gathering()
  for (const record of records) {
    found.add(record)
    yield
  }
  const tree = yield* buildTree(found.spans)
  if (tree.root < 0) return undefined
  const origin = tree.start[tree.root] as number
  // Both ends are rounded, not the length: so children stay within their parents and the critical path has no seams.
  const micros = (ns: number): number => Math.round((ns - origin) / 1000)
  const rootEnd = endOf(tree, tree.root)
  const isLate = lateness(tree, found, rootEnd)
  const self = selfTimes(tree)
  const columns = emptySpans()
  const sites: number[] = []
  let extent = 0
  for (let row = 0; row < tree.order.length; row++) {
    if (row % rowsPerPart === 0) yield
    const i = tree.order[row] as number
    const from = micros(tree.start[row] as number)
    const to = micros(endOf(tree, row))
    extent = Math.max(extent, to)
    columns.id.push(found.spans.ids[i] as string)
    columns.service.push(found.service[i] as number)
    columns.name.push(found.name[i] as number)
    columns.start.push(from)
    columns.duration.push(to - from)
    columns.self.push(Math.min(to - from, Math.round((self[row] as number) / 1000)))
    columns.depth.push(tree.depth[row] as number)
    columns.parent.push(tree.parent[row] as number)
    columns.kind.push(found.kind[i] as number)
    columns.category.push(found.category[i] as number)
    if (found.sites.texts.length > 0) sites.push(found.site[i] as number)
    columns.flags.push(
      (tree.flags[row] as number) | found.marksOf(i) | (isLate(row) ? spanFlag.late : 0)
    )
  }
  const critical: TraceColumns['critical'] = { row: [], from: [], to: [] }
  for (const [i, { row, from, to }] of (yield* criticalPath(tree)).entries()) {
    if (i % rowsPerPart === 0) yield
    critical.row.push(row)
    critical.from.push(micros(from))
    critical.to.push(micros(to))
  }
  return {
    summary,
    start: tree.epochMs + origin / 1e6,
    extent,
    response: isOpen(tree, tree.root) ? -1 : micros(rootEnd),
    services: found.services.texts,
    names: found.names.texts,
    spans: columns,
    sites: { lines: found.sites.texts, of: sites },
    critical,
    dropped: found.dropped,
    joined: found.joined,
    ...clocksOf(tree, found)
  }
}

/** What the columns need of spans, as they come: a span is not held on to, see TreeSpans. */
class Gathering {
  readonly spans = new TreeSpans()
  readonly services = new Numbering()
  readonly names = new Numbering()
  readonly sites = new Numbering()
  readonly service: number[] = []
  readonly name: number[] = []
  readonly site: number[] = []
  readonly kind: number[] = []
  readonly category: number[] = []
  readonly #layers: boolean[] = []
  readonly #workers: (string | undefined)[] = []
  readonly #home = new Home()
  dropped = 0
  joined = false

  add(record: TraceRecord): void {
    const { service } = record.resource
    const serviceNumber = this.services.of(service)
    this.dropped += record.droppedSpans
    this.#home.add(record)
    const worker = workerOf(record)
    for (const span of record.spans) {
      if (!this.spans.add(record, span)) continue
      const category = categoryOf(span)
      this.service.push(serviceNumber)
      this.name.push(this.names.of(category === 'http-out' ? withPeer(span) : span.name))
      const site = callSiteOf(span.attributes)
      this.site.push(site === undefined ? -1 : this.sites.of(`${site.path}:${site.line}`))
      this.kind.push(span.kind)
      this.category.push(categories.indexOf(category))
      this.#layers.push(isLayer(span))
      this.#workers.push(worker)
      this.joined ||= isJoined(span)
    }
  }

  /** Flags that are of the span itself, not of its place in the tree. */
  marksOf(i: number): number {
    const worker = this.#workers[i]
    const elsewhere = worker !== undefined && worker !== this.#home.worker
    return (this.#layers[i] === true ? spanFlag.layer : 0) | (elsewhere ? spanFlag.elsewhere : 0)
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

function isOpen(tree: TraceTree, row: number): boolean {
  return ((tree.flags[row] as number) & spanFlag.open) !== 0
}

/**
 * Tells whether a span went on after the response. Another process's clock may be off by more than a span is long, so of those only what
 * started after the response counts.
 */
function lateness(tree: TraceTree, found: Gathering, rootEnd: number): (row: number) => boolean {
  if (isOpen(tree, tree.root)) return () => false
  const processOf = (row: number): number =>
    found.spans.process[tree.order[row] as number] as number
  const home = processOf(tree.root)
  return (row) =>
    row !== tree.root &&
    (processOf(row) === home ? endOf(tree, row) : (tree.start[row] as number)) > rootEnd
}

function clocksOf(
  { offsets, order }: TraceTree,
  { spans, services }: Gathering
): Pick<TraceColumns, 'clocks' | 'clockOf'> {
  const clocks: TraceColumns['clocks'] = []
  const numbers = spans.clocks.map(({ service }, i) => {
    const offset = Math.round((offsets[i] as number) / 1000)
    return offset === 0 ? -1 : clocks.push({ service: services.of(service), offset }) - 1
  })
  const numberOf = (i: number): number => numbers[spans.process[i] as number] as number
  return { clocks, clockOf: clocks.length === 0 ? [] : Array.from(order, numberOf) }
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
