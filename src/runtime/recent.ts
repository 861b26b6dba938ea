/** A stretch of time in epoch milliseconds. */
export interface Timed {
  readonly from: number
  readonly to: number
}

/** The newest of what happened one after the other, up to a number of them. */
export class Recent<T extends Timed> {
  readonly #items: T[] = []
  readonly #capacity: number
  #next = 0
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  add(item: T): void {
    if (this.#items.length === this.#capacity) this.#forgotten = (this.#items[this.#next] as T).to
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#capacity
  }

  /** The end of the last one that made room: from there on all are known. */
  get since(): number {
    return this.#forgotten
  }

  get newest(): T | undefined {
    return this.#items[(this.#next + this.#capacity - 1) % this.#capacity]
  }

  /** Those that have a part in the stretch, the newest first. */
  *backwards(from: number, to: number): Generator<T> {
    const count = this.#items.length
    for (let n = 1; n <= count; n++) {
      const item = this.#items[(this.#next - n + this.#capacity) % this.#capacity] as T
      if (item.to <= from) return
      if (item.from < to) yield item
    }
  }
}
