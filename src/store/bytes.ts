/**
 * Thrown by a writer when the segment has no room left, and caught where the record began. An exception, because it happens once per
 * segment, and a test of a return value after every field would be paid for every field of every span.
 */
export const segmentFull: Error = new Error('segment full')

// Digits by character code; 255 where there is none. Only lower case: ids are lower case wherever they come from.
const digits = new Uint8Array(128).fill(255)
for (let i = 0; i < 16; i++) digits['0123456789abcdef'.charCodeAt(i)] = i

/**
 * Writes into a segment, front to back. Room is asked for in steps (`room`), not per byte: the end of the array cannot be the guard,
 * because other data of the segment lies behind `limit`.
 */
export class ByteWriter {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  limit = 0
  readonly #float = new Float64Array(1)
  readonly #floatBytes = new Uint8Array(this.#float.buffer)

  room(size: number): void {
    if (this.at + size > this.limit) throw segmentFull
  }

  byte(value: number): void {
    this.bytes[this.at++] = value
  }

  /** Four bytes, the lowest first. */
  four(value: number): void {
    const { bytes, at } = this
    bytes[at] = value
    bytes[at + 1] = value >>> 8
    bytes[at + 2] = value >>> 16
    bytes[at + 3] = value >>> 24
    this.at = at + 4
  }

  /** A whole number from 0 to 2^53: 7 bits a byte, low ones first. At most 8 bytes. What is none of these is written as the nearest. */
  varint(value: number): void {
    const bytes = this.bytes
    let at = this.at
    if (!(value >= 0)) value = 0
    if (value > Number.MAX_SAFE_INTEGER) value = Number.MAX_SAFE_INTEGER
    while (value > 0x7fffffff) {
      bytes[at++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    while (value > 127) {
      bytes[at++] = (value & 127) | 128
      value >>>= 7
    }
    bytes[at++] = value
    this.at = at
  }

  /**
   * A number that is nearly always whole and may be negative: sign, then 6 bits, then 7 bits a byte. What has no such form (a fraction,
   * NaN, minus zero, more than 2^53) follows as 8 bytes behind a minus zero. At most 9 bytes.
   */
  signed(value: number): void {
    if (!Number.isSafeInteger(value) || (value === 0 && 1 / value < 0)) {
      this.byte(1)
      this.float(value)
      return
    }
    const sign = value < 0 ? 1 : 0
    const size = value < 0 ? -value : value
    if (size < 64) {
      this.byte(sign | (size << 1))
    } else if (size <= 0x7fffffff) {
      this.byte(sign | ((size & 63) << 1) | 128)
      this.varint(size >>> 6)
    } else {
      this.byte(sign | ((size % 64) << 1) | 128)
      this.varint(Math.floor(size / 64))
    }
  }

  float(value: number): void {
    this.#float[0] = value
    this.bytes.set(this.#floatBytes, this.at)
    this.at += 8
  }

  /** An id of `length` hex digits as bytes. False, and nothing is written, when the text is anything else. */
  hex(text: string, length: number): boolean {
    if (text.length !== length) return false
    const bytes = this.bytes
    let at = this.at
    let seen = 0
    // An own loop: Buffer.write(text, 'hex') takes 0.1 us, a third of what a whole span may take.
    for (let i = 0; i < length; i += 2) {
      const a = text.charCodeAt(i)
      const b = text.charCodeAt(i + 1)
      const high = digits[a & 127] as number
      const low = digits[b & 127] as number
      seen |= high | low | ((a | b) & 0xff80)
      bytes[at++] = (high << 4) | low
    }
    if (seen > 15) return false
    this.at = at
    return true
  }
}

/** Reads what a ByteWriter wrote. */
export class ByteReader {
  bytes: Buffer = Buffer.alloc(0)
  at = 0
  readonly #float = new Float64Array(1)
  readonly #floatBytes = new Uint8Array(this.#float.buffer)

  byte(): number {
    return this.bytes[this.at++] as number
  }

  varint(): number {
    const bytes = this.bytes
    let byte = bytes[this.at++] as number
    if (byte < 128) return byte
    let value = byte & 127
    let shift = 7
    while (shift < 28) {
      byte = bytes[this.at++] as number
      value |= (byte & 127) << shift
      if (byte < 128) return value
      shift += 7
    }
    let scale = 2 ** 28
    do {
      byte = bytes[this.at++] as number
      value += (byte & 127) * scale
      scale *= 128
    } while (byte > 127)
    return value
  }

  signed(): number {
    const byte = this.byte()
    if (byte === 1) return this.float()
    let size = (byte >> 1) & 63
    if (byte > 127) size += this.varint() * 64
    return (byte & 1) === 1 ? -size : size
  }

  float(): number {
    for (let i = 0; i < 8; i++) this.#floatBytes[i] = this.bytes[this.at++] as number
    return this.#float[0] as number
  }

  hex(length: number): string {
    const at = this.at
    this.at += length / 2
    return readHex(this.bytes, at, this.at)
  }
}

interface Slices {
  hexSlice(this: Buffer, from: number, to: number): string
  latin1Slice(this: Buffer, from: number, to: number): string
}

// What Buffer.toString calls in the end. All its checks take twice as long as making a short string does.
const native = Buffer.prototype as Partial<Slices>
const slices: Slices = {
  hexSlice:
    native.hexSlice ??
    function (from, to) {
      return this.toString('hex', from, to)
    },
  latin1Slice:
    native.latin1Slice ??
    function (from, to) {
      return this.toString('latin1', from, to)
    }
}

export function readHex(bytes: Buffer, from: number, to: number): string {
  return slices.hexSlice.call(bytes, from, to)
}

export function readAscii(bytes: Buffer, from: number, to: number): string {
  return slices.latin1Slice.call(bytes, from, to)
}
