/** Where a message is in a body: of its content, from the first byte to the one behind the last. */
export interface Range {
  readonly begin: number
  readonly end: number
}

/** The body is none that can be read. Its message goes to the sender, and quotes nothing of the body. */
export class BadBody extends Error {}

/** Spans that are taken of one body. */
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
export const tooManySpans: string = `beyond the ${maxSpans} spans that one request may have`
