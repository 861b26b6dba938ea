/** So many a second, and as many at once. May be overdrawn: how many spans a body holds is known only afterwards. */
export class Bucket {
  readonly #perSecond: number
  #left: number
  #at = performance.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
  }

  get empty(): boolean {
    const now = performance.now()
    const gained = ((now - this.#at) / 1000) * this.#perSecond
    this.#left = Math.min(this.#perSecond, this.#left + gained)
    this.#at = now
    return this.#left <= 0
  }

  take(count: number): boolean {
    if (this.empty || (count === 1 && this.#left < 1)) return false
    this.#left -= count
    return true
  }
}
