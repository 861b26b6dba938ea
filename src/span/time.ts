/**
 * OpenTelemetry's TimeInput: milliseconds (since 1970, or of `performance.now()` when smaller than `performance.timeOrigin`),
 * `[seconds, nanoseconds]` since 1970, or a Date.
 */
export type TimeInput = number | readonly [number, number] | Date

interface Epoch {
  readonly epochMs: number
  readonly baseMs: number
}

/** Whole nanoseconds from the trace's epoch to a reading of the monotonic clock. */
export function offsetAt(reading: number, { baseMs }: Epoch): number {
  return whole((reading - baseMs) * 1e6)
}

/** Whole nanoseconds after the trace's epoch; undefined, and input that is no time, means the reading. */
export function offsetOf(time: TimeInput | undefined, epoch: Epoch, reading: number): number {
  if (time === undefined) return offsetAt(reading, epoch)
  if (Array.isArray(time)) {
    const [seconds, nanos] = time as readonly [number, number]
    const offset = (seconds * 1000 - epoch.epochMs) * 1e6 + nanos
    if (Number.isFinite(offset)) return whole(offset)
  }
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms !== 'number' || !Number.isFinite(ms)) return offsetAt(reading, epoch)
  // A Date is never a reading of the monotonic clock, however long ago it lies.
  if (ms < performance.timeOrigin && !(time instanceof Date)) return offsetAt(ms, epoch)
  return whole((ms - epoch.epochMs) * 1e6)
}

// The store keeps whole numbers up to 2^53, and a duration is the difference of two of these; 2^52 ns are 52 days.
const furthest = 2 ** 52

function whole(nanos: number): number {
  return Math.max(-furthest, Math.min(furthest, Math.round(nanos))) || 0
}
