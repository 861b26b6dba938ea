import { encodeSummary, type Traces } from '../wire/live.ts'
import type { Summary } from '../wire/summary.ts'
import { Frame } from './live-page.ts'

/**
 * What all pages are told that stand at one place and have one filter. Its frames are made when the first page takes one: where nobody
 * reads, none is.
 */
export class Batch {
  readonly rows: readonly Summary[]
  /** Up to this number nothing is missing. */
  readonly to: number
  /** Traces that are new, and not earlier ones that changed, whether they passed the filter or not. */
  readonly ended: number
  #encoded: Traces['rows'] | undefined
  #plain: Frame | undefined
  #withFlight: Frame | undefined

  constructor(rows: readonly Summary[], to: number, ended: number) {
    this.rows = rows
    this.to = to
    this.ended = ended
  }

  frame(rate: number, inFlight: Traces['inFlight']): Frame {
    if (inFlight === undefined) return (this.#plain ??= new Frame(this.#message(rate)))
    return (this.#withFlight ??= new Frame({ ...this.#message(rate), inFlight }))
  }

  #message(rate: number): Traces {
    this.#encoded ??= this.rows.map(encodeSummary)
    return { type: 'traces', seq: this.to, rows: this.#encoded, rate }
  }
}
