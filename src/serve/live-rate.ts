const windowMs = 5000

/** How many a second, over the last five seconds. All times are of `performance.now()`. */
export class Rate {
  #parts: { readonly at: number; readonly count: number }[] = []

  add(count: number, now: number): void {
    if (count > 0) this.#parts.push({ at: now, count })
  }

  /** Rounded to a tenth: what is shown changes no oftener than it has to. */
  perSecond(now: number): number {
    this.#parts = this.#parts.filter(({ at }) => now - at < windowMs)
    const sum = this.#parts.reduce((sum, { count }) => sum + count, 0)
    return Math.round((sum * 10_000) / windowMs) / 10
  }
}
