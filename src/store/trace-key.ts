import { ByteWriter } from './bytes.ts'

/** A trace id as the rows of a ring hold it, with the hash that the rings' tables use. One is enough for a store: it is set, then used. */
export class TraceKey {
  readonly #out = new ByteWriter()
  readonly words: Uint32Array
  hash = 0
  // Senders pick trace ids; they must not be able to pick ids that fall into one bucket.
  readonly #seed = Math.floor(Math.random() * 2 ** 32)

  constructor() {
    const memory = new ArrayBuffer(16)
    this.words = new Uint32Array(memory)
    this.#out.bytes = Buffer.from(memory)
  }

  /** False when the text is no trace id. */
  set(traceId: string): boolean {
    this.#out.at = 0
    if (typeof traceId !== 'string' || !this.#out.hex(traceId, 32)) return false
    this.#mix()
    return true
  }

  /** Takes the id from the 16 bytes at a place. */
  copy(bytes: Buffer, place: number): void {
    for (let i = 0; i < 16; i++) this.#out.bytes[i] = bytes[place + i] as number
    this.#mix()
  }

  #mix(): void {
    let hash = this.#seed
    for (let i = 0; i < 4; i++) {
      hash = Math.imul(hash ^ (this.words[i] as number), 0x85ebca6b)
      hash ^= hash >>> 13
    }
    hash = Math.imul(hash, 0xc2b2ae35)
    this.hash = (hash ^ (hash >>> 16)) >>> 0
  }
}
