import { packAddress, unpackAddress } from './address.ts'
import { type ByteReader, type ByteWriter, segmentFull } from './bytes.ts'
import { readWide, wideSize, writeWide } from './wide-text.ts'

/**
 * Texts in a segment. The first time a text is written in place; the second time it gets an id that stands for the first place. Texts
 * that never come again, most paths and ids, therefore cost no table entry. First bytes of a text (values.ts takes the codes after):
 *
 *     00-7f         id 0 to 127
 *     80-9f + byte  id 128 to 8319
 *     a0-df         text of 0 to 63 bytes, in place
 *     e0 + varint   longer text, in place
 *     e1 + 4 bytes  IPv4 address, in place
 *
 * Bytes are UTF-8, except that half a surrogate pair is written as if it were a character (three bytes), so that any JavaScript string
 * comes back as it was.
 */
export const textCode = { wideId: 0x80, short: 0xa0, long: 0xe0, address: 0xe1 } as const

export const maxTextId: number = 128 + 32 * 256
const shortest = 64
const longestPart = 16
// Ids that only `shared` may take, so that one-off values cannot use up what definitions need.
const reserved = 256

export class StringWriter {
  readonly #out: ByteWriter
  readonly #maxIds: number
  /** Where a text that was written in place stands, plus one, by its hash; a newer text takes the place of an older one. */
  readonly #seen: Uint32Array
  /** The id of that text, plus one; 0 while it has none. */
  readonly #seenIds: Uint16Array
  /**
   * Texts that came three times. Each is also in the segment's bytes, so all together are no longer than a segment. Others are not in
   * here: a copy of each would take longer than the rest of its span, and the host's own string may hold on to what it was cut from.
   */
  readonly #ids = new Map<string, number>()
  /** Where the text of an id stands. */
  readonly places: Uint32Array
  count = 0
  /** Some text has a character that becomes ASCII when lower-cased, so that a search of the bytes could miss it. */
  folds = false

  constructor(out: ByteWriter, maxIds: number, seenSlots: number) {
    this.#out = out
    this.#maxIds = Math.min(maxIds, maxTextId)
    this.#seen = new Uint32Array(seenSlots)
    this.#seenIds = new Uint16Array(seenSlots)
    this.places = new Uint32Array(this.#maxIds)
  }

  reset(): void {
    this.#ids.clear()
    this.#seen.fill(0)
    this.#seenIds.fill(0)
    this.count = 0
    this.folds = false
  }

  write(text: string): void {
    const id = this.#ids.get(text)
    if (id !== undefined) {
      this.#writeId(id)
      return
    }
    const start = this.#out.at
    const hash = this.#writeText(text)
    const slot = (hash ^ (hash >>> 15)) & (this.#seen.length - 1)
    const before = (this.#seen[slot] as number) - 1
    if (before < 0 || text.length < 2 || !this.#same(before, start)) {
      this.#seen[slot] = start + 1
      this.#seenIds[slot] = 0
      return
    }
    let known = (this.#seenIds[slot] as number) - 1
    if (known >= 0) {
      this.#ids.set(readText(this.#out.bytes, before), known)
    } else {
      if (this.count >= this.#maxIds - reserved) return
      known = this.#assign(before)
      this.#seenIds[slot] = known + 1
    }
    this.#out.at = start
    this.#writeId(known)
  }

  /** Writes a part of a text. A short one gets no id: an id from a path seldom comes twice, and then takes hardly less. */
  writePart(text: string, from: number, to: number): void {
    const out = this.#out
    const bytes = out.bytes
    const length = to - from
    out.room(80)
    const body = out.at + 1
    let seen = 0
    if (length <= longestPart)
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(from + i)
        seen |= code
        bytes[body + i] = code
      }
    if (length > longestPart || seen > 127) {
      this.write(text.slice(from, to))
      return
    }
    bytes[out.at] = textCode.short + length
    out.at = body + length
  }

  /**
   * Writes a text that other records will refer to (as part of a shape, a scope or a resource). It always has an id: the search relies
   * on it that only texts with an id belong to more than one record.
   */
  shared(text: string): void {
    const id = this.#ids.get(text)
    if (id !== undefined) {
      this.#writeId(id)
      return
    }
    if (this.count >= this.#maxIds) throw segmentFull
    const start = this.#out.at
    this.#writeText(text)
    this.#ids.set(detached(text), this.#assign(start))
  }

  #writeId(id: number): void {
    const out = this.#out
    out.room(16)
    if (id < 128) {
      out.byte(id)
    } else {
      out.byte(textCode.wideId | ((id - 128) >> 8))
      out.byte((id - 128) & 255)
    }
  }

  #assign(place: number): number {
    const id = this.count++
    this.places[id] = place
    this.#out.limit -= 4
    this.#out.room(16)
    return id
  }

  /** Writes the text in place and gives its hash. */
  #writeText(text: string): number {
    const out = this.#out
    const length = text.length
    out.room(length * 3 + 24)
    if (length >= shortest) return this.#writeLong(text)
    const bytes = out.bytes
    const body = out.at + 1
    if (packAddress(text, bytes, body)) {
      out.byte(textCode.address)
      out.at = body + 4
      return sampleHash(bytes, body, out.at)
    }
    let hash = length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return this.#writeWide(text)
      bytes[body + i] = code
      hash = Math.imul(hash ^ code, 0x01000193)
    }
    bytes[out.at] = textCode.short + length
    out.at = body + length
    return hash
  }

  // For long texts the native writer is faster than the loop, stacks and statements are long, and most of them are ASCII.
  #writeLong(text: string): number {
    const out = this.#out
    const start = out.at
    out.byte(textCode.long)
    out.varint(text.length)
    const body = out.at
    // As many bytes as characters: all are ASCII, since the writer gives any other at least two.
    if (out.bytes.write(text, body, 'utf8') !== text.length) {
      out.at = start
      return this.#writeWide(text)
    }
    out.at = body + text.length
    return sampleHash(out.bytes, body, out.at)
  }

  #writeWide(text: string): number {
    const out = this.#out
    const size = wideSize(text)
    if (size < shortest) {
      out.byte(textCode.short + size)
    } else {
      out.byte(textCode.long)
      out.varint(size)
    }
    const body = out.at
    if (writeWide(out, text)) this.folds = true
    return sampleHash(out.bytes, body, out.at)
  }

  /** Whether the text at `before` is the one that was just written at `start`. */
  #same(before: number, start: number): boolean {
    const { bytes, at } = this.#out
    const size = at - start
    if (bytes[before] !== bytes[start]) return false
    if (size > 64) return bytes.compare(bytes, before, before + size, start, at) === 0
    for (let i = 1; i < size; i++) if (bytes[before + i] !== bytes[start + i]) return false
    return true
  }
}

/**
 * An equal string that is not a slice of another one, for keys: as a property name it is moreover the very object that V8 uses for equal
 * literals, so that looking up a literal compares pointers. Takes microseconds; of a value the copy in the segment is read.
 */
export function detached(text: string): string {
  // V8 makes no slices of less than 13 characters.
  if (text.length < 13) return text
  return Object.keys({ [text]: 0 })[0] as string
}

function sampleHash(bytes: Buffer, from: number, to: number): number {
  let hash = to - from
  const step = (hash >> 5) + 1
  for (let i = from; i < to; i += step) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return hash
}

/** Where a text ends that stands in place. */
export function textEnd(bytes: Buffer, place: number): number {
  const first = bytes[place] as number
  if (first === textCode.address) return place + 5
  if (first !== textCode.long) return place + 1 + first - textCode.short
  let at = place + 1
  let size = 0
  let scale = 1
  for (let byte = 128; byte > 127; scale *= 128) {
    byte = bytes[at++] as number
    size += (byte & 127) * scale
  }
  return at + size
}

/** The text that stands at a place. */
export function readText(bytes: Buffer, place: number): string {
  let from = place + 1
  if (bytes[place] === textCode.address) return unpackAddress(bytes, from)
  if (bytes[place] === textCode.long) while ((bytes[from++] as number) > 127);
  return readWide(bytes, from, textEnd(bytes, place))
}

/** Moves behind a text. */
export function skipText(from: ByteReader): void {
  const first = from.byte()
  if (first === textCode.address) from.at += 4
  else if (first >= textCode.short) {
    const size = first === textCode.long ? from.varint() : first - textCode.short
    from.at += size
  } else if (first >= textCode.wideId) from.at++
}
