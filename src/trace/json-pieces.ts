import {
  BadBody,
  maxDepth,
  maxSpans,
  maxValues,
  type Range,
  tooDeep,
  tooManyValues
} from './bounded-body.ts'

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the body, which may hold anything.
    throw new BadBody('the body is not JSON')
  }
}

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const openBrace = 0x7b

/** Bytes in one go: 0.1 ms. */
const stride = 65_536

/** No key that is looked for is longer. One of megabytes before each of many containers would be copied for each. */
const maxKey = 256

/**
 * One walk over the bytes of a JSON body that finds its pieces, which are read alone: `JSON.parse` of a whole body of 4 MiB takes 40 ms, in
 * which the host stands still. Refuses what must not be given to `JSON.parse`: too deep, too many values. Whether a piece is JSON
 * shows when it is read; whether what is around the pieces is shows in the end, with a zero in the place of each.
 *
 * `Role` is what a container is in the format, as far as it matters to what is in it; pieces and what they hold have none.
 */
export abstract class JsonPieces<Role> {
  readonly #body: Buffer
  readonly #maxAround: number
  readonly #roles: (Role | undefined)[] = []
  #at = 0
  #depth = 0
  #inString = false
  // The string that was met last: before a container in an object, that is its key.
  #stringBegin = 0
  #stringEnd = 0
  #values = 0
  // The piece that the walk is in: its depth (0 when in none), its first byte, and how many values were outside of pieces before.
  #pieceDepth = 0
  #pieceBegin = 0
  #outside = 0
  // The text around the pieces, up to the byte `#copied`.
  #around = ''
  #copied = 0

  /** `spans` may be more than one request may have: each is two values around the pieces, itself and its comma. */
  constructor(body: Buffer, spans: number = maxSpans) {
    this.#body = body
    this.#maxAround = maxValues + 2 * (spans - maxSpans)
  }

  /** A container begins in one of role `parent`. Gives its own role, or calls `enter`. */
  protected abstract open(parent: Role | undefined, isObject: boolean): Role | undefined

  /** The piece that was entered last ends. */
  protected abstract leave(range: Range): void

  /** Where the container is in an object, its key, as it is written; nobody writes those that matter with escapes. '' for a long one. */
  protected get key(): string {
    const [begin, end] = [this.#stringBegin, this.#stringEnd]
    return end - begin > maxKey ? '' : this.#body.toString('latin1', begin, end)
  }

  /** The outermost container, which has no parent. */
  protected get isBody(): boolean {
    return this.#depth === 1
  }

  /** To be called by `open`: the container is a piece. */
  protected enter(): void {
    this.#pieceDepth = this.#depth
    this.#pieceBegin = this.#at
    this.#outside = this.#values
    this.#values = 0
    this.#copy(this.#at)
  }

  /** Goes on by a stride; false at the end. */
  advance(): boolean {
    const body = this.#body
    const end = Math.min(this.#at + stride, body.length)
    let inString = this.#inString
    let i = this.#at
    for (; i < end; i++) {
      const byte = body[i] as number
      if (inString) {
        if (byte === backslash) i++
        else if (byte === quote) {
          inString = false
          this.#stringEnd = i
        }
      } else if (byte === quote) {
        inString = true
        this.#stringBegin = i + 1
      } else if (byte === comma) this.#values++
      // `{` and `[` differ from each other, as `}` and `]` do, in the one bit that is set here.
      else if ((byte | 0x20) === 0x7b) this.#open(i, byte === openBrace)
      else if ((byte | 0x20) === 0x7d) this.#close(i)
    }
    this.#inString = inString
    this.#at = i
    // Not in the end alone: what is found on the way takes memory.
    this.#checkValues()
    return i < body.length
  }

  /** What is around the pieces. */
  protected rest(): unknown {
    if (this.#pieceDepth > 0) throw new BadBody('the body is not JSON')
    this.#checkValues()
    this.#copy(this.#body.length)
    return parseJson(this.#around)
  }

  #open(at: number, isObject: boolean): void {
    this.#values++
    if (++this.#depth > maxDepth) throw new BadBody(tooDeep)
    if (this.#pieceDepth > 0) return
    this.#at = at
    this.#roles[this.#depth] = this.open(this.#roles[this.#depth - 1], isObject)
  }

  #close(at: number): void {
    if (this.#depth === this.#pieceDepth && this.#depth > 0) this.#leave(at + 1)
    this.#depth--
  }

  #leave(end: number): void {
    this.#checkValues()
    this.leave({ begin: this.#pieceBegin, end })
    this.#values = this.#outside
    this.#pieceDepth = 0
    this.#around += '0'
    this.#copied = end
  }

  #checkValues(): void {
    const inPiece = this.#pieceDepth > 0
    const around = inPiece ? this.#outside : this.#values
    if ((inPiece && this.#values > maxValues) || around > this.#maxAround)
      throw new BadBody(tooManyValues)
  }

  // Bytes beyond ASCII become other characters, but no others that mean anything in JSON.
  #copy(to: number): void {
    this.#around += this.#body.toString('latin1', this.#copied, to)
  }
}
