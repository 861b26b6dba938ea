import type { Report } from '../base/report.ts'
import { createGuard, type Guard } from '../base/safely.ts'
import type { Reader } from '../query/types.ts'
import type { TraceStore } from '../store/types.ts'
import { encodeSummary, type Traces } from '../wire/live.ts'
import type { Summary } from '../wire/summary.ts'
import { Flight } from './live-flight.ts'
import { defaultLiveLimits, type LiveLimits } from './live-limits.ts'
import {
  type Channel,
  countMessage,
  Frame,
  type LivePage,
  newPage,
  readRequest
} from './live-page.ts'
import { Rate } from './live-rate.ts'

export interface LiveSetup {
  readonly reader: Pick<Reader, 'changedSince' | 'inFlight' | 'matcher'>
  readonly store: Pick<TraceStore, 'newest' | 'oldest' | 'subscribe' | 'changedSince'>
  /** Tells of every request that starts or ends. Returns the way to stop. */
  readonly onInFlightChange: (listener: () => void) => () => void
  readonly report: Report
  readonly version: string
  readonly bootId: string
  /** From which duration on a trace is slow, in milliseconds. */
  readonly slowMs: number
  readonly limits?: Partial<LiveLimits>
}

/**
 * What the connected pages are told. Nothing of it runs while no page is connected; with pages, changes are gathered for 100 ms. Pages without
 * a filter that are up to date share one frame; a page that has a filter or is behind gets frames of its own until it has caught up.
 * Nothing waits in memory for a slow page: it loses frames, is told how many traces that were, and asks for them when it can.
 */
export class LiveHub {
  readonly #setup: LiveSetup
  readonly #limits: LiveLimits
  readonly #guard: Guard
  readonly #pages = new Set<LivePage>()
  #unsubscribe: (() => void)[] = []
  #tickTimer: NodeJS.Timeout | undefined
  #pingTimer: NodeJS.Timeout | undefined
  // The tick that is due is only to let the rate fall: news need not wait for it.
  #idle = false
  #lastTick = 0
  #seq = 0
  #oldest = 0
  readonly #flight: Flight
  #ended = new Rate()
  #rate = 0

  constructor(setup: LiveSetup) {
    this.#setup = setup
    this.#limits = { ...defaultLiveLimits, ...setup.limits }
    this.#guard = createGuard('the live page', setup.report)
    this.#flight = new Flight((limit) => setup.reader.inFlight(limit), this.#limits.inFlight)
  }

  get pages(): number {
    return this.#pages.size
  }

  /** Whether another page may connect. */
  get open(): boolean {
    return this.#guard.on && this.#pages.size < this.#limits.pages
  }

  /** A page connected; it is told hello at once, and the rest when it says where it stands. */
  join(channel: Channel, local: boolean): LivePage {
    const page = newPage(channel, local, performance.now())
    this.#pages.add(page)
    if (this.#pages.size === 1) this.#start()
    const { store, version, bootId, slowMs } = this.#setup
    const { newest: seq, oldest } = store
    channel.send(new Frame({ type: 'hello', bootId, seq, oldest, version, slowMs }))
    return page
  }

  leave(page: LivePage): void {
    if (this.#pages.delete(page) && this.#pages.size === 0) this.#stop()
  }

  /** A message of a page: foreign text. */
  receive(page: LivePage, text: string): void {
    this.#guard(() => {
      this.heard(page)
      if (countMessage(page) > this.#limits.messagesPerSecond)
        return page.channel.close(1008, 'too many messages')
      const request = readRequest(text)
      if (request === undefined)
        return page.channel.send(
          new Frame({ type: 'problem', text: 'this message was not understood' })
        )
      if (request.type === 'since') this.since(page, request.seq)
      else this.filter(page, request.query)
    })
  }

  /** Sends what changed after `seq`; a number from before a restart may lie beyond what there is. */
  since(page: LivePage, seq: number): void {
    page.seq = Math.min(seq, this.#setup.store.newest)
    page.flight = -1
    this.#schedule()
  }

  filter(page: LivePage, query: string): void {
    page.filter = query === '' ? undefined : this.#setup.reader.matcher(query)
  }

  heard(page: LivePage): void {
    page.lastHeard = performance.now()
  }

  /** Ends connections: all, or those that were let in for being on this machine. */
  close(code: number, reason: string, only: 'all' | 'local' = 'all'): void {
    for (const page of this.#pages) {
      if (only === 'local' && !page.local) continue
      this.leave(page)
      page.channel.close(code, reason)
    }
  }

  #start(): void {
    const { store, onInFlightChange } = this.#setup
    this.#seq = store.newest
    this.#oldest = store.oldest
    this.#flight.changed()
    this.#ended = new Rate()
    this.#rate = 0
    this.#unsubscribe = [
      store.subscribe(() => this.#schedule()),
      onInFlightChange(() => {
        this.#flight.changed()
        this.#schedule()
      })
    ]
    this.#pingTimer = setInterval(() => this.#guard(() => this.#ping()), this.#limits.pingMs)
    this.#pingTimer.unref()
  }

  #stop(): void {
    for (const stop of this.#unsubscribe) stop()
    this.#unsubscribe = []
    clearInterval(this.#pingTimer)
    clearTimeout(this.#tickTimer)
    this.#tickTimer = undefined
  }

  // Called in the host's request path: no more than a compare when a tick is due anyway.
  #schedule(laterMs = 0): void {
    if (this.#pages.size === 0 || (this.#tickTimer !== undefined && !this.#idle)) return
    clearTimeout(this.#tickTimer)
    this.#idle = laterMs > 0
    const wait = Math.max(laterMs, this.#limits.tickMs - (performance.now() - this.#lastTick), 0)
    this.#tickTimer = setTimeout(() => {
      this.#tickTimer = undefined
      this.#guard(() => this.#tick())
      if (!this.#guard.on) this.close(1011, 'switched off after errors')
    }, wait).unref()
  }

  #tick(): void {
    const now = (this.#lastTick = performance.now())
    const { store } = this.#setup
    const from = this.#seq
    const newest = store.newest
    const flightBefore = this.#flight.version
    const rateBefore = this.#rate
    this.#flight.read()
    if (from < newest) this.#ended.add(this.#countEnded(from), now)
    this.#rate = this.#ended.perSecond(now)
    const { rows, to } = this.#changed(from, newest)
    this.#seq = to
    if (store.oldest > this.#oldest) this.#tellEvicted(store.oldest)

    let total = 0
    for (const { channel } of this.#pages) total += channel.buffered()
    const flew = this.#flight.version !== flightBefore
    const news = rows.length > 0 || flew || this.#rate !== rateBefore
    const shared = news ? this.#frame(rows, to, flew) : undefined
    const own: LivePage[] = []
    for (const page of this.#pages) {
      const { filter, seq, flight, slowSince } = page
      if (slowSince > 0 && now - slowSince > this.#limits.slowMs) this.#drop(page)
      else if (seq < 0) continue
      else if (filter !== undefined || seq !== from || flight !== flightBefore) own.push(page)
      else if (shared !== undefined) total += this.#deliver(page, shared, rows.length, to, total)
    }
    const until = now + this.#limits.ownMs
    let again = to < newest
    for (const page of own) {
      // Who had to wait this time stands first in the next one.
      if (performance.now() < until) {
        total += this.#own(page, newest, this.#rate !== rateBefore, until, total)
        this.#pages.delete(page)
        this.#pages.add(page)
      }
      if (page.seq < newest) again = true
    }
    if (again) this.#schedule()
    else if (this.#rate > 0 || own.some((page) => page.slowSince > 0)) this.#schedule(1000)
  }

  /** Traces changed after `from`, and up to which number that is all of them. */
  #changed(from: number, newest: number): { rows: Summary[]; to: number } {
    if (from >= newest) return { rows: [], to: newest }
    const rows = this.#setup.reader.changedSince(from, this.#limits.rows)
    const last = rows.at(-1)
    const all = rows.length < this.#limits.rows || last === undefined || last.seq <= from
    return { rows, to: all ? newest : last.seq }
  }

  // One page's own frame: its filter, its place, the in-flight requests if it has older ones.
  #own(page: LivePage, newest: number, rateChanged: boolean, until: number, total: number): number {
    const { rows: all, to } = this.#changed(page.seq, newest)
    const rows: Summary[] = []
    let reached = to
    for (const [i, row] of all.entries()) {
      if (page.filter?.(row) ?? true) rows.push(row)
      if (performance.now() < until || i === all.length - 1) continue
      reached = row.seq
      break
    }
    const flightChanged = page.flight !== this.#flight.version
    if (rows.length === 0 && !flightChanged && !rateChanged && page.skipped === 0) {
      page.seq = reached
      return 0
    }
    const frame = this.#frame(rows, reached, flightChanged)
    return this.#deliver(page, frame, rows.length, reached, total)
  }

  /** Hands a frame to a page, or counts it as skipped; gives the bytes that wait longer for it. */
  #deliver(page: LivePage, frame: Frame, rows: number, to: number, total: number): number {
    const { channel } = page
    const waiting = channel.buffered()
    const bytes = frame.socket.length
    page.seq = to
    const { pageBytes, totalBytes } = this.#limits
    if (waiting > 0 && (waiting + bytes > pageBytes || total + bytes > totalBytes)) {
      page.skipped += rows
      page.flight = -1
      page.slowSince ||= performance.now()
      if (rows > 0) this.#setup.report.drop('slow page', rows)
      return 0
    }
    page.slowSince = 0
    if (page.skipped > 0) {
      channel.send(new Frame({ type: 'gap', count: page.skipped }))
      page.skipped = 0
    }
    if ('inFlight' in frame.message) page.flight = this.#flight.version
    channel.send(frame)
    return bytes
  }

  #frame(rows: readonly Summary[], seq: number, withFlight: boolean): Frame {
    const message: Traces = { type: 'traces', seq, rows: rows.map(encodeSummary), rate: this.#rate }
    if (withFlight) message.inFlight = this.#flight.sent
    return new Frame(message)
  }

  // Counted are traces, not records: what other services or late spans add to a trace is no new one.
  #countEnded(from: number): number {
    let count = 0
    let seen = 0
    for (const { first } of this.#setup.store.changedSince(from)) {
      if (first > from) count++
      if (++seen >= this.#limits.rows) break
    }
    return count
  }

  #tellEvicted(oldest: number): void {
    this.#oldest = oldest
    const frame = new Frame({ type: 'evicted', oldest })
    for (const { channel } of this.#pages) {
      if (channel.buffered() < this.#limits.pageBytes) channel.send(frame)
    }
  }

  #drop(page: LivePage): void {
    this.leave(page)
    page.channel.terminate()
  }

  #ping(): void {
    const now = performance.now()
    for (const page of this.#pages) {
      if (now - page.lastHeard > this.#limits.silentMs) this.#drop(page)
      else page.channel.ping()
    }
  }
}
