import {
  BadBody,
  type Format,
  maxDepth,
  maxValues,
  Outline,
  type Piece,
  type ResourceSpans,
  type ScopeSpans,
  tooDeep,
  tooManyValues
} from './outline.ts'

/** OTLP/JSON. `JSON.parse` is given one span at a time: for a whole body of 4 MiB it takes 40 ms, in which the host stands still. */
export const json: Format = {
  *outline(body) {
    const scan = new Scan(body)
    while (scan.advance()) yield
    return scan.finish()
  },
  reader(body) {
    return (_piece, { begin, end }) => parse(body.toString('utf8', begin, end))
  }
}

function parse(text: string): unknown {
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

/** What the container is that the scan is in. What is inside of pieces and of unknown fields is of no role. */
type Role =
  | 'request'
  | 'list of ResourceSpans'
  | 'ResourceSpans'
  | 'list of ScopeSpans'
  | 'ScopeSpans'
  | 'list of spans'
  | 'none'

/**
 * One walk over the bytes that finds the pieces, and refuses what must not be given to `JSON.parse`: too deep, too many values. Whether
 * a piece is JSON shows when it is read; whether what is around the pieces is shows in the end, with a zero in the place of each.
 */
class Scan {
  readonly #body: Buffer
  readonly #outline = new Outline()
  readonly #roles: Role[] = []
  #at = 0
  #depth = 0
  #inString = false
  // The string that was met last: before a container in an object, that is its key.
  #stringBegin = 0
  #stringEnd = 0
  #values = 0
  #resourceSpans: ResourceSpans = { resource: undefined, scopes: [] }
  #scopeSpans: ScopeSpans = { scope: undefined, spans: [] }
  // The piece that the scan is in: its depth (0 when in none), its first byte, and how many values were outside of pieces before.
  #piece: Piece = 'span'
  #pieceDepth = 0
  #pieceBegin = 0
  #outside = 0
  // The text around the pieces, up to the byte `#copied`.
  #around = ''
  #copied = 0

  constructor(body: Buffer) {
    this.#body = body
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
    return i < body.length
  }

  finish(): Outline {
    if (this.#pieceDepth > 0) throw new BadBody('the body is not JSON')
    this.#checkValues()
    this.#copy(this.#body.length)
    const around = parse(this.#around)
    if (typeof around !== 'object' || around === null || Array.isArray(around))
      throw new BadBody('the body is no ExportTraceServiceRequest')
    return this.#outline
  }

  #open(at: number, isObject: boolean): void {
    this.#values++
    if (++this.#depth > maxDepth) throw new BadBody(tooDeep)
    if (this.#pieceDepth > 0) return
    this.#roles[this.#depth] = isObject ? this.#object(at) : this.#list()
  }

  #object(at: number): Role {
    if (this.#depth === 1) return 'request'
    switch (this.#roles[this.#depth - 1]) {
      case 'list of ResourceSpans':
        this.#resourceSpans = { resource: undefined, scopes: [] }
        this.#outline.resources.push(this.#resourceSpans)
        return 'ResourceSpans'
      case 'list of ScopeSpans':
        this.#scopeSpans = { scope: undefined, spans: [] }
        this.#resourceSpans.scopes.push(this.#scopeSpans)
        return 'ScopeSpans'
      case 'list of spans':
        this.#enter('span', at)
        break
      case 'ResourceSpans':
        if (this.#key === 'resource') this.#enter('resource', at)
        break
      case 'ScopeSpans':
        if (this.#key === 'scope') this.#enter('scope', at)
        break
      default:
    }
    return 'none'
  }

  #list(): Role {
    switch (this.#roles[this.#depth - 1]) {
      case 'request':
        return this.#key === 'resourceSpans' ? 'list of ResourceSpans' : 'none'
      case 'ResourceSpans':
        return this.#key === 'scopeSpans' ? 'list of ScopeSpans' : 'none'
      case 'ScopeSpans':
        return this.#key === 'spans' ? 'list of spans' : 'none'
      default:
        return 'none'
    }
  }

  // As it is written; nobody writes these with escapes.
  get #key(): string {
    return this.#body.toString('latin1', this.#stringBegin, this.#stringEnd)
  }

  #enter(piece: Piece, at: number): void {
    this.#piece = piece
    this.#pieceDepth = this.#depth
    this.#pieceBegin = at
    this.#outside = this.#values
    this.#values = 0
    this.#copy(at)
  }

  #close(at: number): void {
    if (this.#depth === this.#pieceDepth && this.#depth > 0) this.#leave(at + 1)
    this.#depth--
  }

  #leave(end: number): void {
    this.#checkValues()
    const range = { begin: this.#pieceBegin, end }
    if (this.#piece === 'span') this.#outline.addSpan(this.#scopeSpans, range)
    else if (this.#piece === 'scope') this.#scopeSpans.scope = range
    else this.#resourceSpans.resource = range
    this.#values = this.#outside
    this.#pieceDepth = 0
    this.#around += '0'
    this.#copied = end
  }

  #checkValues(): void {
    if (this.#values > maxValues) throw new BadBody(tooManyValues)
  }

  // Bytes beyond ASCII become other characters, but no others that mean anything in JSON.
  #copy(to: number): void {
    this.#around += this.#body.toString('latin1', this.#copied, to)
  }
}
