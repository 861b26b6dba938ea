import { detach } from '../base/limits.ts'

const maxKnown = 1024
/** A shorter text is read in the time that it takes to look it up. */
const minLength = 48
const maxLength = 512
/** A text is taken in at every eighth time that one was not known: what comes often gets in soon, what comes once costs no copy. */
const takeEvery = 8

/**
 * Texts that were read and had nothing to hide, so that to hold them shows nothing. Most texts come again (user agents, names, statements),
 * and to find one here takes 30 ns where to read a statement takes 3 us.
 */
export class KnownTexts {
  readonly #texts = new Set<string>()
  #missed = 0

  has(text: string): boolean {
    return text.length >= minLength && this.#texts.has(text)
  }

  add(text: string): void {
    if (text.length < minLength || text.length > maxLength || ++this.#missed % takeEvery !== 0)
      return
    if (this.#texts.size >= maxKnown) this.#texts.clear()
    this.#texts.add(detach(text))
  }
}
