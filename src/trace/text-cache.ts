const slots = 1024
/** Bytes of a text that is looked for: the longer it is, the longer that takes and the seldomer it comes again. */
const longest = 128

/**
 * Texts of one body that are met again and again: keys, methods, hosts. One string for all of them is less to make, and far less for the
 * garbage collector to carry until the body is stored. A text replaces the one in its slot, so no sender can make it more than a detour.
 */
export class TextCache {
  readonly #bytes: Buffer
  readonly #texts: (string | undefined)[] = Array.from({ length: slots })

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** What is no UTF-8 becomes replacement characters. */
  read(begin: number, end: number): string {
    if (end - begin > longest) return this.#bytes.toString('utf8', begin, end)
    let hash = 0
    for (let i = begin; i < end; i++) {
      const byte = this.#bytes[i] as number
      if (byte > 0x7f) return this.#bytes.toString('utf8', begin, end)
      hash = (Math.imul(hash, 31) + byte) | 0
    }
    const slot = (hash ^ (hash >>> 10)) & (slots - 1)
    const known = this.#texts[slot]
    if (known !== undefined && this.#is(known, begin, end)) return known
    return (this.#texts[slot] = this.#bytes.toString('latin1', begin, end))
  }

  #is(text: string, begin: number, end: number): boolean {
    if (text.length !== end - begin) return false
    for (let i = 0; i < text.length; i++)
      if (text.charCodeAt(i) !== this.#bytes[begin + i]) return false
    return true
  }
}
