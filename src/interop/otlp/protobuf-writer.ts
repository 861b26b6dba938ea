/** By the last three bits of a tag. */
const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

// Below it a loop over the characters is faster than the call into Node that a longer text is worth.
const shortText = 32

/**
 * Fields of protobuf into a buffer that grows. A message is begun and ended, so that nothing is measured before it is written: one byte is
 * left for its length, and the few that need more are moved.
 */
export class ProtobufWriter {
  #bytes: Buffer = Buffer.allocUnsafe(16_384)
  #at = 0

  /** What was written; the writer's own memory. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  /** Begins a message; gives the place that `end` asks for. */
  begin(field: number): number {
    this.#tag(field, wireType.bytes)
    return ++this.#at
  }

  end(begin: number): void {
    const length = this.#at - begin
    if (length < 128) {
      this.#bytes[begin - 1] = length
      return
    }
    const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : length < 2 ** 28 ? 3 : 4
    this.#room(more)
    this.#bytes.copyWithin(begin + more, begin, this.#at)
    this.#at = begin - 1
    this.#varint(length)
    this.#at += length
  }

  text(field: number, text: string): void {
    this.#tag(field, wireType.bytes)
    if (text.length <= shortText && this.#ascii(text)) return
    const length = Buffer.byteLength(text)
    this.#varint(length)
    this.#room(length)
    this.#bytes.write(text, this.#at, length, 'utf8')
    this.#at += length
  }

  /** An id of hexadecimal digits as bytes. */
  hex(field: number, digits: string): void {
    const length = digits.length / 2
    this.#tag(field, wireType.bytes)
    this.#bytes[this.#at++] = length
    for (let i = 0; i < length; i++)
      this.#bytes[this.#at++] =
        (nibble(digits.charCodeAt(2 * i)) << 4) | nibble(digits.charCodeAt(2 * i + 1))
  }

  uint32(field: number, value: number): void {
    this.#tag(field, wireType.varint)
    this.#varint(value)
  }

  bool(field: number, value: boolean): void {
    this.#tag(field, wireType.varint)
    this.#bytes[this.#at++] = value ? 1 : 0
  }

  /** A safe integer as int64, in two's complement. */
  int64(field: number, value: number): void {
    this.#tag(field, wireType.varint)
    if (value >= 0) return this.#varint(value)
    let low = value >>> 0
    let high = Math.floor(value / 2 ** 32) >>> 0
    for (let i = 0; i < 9; i++) {
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.#bytes[this.#at++] = low
  }

  double(field: number, value: number): void {
    this.#tag(field, wireType.fixed64)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, wireType.fixed32)
    this.#fixed32(value)
  }

  /** Nanoseconds that are given as milliseconds and the rest, both not negative. */
  nanos(field: number, ms: number, rest: number): void {
    this.#tag(field, wireType.fixed64)
    // Of the product of 42 bits and a million, the upper ones of the milliseconds touch only the upper half.
    const sum = (ms % 2 ** 32) * 1e6 + rest
    this.#fixed32(sum)
    this.#fixed32(Math.floor(sum / 2 ** 32) + Math.floor(ms / 2 ** 32) * 1e6)
  }

  /** A field's number and type; with it, room for all fields of a bounded size. */
  #tag(field: number, type: number): void {
    this.#room(32 + shortText)
    const tag = field * 8 + type
    if (tag > 127) this.#bytes[this.#at++] = (tag & 0x7f) | 0x80
    this.#bytes[this.#at++] = tag > 127 ? tag >>> 7 : tag
  }

  #ascii(text: string): boolean {
    const bytes = this.#bytes
    const begin = this.#at + 1
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) return false
      bytes[begin + i] = code
    }
    bytes[this.#at] = text.length
    this.#at = begin + text.length
    return true
  }

  #varint(value: number): void {
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  #fixed32(value: number): void {
    this.#bytes[this.#at++] = value
    this.#bytes[this.#at++] = value >>> 8
    this.#bytes[this.#at++] = value >>> 16
    this.#bytes[this.#at++] = value >>> 24
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

function nibble(code: number): number {
  return code < 58 ? code - 48 : (code & 0xdf) - 55
}
