/** A message that is read whole, alone: no work on one of them takes long. */
export type Piece = 'resource' | 'scope' | 'span'

/** Where a message is in the body: of its content, from the first byte to the one behind the last. */
export interface Range {
  readonly begin: number
  readonly end: number
}

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
  #spans = 0

  addSpan(to: ScopeSpans, range: Range): void {
    if (++this.#spans > maxSpans) this.tooMany++
    else to.spans.push(range)
  }
}

/**
 * One encoding of OTLP. Both functions throw `BadBody`. A message comes as OTLP/JSON has it (names in camel case, ids in hex), whatever it
 * was encoded as, but unchecked: its fields may be of any type.
 */
export interface Format {
  /** Yields wherever the host may go on. */
  outline(body: Buffer): Generator<undefined, Outline>
  /** Gives what reads the messages of a body. */
  reader(body: Buffer): (piece: Piece, range: Range) => unknown
}

/** The body is none that can be read. Its message goes to the sender, and quotes nothing of the body. */
export class BadBody extends Error {}

export const maxSpans = 5000

/** Messages in messages: a request of OpenTelemetry's exporters has 12 in JSON, where a list counts too, and 7 in protobuf. */
export const maxDepth = 32

/**
 * Values of one piece, and of all that is around the pieces. 4 MiB of `{},` would become 89 MiB of objects, of `\x4a\x00` as many; a span
 * of which everything is kept has at most 45,000.
 */
export const maxValues = 65_536

export const tooDeep: string = `nested more than ${maxDepth} deep`
export const tooManyValues: string = `more than ${maxValues} values in one message`
