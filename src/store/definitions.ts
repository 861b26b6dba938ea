import type { AttributeValue } from '../base/attributes.ts'
import type { ReadonlyAttributes, Resource, Scope } from '../base/span-data.ts'
import type { ByteWriter } from './bytes.ts'
import { type FigureSlots, figureSlots } from './figure-slots.ts'
import { RouteMatch } from './routes.ts'
import { detached, type StringWriter } from './strings.ts'
import { isId, writePath, writeSharedValue, writeValue } from './values.ts'

/** A list of attribute keys, as a hidden class is of an object: spans of one kind of work have the same keys in the same order. */
interface Shape {
  readonly id: number
  readonly keys: readonly string[]
  readonly slots: FigureSlots
  /** The value that was last written under each key, and the bytes it took, which an equal one takes again. */
  readonly values: ReadonlyAttributes[number][]
  readonly codes: Uint32Array
  readonly sizes: Uint8Array
}

export const maxDefinitions = 1024
/** Scope ids below this one stand in a span's flags. */
export const scopeInPlace = 31
const maxScopes = 64
const buckets = 256
const maxInBucket = 16

/**
 * Shapes, scopes and resources in a segment: written in place the first time, after that an id stands for the place. A definition that
 * gets no id, because there are too many, is written in place again; a reader does not see the difference.
 */
export class DefinitionWriter {
  readonly #out: ByteWriter
  readonly #texts: StringWriter
  readonly #match = new RouteMatch()
  /** Where the definition of an id stands. */
  readonly places: Uint32Array = new Uint32Array(maxDefinitions)
  count = 0
  readonly #shapes: Shape[][] = Array.from({ length: buckets }, () => [])
  readonly #scopes: { readonly scope: Scope; readonly id: number }[] = []
  readonly #resources = new Map<number, { readonly id: number; readonly size: number }>()
  // The recorder's own resource and scopes are always the same objects; what came over the wire is new each time.
  #lastResource: Resource | undefined
  #lastResourceId = 0
  #lastScope: Scope | undefined
  #lastScopeId = 0
  #lastList: ReadonlyAttributes | undefined
  #lastShape: Shape | undefined

  constructor(out: ByteWriter, texts: StringWriter) {
    this.#out = out
    this.#texts = texts
  }

  reset(): void {
    if (this.count > 0) for (const bucket of this.#shapes) bucket.length = 0
    this.count = 0
    this.#scopes.length = 0
    this.#resources.clear()
    this.#lastResource = undefined
    this.#lastScope = undefined
    this.#lastList = undefined
  }

  /** Keys as a shape (0 for none, 1 for a definition, id + 2), then the values. */
  attributes(list: ReadonlyAttributes): void {
    const out = this.#out
    const length = list.length
    out.room(24)
    if (length < 2) {
      out.byte(0)
      return
    }
    const shape = this.#shapeOf(list)
    this.#lastList = undefined
    if (shape === undefined) this.#defineShape(list)
    else out.varint(shape.id + 2)
    const slots = shape?.slots
    const path = slots === undefined || slots.route < 0 ? -1 : slots.path * 2 + 1
    for (let i = 1; i < length; i += 2) {
      const value = list[i] as string
      if (i === path)
        writePath(out, this.#texts, this.#match, value, list[(slots?.route ?? 0) * 2 + 1] as string)
      else if (shape === undefined) writeValue(out, this.#texts, value)
      else this.#value(shape, i >> 1, value)
    }
  }

  // Most values of a span are those of the span before: a comparison of pointers instead of a hash and a look into the table.
  #value(shape: Shape, index: number, value: AttributeValue): void {
    const out = this.#out
    const known = shape.sizes[index] as number
    if (known > 0 && value === shape.values[index]) {
      out.room(16)
      out.four(shape.codes[index] as number)
      out.at += known - 4
      return
    }
    const start = out.at
    writeValue(out, this.#texts, value)
    const size = out.at - start
    const repeats = size <= 4 && isId(out.bytes, start)
    shape.sizes[index] = repeats ? size : 0
    if (!repeats) return
    shape.values[index] = value
    shape.codes[index] = out.bytes.readUInt32LE(start)
  }

  /** Where the keys stand that the list of traces shows; undefined when these keys are not a shape yet. */
  slotsOf(list: ReadonlyAttributes): FigureSlots | undefined {
    return list.length < 2 ? undefined : this.#shapeOf(list)?.slots
  }

  // The root's attributes are asked for twice, for the record's head and for the span.
  #shapeOf(list: ReadonlyAttributes): Shape | undefined {
    if (list === this.#lastList) return this.#lastShape
    this.#lastList = list
    return (this.#lastShape = findShape(this.#bucket(list), list))
  }

  #bucket(list: ReadonlyAttributes): Shape[] {
    const length = list.length
    return this.#shapes[
      (length * 7 +
        keyLength(list, 0) +
        keyLength(list, length >> 2) * 3 +
        keyLength(list, (length >> 1) - 1) * 5) &
        (buckets - 1)
    ] as Shape[]
  }

  #defineShape(list: ReadonlyAttributes): void {
    const bucket = this.#bucket(list)
    const out = this.#out
    const size = list.length >> 1
    const keys: string[] = []
    out.byte(1)
    const place = out.at
    out.varint(size)
    for (let i = 0; i < size; i++) {
      const key = list[i * 2] as string
      this.#texts.shared(key)
      keys.push(detached(key))
    }
    if (this.count < maxDefinitions && bucket.length < maxInBucket)
      bucket.push({
        id: this.#assign(place),
        keys,
        slots: figureSlots(keys),
        values: Array.from(keys, () => 0),
        codes: new Uint32Array(size),
        sizes: new Uint8Array(size)
      })
  }

  /** The scope's id; -1 when it must be defined in place. */
  scopeId(scope: Scope): number {
    if (scope === this.#lastScope) return this.#lastScopeId
    for (const known of this.#scopes) {
      if (known.scope.name !== scope.name || known.scope.version !== scope.version) continue
      this.#lastScope = scope
      return (this.#lastScopeId = known.id)
    }
    return -1
  }

  /** 0 and the definition, or id + 1. */
  scope(scope: Scope, id: number): void {
    const out = this.#out
    out.room(24)
    if (id >= 0) {
      out.varint(id + 1)
      return
    }
    out.byte(0)
    const place = out.at
    this.#texts.shared(scope.name)
    this.#texts.shared(scope.version)
    if (this.count >= maxDefinitions || this.#scopes.length >= maxScopes) return
    const copy = { name: detached(scope.name), version: detached(scope.version) }
    this.#scopes.push({ scope: copy, id: this.#assign(place) })
  }

  /** 0 and the definition, or id + 1. */
  resource(resource: Resource): void {
    const out = this.#out
    out.room(24)
    if (resource === this.#lastResource) {
      out.varint(this.#lastResourceId + 1)
      return
    }
    const start = out.at
    out.byte(0)
    this.#texts.shared(resource.service)
    out.varint(resource.attributes.length >> 1)
    for (let i = 0; i + 1 < resource.attributes.length; i += 2) {
      this.#texts.shared(resource.attributes[i] as string)
      writeSharedValue(out, this.#texts, resource.attributes[i + 1] as string)
    }
    const id = this.#known(start)
    if (id < 0) return
    this.#lastResource = resource
    this.#lastResourceId = id
  }

  // All texts of a resource have ids from the second time on, so that an equal resource gives equal bytes.
  #known(start: number): number {
    const out = this.#out
    const size = out.at - start
    let hash = size
    for (let i = start; i < out.at; i++)
      hash = Math.imul(hash ^ (out.bytes[i] as number), 0x01000193)
    const known = this.#resources.get(hash)
    if (known === undefined) {
      if (this.count >= maxDefinitions) return -1
      const id = this.#assign(start + 1)
      this.#resources.set(hash, { id, size })
      return id
    }
    const place = (this.places[known.id] as number) - 1
    if (
      known.size !== size ||
      out.bytes.compare(out.bytes, place, place + size, start, out.at) !== 0
    )
      return -1
    out.at = start
    out.varint(known.id + 1)
    return known.id
  }

  #assign(place: number): number {
    const id = this.count++
    this.places[id] = place
    this.#out.limit -= 4
    this.#out.room(16)
    return id
  }
}

function keyLength(list: ReadonlyAttributes, pair: number): number {
  return (list[pair * 2] as string).length
}

function findShape(bucket: readonly Shape[], list: ReadonlyAttributes): Shape | undefined {
  const size = list.length >> 1
  for (const shape of bucket) {
    const keys = shape.keys
    if (keys.length !== size) continue
    let i = 0
    while (i < size && keys[i] === list[i * 2]) i++
    if (i === size) return shape
  }
  return undefined
}
