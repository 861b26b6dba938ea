import type { Resource, TraceRecord } from '../../base/span-data.ts'
import { byTrace } from '../../trace/by-trace.ts'
import { type TraceRow, wholeTrace, type WholeTrace } from '../../trace/whole-trace.ts'
import { flow, instants, laneEvents, processEvents, spanEvent, type Track } from './encode-event.ts'
import { assignLanes } from './lanes.ts'
import { ownData } from './names.ts'

const rowsPerPart = 64

/** Times of a file are not to be negative, and of several traces the newest comes first. */
const weekMs = 7 * 86_400_000

/**
 * Traces as a file of trace events, which Perfetto and Chrome's own viewer open: a process for each service, lanes within it, arrows between
 * them. Pieces may be empty: the host may go on there.
 */
export function* chromeParts(
  records: Iterable<TraceRecord>,
  { ids }: { readonly ids: { readonly length: number } } = { ids: [] }
): Generator<string> {
  let epochMs: number | undefined
  let pids = 0
  for (const one of byTrace(records)) {
    const trace = yield* idly(wholeTrace(one))
    if (trace === undefined) continue
    const first = epochMs === undefined
    epochMs ??= beginOf(trace) - (ids.length > 1 ? weekMs : 0)
    const own = JSON.stringify({ epochMs })
    yield first
      ? `{"displayTimeUnit":"ms","otherData":{"${ownData}":${own}},"traceEvents":[\n`
      : ',\n'
    const processes = new Processes(trace.rows, pids)
    yield* traceParts(trace, processes, (trace.tree.epochMs - epochMs) * 1e6)
    pids = processes.last
  }
  yield epochMs === undefined ? '{"traceEvents":[],"displayTimeUnit":"ms"}\n' : '\n]}\n'
}

/** Epoch milliseconds, whole. */
function beginOf({ tree }: WholeTrace): number {
  return tree.epochMs + Math.floor(tree.start.reduce((a, b) => Math.min(a, b), Infinity) / 1e6)
}

/** The events of one trace; `shift` is what its times are moved by, in nanoseconds. */
function* traceParts(
  { tree, rows }: WholeTrace,
  processes: Processes,
  shift: number
): Generator<string> {
  const lanes = yield* idly(assignLanes(tree, processes.of))
  const trackOf = (row: number): Track => ({
    pid: processes.of[row] as number,
    tid: lanes[row] as number
  })
  const startOf = (row: number): number => (tree.start[row] as number) + shift
  const endOf = (row: number): number => startOf(row) + (tree.duration[row] as number)
  let before = ''
  for (let at = 0; at < rows.length; at += rowsPerPart) {
    const events: object[] = []
    for (let row = at; row < Math.min(at + rowsPerPart, rows.length); row++) {
      const one = rows[row] as TraceRow
      const track = trackOf(row)
      events.push(...processes.toName(track, one.record))
      events.push(spanEvent(one, track, startOf(row)))
      const parent = tree.parent[row] as number
      // An arrow ends at the slice that was begun last, which an instant of the same moment would be.
      if (parent >= 0 && processes.of[parent] !== track.pid) {
        const when = Math.min(Math.max(startOf(row), startOf(parent)), endOf(parent))
        // What is called begins later, whatever the clocks say: an arrow that points back is none.
        const until = Math.max(startOf(row), Math.min(when, endOf(row)))
        events.push(...flow(track.pid * 2 ** 20 + row, trackOf(parent), when, track, until))
      }
      events.push(...instants(one, track, (one.record.epochMs - tree.epochMs) * 1e6 + shift))
    }
    yield before + events.map(textOf).join(',\n')
    before = ',\n'
  }
}

/** Perfetto refuses a whole file for the escape of half a surrogate pair, which JSON.stringify writes where a text was cut within one. */
function textOf(event: object): string {
  return JSON.stringify(event).replace(/\\(?:ud[89a-f][\da-f]{2}|.)/g, (escape) =>
    escape.startsWith('\\ud') ? '\ufffd' : escape
  )
}

/** Work that stops now and then, as pieces without text. */
function* idly<T>(work: Generator<void, T>): Generator<string, T> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    yield ''
  }
}

/** Services as processes, numbered in the order in which they take part; those of each trace apart, as several may overlap. */
class Processes {
  /** The process (`pid`) of each row. */
  readonly of: Int32Array
  readonly #named = new Set<string>()

  /** The last number. */
  readonly last: number

  constructor(rows: readonly TraceRow[], before: number) {
    const pids = new Map<string, number>()
    const known = new Map<Resource, number>()
    this.of = new Int32Array(rows.length)
    for (const [row, { record }] of rows.entries()) {
      const { resource } = record
      let pid = known.get(resource)
      if (pid === undefined) {
        const key = JSON.stringify([resource.service, resource.attributes])
        pid = pids.get(key) ?? before + pids.size + 1
        pids.set(key, pid)
        known.set(resource, pid)
      }
      this.of[row] = pid
    }
    this.last = before + pids.size
  }

  /** What names a process and its lane, when they are met first. */
  toName(track: Track, { traceId, resource }: TraceRecord): object[] {
    const events: object[] = []
    if (this.#isNew(String(track.pid))) events.push(...processEvents(track.pid, traceId, resource))
    if (this.#isNew(`${track.pid} ${track.tid}`)) events.push(...laneEvents(track))
    return events
  }

  #isNew(name: string): boolean {
    const known = this.#named.has(name)
    this.#named.add(name)
    return !known
  }
}
