import { createReport } from '../../base/report.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import type { Receive, Received, ReceiveSetup } from '../../trace/received.ts'
import type { ImportProblem } from '../../wire/files.ts'
import { documents } from './documents.ts'
import { type Element, maxPlaces, type Place, Places } from './places.ts'
import { type FileKind, type Grammar, recognise } from './recognise.ts'

export interface ReadFileSetup extends ReceiveSetup {
  /** Who reads which kind of document. */
  readonly readers: Readonly<Record<FileKind, Receive>>
  /** OTLP as protobuf, which has no lines. */
  readonly readProtobuf: Receive
}

/** What comes out of a file, one after the other; undefined wherever the host may go on. */
type Item = TraceRecord | ImportProblem | undefined

/** What stands in the place of a part that is no JSON. */
const blank = '{} '

/** Bytes of elements, and their parts, that are read as one document where they may be read apart. */
const groupBytes = 1024 * 1024
const groupParts = 4096

/** Bytes of a part: it is given to `JSON.parse` in one piece. */
const maxPart = 4 * 1024 * 1024

/** Bytes that are copied in one go, and pieces: a millisecond. */
const copyBytes = 1024 * 1024
const copyPieces = 1024

/**
 * Reads the traces of a file, whatever it is, and names by its line what it cannot read; everything else of it is kept. The bytes may be
 * written to.
 */
export function* readFile(body: Buffer, setup: ReadFileSetup): Generator<Item, void> {
  if (isBinary(body)) {
    const whole = { begin: 0, end: body.length, line: 1, column: 1 }
    return yield* take(yield* setup.readProtobuf(body, setup), whole)
  }
  for (const document of documents(body)) {
    if (document === undefined) {
      yield
      continue
    }
    const grammar = recognise(body, document)
    if (grammar === undefined) yield problemAt(document, unknown)
    else yield* new Reading(body, grammar, setup).read(document)
  }
}

const unknown =
  'this is not OTLP (resourceSpans), Jaeger (data), Zipkin (a list of spans) or Chrome trace events (traceEvents)'

/** Text has no control characters but those of its lines; OTLP's protobuf has a tag among its first few bytes that is one. */
function isBinary(body: Buffer): boolean {
  return body
    .subarray(0, 512)
    .some((byte) => byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)
}

/** One JSON document. */
class Reading {
  readonly #body: Buffer
  readonly #grammar: Grammar
  readonly #setup: ReadFileSetup
  /** Looks at single parts again to say what is wrong with which: nothing is lost a second time by it. */
  readonly #again: ReceiveSetup

  constructor(body: Buffer, grammar: Grammar, setup: ReadFileSetup) {
    this.#body = body
    this.#grammar = grammar
    this.#setup = setup
    this.#again = { ...setup, report: createReport(() => {}) }
  }

  *read(document: Place): Generator<Item, void> {
    const { elements, broken, stray, tooMany } = yield* new Places(
      this.#body,
      this.#grammar,
      document
    ).find()
    // What stands around the elements counts, too, where they are one.
    const isWhole = (broken ?? stray ?? tooMany) === undefined && this.#grammar.together
    const text = isWhole ? this.#body.subarray(document.begin, document.end) : undefined
    for (const group of this.#groups(elements)) yield* this.#readGroup(group, text)
    // Chrome ends a list of events when it ends itself, without a bracket: its format says so.
    const mayEnd = this.#grammar.kind === 'chrome' && broken?.begin === document.begin
    if (broken !== undefined && !mayEnd) yield problemAt(broken, 'what begins here never ends')
    if (stray !== undefined) yield problemAt(stray, 'this belongs to nothing')
    if (tooMany !== undefined)
      yield problemAt(tooMany, `from here on it is more than the ${maxPlaces} parts that are read`)
  }

  *#groups(elements: readonly Element[]): Generator<Element[]> {
    if (this.#grammar.together) {
      if (elements.length > 0) yield [...elements]
      return
    }
    let group: Element[] = []
    let [bytes, parts] = [0, 0]
    for (const element of elements) {
      const length = element.end - element.begin
      const full =
        bytes + length > groupBytes ||
        parts + element.parts.length > groupParts ||
        this.#grammar.around[0] === ''
      if (full && group.length > 0) {
        yield group
        group = []
        bytes = parts = 0
      }
      group.push(element)
      bytes += length
      parts += element.parts.length
    }
    if (group.length > 0) yield group
  }

  *#readGroup(group: readonly Element[], text?: Buffer): Generator<Item, void> {
    yield* this.#blankLarge(group)
    let result = yield* this.#receive(text ?? (yield* this.#asItIs(group)))
    if ('error' in result) {
      yield* this.#blankBroken(group)
      result = yield* this.#receive(yield* this.#joined(group))
    }
    if (!('error' in result)) {
      yield* result.records
      if (result.rejected > 0) yield* this.#nameRejected(group)
    } else if (group.length > 1 && !this.#grammar.together) {
      for (const element of group) yield* this.#readGroup([element])
    } else {
      yield problemAt(group[0] as Element, result.error)
      yield* this.#readParts(group)
    }
  }

  /** Where what is around the parts cannot be read: the parts without it, their process among it. */
  *#readParts(group: readonly Element[]): Generator<Item, void> {
    const whole: Buffer[] = []
    for (const part of partsOf(group)) {
      const bytes = this.#body.subarray(part.begin, part.end)
      if (!isBlanked(bytes)) whole.push(bytes)
      if (whole.length % copyPieces === 0) yield
    }
    const result = yield* this.#receive(yield* wrapped(whole, this.#grammar.aroundPart))
    if (!('error' in result)) yield* result.records
  }

  *#receive(body: Buffer): Generator<undefined, Received | { error: string }> {
    return yield* this.#setup.readers[this.#grammar.kind](body, this.#setup)
  }

  *#blankLarge(group: readonly Element[]): Generator<ImportProblem, void> {
    for (const part of partsOf(group))
      if (part.end - part.begin > maxPart) {
        this.#blank(part)
        yield problemAt(part, 'this is larger than the 4 MiB that are read of a span')
      }
  }

  /** Puts `{}` in the place of each part that is no JSON. */
  *#blankBroken(group: readonly Element[]): Generator<ImportProblem | undefined, void> {
    for (const part of partsOf(group)) {
      yield
      const why = whyNoJson(this.#body.toString('utf8', part.begin, part.end))
      if (why === '') continue
      this.#blank(part)
      yield problemAt(part, why)
    }
  }

  #blank({ begin, end }: Place): void {
    this.#body.fill(' ', begin, end).write(blank, begin, 'latin1')
  }

  *#nameRejected(group: readonly Element[]): Generator<ImportProblem | undefined, void> {
    const { kind, aroundPart } = this.#grammar
    for (const part of partsOf(group)) {
      const bytes = this.#body.subarray(part.begin, part.end)
      if (isBlanked(bytes)) continue
      const body = yield* wrapped([bytes], aroundPart)
      const alone = yield* this.#setup.readers[kind](body, this.#again)
      if ('error' in alone) yield problemAt(part, alone.error)
      else if (alone.rejected > 0) yield problemAt(part, alone.message)
    }
  }

  /** Elements and what is between them, which is commas in a file that is right. */
  #asItIs(group: readonly Element[]): Generator<undefined, Buffer> {
    const [first, last] = [group[0] as Element, group.at(-1) as Element]
    const bytes = this.#body.subarray(first.begin, last.end)
    return wrapped([bytes, Buffer.from(last.closing)], this.#grammar.around, '')
  }

  #joined(group: readonly Element[]): Generator<undefined, Buffer> {
    const pieces = group.flatMap(({ begin, end, closing }, i) => {
      const piece = this.#body.subarray(begin, end)
      return [...(i === 0 ? [] : [comma]), piece, ...(closing === '' ? [] : [Buffer.from(closing)])]
    })
    return wrapped(pieces, this.#grammar.around, '')
  }
}

const comma = Buffer.from(',')

function* partsOf(group: readonly Element[]): Generator<Place> {
  for (const { parts } of group) yield* parts
}

/** Copies pieces to one, with the separator between them, and what is to be around it. */
function* wrapped(
  pieces: readonly Buffer[],
  [before, after]: readonly [string, string],
  separator = ','
): Generator<undefined, Buffer> {
  const size = pieces.reduce((sum, { length }) => sum + length + separator.length, 0)
  const whole = Buffer.allocUnsafe(before.length + size + after.length)
  let at = whole.write(before, 'latin1')
  for (const [i, piece] of pieces.entries()) {
    if (i > 0) at += whole.write(separator, at, 'latin1')
    for (let from = 0; from < piece.length; from += copyBytes) {
      at += piece.copy(whole, at, from, from + copyBytes)
      if (from + copyBytes < piece.length) yield
    }
    if (i % copyPieces === 0) yield
  }
  at += whole.write(after, at, 'latin1')
  return whole.subarray(0, at)
}

function* take(result: Received | { error: string }, place: Place): Generator<Item, void> {
  if ('error' in result) return yield problemAt(place, result.error)
  yield* result.records
  if (result.rejected > 0) yield problemAt(place, result.message)
}

function isBlanked(part: Buffer): boolean {
  return part.length > 2 && part.toString('latin1', 0, 3) === blank
}

/** '' for what is JSON. The parser's own words quote what it read. */
function whyNoJson(text: string): string {
  try {
    JSON.parse(text)
    return ''
  } catch {
    return 'this is not JSON'
  }
}

function problemAt({ line, column }: Place, why: string): ImportProblem {
  return { line, column, why }
}
