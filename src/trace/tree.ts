import { type SpanData, SpanKind, type TraceRecord } from '../base/span-data.ts'
import { spanFlag } from '../wire/trace.ts'

/** All spans of a trace in display order: depth first, siblings by start. Every column is indexed by row. */
export interface TraceTree {
  /** Epoch milliseconds that `start` counts from. */
  readonly epochMs: number
  readonly spans: readonly SpanData[]
  /** The record that each span came in. */
  readonly records: readonly TraceRecord[]
  /** Nanoseconds after `epochMs`, as recorded: clocks of different processes are not reconciled. */
  readonly start: Float64Array
  /** Nanoseconds, never negative. */
  readonly duration: Float64Array
  /** Row of the parent, always before its children; -1 for roots. */
  readonly parent: Int32Array
  readonly depth: Uint32Array
  /** `spanFlag.orphan`, `cycle` and `negative`. */
  readonly flags: Uint16Array
  /** Row of the span that speaks for the trace: without a parent, else the entry of a process, and the earliest of these. */
  readonly root: number
}

/**
 * Puts spans of any origin into a tree, whatever they claim of each other. Linear but for one sort by start, and without recursion: a chain
 * of 10,000 spans would overflow the stack, and walking each span's ancestors took 50 million steps for it. A span id that comes
 * twice counts once, the first; a span whose parent is missing is a root; so is each member of a circle of parents.
 */
export function buildTree(records: readonly TraceRecord[]): TraceTree {
  const epochMs = records[0]?.epochMs ?? 0
  const spans: SpanData[] = []
  const origins: TraceRecord[] = []
  const rowOf = new Map<string, number>()
  for (const record of records) {
    for (const span of record.spans) {
      if (rowOf.has(span.spanId)) continue
      rowOf.set(span.spanId, spans.length)
      spans.push(span)
      origins.push(record)
    }
  }
  // Plain loops over typed arrays from here on: their iterators made a tree of 10,000 spans more than twice as slow.
  const count = spans.length
  const flags = new Uint16Array(count)
  const start = new Float64Array(count)
  const parent = new Int32Array(count).fill(-1)
  for (let i = 0; i < count; i++) {
    const { parentId, start: offset } = spans[i] as SpanData
    start[i] = finite(((origins[i] as TraceRecord).epochMs - epochMs) * 1e6 + offset)
    if (parentId === undefined) continue
    const row = rowOf.get(parentId)
    if (row === undefined) flags[i] = spanFlag.orphan
    else parent[i] = row
  }
  openCycles(parent, flags)
  const { order, depth } = displayOrder(parent, start)
  return arrange({ epochMs, spans, origins, start, parent, flags, order, depth })
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
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
  start: Float64Array
): { order: Int32Array; depth: Uint32Array } {
  const count = parent.length
  const byStart = startOrder(start)
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

/** Spans mostly come in order of start already, and merging sort is linear on those. */
function startOrder(start: Float64Array): number[] {
  const order: number[] = []
  let sorted = true
  for (let i = 0; i < start.length; i++) {
    order.push(i)
    if (i > 0 && (start[i] as number) < (start[i - 1] as number)) sorted = false
  }
  return sorted ? order : order.sort((a, b) => (start[a] as number) - (start[b] as number) || a - b)
}

interface Loose {
  epochMs: number
  spans: SpanData[]
  origins: TraceRecord[]
  start: Float64Array
  parent: Int32Array
  flags: Uint16Array
  order: Int32Array
  depth: Uint32Array
}

/** The same columns by row instead of by order of arrival. */
function arrange(from: Loose): TraceTree {
  const count = from.order.length
  const rowOf = new Int32Array(count)
  for (let row = 0; row < count; row++) rowOf[from.order[row] as number] = row
  const spans: SpanData[] = []
  const records: TraceRecord[] = []
  const tree = {
    epochMs: from.epochMs,
    spans,
    records,
    start: new Float64Array(count),
    duration: new Float64Array(count),
    parent: new Int32Array(count),
    depth: new Uint32Array(count),
    flags: new Uint16Array(count)
  }
  for (let row = 0; row < count; row++) {
    const i = from.order[row] as number
    const span = from.spans[i] as SpanData
    const duration = finite(span.duration)
    const above = from.parent[i] as number
    spans.push(span)
    records.push(from.origins[i] as TraceRecord)
    tree.start[row] = from.start[i] as number
    tree.duration[row] = Math.max(0, duration)
    tree.parent[row] = above < 0 ? -1 : (rowOf[above] as number)
    tree.depth[row] = from.depth[i] as number
    tree.flags[row] = (from.flags[i] as number) | (duration < 0 ? spanFlag.negative : 0)
  }
  return { ...tree, root: rootRow(tree) }
}

// The same ranks as the summary's, so that the list and the trace name the same span.
function rootRow(tree: Omit<TraceTree, 'root'>): number {
  let best = -1
  let bestRank = 3
  for (let row = 0; row < tree.spans.length; row++) {
    if (tree.parent[row] !== -1) continue
    const span = tree.spans[row] as SpanData
    const entry = span.kind === SpanKind.server || span.parentRemote
    const rank = span.parentId === undefined ? 0 : entry ? 1 : 2
    if (rank < bestRank) {
      best = row
      bestRank = rank
    }
  }
  return best
}
