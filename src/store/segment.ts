import type { Block } from './ring.ts'
import { textEnd } from './strings.ts'

/** Words of a row: trace id (4), link, place and flags. */
export const rowWords = 6
export const rowBytes: number = rowWords * 4
const placeBits = 20

/** No segment may be larger, or its places would not fit into a row. */
export const maxSegmentBytes: number = 2 ** 19

export const rowFlag = {
  /** Two bits: why the trace is in the kept ring; in the recent ring only a hint that it may be there. */
  kept: 3,
  /** An earlier record of the trace was in the ring when this one was added. */
  follows: 4,
  /** A later record of the trace was added. */
  followed: 8,
  /** Was added after a record with a higher sequence number. */
  displaced: 16,
  /** Another worker of this application handed it on. */
  relayed: 32
} as const

/**
 * One block of the ring's memory. Everything about its records dies with it when it is reused.
 *
 *     0            end                                                size
 *     | records -> | texts, definitions |      free      | <- rows    |
 *
 *     records      what the encoder wrote
 *     tables       places by id; written when the segment is full, until then the encoder has them
 *     rows         newest first, one per record: what chains and lists need without reading the record
 */
export class Segment implements Block {
  first = 0
  count = 0
  /** Where the records end. */
  end = 0
  baseMs = 0
  spans = 0
  /** Traces whose newest record is here. */
  traces = 0
  /** See StringWriter.folds. */
  folds = false
  /** Texts and definitions that have an id. */
  texts = 0
  definitions = 0
  readonly size: number
  readonly bytes: Buffer
  readonly #words: Uint32Array
  #texts: Uint32Array
  #textsAt = 0
  #definitions: Uint32Array
  #definitionsAt = 0

  /** `size` is a multiple of 8. */
  constructor(size: number) {
    const memory = new ArrayBuffer(size)
    this.size = size
    this.bytes = Buffer.from(memory)
    this.#words = this.#texts = this.#definitions = new Uint32Array(memory)
  }

  reset(first: number): void {
    this.first = first
    this.count = this.end = this.spans = this.traces = this.texts = this.definitions = 0
    this.folds = false
  }

  /** Where the next record must end, less 4 for each id that it takes. */
  get limit(): number {
    return this.size - (this.count + 1) * rowBytes - (this.texts + this.definitions) * 4 - 8
  }

  /** While the segment is filled, places are looked up where the encoder keeps them. */
  fill(baseMs: number, texts: Uint32Array, definitions: Uint32Array): void {
    this.baseMs = baseMs
    this.#texts = texts
    this.#definitions = definitions
    this.#textsAt = this.#definitionsAt = 0
  }

  /** Takes a record that was written from `place` to `end`; gives its row. */
  add(id: Uint32Array, place: number, end: number, flags: number, link: number): number {
    const row = this.count++
    const at = this.#row(row)
    const words = this.#words
    words[at] = id[0] as number
    words[at + 1] = id[1] as number
    words[at + 2] = id[2] as number
    words[at + 3] = id[3] as number
    words[at + 4] = link
    words[at + 5] = place + flags * 2 ** placeBits
    this.end = end
    return row
  }

  /** Copies the tables behind the records, so that the encoder is free for the next segment. */
  seal(): void {
    const { texts, definitions } = this
    const at = (this.end + 3) >> 2
    this.#words.set(this.#texts.subarray(0, texts), at)
    this.#words.set(this.#definitions.subarray(0, definitions), at + texts)
    this.#texts = this.#definitions = this.#words
    this.#textsAt = at
    this.#definitionsAt = at + texts
  }

  /** Bytes in use. */
  get used(): number {
    return this.end + (this.texts + this.definitions) * 4 + this.count * rowBytes
  }

  textPlace(id: number): number {
    return this.#texts[this.#textsAt + id] as number
  }

  definitionPlace(id: number): number {
    return this.#definitions[this.#definitionsAt + id] as number
  }

  /** Whether one of these places is in a text that has an id. */
  sharesText(places: readonly number[]): boolean {
    for (let id = 0; id < this.texts; id++) {
      const from = this.textPlace(id)
      const to = textEnd(this.bytes, from)
      for (const place of places) if (place >= from && place < to) return true
    }
    return false
  }

  /** Where a row's record begins; of the row after the last one, where the records end. */
  place(row: number): number {
    if (row >= this.count) return this.end
    return (this.#words[this.#row(row) + 5] as number) & (2 ** placeBits - 1)
  }

  flags(row: number): number {
    return (this.#words[this.#row(row) + 5] as number) >>> placeBits
  }

  setFlags(row: number, flags: number): void {
    this.#words[this.#row(row) + 5] = this.place(row) + flags * 2 ** placeBits
  }

  /** How many positions before this row the next older row of the same bucket is; 0 when there was none. */
  link(row: number): number {
    return this.#words[this.#row(row) + 4] as number
  }

  holds(row: number, id: Uint32Array): boolean {
    const words = this.#words
    const at = this.#row(row)
    return (
      words[at] === id[0] &&
      words[at + 1] === id[1] &&
      words[at + 2] === id[2] &&
      words[at + 3] === id[3]
    )
  }

  /** Byte where the row's trace id stands. */
  idAt(row: number): number {
    return this.#row(row) * 4
  }

  #row(row: number): number {
    return (this.size >> 2) - (row + 1) * rowWords
  }
}
