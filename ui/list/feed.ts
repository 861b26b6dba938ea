import { parseQuery, matchSummary, type Query } from '../../src/wire/query.ts'
import { reviveSummary, type LiveMessage, type Traces } from '../../src/wire/live.ts'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import { ApiProblem, getTraces, isAbort } from '../api.ts'
import type { connectLive, Live } from '../live.ts'
import {
  connection,
  hello,
  ignoredByServer,
  inFlight,
  listCounts,
  listVersion,
  loading,
  pausedAt,
  rate,
  restarted,
  showNoise,
  skipped,
  slowMs
} from '../state.ts'
import { clearMarks } from './marks.ts'
import { Rows } from './rows.ts'

/** Traces that the page holds: 10,000 summaries are about 6 MB. */
const capacity = 10_000
const pageSize = 500
/** Older traces loaded without being asked for, so that filters answer at once; more come at the end of the scroll. */
const eager = 5_000
/** The list changes at most twice a second; measured at 200 traces/s, 4 Hz costs half as much again. */
const minGapMs = 500

/**
 * The list's data: what the API and the live connection bring, filtered, and let through to the reader only while nothing
 * holds it. One lives as long as the page, so coming back from a trace finds the list as it was left.
 */
export class Feed {
  readonly rows: Rows = new Rows(capacity)
  #query: Query = parseQuery('')
  #text = ''
  /** What the server filters by: the query when it needs spans, else ''. */
  #served = ''
  #next: string | undefined
  #loadingOlder = false
  #abort = new AbortController()
  #newest = 0
  #hold = false
  #dirty = false
  #drawn = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #live: Live | undefined
  #connectLive: typeof connectLive | undefined
  /** Sequence number after which the process skipped traces, because this page read too slowly. */
  #gap: number | undefined
  /** The reader asked for what comes next, so it is shown even to one who points at the rows. */
  #demanded = false
  /** Rows that come over the connection are of another filter than the list. */
  #deaf = false
  /** What came beside rows is shown when they are: ten times a second, the chart alone would cost more than all rows. */
  #rate = 0
  #flight: (Required<Traces>['inFlight'] & { at: number }) | undefined

  get query(): Query {
    return this.#query
  }

  get held(): boolean {
    return this.#hold || pausedAt.peek() > 0
  }

  /** Older traces can be asked for. */
  get more(): boolean {
    return this.#next !== undefined && this.rows.size < capacity
  }

  /**
   * Begins with the query of the address, so that a link to a filtered list asks for that list only. Without `connect`, what the API gives
   * is all there is.
   */
  start(query: string, connect?: typeof connectLive): void {
    this.#connectLive = connect
    this.#text = query
    this.#query = parseQuery(query, slowMs.peek())
    this.#served = this.#query.needsSpans ? query : ''
    this.refilter()
    // The list first: its newest sequence number is where the connection begins, so nothing is sent twice.
    void this.#load(() => this.#connect())
  }

  #connect(): void {
    // A filter that changes before the first list has come gets here twice.
    if (this.#live) return this.#live.reopen()
    this.#live = this.#connectLive?.({
      since: () => this.#newest,
      filter: () => this.#served,
      onMessage: (message) => this.#onMessage(message),
      onState: (state) => {
        connection.value = state
      }
    })
  }

  retry(): void {
    this.#live?.retry()
    if (loading.peek().state === 'failed') void this.#load(() => {})
  }

  /** Asks for what was skipped. Not done unasked: what was too slow once would be too slow again. */
  catchUp(): void {
    this.#newest = this.#gap ?? this.#newest
    this.#gap = undefined
    this.#demanded = true
    skipped.value = 0
    this.#live?.reopen()
  }

  /** The reader is at the rows: pointing, focused, scrolled. Silent; let go, the list catches up at once. */
  hold(on: boolean): void {
    if (this.#hold === on) return
    this.#hold = on
    if (!on) this.#draw()
  }

  pause(on: boolean): void {
    pausedAt.value = on ? Date.now() : 0
    if (!on) this.#draw()
  }

  /** Shows what has arrived, whatever holds the list. */
  showNew(): void {
    this.rows.advance()
    this.#publish()
  }

  setQuery(text: string): void {
    if (text === this.#text) return
    this.#text = text
    this.#query = parseQuery(text, slowMs.peek())
    const served = this.#query.needsSpans ? text : ''
    if (served === this.#served) return this.refilter()
    this.#served = served
    this.#deaf = true
    // The old rows stay until the answer is there: an empty list between two words that are typed would flicker.
    void this.#load(
      () => {
        this.#deaf = false
        this.#connect()
      },
      () => {
        this.#newest = 0
        this.rows.clear()
        this.refilter()
      }
    )
  }

  refilter(): void {
    const query = this.#query
    this.rows.filter((summary) => matchSummary(query, summary), showNoise.peek())
    this.#publish()
  }

  /** Loads the next older page. */
  async older(): Promise<void> {
    if (this.#loadingOlder || !this.more) return
    this.#loadingOlder = true
    try {
      const before = this.#next
      await this.#page(before === undefined ? {} : { before })
    } finally {
      this.#loadingOlder = false
    }
  }

  /** Takes what the page itself knows about a trace: the process sends a line only when spans have come. */
  note(traceId: string, known: Partial<Summary>): void {
    const row = this.rows.get(traceId)
    if (row) this.rows.push([{ ...row.summary, ...known }])
    this.#publish()
  }

  async #load(onFirst: () => void, beforeFirst: () => void = () => {}): Promise<void> {
    this.#abort.abort()
    this.#abort = new AbortController()
    const { signal } = this.#abort
    this.#next = undefined
    loading.value = { state: 'loading' }
    await this.#page({}, beforeFirst)
    if (signal.aborted) return
    this.showNew()
    onFirst()
    while (!signal.aborted && this.#served === '' && this.more && this.rows.size < eager) {
      await this.older()
      if (loading.peek().state === 'failed') return
    }
  }

  async #page(at: { before?: string }, onAnswer: () => void = () => {}): Promise<void> {
    const { signal } = this.#abort
    try {
      const list = await getTraces({ q: this.#served, limit: pageSize, ...at }, signal)
      if (signal.aborted) return
      onAnswer()
      this.#take(list)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      const { message, hint } =
        error instanceof ApiProblem ? error : { message: 'The list could not be read', hint: '' }
      loading.value = { state: 'failed', text: message, hint }
    }
  }

  #take(list: TraceList): void {
    this.#next = list.next
    for (const { seq } of list.traces) this.#newest = Math.max(this.#newest, seq)
    this.rows.older(list.traces)
    ignoredByServer.value = this.#served === '' ? [] : list.ignored
    loading.value = { state: 'done', searched: list.searched }
    this.#publish()
  }

  #onMessage(message: LiveMessage): void {
    switch (message.type) {
      case 'hello': {
        const before = hello.peek()
        const slow = slowMs.peek()
        hello.value = message
        if (slowMs.peek() !== slow) {
          // What a word of the query means has changed.
          this.#query = parseQuery(this.#text, slowMs.peek())
          this.refilter()
        }
        if (before && before.bootId !== message.bootId) this.#restart()
        return
      }
      case 'traces':
        this.#rate = message.rate
        if (message.inFlight) this.#flight = { ...message.inFlight, at: Date.now() }
        if (this.#deaf) return this.#change()
        this.#newest = Math.max(this.#newest, message.seq)
        if (message.rows.length > 0) {
          this.rows.push(message.rows.map(reviveSummary))
          if (this.#demanded) {
            this.#demanded = false
            return this.showNew()
          }
        }
        return this.#change()
      case 'evicted':
        this.rows.evict(message.oldest)
        return this.#change()
      case 'gap':
        this.#gap ??= this.#newest
        skipped.value += message.count
        return
      case 'problem':
        ignoredByServer.value = [message.text]
    }
  }

  /** Another process answers: its numbers start anew, and the rows of the one before are only to look at. */
  #restart(): void {
    restarted.value = true
    this.#newest = 0
    this.#next = undefined
    this.#abort.abort()
    this.rows.retire()
    clearMarks()
    this.#flight = undefined
    inFlight.value = { rows: [], total: 0, at: 0 }
    this.#draw()
  }

  #change(): void {
    this.#dirty = true
    if (this.#timer !== undefined) return
    const wait = Math.max(0, this.#drawn + minGapMs - Date.now())
    // A timer, not a frame: frames stop in a hidden tab and the rows would pile up.
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#dirty) this.#draw()
    }, wait)
  }

  #draw(): void {
    if (!this.#hold && pausedAt.peek() === 0) this.rows.advance()
    this.#publish()
  }

  #publish(): void {
    this.#dirty = false
    this.#drawn = Date.now()
    const { view, size, pending, noisy } = this.rows
    listCounts.value = { matched: view.length + pending, size, pending, noisy }
    listVersion.value++
    rate.value = this.#rate
    if (!this.#flight) return
    inFlight.value = { ...this.#flight, rows: this.#flight.rows.map(reviveSummary) }
    this.#flight = undefined
  }
}
