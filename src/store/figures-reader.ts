import type { ByteReader } from './bytes.ts'
import { scopeInPlace } from './definitions.ts'
import { parentCode } from './layout.ts'
import { skipText } from './strings.ts'
import type { TextReader } from './text-reader.ts'
import { readNumber, readValue, skipValue } from './values.ts'

/** Reads those figures of a record that are not fields of its root span; figure-slots.ts tells when they are written apart. */
export class FiguresReader {
  httpStatus = 0
  method = ''
  route = ''
  readonly #from: ByteReader
  readonly #texts: TextReader
  readonly #text = (): string => this.#texts.read()

  constructor(from: ByteReader, texts: TextReader) {
    this.#from = from
    this.#texts = texts
  }

  /** Reads them where the head has them. */
  read(): void {
    this.httpStatus = readNumber(this.#from)
    this.method = this.#text()
    this.route = this.#text()
  }

  /** Finds them among the root span's attributes, from behind its duration on. */
  find(parent: number, scope: number): void {
    const from = this.#from
    skipIds(from, parent)
    if (scope === scopeInPlace) this.#texts.scope(from.varint())
    const { keys, slots } = this.#texts.shape(from.varint())
    let method: unknown = ''
    let route: unknown = ''
    let pathAt = -1
    let status: unknown = 0
    for (let i = 0; i < keys.length; i++) {
      if (i === slots.method) method = readValue(from, this.#text)
      else if (i === slots.route) route = readValue(from, this.#text)
      else if (i === slots.status) status = readValue(from, this.#text)
      else {
        if (i === slots.path) pathAt = from.at
        skipValue(from)
      }
    }
    this.httpStatus = typeof status === 'number' ? status : 0
    this.method = typeof method === 'string' ? method : ''
    this.route = typeof route === 'string' ? route : ''
    if (this.route !== '' || pathAt < 0) return
    from.at = pathAt
    const path = readValue(from, this.#text)
    this.route = typeof path === 'string' ? path : ''
  }
}

/** Moves behind the ids of a span. */
export function skipIds(from: ByteReader, parent: number): void {
  if (parent === parentCode.texts) {
    const texts = from.byte() + 1
    for (let i = 0; i < texts; i++) skipText(from)
  } else {
    from.at += parent === parentCode.bytes ? 16 : 8
    if (parent === parentCode.index) from.varint()
  }
}

/** Moves behind the figures in a head. */
export function skipFigures(from: ByteReader): void {
  readNumber(from)
  skipText(from)
  skipText(from)
}
