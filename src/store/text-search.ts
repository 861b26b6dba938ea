import { mayBeInAddress } from './address.ts'
import type { Segment } from './segment.ts'

const maxTexts = 8
const maxParts = 3
const longestPart = 80
const maxHits = 64

/** Where a text was found in a segment, for as long as the segment does not change. */
interface Found {
  readonly first: number
  readonly end: number
  /** Places of the text that belong to one record each; undefined when any record may refer to one. */
  readonly hits: readonly number[] | undefined
}

/**
 * Tells which records cannot hold a text, by looking at their bytes. Every text of a segment stands in its bytes once, as it is, so one
 * pass over half a MiB answers for thousands of spans. A place in a text without an id belongs to the record around it; a text with an id
 * may belong to any record of the segment.
 */
export class TextSearch {
  readonly #needles = new Map<string, readonly Needle[]>()
  // A search asks for the same text of one record after another.
  #lastText = ''
  #last: readonly Needle[] = []

  /** True only when no text of the row's record contains `text`, compared in lower case; numbers and ids are no texts. */
  lacks(segment: Segment, row: number, text: string): boolean {
    if (segment.folds) return false
    for (const needle of this.#needlesOf(text)) {
      const hits = needle.in(segment)
      // Mostly all records have it, or none: then the row need not be looked at.
      if (hits === undefined) continue
      if (hits.length === 0) return true
      const from = segment.place(row)
      const to = segment.place(row + 1)
      if (hits.every((hit) => hit < from || hit >= to)) return true
    }
    return false
  }

  #needlesOf(text: string): readonly Needle[] {
    if (text === this.#lastText) return this.#last
    let needles = this.#needles.get(text)
    if (needles === undefined) {
      // One query asks for a few texts of each trace in turn.
      if (this.#needles.size >= maxTexts) this.#needles.clear()
      needles = searchable(text.toLowerCase()).map((part) => new Needle(part))
      this.#needles.set(text, needles)
    }
    this.#lastText = text
    return (this.#last = needles)
  }
}

class Needle {
  readonly bytes: Buffer
  readonly #skip: Uint8Array
  readonly #found = new Map<Segment, Found>()
  #segment: Segment | undefined
  #last: Found | undefined

  constructor(text: string) {
    this.bytes = Buffer.from(text.slice(0, longestPart), 'utf8')
    this.#skip = skips(this.bytes)
  }

  in(segment: Segment): readonly number[] | undefined {
    let found = segment === this.#segment ? this.#last : this.#found.get(segment)
    if (found?.first !== segment.first || found.end !== segment.end) {
      found = { first: segment.first, end: segment.end, hits: this.#scan(segment) }
      this.#found.set(segment, found)
    }
    this.#segment = segment
    this.#last = found
    return found.hits
  }

  #scan(segment: Segment): readonly number[] | undefined {
    const hits: number[] = []
    const { bytes, end } = segment
    for (let at = this.#next(bytes, 0, end); at >= 0; at = this.#next(bytes, at + 1, end)) {
      if (hits.length === maxHits) return undefined
      hits.push(at)
    }
    return hits.length > 0 && segment.sharesText(hits) ? undefined : hits
  }

  // Horspool's search: looks at about one byte in as many as the needle has.
  #next(bytes: Buffer, from: number, end: number): number {
    const needle = this.bytes
    const skip = this.#skip
    const last = needle.length - 1
    for (let at = from; at + last < end; at += skip[bytes[at + last] as number] as number) {
      let i = last
      while (i >= 0 && lower[bytes[at + i] as number] === needle[i]) i--
      if (i < 0) return at
    }
    return -1
  }
}

const lower = new Uint8Array(256)
for (let i = 0; i < 256; i++) lower[i] = i >= 0x41 && i <= 0x5a ? i + 32 : i

/** By how much the needle may move on, by the byte under its last place. */
function skips(needle: Buffer): Uint8Array {
  const skip = new Uint8Array(256).fill(Math.max(1, needle.length))
  const last = needle.length - 1
  for (let i = 0; i < last; i++) {
    const byte = needle[i] as number
    skip[byte] = last - i
    if (byte >= 0x61 && byte <= 0x7a) skip[byte - 32] = last - i
  }
  return skip
}

/**
 * The parts of a lower-case text that stand in the bytes just so, apart from the case of ASCII letters; the longest few, all of which must
 * be in a record that holds the text. Letters of other scripts have a case that bytes do not show, surrogates are written in two ways, a
 * path and a request's name may be written in pieces between slashes and spaces, an address is four bytes.
 */
function searchable(text: string): string[] {
  const parts = ['']
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string
    if (isPlain(char)) parts[parts.length - 1] += char
    else if (parts[parts.length - 1] !== '') parts.push('')
  }
  return parts
    .filter((part) => part !== '' && !mayBeInAddress(part))
    .sort((a, b) => b.length - a.length)
    .slice(0, maxParts)
}

function isPlain(char: string): boolean {
  const code = char.charCodeAt(0)
  if (code < 0x80) return char !== '/' && char !== ' '
  return (code & 0xf800) !== 0xd800 && char.toUpperCase() === char && char.toLowerCase() === char
}
