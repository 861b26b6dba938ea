/**
 * Counts of durations in buckets that grow by 4 %, so that a percentile is off by 2 % at most and nothing is kept of a single request. Only
 * the stretch of buckets between the shortest and the longest is held: some hundred bytes for a typical route.
 */
export class Histogram {
  count = 0
  /** Milliseconds, exact. */
  sum = 0
  max = 0
  #min = Infinity
  #first = 0
  #buckets: Uint32Array = new Uint32Array(0)

  /** Milliseconds; below one microsecond counts as one, above an hour as an hour. */
  add(ms: number): void {
    if (!Number.isFinite(ms)) return
    const value = Math.max(0, ms)
    this.count++
    this.sum += value
    if (value > this.max) this.max = value
    if (value < this.#min) this.#min = value
    this.#bump(bucketOf(value), 1)
  }

  merge(other: Histogram): void {
    this.count += other.count
    this.sum += other.sum
    this.max = Math.max(this.max, other.max)
    this.#min = Math.min(this.#min, other.#min)
    for (const [i, count] of other.#buckets.entries())
      if (count > 0) this.#bump(other.#first + i, count)
  }

  /** The duration that this share of all is not longer than; 0 when empty. */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.count))
    for (const [i, count] of this.#buckets.entries()) {
      left -= count
      if (left <= 0) return Math.min(this.max, Math.max(this.#min, middleOf(this.#first + i)))
    }
    return this.max
  }

  #bump(bucket: number, by: number): void {
    const at = bucket - this.#first
    if (at < 0 || at >= this.#buckets.length) this.#reach(bucket)
    const i = bucket - this.#first
    this.#buckets[i] = (this.#buckets[i] as number) + by
  }

  // Room to both sides, so that a route's first requests do not copy the buckets each time.
  #reach(bucket: number): void {
    const empty = this.#buckets.length === 0
    const from = Math.max(0, Math.min(bucket - 8, empty ? bucket : this.#first))
    const to = Math.max(bucket + 8, empty ? bucket : this.#first + this.#buckets.length - 1)
    const grown = new Uint32Array(to - from + 1)
    grown.set(this.#buckets, empty ? 0 : this.#first - from)
    this.#first = from
    this.#buckets = grown
  }
}

const shortestMs = 1e-3
const longestMs = 3.6e6
const growth = 1.04
const perLog = 1 / Math.log(growth)

function bucketOf(ms: number): number {
  return Math.floor(Math.log(Math.min(longestMs, Math.max(shortestMs, ms)) / shortestMs) * perLog)
}

function middleOf(bucket: number): number {
  return shortestMs * growth ** (bucket + 0.5)
}
