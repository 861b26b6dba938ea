/**
 * OpenTelemetry's TimeInput: milliseconds (since 1970, or of `performance.now()` when smaller than `performance.timeOrigin`),
 * `[seconds, nanoseconds]` since 1970, or a Date.
 */
export type TimeInput = number | readonly [number, number] | Date

interface Epoch {
  readonly epochMs: number
  readonly baseMs: number
}

/** Whole nanoseconds after the trace's epoch; undefined, and input that is no time, means now. */
export function offsetOf(time: TimeInput | undefined, epoch: Epoch, now: () => number): number {
  if (Array.isArray(time)) {
    const [seconds, nanos] = time as readonly [number, number]
    const offset = (seconds * 1000 - epoch.epochMs) * 1e6 + nanos
    if (Number.isFinite(offset)) return Math.round(offset)
  }
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms !== 'number' || !Number.isFinite(ms))
    return Math.round((now() - epoch.baseMs) * 1e6)
  if (ms < performance.timeOrigin) return Math.round((ms - epoch.baseMs) * 1e6)
  return Math.round((ms - epoch.epochMs) * 1e6)
}
