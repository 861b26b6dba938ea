import { BadBody, type Range } from '../../trace/bounded-body.ts'
import { JsonPieces, parseJson } from '../../trace/json-pieces.ts'
import { type Format, Outline, type Piece, type ResourceSpans, type ScopeSpans } from './outline.ts'

/** OTLP/JSON. */
export const json: Format = {
  *outline(body, maxSpans) {
    const scan = new Scan(body, maxSpans)
    while (scan.advance()) yield
    return scan.finish()
  },
  reader(body) {
    return (_piece, { begin, end }) => parseJson(body.toString('utf8', begin, end))
  }
}

type Role =
  | 'request'
  | 'list of ResourceSpans'
  | 'ResourceSpans'
  | 'list of ScopeSpans'
  | 'ScopeSpans'
  | 'list of spans'

class Scan extends JsonPieces<Role> {
  readonly #outline: Outline
  #resourceSpans: ResourceSpans = { resource: undefined, scopes: [] }
  #scopeSpans: ScopeSpans = { scope: undefined, spans: [] }
  #piece: Piece = 'span'

  constructor(body: Buffer, maxSpans: number) {
    super(body, maxSpans)
    this.#outline = new Outline(maxSpans)
  }

  finish(): Outline {
    const around = this.rest()
    if (typeof around !== 'object' || around === null || Array.isArray(around))
      throw new BadBody('the body is no ExportTraceServiceRequest')
    return this.#outline
  }

  protected open(parent: Role | undefined, isObject: boolean): Role | undefined {
    return isObject ? this.#object(parent) : this.#list(parent)
  }

  protected leave(range: Range): void {
    if (this.#piece === 'span') this.#outline.addSpan(this.#scopeSpans, range)
    else if (this.#piece === 'scope') this.#scopeSpans.scope = range
    else this.#resourceSpans.resource = range
  }

  #object(parent: Role | undefined): Role | undefined {
    if (this.isBody) return 'request'
    switch (parent) {
      case 'list of ResourceSpans':
        this.#resourceSpans = { resource: undefined, scopes: [] }
        this.#outline.resources.push(this.#resourceSpans)
        return 'ResourceSpans'
      case 'list of ScopeSpans':
        this.#scopeSpans = { scope: undefined, spans: [] }
        this.#resourceSpans.scopes.push(this.#scopeSpans)
        return 'ScopeSpans'
      case 'list of spans':
        this.#enter('span')
        break
      case 'ResourceSpans':
        if (this.key === 'resource') this.#enter('resource')
        break
      case 'ScopeSpans':
        if (this.key === 'scope') this.#enter('scope')
        break
      default:
    }
    return undefined
  }

  #list(parent: Role | undefined): Role | undefined {
    switch (parent) {
      case 'request':
        return this.key === 'resourceSpans' ? 'list of ResourceSpans' : undefined
      case 'ResourceSpans':
        return this.key === 'scopeSpans' ? 'list of ScopeSpans' : undefined
      case 'ScopeSpans':
        return this.key === 'spans' ? 'list of spans' : undefined
      default:
        return undefined
    }
  }

  #enter(piece: Piece): void {
    this.#piece = piece
    this.enter()
  }
}
