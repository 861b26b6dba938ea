import type { Resource, StatusCode } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'
import type { ByteReader } from './bytes.ts'
import { FiguresReader, skipFigures } from './figures-reader.ts'
import { headFlag, impliedName, noises, parentCode, roots } from './layout.ts'
import { skipText } from './strings.ts'
import type { TextReader } from './text-reader.ts'

/**
 * Reads what the list shows of a record, each part of it when it is first asked for: a search that asks for the duration makes no text.
 * Good until `from` is aimed at another record.
 */
export class HeadReader implements SummaryData {
  readonly #from: ByteReader
  readonly #texts: TextReader
  readonly #figures: FiguresReader
  flags = 0
  epochMs = 0
  spans = 0
  /** Index of the root among the spans, of which it is written first. */
  rootIndex = 0
  db = 0
  droppedSpans = 0
  #errors = 0
  /** Where the resource stands, the spans after it. */
  resourceAt = 0
  #figuresAt = 0
  // The root, as far as the list shows it.
  #rootRead = false
  #figuresRead = false
  #resource!: Resource
  #first = 0
  #second = 0
  #nameAt = 0
  #start = 0
  #duration = 0
  #restAt = 0

  constructor(from: ByteReader, texts: TextReader) {
    this.#from = from
    this.#texts = texts
    this.#figures = new FiguresReader(from, texts)
  }

  /** Reads the head of the record that begins where `from` is, which is then at its resource. */
  read(): void {
    const from = this.#from
    const flags = (this.flags = from.byte())
    this.epochMs = this.#texts.segment.baseMs + from.signed()
    const plain = (flags & headFlag.plain) !== 0
    this.spans = plain ? 1 : from.varint()
    this.rootIndex = plain ? 0 : from.varint()
    this.#errors = plain ? 0 : from.varint()
    this.db = plain ? 0 : from.varint()
    this.droppedSpans = (flags & headFlag.dropped) === 0 ? 0 : from.varint()
    this.#figuresAt = from.at
    if ((flags & headFlag.implied) === 0) skipFigures(from)
    this.resourceAt = from.at
    this.#rootRead = this.#figuresRead = false
  }

  #readRoot(): void {
    const from = this.#from
    from.at = this.resourceAt
    this.#resource = this.#texts.resource(from.varint())
    this.#first = from.byte()
    this.#second = from.byte()
    if ((this.#second & 4) !== 0) from.at++
    this.#nameAt = from.at
    if (from.bytes[from.at] === impliedName) from.at++
    else skipText(from)
    this.#start = from.signed()
    this.#duration = from.signed()
    this.#restAt = from.at
    this.#rootRead = true
  }

  #readFigures(): void {
    if ((this.flags & headFlag.implied) === 0) {
      this.#from.at = this.#figuresAt
      this.#figures.read()
    } else {
      if (!this.#rootRead) this.#readRoot()
      this.#from.at = this.#restAt
      this.#figures.find(this.#first & parentCode.mask, this.#second >> 3)
    }
    this.#figuresRead = true
  }

  get service(): string {
    if (!this.#rootRead) this.#readRoot()
    return this.#resource.service
  }

  get name(): string {
    if (!this.#rootRead) this.#readRoot()
    const from = this.#from
    if (from.bytes[this.#nameAt] === impliedName) return `${this.method} ${this.route}`
    from.at = this.#nameAt
    return this.#texts.read()
  }

  get start(): number {
    if (!this.#rootRead) this.#readRoot()
    return this.epochMs + this.#start / 1e6
  }

  get duration(): number {
    if (!this.#rootRead) this.#readRoot()
    return this.#duration / 1e6
  }

  get status(): StatusCode {
    if (!this.#rootRead) this.#readRoot()
    return ((this.#first >> 3) & 3) as StatusCode
  }

  get httpStatus(): number {
    if (!this.#figuresRead) this.#readFigures()
    return this.#figures.httpStatus
  }

  get method(): string {
    if (!this.#figuresRead) this.#readFigures()
    return this.#figures.method
  }

  get route(): string {
    if (!this.#figuresRead) this.#readFigures()
    return this.#figures.route
  }

  get errors(): number {
    if ((this.flags & headFlag.plain) === 0) return this.#errors
    return this.status === 2 ? 1 : 0
  }

  get root(): SummaryData['root'] {
    return roots[this.flags & 3] ?? 'late'
  }

  get noise(): SummaryData['noise'] {
    return noises[(this.flags >> 2) & 3] ?? ''
  }
}
