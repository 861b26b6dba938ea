/** Reads the fields of a Kafka request in order: protocol guide, "Protocol Primitive Types". */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#skip(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#skip(4))
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#skip(8)))
  }

  string(): string {
    const length = this.int16()
    return length < 0 ? '' : this.#take(length).toString()
  }

  bytes(): Buffer {
    return this.#take(Math.max(0, this.int32()))
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }

  /** The partitions of topics, as most requests list them. */
  topics<T>(read: () => T): { topic: string; partitions: T[] }[] {
    return this.array(() => ({ topic: this.string(), partitions: this.array(read) }))
  }

  #take(length: number): Buffer {
    const from = this.#skip(length)
    return this.#bytes.subarray(from, from + length)
  }

  #skip(length: number): number {
    this.#at += length
    return this.#at - length
  }
}

export function int8(value: number): Buffer {
  return Buffer.from([value])
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

export function string(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}

export function bytes(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value])
}

export function array<T>(items: readonly T[], write: (item: T) => Buffer): Buffer {
  return Buffer.concat([int32(items.length), ...items.map(write)])
}

export function topics<T>(
  list: readonly { topic: string; partitions: readonly T[] }[],
  write: (partition: T, topic: string) => Buffer
): Buffer {
  return array(list, ({ topic, partitions }) =>
    Buffer.concat([string(topic), array(partitions, (one) => write(one, topic))])
  )
}
