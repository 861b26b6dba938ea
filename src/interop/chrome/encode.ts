import type { Resource, TraceRecord } from '../../base/span-data.ts'
import { wholeTrace, type WholeTrace } from '../../trace/whole-trace.ts'
import { flow, instants, laneEvents, processEvents, spanEvent, type Track } from './encode-event.ts'
import { assignLanes } from './lanes.ts'
import { ownData } from './names.ts'

const rowsPerPart = 64

/**
 * A trace as a file of trace events, which Perfetto and Chrome's own viewer open: a process for each service, lanes within it, arrows between
 * them. Pieces may be empty: the host may go on there.
 */
export function* chromeParts(records: Iterable<TraceRecord>): Generator<string> {
  const trace = yield* idly(wholeTrace(records))
  if (trace === undefined) return yield '{"traceEvents":[],"displayTimeUnit":"ms"}\n'
  const { tree, rows } = trace
  const base = tree.start.reduce((a, b) => Math.min(a, b), Infinity)
  const first = { epochMs: tree.epochMs + Math.floor(base / 1e6) }
  const from = Math.floor(base / 1e6) * 1e6
  yield `{"displayTimeUnit":"ms","otherData":{"${ownData}":${JSON.stringify(first)}},"traceEvents":[\n`
  const processes = new Processes(rows)
  const lanes = yield* idly(assignLanes(tree, processes.of))
  const trackOf = (row: number): Track => ({
    pid: processes.of[row] as number,
    tid: lanes[row] as number
  })
  const startOf = (row: number): number => (tree.start[row] as number) - from
  let before = ''
  for (let at = 0; at < rows.length; at += rowsPerPart) {
    const events: object[] = []
    for (let row = at; row < Math.min(at + rowsPerPart, rows.length); row++) {
      const one = rows[row] as WholeTrace['rows'][number]
      const track = trackOf(row)
      events.push(...processes.toName(track, one.record.resource))
      events.push(spanEvent(one, track, startOf(row)))
      events.push(...instants(one, track, (tree.epochMs - one.record.epochMs) * 1e6 + from))
      const parent = tree.parent[row] as number
      if (parent < 0 || processes.of[parent] === track.pid) continue
      const end = startOf(parent) + (tree.duration[parent] as number)
      const when = Math.min(Math.max(startOf(row), startOf(parent)), end)
      events.push(...flow(one.span.spanId, trackOf(parent), when, track, startOf(row)))
    }
    yield before + events.map((event) => JSON.stringify(event)).join(',\n')
    before = ',\n'
  }
  yield '\n]}\n'
}

/** Work that stops now and then, as pieces without text. */
function* idly<T>(work: Generator<void, T>): Generator<string, T> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    yield ''
  }
}

/** Services as processes, numbered from 1 in the order in which they take part. */
class Processes {
  /** The process (`pid`) of each row. */
  readonly of: Int32Array
  readonly #named = new Set<string>()

  constructor(rows: WholeTrace['rows']) {
    const pids = new Map<string, number>()
    const known = new Map<Resource, number>()
    this.of = new Int32Array(rows.length)
    for (const [row, { record }] of rows.entries()) {
      const { resource } = record
      let pid = known.get(resource)
      if (pid === undefined) {
        const key = JSON.stringify([resource.service, resource.attributes])
        pid = pids.get(key) ?? pids.size + 1
        pids.set(key, pid)
        known.set(resource, pid)
      }
      this.of[row] = pid
    }
  }

  /** What names a process and its lane, when they are met first. */
  toName(track: Track, { service, attributes }: Resource): object[] {
    const events: object[] = []
    if (this.#isNew(String(track.pid)))
      events.push(...processEvents(track.pid, service, attributes))
    if (this.#isNew(`${track.pid} ${track.tid}`)) events.push(...laneEvents(track))
    return events
  }

  #isNew(name: string): boolean {
    const known = this.#named.has(name)
    this.#named.add(name)
    return !known
  }
}
