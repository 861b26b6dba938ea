import type { AttributeValue } from '../../src/base/attributes.ts'
import type { SpanId, TraceId } from '../../src/base/ids.ts'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import type { Entry, RingStats, StoredTrace, TraceStore } from '../../src/store/types.ts'
import { summarise } from '../../src/trace/summary.ts'
import { buildTree, TreeSpans } from '../../src/trace/tree.ts'
import type { Summary } from '../../src/wire/summary.ts'

export const epochMs = 1_760_000_000_000

export function traceId(n: number): TraceId {
  return n.toString(16).padStart(32, '0') as TraceId
}

export function spanId(n: number): SpanId {
  return n.toString(16).padStart(16, '0') as SpanId
}

/** Attributes as a flat list, written as an object. */
export function flat(attributes: Record<string, AttributeValue>): (string | AttributeValue)[] {
  return Object.entries(attributes).flatMap(([key, value]) => [key, value])
}

export type SpanSeed = Partial<Omit<SpanData, 'spanId' | 'parentId'>> & {
  id: number
  parent?: number | undefined
}

/** A span of milliseconds-free numbers: `start` and `duration` are nanoseconds. */
export function span({ id, parent, ...rest }: SpanSeed): SpanData {
  return {
    spanId: spanId(id),
    parentId: parent === undefined ? undefined : spanId(parent),
    parentRemote: false,
    name: `span ${id}`,
    kind: 0,
    start: 0,
    duration: 1000,
    open: false,
    status: 0,
    statusMessage: '',
    traceState: '',
    flags: 1,
    scope: { name: '', version: '' },
    attributes: [],
    events: [],
    links: [],
    logs: [],
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...rest
  }
}

export function record(
  spans: readonly SpanData[],
  rest: Partial<Omit<TraceRecord, 'spans' | 'resource'>> & { service?: string } = {}
): TraceRecord {
  const { service = 'api', ...fields } = rest
  return {
    traceId: traceId(1),
    epochMs,
    resource: { service, attributes: [] },
    source: 'local',
    spans,
    droppedSpans: 0,
    ...fields
  }
}

export interface RequestSeed {
  trace: number
  /** Milliseconds. */
  duration?: number
  start?: number
  status?: number
  method?: string
  route?: string
  attributes?: Record<string, AttributeValue>
  children?: SpanData[]
  service?: string
}

/** A request as the server records it: a server span and what it called. Its span id is 1000 x trace. */
export function request(seed: RequestSeed): TraceRecord {
  const { trace, duration = 10, start = 0, status = 200, method = 'GET', route = '/orders' } = seed
  const root = span({
    id: trace * 1000,
    name: `${method} ${route}`,
    kind: 1,
    start: start * 1e6,
    duration: duration * 1e6,
    status: status >= 500 ? 2 : 0,
    attributes: flat({
      'http.request.method': method,
      'url.path': route,
      'http.route': route,
      'http.response.status_code': status,
      ...seed.attributes
    })
  })
  return record([root, ...(seed.children ?? [])], {
    traceId: traceId(trace),
    ...(seed.service === undefined ? {} : { service: seed.service })
  })
}

export function summaryLine(fields: Partial<Summary> = {}): Summary {
  return {
    traceId: '1f3a9c00000000000000000000000001',
    seq: 1,
    name: 'GET /orders/:id',
    service: 'api',
    services: ['api', 'storage'],
    start: epochMs,
    duration: 39.8,
    status: 'unset',
    httpStatus: 200,
    method: 'GET',
    route: '/orders/:id',
    spans: 26,
    errors: 0,
    db: 4,
    inFlight: false,
    incomplete: false,
    kept: '',
    noise: '',
    ...fields
  }
}

// A live span's figures are getters, which a plain copy would leave behind.
function ended(span: SpanData): SpanData {
  return { ...span, duration: span.duration, open: span.open }
}

/** The result of work that stops between its parts, without stopping. */
export function finish<T>(work: Generator<unknown, T>): T {
  let part = work.next()
  while (part.done !== true) part = work.next()
  return part.value
}

/** The tree of all spans of the records, and the span and the record of each row. */
export function treeOf(records: readonly TraceRecord[]) {
  const spans = new TreeSpans()
  const added = records.flatMap((record) =>
    record.spans.filter((one) => spans.add(record, one)).map((one) => ({ span: one, record }))
  )
  const tree = finish(buildTree(spans))
  const rows = [...tree.order].map((i) => added[i])
  return { ...tree, spans: rows.map(({ span }) => span), records: rows.map(({ record }) => record) }
}

/** The store's contract at its plainest: an array of records, newest last. */
export class NaiveStore implements TraceStore {
  readonly #rows: { entry: Entry; record: TraceRecord }[] = []
  readonly #listeners = new Set<() => void>()
  /** Traces whose spans were decoded, in order. */
  readonly decoded: TraceId[] = []
  newest = 0

  add(record: TraceRecord, kept: '' | 'error' | 'slow' = ''): number {
    this.newest++
    const entry = { ...summarise(record), seq: this.newest, traceId: record.traceId, kept }
    this.#rows.push({ entry, record: { ...record, spans: record.spans.map(ended) } })
    this.#tell()
    return this.newest
  }

  /** Takes the oldest records out. */
  evict(count: number): void {
    this.#rows.splice(0, count)
    this.#tell()
  }

  records(traceId: TraceId): TraceRecord[] {
    this.decoded.push(traceId)
    return this.#rows
      .filter((row) => row.entry.traceId === traceId)
      .map((row) => structuredClone(row.record))
  }

  recordsInParts(traceId: TraceId): TraceRecord[] {
    return this.records(traceId)
  }

  entries(traceId: TraceId): Entry[] {
    return this.#rows.filter((row) => row.entry.traceId === traceId).map((row) => row.entry)
  }

  has(traceId: TraceId): boolean {
    return this.entries(traceId).length > 0
  }

  traces(before = Infinity): StoredTrace[] {
    const all = this.#grouped().sort((a, b) => b.first - a.first)
    return all.filter(({ first }) => first < before)
  }

  changedSince(seq: number): StoredTrace[] {
    const changed = this.#grouped().filter(({ last }) => last > seq)
    return changed.sort((a, b) => a.last - b.last)
  }

  lacks(entry: Entry, text: string): boolean {
    const row = this.#rows.find((one) => one.entry.seq === entry.seq)
    // As an index of strings would: numbers are not in it.
    const strings: string[] = []
    JSON.stringify([row?.record.spans, row?.record.resource], (_key, value: unknown) => {
      if (typeof value === 'string') strings.push(value.toLowerCase())
      return value
    })
    return !strings.some((one) => one.includes(text.toLowerCase()))
  }

  pin(traceId: TraceId): boolean {
    for (const row of this.#rows)
      if (row.entry.traceId === traceId) row.entry = { ...row.entry, kept: 'pinned' }
    this.#tell()
    return this.has(traceId)
  }

  clear(): void {
    this.evict(this.#rows.length)
  }

  get oldest(): number {
    return this.#rows[0]?.entry.seq ?? this.newest + 1
  }

  get stats(): { recent: RingStats; kept: RingStats } {
    const none = {
      capacity: 0,
      bytes: 0,
      spans: 0,
      traces: 0,
      records: 0,
      evictedSpans: 0,
      oldestMs: 0
    }
    return { recent: { ...none, records: this.#rows.length }, kept: none }
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #grouped(): StoredTrace[] {
    const ids = new Set(this.#rows.map((row) => row.entry.traceId))
    return [...ids].map((id) => {
      const entries = this.entries(id)
      return {
        traceId: id,
        first: entries[0].seq,
        last: entries[entries.length - 1].seq,
        entries
      }
    })
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
