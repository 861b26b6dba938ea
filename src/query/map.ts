import type { SpanId } from '../base/ids.ts'
import { type SpanData, SpanKind, StatusCode, type TraceRecord } from '../base/span-data.ts'
import type { Glance, StoredTrace, TraceStore } from '../store/types.ts'
import { isServerHalf, parentAmong } from '../trace/shared-spans.ts'
import type { ServiceMap } from '../wire/status.ts'
import { databaseOf, peerOf } from './categories.ts'
import { Histogram } from './histogram.ts'
import type { TimeRange } from './types.ts'

// The map is asked for again and again while it is looked at; beyond this the newest traces speak for the rest.
const budgetMs = 2000
const itemsPerPart = 512

// Whoever sends spans names services as he likes, a new one in each span: half a kilobyte of figures for each of 300,000.
const maxNodes = 1000
const maxEdges = 3000

type NodeKind = ServiceMap['nodes'][number]['kind']

interface Figures {
  readonly durations: Histogram
  spans: number
  errors: number
  calls: number
  failed: number
}

/** What the map needs of a span: less than all of it, as thousands may be held at a time. */
interface Member extends Pick<SpanData, 'parentId' | 'kind' | 'status' | 'duration'> {
  readonly service: string
  readonly database: string
  readonly peer: string
}

/** Services and who calls whom, drawn from the traces in memory that began in that time, the newest first, within two seconds. */
export function* serviceMap(
  store: TraceStore,
  now: () => number,
  { from = -Infinity, to = Infinity }: TimeRange = {}
): Generator<void, ServiceMap> {
  const until = now() + budgetMs
  const drawing = new Drawing()
  const began = ({ start }: Pick<Glance, 'start'>): boolean => start >= from && start <= to
  const wanted = ({ entries }: StoredTrace): boolean =>
    began({ start: entries.reduce((first, { start }) => Math.min(first, start), Infinity) })
  let complete = true
  for (const trace of store.traces(undefined, began)) {
    if (now() >= until) {
      complete = false
      break
    }
    if (trace !== undefined && wanted(trace))
      yield* drawing.add(store.recordsInParts(trace.traceId))
    yield
  }
  return yield* drawing.map(complete)
}

/** Collects nodes and edges. Names are keys of maps, never of objects: a service may be called `__proto__`. */
class Drawing {
  readonly #nodes = new Map<string, Figures>()
  readonly #edges = new Map<string, Figures & { readonly from: string; readonly to: string }>()
  // Which service answers at an address, learned where both sides were seen: a call whose other side is not in memory goes to it too.
  readonly #answers = new Map<string, string>()
  #traces = 0
  #left = false
  #from = Infinity
  #to = 0

  // Which node a call ends at, as far as it is known by now.
  #settle(to: string): string {
    const service = to.startsWith('external\n') ? this.#answers.get(nameOf(to)) : undefined
    return service === undefined ? to : key('service', service)
  }

  *add(records: Iterable<TraceRecord>): Generator<void, void> {
    const members = new Map<SpanId, Member>()
    let shared = false
    this.#traces++
    for (const { spans, resource, epochMs, source } of records) {
      this.#from = Math.min(this.#from, epochMs)
      for (const span of spans) {
        this.#to = Math.max(this.#to, epochMs + (span.start + span.duration) / 1e6)
        if (!members.has(span.spanId)) members.set(span.spanId, memberOf(span, resource.service))
        shared ||= source === 'ingest' && isServerHalf(span, resource.service)
      }
      yield
    }
    const find = (id: SpanId): Member | undefined => members.get(id)
    const answered = new Set<SpanId>()
    let done = 0
    for (const [spanId, member] of members) {
      if (++done % itemsPerPart === 0) yield
      const { service, kind, parentId } = member
      const above = shared ? (id: SpanId) => parentAmong(id, { spanId, service }, find) : find
      const caller = parentId === undefined ? undefined : above(parentId)
      const remote =
        caller !== undefined &&
        (caller.service !== service ||
          (kind === SpanKind.server && caller.kind === SpanKind.client))
      this.#count(key('service', service), member, caller === undefined || remote)
      if (!remote) continue
      answered.add(member.parentId as SpanId)
      // Behind a queue's name stands whoever takes the message, a different one each time.
      if (caller.peer !== '' && caller.kind === SpanKind.client && this.#answers.size < maxEdges)
        this.#answers.set(caller.peer, service)
      if (caller.service !== service)
        this.#connect(key('service', caller.service), key('service', service), caller)
    }
    for (const [spanId, member] of members) {
      if (++done % itemsPerPart === 0) yield
      if (answered.has(spanId)) continue
      const { database, service, kind } = member
      const outward = kind === SpanKind.client || kind === SpanKind.producer
      const peer = database === '' && outward ? member.peer : ''
      if (database === '' && peer === '') continue
      const beyond = kind === SpanKind.producer ? 'queue' : 'external'
      const to = database === '' ? key(beyond, peer) : key('db', database)
      this.#connect(key('service', service), to, member)
    }
  }

  *map(complete: boolean): Generator<void, ServiceMap> {
    const edges = new Map<string, Figures & { readonly from: string; readonly to: string }>()
    let done = 0
    for (const { from, to, ...figures } of this.#edges.values()) {
      if (++done % itemsPerPart === 0) yield
      const target = this.#settle(to)
      if (target === from) continue
      // A service's own spans tell of it; anything else is known by the calls to it alone.
      const beyond = !target.startsWith('service\n')
      const node = beyond ? this.#upsert(this.#nodes, target, {}, maxNodes) : undefined
      if (beyond && node === undefined) continue
      if (node !== undefined) join(node, figures)
      const edge = this.#upsert(edges, `${from}\n${target}`, { from, to: target }, maxEdges)
      if (edge !== undefined) join(edge, figures)
    }
    const from = this.#traces === 0 ? 0 : this.#from
    const drawn = { traces: this.#traces, complete: complete && !this.#left, from, to: this.#to }
    const map: ServiceMap = { nodes: [], edges: [], drawn }
    for (const [name, { durations, ...figures }] of this.#nodes) {
      if (++done % itemsPerPart === 0) yield
      const kind = name.slice(0, name.indexOf('\n')) as NodeKind
      map.nodes.push({ name: nameOf(name), kind, ...figures, ...middle(durations) })
    }
    for (const { from, to, durations, calls, failed } of edges.values()) {
      if (++done % itemsPerPart === 0) yield
      const ends = { from: nameOf(from), to: nameOf(to) }
      map.edges.push({ ...ends, calls, errors: failed, ...middle(durations) })
    }
    return map
  }

  #count(node: string, span: Member, entry: boolean): void {
    const figures = this.#upsert(this.#nodes, node, {}, maxNodes)
    if (figures === undefined) return
    figures.spans++
    const failed = span.status === StatusCode.error
    if (failed) figures.errors++
    if (entry) call(figures, span, failed)
  }

  #connect(from: string, to: string, span: Member): void {
    const edge = this.#upsert(this.#edges, `${from}\n${to}`, { from, to }, maxEdges)
    if (edge === undefined) return
    const failed = span.status === StatusCode.error
    edge.spans++
    if (failed) edge.errors++
    call(edge, span, failed)
  }

  /** Undefined where there is no room for one more. */
  #upsert<T extends object>(
    map: Map<string, Figures & T>,
    name: string,
    rest: T,
    most: number
  ): (Figures & T) | undefined {
    let figures = map.get(name)
    if (figures === undefined) {
      if (map.size >= most) {
        this.#left = true
        return undefined
      }
      figures = { durations: new Histogram(), spans: 0, errors: 0, calls: 0, failed: 0, ...rest }
      map.set(name, figures)
    }
    return figures
  }
}

function memberOf(span: SpanData, service: string): Member {
  const { parentId, kind, status, duration } = span
  return {
    parentId,
    kind,
    status,
    duration,
    service,
    database: databaseOf(span),
    peer: peerOf(span)
  }
}

function join(into: Figures, from: Figures): void {
  into.durations.merge(from.durations)
  into.spans += from.spans
  into.errors += from.errors
  into.calls += from.calls
  into.failed += from.failed
}

function call(figures: Figures, { duration }: Member, failed: boolean): void {
  figures.calls++
  if (failed) figures.failed++
  figures.durations.add(duration / 1e6)
}

function middle(durations: Histogram): { p50: number; p95: number } {
  return { p50: durations.quantile(0.5), p95: durations.quantile(0.95) }
}

function key(kind: NodeKind, name: string): string {
  return `${kind}\n${name}`
}

function nameOf(node: string): string {
  return node.slice(node.indexOf('\n') + 1)
}
