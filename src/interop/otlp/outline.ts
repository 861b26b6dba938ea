import type { Range } from '../../trace/bounded-body.ts'

/** A message that is read whole, alone: no work on one of them takes long. */
export type Piece = 'resource' | 'scope' | 'span'

export interface ScopeSpans {
  scope: Range | undefined
  readonly spans: Range[]
}

export interface ResourceSpans {
  resource: Range | undefined
  readonly scopes: ScopeSpans[]
}

/** Where the messages of a request are, found without reading them, so that they can be read one at a time. */
export class Outline {
  readonly resources: ResourceSpans[] = []
  /** Spans beyond those that one request may have. */
  tooMany = 0
  readonly #maxSpans: number
  #spans = 0

  constructor(maxSpans: number) {
    this.#maxSpans = maxSpans
  }

  addSpan(to: ScopeSpans, range: Range): void {
    if (++this.#spans > this.#maxSpans) this.tooMany++
    else to.spans.push(range)
  }
}

/**
 * One encoding of OTLP. Both functions throw `BadBody`. A message comes as OTLP/JSON has it (names in camel case, ids in hex), whatever it
 * was encoded as, but unchecked: its fields may be of any type.
 */
export interface Format {
  /** Yields wherever the host may go on. */
  outline(body: Buffer, maxSpans: number): Generator<undefined, Outline>
  /** Gives what reads the messages of a body. */
  reader(body: Buffer): (piece: Piece, range: Range) => unknown
}
