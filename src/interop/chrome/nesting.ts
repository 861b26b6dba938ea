import { field, text } from '../../base/fields.ts'
import { orderBy } from '../../trace/order.ts'
import { type Slice, placeOf, type TraceFile } from './trace-file.ts'

/**
 * Finds the slice around each, where the events do not say: of slices of one thread that lie within each other. What happened without
 * saying in which span goes to the innermost slice of its thread and time.
 */
export function* nest(file: TraceFile): Generator<undefined, void> {
  const { slices, instants } = file
  const bySpan = new Map<string, Slice>()
  for (const slice of slices)
    if (slice.own !== undefined) bySpan.set(`${slice.own.traceId} ${slice.own.spanId}`, slice)
  // Of two that begin together the longer is around the other; instants come last.
  const count = slices.length
  const begins = new Float64Array(count + instants.length)
  const lengths = new Float64Array(count + instants.length)
  for (const [i, { start, end }] of slices.entries()) {
    begins[i] = start
    lengths[i] = start - end
  }
  for (const [i, { instant }] of instants.entries()) {
    begins[count + i] = instant.time
    lengths[count + i] = 1
  }
  const byLength = yield* idly(orderBy(lengths))
  const sorted = Float64Array.from(byLength, (i) => begins[i] as number)
  const stacks = new Map<string, Slice[]>()
  let done = 0
  for (const at of yield* idly(orderBy(sorted))) {
    if (++done % 512 === 0) yield
    const i = byLength[at] as number
    const slice = slices[i]
    if (slice !== undefined) {
      if (slice.own !== undefined || !slice.ofThread) continue
      const stack = around(stacks, `${slice.pid} ${slice.tid}`, slice.start)
      const above = stack.at(-1)
      if (slice.parent === undefined && above !== undefined && above.end >= slice.end)
        slice.parent = above
      stack.push(slice)
      continue
    }
    const { event, instant } = instants[i - count] as TraceFile['instants'][number]
    const [traceId, spanId] = ['trace_id', 'span_id'].map((name) => text(field(instant.args, name)))
    const own = bySpan.get(`${traceId} ${spanId}`)
    const { pid, tid } = placeOf(event)
    const inside = own ?? around(stacks, `${pid} ${tid}`, instant.time).at(-1)
    inside?.instants.push(instant)
  }
}

/** The slices of a thread that have begun and not ended. */
function around(stacks: Map<string, Slice[]>, thread: string, time: number): Slice[] {
  let stack = stacks.get(thread)
  if (stack === undefined) stacks.set(thread, (stack = []))
  while (stack.length > 0 && (stack.at(-1) as Slice).end <= time) stack.pop()
  return stack
}

function* idly<T>(work: Generator<void, T>): Generator<undefined, T> {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
    yield
  }
}
