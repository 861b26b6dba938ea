import type { TraceId } from '../base/ids.ts'
import type { Wanted } from '../wire/query-spans.ts'
import type { Summary } from '../wire/summary.ts'
import { ValueScan } from './value-scan.ts'
import { ByteReader, readHex } from './bytes.ts'
import { HeadReader } from './head-reader.ts'
import type { Segment } from './segment.ts'
import type { TextSearch } from './text-search.ts'
import { TextReader } from './text-reader.ts'
import type { Glance } from './types.ts'

const statusNames = ['unset', 'ok', 'error'] as const

/** The one glance of a ring, aimed at one record after another. Its figures are those of a trace of which this is the only record. */
export class RecordGlance implements Glance {
  readonly #from = new ByteReader()
  readonly #texts = new TextReader(this.#from)
  readonly #head = new HeadReader(this.#from, this.#texts)
  readonly #scans = new WeakMap<Wanted, ValueScan>()
  readonly #search: TextSearch
  readonly #keptOf: (traceId: TraceId, flags: number) => Summary['kept']
  #segment!: Segment
  #row = 0
  seq = 0
  readonly inFlight = false

  /** `keptOf` tells why a record with these flags is kept. */
  constructor(search: TextSearch, keptOf: (traceId: TraceId, flags: number) => Summary['kept']) {
    this.#search = search
    this.#keptOf = keptOf
  }

  aim(segment: Segment, row: number, place: number, seq: number): void {
    this.#segment = segment
    this.#row = row
    this.seq = seq
    this.#from.bytes = segment.bytes
    this.#from.at = place
    this.#texts.segment = segment
    this.#head.read()
  }

  lacks(text: string): boolean {
    return this.#search.lacks(this.#segment, this.#row, text)
  }

  holds(wanted: Wanted): boolean {
    let scan = this.#scans.get(wanted)
    if (scan === undefined) {
      scan = new ValueScan(wanted, this.#from, this.#texts)
      this.#scans.set(wanted, scan)
    }
    this.#from.at = this.#head.resourceAt
    return scan.finds(this.#head.spans)
  }

  get traceId(): TraceId {
    const at = this.#segment.idAt(this.#row)
    return readHex(this.#segment.bytes, at, at + 16) as TraceId
  }

  get name(): string {
    return this.#head.name
  }

  get service(): string {
    return this.#head.service
  }

  get services(): string[] {
    return [this.#head.service]
  }

  get start(): number {
    return this.#head.start
  }

  get duration(): number {
    return this.#head.duration
  }

  get status(): Summary['status'] {
    return statusNames[this.#head.status]
  }

  get httpStatus(): number {
    return this.#head.httpStatus
  }

  get method(): string {
    return this.#head.method
  }

  get route(): string {
    return this.#head.route
  }

  get spans(): number {
    return this.#head.spans
  }

  get errors(): number {
    return this.#head.errors
  }

  get db(): number {
    return this.#head.db
  }

  get incomplete(): boolean {
    return this.#head.root !== 'true root'
  }

  get kept(): Summary['kept'] {
    return this.#keptOf(this.traceId, this.#segment.flags(this.#row))
  }

  get noise(): Summary['noise'] {
    const { errors, status, httpStatus, noise } = this.#head
    return errors > 0 || status === 2 || httpStatus >= 400 ? '' : noise
  }
}
