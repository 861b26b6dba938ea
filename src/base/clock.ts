/**
 * Durations come from the monotonic clock, the moment of day from the wall clock. `performance.timeOrigin` alone drifts from
 * the wall clock after a suspend or a time correction, so the two are compared when a trace starts and the anchor is set anew
 * when they are apart; a trace that is already running keeps the anchor it began with, so jumps never change a duration.
 */
export interface Clock {
  /** Milliseconds on the monotonic clock, with sub-microsecond resolution; no relation to the time of day. */
  now(): number
  /** What to add to a reading of `now()` to get milliseconds since 1970, at the moment of that reading. */
  anchor(reading: number): number
}

const maxDriftMs = 2

let anchorMs = performance.timeOrigin

export const systemClock: Clock = {
  now: () => performance.now(),
  anchor(reading) {
    const drift = Date.now() - (anchorMs + reading)
    if (drift > maxDriftMs || drift < -maxDriftMs) anchorMs += drift
    return anchorMs
  }
}
