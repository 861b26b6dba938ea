import { BadBody, maxDepth, maxValues, type Range, tooDeep, tooManyValues } from './bounded-body.ts'
import { TextCache } from './text-cache.ts'

const truncated = 'the body is no protobuf: it ends within a field'
const overflow = 'the body is no protobuf: a number has more than 64 bits'
const odd = 'the body is no protobuf: a field of no known type'

/** By the last three bits of a tag; groups (3 and 4) are in no message of OTLP or Zipkin, and only nest. */
const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/**
 * Fields of protobuf, one after the other, each read by the function of its type. Foreign input: throws `BadBody` for what is truncated,
 * overflows, nests too deep or has too many fields, and looks at no byte outside of the message that it is in.
 */
export class ProtobufReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #texts: TextCache
  #at = 0
  #end: number
  #depth = 0
  #fields = 0
  // The upper half of the last varint.
  #high = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#texts = new TextCache(bytes)
    this.#end = bytes.length
  }

  /** Goes to a message that is read by itself. */
  moveTo({ begin, end }: Range): void {
    this.#at = begin
    this.#end = end
    this.#depth = 0
    this.#fields = 0
  }

  /** Of the next field, its number and its wire type in the last three bits; 0 at the end of the message. */
  tag(): number {
    if (this.#at === this.#end) return 0
    if (++this.#fields > maxValues) throw new BadBody(tooManyValues)
    const tag = this.#length()
    if (tag < 8) throw new BadBody(odd)
    return tag
  }

  /** Passes over a field that nobody asks for. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.#varint()
        break
      case wireType.fixed64:
        this.#take(8)
        break
      case wireType.bytes:
        this.#take(this.#length())
        break
      case wireType.fixed32:
        this.#take(4)
        break
      default:
        throw new BadBody(odd)
    }
  }

  /** A message in the message. `read` asks for tags until there is none. */
  message<T>(read: (reader: ProtobufReader) => T): T {
    if (++this.#depth > maxDepth) throw new BadBody(tooDeep)
    const outer = this.#end
    const begin = this.#take(this.#length())
    this.#end = this.#at
    this.#at = begin
    const value = read(this)
    this.#end = outer
    this.#depth--
    return value
  }

  /** Where a message in the message is, which is passed over. */
  range(): Range {
    const begin = this.#take(this.#length())
    return { begin, end: this.#at }
  }

  /** What is no UTF-8 becomes replacement characters. */
  text(): string {
    return this.#texts.read(this.#take(this.#length()), this.#at)
  }

  hex(): string {
    return this.#bytes.toString('hex', this.#take(this.#length()), this.#at)
  }

  base64(): string {
    return this.#bytes.toString('base64', this.#take(this.#length()), this.#at)
  }

  bool(): boolean {
    return (this.#varint() | this.#high) !== 0
  }

  /** The lower half of a longer number, as protobuf has it. */
  uint32(): number {
    return this.#varint()
  }

  /** A number where that is exact, else its digits. */
  int64(): number | string {
    const low = this.#varint()
    const number = (this.#high | 0) * 2 ** 32 + low
    if (Number.isSafeInteger(number)) return number
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(low)).toString()
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  // A length or a tag: what has more than 32 bits is neither.
  #length(): number {
    const low = this.#varint()
    if (this.#high !== 0) throw new BadBody(overflow)
    return low
  }

  // Passes over so many bytes, and gives where they begin.
  #take(length: number): number {
    const begin = this.#at
    if (length > this.#end - begin) throw new BadBody(truncated)
    this.#at = begin + length
    return begin
  }

  // Gives the lower half, and leaves the upper one in `#high`.
  #varint(): number {
    this.#high = 0
    const first = this.#byte()
    if (first < 0x80) return first
    let low = first & 0x7f
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return low
    }
    const middle = this.#byte()
    low = (low | (middle << 28)) >>> 0
    this.#high = (middle & 0x7f) >> 4
    if (middle < 0x80) return low
    for (let shift = 3; shift < 31; shift += 7) {
      const byte = this.#byte()
      this.#high = (this.#high | ((byte & 0x7f) << shift)) >>> 0
      if (byte < 0x80) return low
    }
    const last = this.#byte()
    if (last > 1) throw new BadBody(overflow)
    this.#high = (this.#high | (last << 31)) >>> 0
    return low
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new BadBody(truncated)
    return this.#bytes[this.#at++] as number
  }
}
