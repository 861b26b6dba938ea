import type { Summary } from '../../src/wire/summary.ts'

/** A trace of the list. The object stays the same for as long as the page knows the trace; its summary is replaced. */
export interface Row {
  summary: Summary
  /** What the filter says: shown, folded away as noise, or not a match. */
  verdict: Verdict
  /** It is in `view` or waits for it. */
  shown: boolean
  /** No longer in the store; the view keeps it until the list may move. */
  gone: boolean
  /** Of a process that has ended: it can be read in the list, but not opened. */
  past: boolean
}

export type Verdict = 'yes' | 'noise' | 'no'

/*
 *   arrivals  --push-->  all (oldest ... newest, at most `capacity`)
 *                          | filter
 *                          v
 *             view (what the reader sees)  |  waiting (counted in the pill)
 *             ordinals first ... total-1   ^ head: moves only by advance()
 *
 * An ordinal belongs to a row for as long as the row is in the view; only what is below the reader's eyes (older rows
 * that were evicted) gives up its place, and that only in advance().
 */
export class Rows {
  readonly #capacity: number
  #all: Row[] = []
  readonly #byId = new Map<string, Row>()
  #view: Row[] = []
  #first = 0
  #waiting: Row[] = []
  #stale = false
  #noisy = 0
  #past = 0
  #matches: (summary: Summary) => boolean = () => true
  #showNoise = false

  /** `capacity`: traces that the page holds at most, in rows. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The rows up to the head, oldest first. */
  get view(): readonly Row[] {
    return this.#view
  }

  /** Ordinal of `view[0]`. */
  get first(): number {
    return this.#first
  }

  /** One more than the newest row's ordinal. */
  get total(): number {
    return this.#first + this.#view.length
  }

  /** Matching traces that arrived after the head. */
  get pending(): number {
    return this.#waiting.length
  }

  /** Traces of the running process that the page knows. */
  get size(): number {
    return this.#all.length - this.#past
  }

  /** Matching traces that are noise: folded away, or foldable. */
  get noisy(): number {
    return this.#noisy
  }

  /** All traces that the page knows, oldest first. */
  get all(): readonly Row[] {
    return this.#all
  }

  get(traceId: string): Row | undefined {
    return this.#byId.get(traceId)
  }

  /** The traces beside one as the reader sees them; for going on without going back. */
  neighbours(traceId: string): { newer?: Summary; older?: Summary } {
    const at = this.#view.findLastIndex((row) => row.summary.traceId === traceId)
    if (at < 0) return {}
    const [newer, older] = [this.#view[at + 1]?.summary, this.#view[at - 1]?.summary]
    return { ...(newer && { newer }), ...(older && { older }) }
  }

  /** Takes new and changed traces. A changed one changes its cells and keeps its place. */
  push(batch: readonly Summary[]): void {
    for (const summary of batch) {
      const known = this.#byId.get(summary.traceId)
      if (known) this.#change(known, summary)
      // A trace becomes a row when its root has ended: until then it is in the strip of requests in flight.
      else if (!summary.inFlight) this.#append(this.#make(summary))
    }
    this.#trim()
  }

  /** Takes traces older than all others, newest first, as the API sends them; they join the view at its end at once. */
  older(batch: readonly Summary[]): number {
    const rows: Row[] = []
    for (const summary of batch) {
      if (this.#byId.has(summary.traceId) || summary.inFlight) continue
      if (this.#all.length + rows.length >= this.#capacity) break
      rows.push(this.#make(summary))
    }
    rows.reverse()
    this.#all = rows.concat(this.#all)
    const visible = rows.filter((row) => row.shown)
    this.#view = visible.concat(this.#view)
    this.#first -= visible.length
    return rows.length
  }

  /** Forgets traces that left the ring: those whose newest record is below `oldest`, unless kept. */
  evict(oldest: number): void {
    const left = this.#all.filter((row) => {
      if (row.past || row.summary.seq >= oldest || row.summary.kept !== '') return true
      this.#forget(row)
      return false
    })
    if (left.length === this.#all.length) return
    this.#all = left
    this.#waiting = this.#waiting.filter((row) => !row.gone)
  }

  /** The process has ended: what is known of it stays to be looked at. */
  retire(): void {
    for (const row of this.#all) row.past = true
    this.#past = this.#all.length
  }

  /** Lets the head move to the newest arrival. Returns whether the view changed. */
  advance(): boolean {
    if (!this.#stale && this.#waiting.length === 0) return false
    if (this.#stale) {
      // Rows vanish among the older ones; the newest keep their ordinals, so nothing at the top moves.
      const total = this.total
      this.#view = this.#view.filter((row) => !row.gone)
      this.#first = total - this.#view.length
      this.#stale = false
    }
    for (const row of this.#waiting) {
      row.shown = isShown(row, this.#showNoise)
      if (row.shown && !row.gone) this.#view.push(row)
    }
    this.#waiting = []
    return true
  }

  /** Another filter: everything that is known is looked at again, and the head moves to the newest. */
  filter(matches: (summary: Summary) => boolean, showNoise: boolean): void {
    this.#matches = matches
    this.#showNoise = showNoise
    this.#noisy = 0
    this.#view = []
    for (const row of this.#all) {
      row.verdict = this.#judge(row.summary)
      if (row.verdict === 'noise') this.#noisy++
      row.shown = isShown(row, showNoise)
      if (row.shown) this.#view.push(row)
    }
    this.#first = 0
    this.#waiting = []
    this.#stale = false
  }

  clear(): void {
    this.#all = []
    this.#byId.clear()
    this.#view = []
    this.#waiting = []
    this.#first = 0
    this.#noisy = 0
    this.#past = 0
    this.#stale = false
  }

  #make(summary: Summary): Row {
    const verdict = this.#judge(summary)
    const row: Row = { summary, verdict, shown: false, gone: false, past: false }
    row.shown = isShown(row, this.#showNoise)
    if (verdict === 'noise') this.#noisy++
    this.#byId.set(summary.traceId, row)
    return row
  }

  #append(row: Row): void {
    this.#all.push(row)
    if (row.shown) this.#waiting.push(row)
  }

  #change(row: Row, summary: Summary): void {
    row.summary = summary
    const verdict = this.#judge(summary)
    if (verdict === row.verdict) return
    if (row.verdict === 'noise') this.#noisy--
    if (verdict === 'noise') this.#noisy++
    row.verdict = verdict
    // One that is in view stays, even if it no longer matches: rows do not vanish under the reader.
    if (row.shown || !isShown(row, this.#showNoise)) return
    // One that matches only now comes in as if it had just arrived: among the older rows it would push others down.
    this.#all.splice(this.#all.lastIndexOf(row), 1)
    row.shown = true
    this.#append(row)
  }

  #trim(): void {
    const excess = this.#all.length - this.#capacity
    if (excess <= 0) return
    for (const row of this.#all.slice(0, excess)) this.#forget(row)
    this.#all = this.#all.slice(excess)
    // A reader who stays away for hours must not make the page grow.
    if (this.#waiting[0]?.gone) this.#waiting = this.#waiting.filter((row) => !row.gone)
  }

  #forget(row: Row): void {
    row.gone = true
    if (row.past) this.#past--
    this.#byId.delete(row.summary.traceId)
    if (row.verdict === 'noise') this.#noisy--
    if (row.shown) this.#stale = true
  }

  #judge(summary: Summary): Verdict {
    if (!this.#matches(summary)) return 'no'
    return isNoise(summary) ? 'noise' : 'yes'
  }
}

/** Health checks and static files that went well. One that failed is news, whatever it is. */
export function isNoise(summary: Summary): boolean {
  return summary.noise !== '' && !isFailed(summary) && summary.httpStatus < 400
}

export function isFailed(summary: Summary): boolean {
  return summary.status === 'error' || summary.errors > 0 || summary.httpStatus >= 500
}

function isShown(row: Row, showNoise: boolean): boolean {
  return row.verdict === 'yes' || (showNoise && row.verdict === 'noise')
}
