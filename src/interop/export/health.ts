import type { Report } from '../../base/report.ts'
import type { ExportStatus } from '../../wire/status.ts'
import type { Delivery } from './destination.ts'

/** How it goes with a destination: what the page's status shows of it. */
export type ExportFigures = Omit<ExportStatus, 'to' | 'protocol'>

// A destination that fails every other time must not fill the host's log.
const quietMs = 60_000

/** Counts what becomes of spans, and prints one line when it begins to fail and one when it works again. */
export class Health {
  readonly #name: string
  readonly #report: Report
  readonly #figures = { sent: 0, failed: 0, dropped: 0, lastError: '', lastErrorAt: 0 }
  #failing = false
  #saidAt = Number.NEGATIVE_INFINITY
  #said = false
  /** Spans lost since it began to fail. */
  #lost = 0

  constructor(name: string, report: Report) {
    this.#name = name
    this.#report = report
  }

  get failing(): boolean {
    return this.#failing
  }

  figures(waiting: number): ExportFigures {
    return { ...this.#figures, waiting, failing: this.#failing }
  }

  sent(spans: number, rejected: number): void {
    this.#figures.sent += spans - rejected
    if (rejected > 0) {
      this.#count('failed', rejected)
      this.#note('some spans were rejected')
      this.#report.once(`${this.#name} rejected some of the exported spans`)
    }
    if (!this.#failing) return
    this.#failing = false
    if (this.#said)
      this.#report.say(`export to ${this.#name} works again; ${this.#lost} spans were lost`)
    this.#said = false
    this.#lost = 0
  }

  /** A try that failed. One line when it begins, not one for each: a collector that is not running is a usual thing. */
  tried({ outcome, why: said }: Delivery): void {
    // Of the other side, or of whoever gives credentials: it may quote what it was sent.
    const why = this.#report.hide(said)
    this.#note(why)
    if (this.#failing) return
    this.#failing = true
    const now = performance.now()
    if (now - this.#saidAt < quietMs) return
    this.#saidAt = now
    this.#said = true
    const next =
      outcome === 'retry' || outcome === 'stale' ? 'it is tried again' : 'its spans are lost'
    this.#report.say(`export to ${this.#name} fails (${why}); ${next}`)
  }

  /** Spans that are given up. */
  lost(spans: number): void {
    this.#lost += spans
    this.#count('failed', spans)
  }

  /** Spans that made room for newer ones. */
  dropped(spans: number): void {
    if (this.#failing) this.#lost += spans
    this.#count('dropped', spans)
  }

  #count(what: 'failed' | 'dropped', spans: number): void {
    this.#figures[what] += spans
    this.#report.drop(what === 'failed' ? 'export failed' : 'export queue full', spans)
  }

  #note(why: string): void {
    this.#figures.lastError = why.slice(0, 300)
    this.#figures.lastErrorAt = Date.now()
  }
}
