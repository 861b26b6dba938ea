/** A place in a source map: counted from 0, `source` is an index into its sources. */
export interface Mapping {
  readonly source: number
  readonly line: number
  readonly column: number
}

const pieceLength = 65_536
const maxLines = 1e6

/**
 * The `mappings` of a source map (ECMA-426), read on demand: where each generated line begins and what stands before it. Node's own `SourceMap`
 * makes an object of each mapping: 65 ms in one piece and 24 MB for a megabyte of text; this takes 16 bytes a line.
 */
export class Mappings {
  readonly #text: string
  /** Per line: its place in the text, then source, line and column so far. */
  readonly #lines: Int32Array

  private constructor(text: string, lines: Int32Array) {
    this.#text = text
    this.#lines = lines
  }

  /** Bytes that it takes, about. */
  get size(): number {
    return this.#text.length + this.#lines.byteLength
  }

  /** Stops between pieces, where the host may go on. */
  static *read(text: string): Generator<void, Mappings> {
    const cursor = new Cursor(text)
    const lines: number[] = [0, 0, 0, 0]
    let pause = pieceLength
    while (cursor.at < text.length) {
      if (text.charCodeAt(cursor.at) === semicolon) {
        if (lines.length >= maxLines * 4) throw new RangeError('too many lines')
        cursor.at++
        lines.push(cursor.at, cursor.source, cursor.line, cursor.column)
      } else cursor.segment()
      if (cursor.at < pause) continue
      pause = cursor.at + pieceLength
      yield
    }
    return new Mappings(text, Int32Array.from(lines))
  }

  /** What the code at a place was made of: the last mapping of its line at or before the column. */
  find(line: number, column: number): Mapping | undefined {
    const at = line * 4
    if (at < 0 || at + 3 >= this.#lines.length) return undefined
    const cursor = new Cursor(this.#text)
    cursor.at = this.#lines[at] as number
    cursor.source = this.#lines[at + 1] as number
    cursor.line = this.#lines[at + 2] as number
    cursor.column = this.#lines[at + 3] as number
    let found: Mapping | undefined
    while (cursor.at < this.#text.length && this.#text.charCodeAt(cursor.at) !== semicolon) {
      cursor.segment()
      if (cursor.generated > column) break
      found = cursor.mapped
        ? { source: cursor.source, line: cursor.line, column: cursor.column }
        : undefined
    }
    return found
  }
}

const semicolon = 59
const comma = 44

/** Reads segments; whatever the text is, each reading gets further. */
class Cursor {
  readonly #text: string
  at = 0
  /** Column of the generated code. */
  generated = 0
  source = 0
  line = 0
  column = 0
  /** False for code that was made of nothing. */
  mapped = false

  constructor(text: string) {
    this.#text = text
  }

  segment(): void {
    this.generated += this.#number()
    this.mapped = !this.#ends()
    if (this.mapped) {
      this.source += this.#number()
      this.line += this.#number()
      this.column += this.#number()
    }
    while (!this.#ends()) this.#number()
    if (this.#text.charCodeAt(this.at) === comma) this.at++
  }

  #ends(): boolean {
    const code = this.#text.charCodeAt(this.at)
    return Number.isNaN(code) || code === comma || code === semicolon
  }

  /** Base 64, five bits and one that says whether more follow; the lowest bit is the sign. */
  #number(): number {
    let value = 0
    let shift = 0
    for (;;) {
      const digit = digits[this.#text.charCodeAt(this.at++)] ?? 0
      value |= (digit & 31) << shift
      shift += 5
      if ((digit & 32) === 0 || shift > 30) break
    }
    return (value & 1) === 1 ? -(value >>> 1) : value >>> 1
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const digits: Uint8Array = new Uint8Array(128)
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i
