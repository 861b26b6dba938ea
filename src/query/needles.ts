// The index keeps what it found for about as many texts, and looks through a segment for each.
const maxNeedles = 8

/** The texts that one query may ask the index for: the first few. */
export class Needles {
  readonly #texts = new Set<string>()

  allows(text: string): boolean {
    if (this.#texts.has(text)) return true
    if (this.#texts.size >= maxNeedles) return false
    this.#texts.add(text)
    return true
  }
}
