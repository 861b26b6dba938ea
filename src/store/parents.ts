const slots = 8192
const most = slots / 2

/**
 * Which span of the record being written has an id, so that a child names its parent with one or two bytes instead of eight. Records
 * longer than the table write the parents of what does not fit in full.
 */
export class ParentTable {
  readonly #ids: string[] = []
  // Index + 1 by hash, open addressing; what a record has used is wiped before the next, not the whole table.
  readonly #slots = new Uint16Array(slots)
  readonly #used: number[] = []
  #root = ''
  #last = ''
  #lastIndex = 0
  // A sender picks its span ids; it must not be able to pick ids that fall on one slot and make the table a list.
  readonly #seed = Math.floor(Math.random() * 2 ** 31)

  /** Starts a record whose first written span has this id. */
  begin(rootId: string): void {
    for (const slot of this.#used) this.#slots[slot] = 0
    this.#used.length = 0
    this.#ids.length = 0
    this.#root = rootId
    this.#last = rootId
    this.#lastIndex = 0
    this.#ids.push(rootId)
  }

  /** Index of the span with that id, -1 when it has not been written. */
  find(id: string): number {
    // Most spans are children of the root, or siblings.
    if (id === this.#root) return 0
    if (id === this.#last) return this.#lastIndex
    let slot = hash(id, this.#seed)
    for (let index; (index = this.#slots[slot] as number) !== 0; slot = (slot + 1) & (slots - 1)) {
      if (this.#ids[index - 1] !== id) continue
      this.#last = id
      this.#lastIndex = index - 1
      return index - 1
    }
    return -1
  }

  add(id: string, index: number): void {
    if (index >= most) return
    this.#ids.push(id)
    let slot = hash(id, this.#seed)
    while (this.#slots[slot] !== 0) slot = (slot + 1) & (slots - 1)
    this.#slots[slot] = index + 1
    this.#used.push(slot)
  }
}

function hash(id: string, seed: number): number {
  let value = seed
  for (let i = 0; i < id.length; i++) {
    value = Math.imul(value ^ id.charCodeAt(i), 0x5bd1e995)
    value ^= value >>> 15
  }
  return value & (slots - 1)
}
