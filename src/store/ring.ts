/** What a ring is made of: a block of slots that is filled from its first slot on and emptied only as a whole. */
export interface Block {
  /** Position of the block's first item. */
  readonly first: number
  /** Items in the block. */
  readonly count: number
  /** Empties the block and makes `first` the position of its next item. */
  reset(first: number): void
}

/**
 * A fixed number of blocks, reused in a circle. Items have positions: 1, 2, 3 ... for ever, never given twice, so that a position kept
 * from long ago finds nothing instead of a stranger. Knows nothing of what the blocks hold.
 *
 *     blocks    [ 4 ] [ 5 ] [ 1 ] [ 2 ] [ 3 ]        numbered by age here
 *                  active ^   ^ oldest               active: takes the next item
 *
 *     positions     oldest ........................ next
 *                   | block 1 | block 2 | ... | active |
 *
 *     - positions of the blocks in use are contiguous: first of one = first + count of the one before
 *     - only the active block may be without an item, so every position in [oldest, next) is in exactly one block
 *     - advance() makes the block after the active one active; when all are in use that is the oldest, which is emptied first
 *     - empty: oldest = next
 */
export class Ring<B extends Block> {
  readonly #size: number
  readonly #make: () => B
  readonly #blocks: B[] = []
  #active = 0
  #used = 1
  // Most positions are near the one that was looked for before.
  #hit: B

  /**
   * At least two blocks, so that the one that is filled is never the one that is lost. Each is made when it is needed first: all at once they are so much
   * memory that V8 collects all of its garbage for it, 5 ms of the host's start.
   */
  constructor(size: number, make: () => B) {
    this.#size = size
    this.#make = make
    this.#hit = this.#blocks[0] = make()
    this.active.reset(1)
  }

  get active(): B {
    return this.#blocks[this.#active] as B
  }

  /** The oldest position in the ring; `next` when the ring is empty. */
  get oldest(): number {
    return this.#at(0).first
  }

  get empty(): boolean {
    return this.#used === 1 && this.active.count === 0
  }

  /** The position that the next item gets. */
  get next(): number {
    const active = this.active
    return active.first + active.count
  }

  /** Makes room: an empty block becomes active. Gives the block whose items are about to be lost to `evict`, before they are. */
  advance(evict: (block: B) => void): void {
    if (this.active.count === 0) return
    const next = this.next
    const following = (this.#active + 1) % this.#size
    this.#blocks[following] ??= this.#make()
    this.#active = following
    if (this.#used === this.#size) evict(this.active)
    else this.#used++
    this.active.reset(next)
  }

  /** The block that holds a position, if it is still there. */
  find(position: number): B | undefined {
    const hit = this.#hit
    if (position >= hit.first && position < hit.first + hit.count) return hit
    if (!(position >= this.oldest && position < this.next)) return undefined
    let low = 0
    let high = this.#used - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#at(middle).first <= position) low = middle
      else high = middle - 1
    }
    return (this.#hit = this.#at(low))
  }

  /** Blocks in use, oldest first. */
  *blocks(): Iterable<B> {
    for (let i = 0; i < this.#used; i++) yield this.#at(i)
  }

  /** Forgets all items; positions go on from where they were. */
  clear(): void {
    const next = this.next
    this.#used = 1
    // All of them: a block that is out of use must not seem to hold what it held.
    for (const block of this.#blocks) block.reset(next)
  }

  #at(age: number): B {
    return this.#blocks[(this.#active + this.#size - this.#used + 1 + age) % this.#size] as B
  }
}
