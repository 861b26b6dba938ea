import { categories, spanFlag, type TraceColumns } from '../../src/wire/trace.ts'

/** How many spans of each category are active in each slice of time: the minimap of a trace with too many spans to draw one by one. */
export interface Activity {
  readonly slices: number
  /** `slices` rows of one figure per category. */
  readonly active: Float32Array
  readonly peak: number
}

/** One pass over the spans and one over the slices, by differences: a span adds one where it starts and takes it where it ends. */
export function activity(columns: TraceColumns, slices: number): Activity {
  const width = categories.length
  const active = new Float32Array((slices + 1) * width)
  const { start, duration, category, depth } = columns.spans
  const { from, length } = bounds(columns)
  const slice = (time: number) =>
    Math.max(0, Math.min(slices - 1, Math.floor(((time - from) / length) * slices)))
  for (let i = 0; i < start.length; i++) {
    // The root is active all the time and says nothing.
    if (depth[i] === 0 && start.length > 1) continue
    const first = slice(start[i] as number) * width + (category[i] as number)
    const last =
      (slice((start[i] as number) + (duration[i] as number)) + 1) * width + (category[i] as number)
    active[first] = (active[first] as number) + 1
    active[last] = (active[last] as number) - 1
  }
  let peak = 0
  for (let s = 0; s < slices; s++) {
    let sum = 0
    for (let c = 0; c < width; c++) {
      const i = s * width + c
      if (s > 0) active[i] = (active[i] as number) + (active[i - width] as number)
      sum += active[i] as number
    }
    peak = Math.max(peak, sum)
  }
  return { slices, active, peak }
}

/** Where the trace starts and how long it is, spans before the root and after the response included; never zero. */
export function bounds(columns: TraceColumns): { from: number; length: number } {
  let from = 0
  for (const start of columns.spans.start) if (start < from) from = start
  return { from, length: Math.max(1, columns.extent - from) }
}

/** Moments at which a span with an error starts. */
export function errorTimes(columns: TraceColumns): number[] {
  const { start, flags } = columns.spans
  return start.filter((_, i) => ((flags[i] as number) & spanFlag.error) !== 0)
}
