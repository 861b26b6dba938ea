import type { Attributes } from '../base/attributes.ts'
import type { Resource, Scope } from '../base/span-data.ts'
import { unpackAddress } from './address.ts'
import { ByteReader } from './bytes.ts'
import { maxDefinitions } from './definitions.ts'
import { type FigureSlots, figureSlots } from './figure-slots.ts'
import type { Segment } from './segment.ts'
import { maxTextId, readText, textCode } from './strings.ts'
import { readValue } from './values.ts'
import { readWide } from './wide-text.ts'

/** Keys of attributes in their order. */
export interface Shape {
  readonly keys: readonly string[]
  readonly slots: FigureSlots
}

const textSlots = 2048
const definitionSlots = 256
const maxCachedLength = 256

/**
 * Reads texts and definitions of a segment. Those that are read by id are remembered, in a fixed number of slots: a list shows the
 * same few names again and again.
 */
export class TextReader {
  segment!: Segment
  readonly #from: ByteReader
  readonly #apart = new ByteReader()
  readonly #read = (): string => this.#readFrom(this.#apart)
  // A segment's first position never comes again, so with an id it names a text for ever.
  readonly #textKeys = new Float64Array(textSlots)
  readonly #texts = Array<string>(textSlots).fill('')
  readonly #shapes = new Slots<Shape>()
  readonly #scopes = new Slots<Scope>()
  readonly #resources = new Slots<Resource>()

  /** Reads at the place where `from` is, and moves it. */
  constructor(from: ByteReader) {
    this.#from = from
  }

  read(): string {
    return this.#readFrom(this.#from)
  }

  /** 1 when its definition follows, else its id + 2. */
  shape(code: number): Shape {
    return this.#definition(this.#shapes, code - 1, (from) => {
      const keys: string[] = []
      for (let left = from.varint(); left > 0; left--) keys.push(this.#readFrom(from))
      return { keys, slots: figureSlots(keys) }
    })
  }

  /** 0 when its definition follows, else its id + 1. */
  scope(code: number): Scope {
    return this.#definition(this.#scopes, code, (from) => ({
      name: this.#readFrom(from),
      version: this.#readFrom(from)
    }))
  }

  /** 0 when its definition follows, else its id + 1. */
  resource(code: number): Resource {
    return this.#definition(this.#resources, code, (from) => {
      const service = this.#readFrom(from)
      const attributes: Attributes = []
      const text = from === this.#apart ? this.#read : () => this.read()
      for (let left = from.varint(); left > 0; left--)
        attributes.push(this.#readFrom(from), readValue(from, text))
      return { service, attributes }
    })
  }

  #definition<T>(slots: Slots<T>, code: number, read: (from: ByteReader) => T): T {
    if (code === 0) return read(this.#from)
    const id = code - 1
    const known = slots.get(this.segment.first, id)
    if (known !== undefined) return known
    const apart = this.#apart
    apart.bytes = this.segment.bytes
    apart.at = this.segment.definitionPlace(id)
    const value = read(apart)
    slots.set(this.segment.first, id, value)
    return value
  }

  #readFrom(from: ByteReader): string {
    const first = from.byte()
    if (first < textCode.wideId) return this.#byId(first)
    if (first < textCode.short)
      return this.#byId(128 + ((first - textCode.wideId) << 8) + from.byte())
    if (first === textCode.address) {
      from.at += 4
      return unpackAddress(from.bytes, from.at - 4)
    }
    const size = first === textCode.long ? from.varint() : first - textCode.short
    const start = from.at
    from.at += size
    return readWide(from.bytes, start, from.at)
  }

  #byId(id: number): string {
    const { first, bytes } = this.segment
    const key = first * maxTextId + id
    const slot = (id + Math.imul(first, 0x9e3779b1)) & (textSlots - 1)
    if (this.#textKeys[slot] === key) return this.#texts[slot] as string
    const text = readText(bytes, this.segment.textPlace(id))
    if (text.length <= maxCachedLength) {
      this.#textKeys[slot] = key
      this.#texts[slot] = text
    }
    return text
  }
}

/** A cache of definitions with a fixed number of places; a newer one takes the place of an older one. */
class Slots<T> {
  readonly #keys = new Float64Array(definitionSlots)
  readonly #values = Array<T | undefined>(definitionSlots).fill(undefined)

  get(first: number, id: number): T | undefined {
    const slot = (id + Math.imul(first, 0x9e3779b1)) & (definitionSlots - 1)
    return this.#keys[slot] === first * maxDefinitions + id + 1 ? this.#values[slot] : undefined
  }

  set(first: number, id: number, value: T): void {
    const slot = (id + Math.imul(first, 0x9e3779b1)) & (definitionSlots - 1)
    this.#keys[slot] = first * maxDefinitions + id + 1
    this.#values[slot] = value
  }
}
