/** The middle of the values; of an even number of them, the mean of the two in the middle. */
export function median(values) {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The value below which the share `p` of the values lies, by the nearest rank. */
export function percentile(values, p) {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
}

/** What several measurements of one thing say: the median, and the least and the most that was seen. */
export function spreadOf(values) {
  return { value: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/** The difference of each pair. Rounds drift (heat, other processes), and what drifts for both falls out of the pair. */
export function differences(values, from) {
  return values.map((value, i) => value - from[i])
}

/** The ratio of each pair. */
export function ratios(values, to) {
  return values.map((value, i) => value / to[i])
}

/**
 * The ratio of two costs over the same rounds. Its middle is that of the medians, because a round in which the divisor came out near
 * zero gives a ratio without meaning; its spread is that of the single rounds.
 */
export function ratioOf(values, to) {
  const each = ratios(values, to)
  return { value: median(values) / median(to), low: Math.min(...each), high: Math.max(...each) }
}

/** Random numbers from 0 to 1 that are the same at each run (mulberry32), so that two runs measure the same spans. */
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
