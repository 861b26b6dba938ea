import type { SpanId } from '../base/ids.ts'
import { SpanKind, type SpanData, StatusCode, type TraceRecord } from '../base/span-data.ts'
import { spanFlag } from '../wire/trace.ts'
import { type Clock, clockOf, clockOffsets } from './clock-skew.ts'
import { orderBy } from './order.ts'
import { isServerHalf, parentAmong } from './shared-spans.ts'

/**
 * What a tree is made of, span by span as they come. Columns, because 80,000 spans that live on as objects make the garbage collector
 * stop the host for 30 ms at a time.
 */
export class TreeSpans {
  /** Epoch milliseconds that `start` counts from. */
  epochMs = 0
  readonly ids: string[] = []
  readonly parentIds: (string | undefined)[] = []
  readonly start: number[] = []
  readonly duration: number[] = []
  /** What `spanFlag` has of the span alone. */
  readonly flags: number[] = []
  /** Whether the parent is a span of another process. */
  readonly remote: boolean[] = []
  /** Whether a process was entered here. */
  readonly entry: boolean[] = []
  readonly kind: SpanKind[] = []
  readonly status: StatusCode[] = []
  /** Index into `clocks`. */
  readonly process: number[] = []
  readonly clocks: Clock[] = []
  readonly #indexes = new Map<string, number>()
  readonly #processes = new Map<string, number>()
  #last: { readonly record: TraceRecord | undefined; readonly process: number } = {
    record: undefined,
    process: -1
  }
  // Whether a span is shared between client and server.
  #shared = false

  /** False when there is a span of that id already: the first counts. */
  add(record: TraceRecord, span: SpanData): boolean {
    const { spanId, parentRemote } = span
    if (this.#indexes.has(spanId)) return false
    if (this.ids.length === 0) this.epochMs = record.epochMs
    this.#indexes.set(spanId, this.ids.length)
    this.ids.push(spanId)
    this.parentIds.push(span.parentId)
    this.start.push(finite((record.epochMs - this.epochMs) * 1e6 + span.start))
    this.duration.push(finite(span.duration))
    this.flags.push(flagsOf(record, span))
    this.remote.push(parentRemote)
    this.entry.push(span.kind === SpanKind.server || parentRemote)
    this.kind.push(span.kind)
    this.status.push(span.status)
    this.process.push(this.#processOf(record))
    this.#shared ||= record.source === 'ingest' && isServerHalf(span, record.resource.service)
    return true
  }

  // Spans of a record come one after the other.
  #processOf(record: TraceRecord): number {
    if (record === this.#last.record) return this.#last.process
    const clock = clockOf(record.resource)
    const key = `${record.source} ${clock.key}`
    const process = this.#processes.get(key) ?? this.clocks.push(clock) - 1
    this.#processes.set(key, process)
    this.#last = { record, process }
    return process
  }

  /** Where the span's parent stands; undefined when it has none or none that is here. */
  parentOf(index: number): number | undefined {
    const parentId = this.parentIds[index]
    if (parentId === undefined) return undefined
    if (!this.#shared) return this.indexOf(parentId)
    const { service } = this.clocks[this.process[index] as number] as Clock
    const child = { spanId: this.ids[index] as string, service }
    return parentAmong(parentId as SpanId, child, (id) => this.indexOf(id))
  }

  indexOf(id: string): number | undefined {
    return this.#indexes.get(id)
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}

function flagsOf(record: TraceRecord, span: SpanData): number {
  let flags = 0
  if (span.status === StatusCode.error) flags |= spanFlag.error
  if (span.open) flags |= spanFlag.open
  if (span.duration < 0) flags |= spanFlag.negative
  if (record.source === 'ingest') flags |= spanFlag.ingested
  if (span.events.some(({ name }) => name === 'exception')) flags |= spanFlag.exception
  if (span.logs.length > 0) flags |= spanFlag.logs
  return flags
}

/** All spans of a trace in display order: depth first, siblings by start. Every column is indexed by row. */
export interface TraceTree {
  /** Epoch milliseconds that `start` counts from. */
  readonly epochMs: number
  /** Which of the spans, as they came, stands there. */
  readonly order: Int32Array
  /** Nanoseconds after `epochMs`, with `offsets` added. */
  readonly start: Float64Array
  /** By how many nanoseconds each process's clock was moved, see `clockOffsets`. */
  readonly offsets: Float64Array
  /** Nanoseconds, never negative. */
  readonly duration: Float64Array
  /** Row of the parent, always before its children; -1 for roots. */
  readonly parent: Int32Array
  readonly depth: Uint32Array
  /** `spanFlag`, all but `late`. */
  readonly flags: Uint16Array
  /** 1 where the parent is a span of another process. */
  readonly remote: Uint8Array
  /** Row of the span that speaks for the trace: without a parent, else the entry of a process, and the earliest of these. */
  readonly root: number
}

// Of this many spans at a time; a part takes a tenth of a millisecond.
const spansPerPart = 1024

/**
 * Puts spans of any origin into a tree, whatever they claim of each other. Linear but for one sort by start, and without recursion: a chain
 * of 10,000 spans would overflow the stack, and walking each span's ancestors took 50 million steps for it. A span whose parent is missing
 * is a root; so is each member of a circle of parents. Stops between parts, where the host may go on.
 */
export function* buildTree(spans: TreeSpans): Generator<void, TraceTree> {
  const count = spans.ids.length
  // Plain loops over typed arrays: their iterators, and Array.from, take ten times as long.
  const flags = new Uint16Array(spans.flags)
  const start = new Float64Array(spans.start)
  const parent = new Int32Array(count).fill(-1)
  for (let i = 0; i < count; i++) {
    if (i % spansPerPart === 0) yield
    if (spans.parentIds[i] === undefined) continue
    const above = spans.parentOf(i)
    if (above === undefined) flags[i] = (flags[i] as number) | spanFlag.orphan
    else parent[i] = above
  }
  openCycles(parent, flags)
  yield
  const offsets = yield* clockOffsets({
    start,
    duration: spans.duration,
    parent,
    kind: spans.kind,
    status: spans.status,
    process: spans.process,
    clocks: spans.clocks,
    open: (i) => ((flags[i] as number) & spanFlag.open) !== 0
  })
  if (offsets.some((offset) => offset !== 0)) {
    for (let i = 0; i < count; i++)
      start[i] = (start[i] as number) + (offsets[spans.process[i] as number] as number)
  }
  const { order, depth } = displayOrder(parent, yield* orderBy(start))
  yield
  const rows = arrange({ start, parent, flags, order, depth, spans })
  const root = rootRow(spans, order, rows.parent)
  return { epochMs: spans.epochMs, order, ...rows, offsets, root }
}

/** Makes a root of every span that is its own ancestor. Each span is walked over once: its number says in which walk. */
function openCycles(parent: Int32Array, flags: Uint16Array): void {
  const walkOf = new Int32Array(parent.length)
  for (let from = 0; from < parent.length; from++) {
    const walk = from + 1
    let at = from
    while (at >= 0 && walkOf[at] === 0) {
      walkOf[at] = walk
      at = parent[at] as number
    }
    if (at < 0 || walkOf[at] !== walk) continue
    while (parent[at] !== -1) {
      const next = parent[at] as number
      parent[at] = -1
      flags[at] = (flags[at] as number) | spanFlag.cycle
      at = next
    }
  }
}

function displayOrder(
  parent: Int32Array,
  byStart: Int32Array
): { order: Int32Array; depth: Uint32Array } {
  const count = parent.length
  // Prepending in reverse order of start leaves every list of siblings in order. Roots are the children of slot `count`.
  const firstChild = new Int32Array(count + 1).fill(-1)
  const nextSibling = new Int32Array(count).fill(-1)
  for (let i = count - 1; i >= 0; i--) {
    const child = byStart[i] as number
    const above = parent[child] as number
    const slot = above < 0 ? count : above
    nextSibling[child] = firstChild[slot] as number
    firstChild[slot] = child
  }
  const order = new Int32Array(count)
  const depth = new Uint32Array(count)
  let placed = 0
  let at = firstChild[count] as number
  while (at >= 0) {
    order[placed] = at
    placed++
    const above = parent[at] as number
    depth[at] = above < 0 ? 0 : (depth[above] as number) + 1
    let next = firstChild[at] as number
    while (next < 0 && at >= 0) {
      next = nextSibling[at] as number
      at = parent[at] as number
    }
    at = next
  }
  return { order, depth }
}

interface Loose {
  readonly spans: TreeSpans
  readonly start: Float64Array
  readonly parent: Int32Array
  readonly flags: Uint16Array
  readonly order: Int32Array
  readonly depth: Uint32Array
}

/** The same columns by row instead of by order of arrival. */
function arrange(from: Loose): Omit<TraceTree, 'epochMs' | 'order' | 'offsets' | 'root'> {
  const count = from.order.length
  const rowOf = new Int32Array(count)
  for (let row = 0; row < count; row++) rowOf[from.order[row] as number] = row
  const rows = {
    start: new Float64Array(count),
    duration: new Float64Array(count),
    parent: new Int32Array(count),
    depth: new Uint32Array(count),
    flags: new Uint16Array(count),
    remote: new Uint8Array(count)
  }
  for (let row = 0; row < count; row++) {
    const i = from.order[row] as number
    const above = from.parent[i] as number
    rows.start[row] = from.start[i] as number
    rows.duration[row] = Math.max(0, from.spans.duration[i] as number)
    rows.parent[row] = above < 0 ? -1 : (rowOf[above] as number)
    rows.depth[row] = from.depth[i] as number
    rows.flags[row] = from.flags[i] as number
    rows.remote[row] = from.spans.remote[i] === true ? 1 : 0
  }
  return rows
}

// The same ranks as the summary's, so that the list and the trace name the same span.
function rootRow(spans: TreeSpans, order: Int32Array, parent: Int32Array): number {
  let best = -1
  let bestRank = 3
  for (let row = 0; row < order.length; row++) {
    if (parent[row] !== -1) continue
    const i = order[row] as number
    const rank = spans.parentIds[i] === undefined ? 0 : spans.entry[i] === true ? 1 : 2
    if (rank < bestRank) {
      best = row
      bestRank = rank
    }
  }
  return best
}
