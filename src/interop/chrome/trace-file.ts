import { field, text } from '../../base/fields.ts'
import { readSpanId, readTraceId, type SpanId, type TraceId } from '../../base/ids.ts'

/** A stretch of time of the file, whatever kind of event told of it. Times are microseconds as the file counts them. */
export interface Slice {
  readonly name: string
  readonly category: string
  readonly pid: string
  readonly tid: string
  /** Of one thread, whose slices lie within each other; work that is asynchronous may overlap with any. */
  readonly ofThread: boolean
  readonly start: number
  end: number
  /** Undefined in events of others. */
  readonly own: { readonly traceId: TraceId; readonly spanId: SpanId } | undefined
  args: unknown
  /** What happened within it. */
  readonly instants: Instant[]
  /** The slice around it, where the file says so by the order of events. */
  parent: Slice | undefined
}

export interface Instant {
  readonly name: string
  readonly time: number
  readonly args: unknown
}

interface OpenSlice {
  readonly slice: Slice
  readonly before: OpenSlice | undefined
}

// Of a broken file, whose slices begin without end.
const maxLevels = 512

/** Puts events together: what begins and ends becomes one slice, what happens goes to the slice of its time. */
export class TraceFile {
  readonly slices: Slice[] = []
  /** `process_name` and what is beside it, and `thread_name`, by `pid` and `pid tid`. */
  readonly processes: Map<string, unknown> = new Map()
  readonly threads: Map<string, string> = new Map()
  /** Events that are no stretch of time and belong to none that is known. */
  readonly instants: { readonly event: unknown; readonly instant: Instant }[] = []
  /** Events that are broken. */
  invalid = 0
  last = 0
  // By thread, or by the id of asynchronous work: what has begun and not ended, the innermost first, and how many there are.
  readonly #open = new Map<string, { top: OpenSlice | undefined; levels: number }>()

  add(event: unknown): void {
    const phase = field(event, 'ph')
    if (phase === 'M') return this.#name(event)
    const time = timeOf(field(event, 'ts'))
    if (time === undefined) {
      if (phase === 'X' || phase === 'B' || phase === 'b') this.invalid++
      return
    }
    this.last = Math.max(this.last, time)
    switch (phase) {
      case 'X': {
        const duration = timeOf(field(event, 'dur')) ?? 0
        this.slices.push(sliceOf(event, true, time, time + duration))
        this.last = Math.max(this.last, time + duration)
        return
      }
      case 'B':
      case 'b':
        return this.#begin(event, time, phase === 'B')
      case 'E':
      case 'e':
        return this.#end(event, time, phase === 'E')
      case 'i':
      case 'I':
        this.instants.push({ event, instant: instantOf(event, time) })
        return
      case 'n':
        this.#open.get(keyOf(event, false))?.top?.slice.instants.push(instantOf(event, time))
        return
      default:
    }
  }

  #name(event: unknown): void {
    const args = field(event, 'args')
    const { pid, tid } = placeOf(event)
    if (field(event, 'name') === 'process_name') this.processes.set(pid, args)
    else if (field(event, 'name') === 'thread_name')
      this.threads.set(`${pid} ${tid}`, text(field(args, 'name')))
  }

  #begin(event: unknown, time: number, ofThread: boolean): void {
    const key = keyOf(event, ofThread)
    const open = this.#open.get(key) ?? { top: undefined, levels: 0 }
    if (open.levels >= maxLevels) {
      this.invalid++
      return
    }
    this.#open.set(key, open)
    const slice = sliceOf(event, ofThread, time, Number.NaN)
    slice.parent = open.top?.slice
    open.top = { slice, before: open.top }
    open.levels++
    this.slices.push(slice)
  }

  #end(event: unknown, time: number, ofThread: boolean): void {
    const open = this.#open.get(keyOf(event, ofThread))
    if (open?.top === undefined) return
    const { slice, before } = open.top
    open.top = before
    open.levels--
    slice.end = Math.max(slice.start, time)
    const args = field(event, 'args')
    if (isObject(args)) slice.args = isObject(slice.args) ? { ...slice.args, ...args } : args
  }

  /** What never ended lasts as long as the file. */
  close(): void {
    for (const slice of this.slices) if (Number.isNaN(slice.end)) slice.end = this.last
  }
}

function sliceOf(event: unknown, ofThread: boolean, start: number, end: number): Slice {
  const args = field(event, 'args')
  const traceId = readTraceId(field(args, 'trace_id'))
  const spanId = readSpanId(field(args, 'span_id'))
  return {
    name: text(field(event, 'name')),
    category: text(field(event, 'cat')),
    ...placeOf(event),
    ofThread,
    start,
    end,
    own: traceId === undefined || spanId === undefined ? undefined : { traceId, spanId },
    args,
    instants: [],
    parent: undefined
  }
}

function instantOf(event: unknown, time: number): Instant {
  return { name: text(field(event, 'name')), time, args: field(event, 'args') }
}

export function placeOf(event: unknown): { pid: string; tid: string } {
  return { pid: idText(field(event, 'pid')), tid: idText(field(event, 'tid')) }
}

/** Work of a thread ends in the order in which it began; asynchronous work, by its id. */
function keyOf(event: unknown, ofThread: boolean): string {
  const { pid, tid } = placeOf(event)
  if (ofThread) return `${pid} ${tid}`
  const id = field(event, 'id') ?? field(field(event, 'id2'), 'local')
  return JSON.stringify([pid, text(field(event, 'cat')), idText(id)])
}

function idText(id: unknown): string {
  return typeof id === 'number' ? String(id) : text(id)
}

/** Microseconds; text in files of some programs. */
function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof time === 'number' && time >= -(2 ** 52) && time <= 2 ** 52 ? time : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
