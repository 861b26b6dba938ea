import type { SpanId } from '../base/ids.ts'
import { type SpanData, SpanKind, StatusCode, type TraceRecord } from '../base/span-data.ts'
import { createTimeSlices } from '../base/time-slices.ts'
import type { TraceStore } from '../store/types.ts'
import type { ServiceMap } from '../wire/status.ts'
import { databaseOf, peerOf } from './categories.ts'
import { Histogram } from './histogram.ts'

// The map is asked for again and again while it is looked at; beyond this the newest traces speak for the rest.
const budgetMs = 500

type NodeKind = ServiceMap['nodes'][number]['kind']

interface Figures {
  readonly durations: Histogram
  spans: number
  errors: number
}

/** Services and who calls whom, drawn from the traces in memory, the newest first, within half a second of work in short pieces. */
export async function serviceMap(store: TraceStore, now: () => number): Promise<ServiceMap> {
  const slices = createTimeSlices(now, budgetMs)
  const drawing = new Drawing()
  let below: number | undefined
  for (let again = true; again && !slices.over;) {
    again = false
    for (const trace of store.traces(below)) {
      below = trace.first
      drawing.add(store.records(trace.traceId))
      if (!slices.due) continue
      again = true
      break
    }
    if (again) await slices.pause()
  }
  return drawing.map()
}

/** Collects nodes and edges. Names are keys of maps, never of objects: a service may be called `__proto__`. */
class Drawing {
  readonly #nodes = new Map<string, Figures>()
  readonly #edges = new Map<string, Figures & { readonly from: string; readonly to: string }>()
  // Which service answers at an address, learned where both sides were seen: a call whose other side is not in memory goes to it too.
  readonly #answers = new Map<string, string>()

  add(records: readonly TraceRecord[]): void {
    const services = new Map<SpanId, { service: string; span: SpanData }>()
    for (const { spans, resource } of records)
      for (const span of spans)
        if (!services.has(span.spanId))
          services.set(span.spanId, { service: resource.service, span })
    const answered = new Set<SpanId>()
    for (const { span, service } of services.values()) {
      const caller = span.parentId === undefined ? undefined : services.get(span.parentId)
      const remote =
        caller !== undefined &&
        (caller.service !== service ||
          (span.kind === SpanKind.server && caller.span.kind === SpanKind.client))
      this.#count(key('service', service), span, caller === undefined || remote)
      if (!remote) continue
      answered.add(caller.span.spanId)
      const peer = peerOf(caller.span)
      if (peer !== '') this.#answers.set(peer, service)
      if (caller.service !== service)
        this.#connect(key('service', caller.service), key('service', service), caller.span)
    }
    for (const { span, service } of services.values()) {
      if (answered.has(span.spanId)) continue
      const database = databaseOf(span)
      const outward = span.kind === SpanKind.client || span.kind === SpanKind.producer
      const peer = database === '' && outward ? peerOf(span) : ''
      if (database === '' && peer === '') continue
      const to = database === '' ? key('external', peer) : key('db', database)
      this.#connect(key('service', service), to, span)
    }
  }

  map(): ServiceMap {
    const edges = new Map<string, Figures & { readonly from: string; readonly to: string }>()
    for (const { from, to, ...figures } of this.#edges.values()) {
      const target = this.#settle(to)
      if (target === from) continue
      const edge = upsert(edges, `${from}\n${target}`, { from, to: target })
      join(edge, figures)
      // A service's own spans tell of it; anything else is known by the calls to it alone.
      if (!target.startsWith('service\n')) join(upsert(this.#nodes, target, {}), figures)
    }
    return {
      nodes: [...this.#nodes].map(([name, { durations, spans, errors }]) => ({
        name: nameOf(name),
        kind: name.slice(0, name.indexOf('\n')) as NodeKind,
        spans,
        errors,
        p95: durations.quantile(0.95)
      })),
      edges: [...edges.values()].map(({ from, to, durations, spans, errors }) => ({
        from: nameOf(from),
        to: nameOf(to),
        calls: spans,
        errors,
        p95: durations.quantile(0.95)
      }))
    }
  }

  #settle(to: string): string {
    const service = to.startsWith('external\n') ? this.#answers.get(nameOf(to)) : undefined
    return service === undefined ? to : key('service', service)
  }

  #count(node: string, span: SpanData, entry: boolean): void {
    const figures = upsert(this.#nodes, node, {})
    figures.spans++
    if (span.status === StatusCode.error) figures.errors++
    if (entry) figures.durations.add(span.duration / 1e6)
  }

  #connect(from: string, to: string, span: SpanData): void {
    const edge = upsert(this.#edges, `${from}\n${to}`, { from, to })
    edge.spans++
    if (span.status === StatusCode.error) edge.errors++
    edge.durations.add(span.duration / 1e6)
  }
}

function upsert<T extends object>(
  map: Map<string, Figures & T>,
  name: string,
  rest: T
): Figures & T {
  let figures = map.get(name)
  if (figures === undefined) {
    figures = { durations: new Histogram(), spans: 0, errors: 0, ...rest }
    map.set(name, figures)
  }
  return figures
}

function join(into: Figures, from: Figures): void {
  into.durations.merge(from.durations)
  into.spans += from.spans
  into.errors += from.errors
}

function key(kind: NodeKind, name: string): string {
  return `${kind}\n${name}`
}

function nameOf(node: string): string {
  return node.slice(node.indexOf('\n') + 1)
}
