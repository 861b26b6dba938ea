/**
 * Lets as many through as the rate allows, and a second's worth at once after a quiet time. The generic cell rate algorithm (ITU-T I.371):
 * one moment is all that it keeps, so no rounding adds up and no timer runs.
 */
export function rateLimit(perSecond: number, now: () => number): () => boolean {
  const interval = 1000 / perSecond
  const burst = Math.max(interval, 1000)
  let next = Number.NEGATIVE_INFINITY
  return () => {
    const at = now()
    const after = Math.max(next, at) + interval
    // A millionth of a millisecond for what fractions lose.
    if (after - at > burst + 1e-6) return false
    next = after
    return true
  }
}
