import type { TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'
import { createTimeSlices, type TimeSlices } from '../base/time-slices.ts'
import type { Entry, Glance, StoredTrace, TraceStore } from '../store/types.ts'
import { decideBySummary, matchSpans, type Query, type Term } from '../wire/query.ts'
import type { Summary, TraceList } from '../wire/summary.ts'
import { GlanceTest } from './glance-test.ts'
import { Needles } from './needles.ts'

/** Rows of one answer. */
export const maxRows = 500

const budgetMs = 2000

export interface SearchSetup {
  readonly store: TraceStore
  /** Milliseconds of a clock that runs evenly. */
  readonly now: () => number
  /** The trace's line, what is in flight of it included. */
  readonly summaryOf: (trace: StoredTrace) => Summary
  /** Lines of traces in flight of which nothing is stored, newest first. */
  readonly inFlight: () => Iterable<Summary>
  /** Whether spans of the trace are in flight, which the store's index knows nothing of. */
  readonly isOpen: (traceId: TraceId) => boolean
  /** Places in the list of stored traces of which spans are in flight, too. */
  readonly openFirst: () => ReadonlySet<number>
  /** All spans of a trace, stored and in flight. */
  readonly recordsOf: (traceId: TraceId) => Iterable<TraceRecord>
}

/**
 * Newest first, traces in flight before all stored ones. Summaries decide what they can; spans are decoded only when a term asks for them
 * and the index does not rule the trace out.
 */
export async function search(
  setup: SearchSetup,
  query: Query,
  limit: number,
  before: number | undefined
): Promise<TraceList> {
  const run = new Run(setup, query, limit)
  await run.begin()
  if (before === undefined) await run.inFlight()
  const next = await run.stored(before)
  return {
    traces: run.rows,
    ...(next === undefined ? {} : { next: String(next) }),
    ignored: [...query.ignored],
    searched: { traces: run.looked, complete: !run.cut }
  }
}

class Run {
  readonly rows: Summary[] = []
  looked = 0
  /** Time ran out before everything was looked at. */
  cut = false
  readonly #setup: SearchSetup
  readonly #matcher: Matcher
  readonly #glances: GlanceTest
  readonly #limit: number
  readonly #slices: TimeSlices
  // A trace that ends while the search goes on is met twice: in flight, then stored.
  readonly #running = new Set<string>()

  constructor(setup: SearchSetup, query: Query, limit: number) {
    this.#setup = setup
    this.#matcher = new Matcher(setup, query)
    this.#glances = new GlanceTest(query)
    this.#limit = limit
    this.#slices = createTimeSlices(setup.now, budgetMs)
  }

  /** Waits for a turn of its own: several searches may come at once. */
  async begin(): Promise<void> {
    await this.#slices.pause()
  }

  async inFlight(): Promise<void> {
    for (const summary of this.#setup.inFlight()) {
      if (this.#full || this.#slices.over) return
      this.#running.add(summary.traceId)
      this.#look(summary, [])
      if (this.#slices.due) await this.#slices.pause()
    }
  }

  /** Gives where the next page begins; undefined at the end. */
  async stored(before: number | undefined): Promise<number | undefined> {
    const { store, summaryOf } = this.#setup
    const open = this.#setup.openFirst()
    let below = before
    const worth = (glance: Glance): boolean => {
      // What is in flight of a trace, a glance at the store does not see.
      if (this.#full || open.has(glance.seq) || this.#glances.passes(glance)) return true
      this.looked++
      below = glance.seq
      return false
    }
    for (const trace of store.traces(below, worth)) {
      this.cut = !this.#full && this.#slices.over
      if ((this.#full && trace !== undefined) || this.cut) return below ?? store.newest + 1
      if (trace !== undefined) {
        below = trace.first
        if (!this.#running.has(trace.traceId)) this.#look(summaryOf(trace), trace.entries)
      }
      if (this.#slices.due) await this.#slices.pause()
    }
    return undefined
  }

  #look(summary: Summary, entries: readonly Entry[]): void {
    this.looked++
    if (this.#matcher.matches(summary, entries)) this.rows.push(summary)
  }

  get #full(): boolean {
    return this.rows.length >= this.#limit
  }
}

/** Decides whole queries: by the summary where it can, else by the spans, which are decoded only when the index allows for a match. */
export class Matcher {
  readonly #setup: Pick<SearchSetup, 'store' | 'isOpen' | 'recordsOf'>
  readonly #query: Query
  readonly #needles = new Needles()

  constructor(setup: Pick<SearchSetup, 'store' | 'isOpen' | 'recordsOf'>, query: Query) {
    this.#setup = setup
    this.#query = query
  }

  /** Whether the trace with that summary and those stored entries passes. */
  matches(summary: Summary, entries: readonly Entry[]): boolean {
    const decided = decideBySummary(this.#query, summary)
    if (decided !== undefined) return decided
    const traceId = summary.traceId as TraceId
    if (!this.#setup.isOpen(traceId) && this.#isRuledOut(summary, entries)) return false
    return matchSpans(this.#query, summary, this.#setup.recordsOf(traceId))
  }

  #isRuledOut(summary: Summary, entries: readonly Entry[]): boolean {
    const open = this.#query.terms.filter(
      (term) => !term.negated && term.decide(summary) === undefined
    )
    const together = open.filter((term) => term.spans?.sameSpan === true)
    const possible = (term: Term, entry: Entry): boolean =>
      term.spans?.possible((text) => this.#lacks(entry, text)) !== false
    if (
      together.length > 0 &&
      !entries.some((entry) => together.every((term) => possible(term, entry)))
    )
      return true
    return open.some((term) => !entries.some((entry) => possible(term, entry)))
  }

  #lacks(entry: Entry, text: string): boolean {
    return this.#needles.allows(text) && this.#setup.store.lacks(entry, text)
  }
}
