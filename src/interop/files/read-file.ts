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

  *#readGroup(group: readonly Element[], text = this.#asItIs(group)): Generator<Item, void> {
    let result = yield* this.#receive(text)
    if ('error' in result) {
      yield* this.#blankBroken(group)
      result = yield* this.#receive(this.#joined(group))
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
    const parts = group.flatMap((element) => element.parts)
    const whole = parts
      .map(({ begin, end }) => this.#body.subarray(begin, end))
      .filter((part) => !isBlanked(part))
    const result = yield* this.#receive(this.#wrapped(whole, this.#grammar.aroundPart))
    if (!('error' in result)) yield* result.records
  }

  *#receive(body: Buffer): Generator<undefined, Received | { error: string }> {
    return yield* this.#setup.readers[this.#grammar.kind](body, this.#setup)
  }

  /** Puts `{}` in the place of each part that is no JSON. */
  *#blankBroken(group: readonly Element[]): Generator<ImportProblem | undefined, void> {
    for (const part of group.flatMap(({ parts }) => parts)) {
      yield
      const why = whyNoJson(this.#body.toString('utf8', part.begin, part.end))
      if (why === '') continue
      this.#body.fill(' ', part.begin, part.end).write(blank, part.begin, 'latin1')
      yield problemAt(part, why)
    }
  }

  *#nameRejected(group: readonly Element[]): Generator<ImportProblem | undefined, void> {
    const { kind, aroundPart } = this.#grammar
    for (const part of group.flatMap(({ parts }) => parts)) {
      const bytes = this.#body.subarray(part.begin, part.end)
      if (isBlanked(bytes)) continue
      const body = this.#wrapped([bytes], aroundPart)
      const alone = yield* this.#setup.readers[kind](body, this.#again)
      if ('error' in alone) yield problemAt(part, alone.error)
      else if (alone.rejected > 0) yield problemAt(part, alone.message)
    }
  }

  /** Elements and what is between them, which is commas in a file that is right. */
  #asItIs(group: readonly Element[]): Buffer {
    const [first, last] = [group[0] as Element, group.at(-1) as Element]
    const bytes = this.#body.subarray(first.begin, last.end)
    return this.#wrapped([bytes, Buffer.from(last.closing)], this.#grammar.around, '')
  }

  #joined(group: readonly Element[]): Buffer {
    const pieces = group.map(({ begin, end, closing }) =>
      closing === ''
        ? this.#body.subarray(begin, end)
        : Buffer.concat([this.#body.subarray(begin, end), Buffer.from(closing)])
    )
    return this.#wrapped(pieces, this.#grammar.around)
  }

  #wrapped(
    pieces: readonly Buffer[],
    [before, after]: readonly [string, string],
    separator = ','
  ): Buffer {
    const comma = Buffer.from(separator)
    const between = pieces.flatMap((piece, i) => (i === 0 ? [piece] : [comma, piece]))
    return Buffer.concat([Buffer.from(before), ...between, Buffer.from(after)])
  }
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
