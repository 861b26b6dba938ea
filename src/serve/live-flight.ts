import { encodeSummary, type Traces } from '../wire/live.ts'
import type { Summary } from '../wire/summary.ts'

/** The requests in flight as the pages know them. The version grows when other requests are in flight, not when the same go on. */
export class Flight {
  readonly #read: (limit: number) => { rows: Summary[]; total: number }
  readonly #limit: number
  #dirty = true
  #ids = ''
  #version = 0
  #sent: NonNullable<Traces['inFlight']> = { rows: [], total: 0 }

  constructor(read: (limit: number) => { rows: Summary[]; total: number }, limit: number) {
    this.#read = read
    this.#limit = limit
  }

  get version(): number {
    return this.#version
  }

  get sent(): NonNullable<Traces['inFlight']> {
    return this.#sent
  }

  /** Called with every request of the host: no more than a flag. */
  changed(): void {
    this.#dirty = true
  }

  // Most requests begin and end between two reads: those change nothing that a page shows.
  read(): void {
    if (!this.#dirty) return
    this.#dirty = false
    const { rows, total } = this.#read(this.#limit)
    const ids = `${total} ${rows.map((row) => row.traceId).join(' ')}`
    if (ids === this.#ids) return
    this.#ids = ids
    this.#version++
    this.#sent = { rows: rows.map(encodeSummary), total }
  }
}
