import type { Report } from '../base/report.ts'
import { createGuard, type Guard } from '../base/safely.ts'
import type { Reader } from '../query/types.ts'
import type { TraceStore } from '../store/types.ts'
import type { Summary } from '../wire/summary.ts'
import { Batch } from './live-batch.ts'
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
  readonly store: Pick<TraceStore, 'newest' | 'oldest' | 'subscribe'>
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
 * What the connected pages are told. Nothing of it runs while no page is connected; with pages, changes are gathered for 100 ms. Pages that
 * stand at one place and have the same filter share one frame: nearly always all of them, and while they catch up together, too.
 * Nothing waits in memory for a slow page, and nothing is read for it: it loses frames, is told how many traces that were, and asks for them
 * when it can. One that was behind anyway goes on where it stood.
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
    page.query = query
    page.filter = query === '' ? undefined : this.#setup.reader.matcher(query)
  }

  heard(page: LivePage): void {
    page.unanswered = 0
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
    const { newest } = store
    const from = this.#seq
    const rateBefore = this.#rate
    this.#flight.read()
    const current = this.#batch(from, undefined)
    this.#seq = current.to
    this.#ended.add(current.ended, now)
    this.#rate = this.#ended.perSecond(now)
    if (store.oldest > this.#oldest) this.#tellEvicted(store.oldest)

    const rateChanged = this.#rate !== rateBefore
    const others: LivePage[] = []
    for (const page of this.#pages) {
      const { slowSince } = page
      if (slowSince > 0 && now - slowSince > this.#limits.slowMs) this.#drop(page)
      else if (page.seq === from && page.query === '') this.#tell(page, current, rateChanged)
      else if (page.seq >= 0) others.push(page)
    }
    this.#tellOthers(others, rateChanged)
    let again = false
    let slow = false
    for (const { seq, slowSince } of this.#pages) {
      again ||= seq >= 0 && seq < newest
      slow ||= slowSince > 0
    }
    if (again || this.#seq < newest) this.#schedule()
    else if (this.#rate > 0 || slow) this.#schedule(1000)
  }

  // Pages that have a filter or are behind, as many as there is time for.
  #tellOthers(pages: readonly LivePage[], rateChanged: boolean): void {
    const until = performance.now() + this.#limits.readMs
    const batches = new Map<string, Batch>()
    for (const page of pages) {
      // It stays where it is: what it asked for is in memory, and reading it now would be in vain.
      if (this.#clogged(page)) continue
      const place = `${page.seq} ${page.query}`
      let batch = batches.get(place)
      if (batch === undefined) {
        if (performance.now() >= until) continue
        batch = this.#batch(page.seq, page.filter, until)
        batches.set(place, batch)
      }
      this.#tell(page, batch, rateChanged)
      // Who had to wait this time stands first in the next one.
      this.#pages.delete(page)
      this.#pages.add(page)
    }
  }

  /** What changed after `from` and passes the filter, as far as there is time to read it. */
  #batch(
    from: number,
    filter: LivePage['filter'],
    until: number = performance.now() + this.#limits.readMs
  ): Batch {
    const { store, reader } = this.#setup
    const { newest } = store
    const rows: Summary[] = []
    if (from === newest) return new Batch(rows, newest, 0)
    let ended = 0
    let read = 0
    for (const { summary, fresh } of reader.changedSince(from)) {
      if (fresh) ended++
      if (filter?.(summary) ?? true) rows.push(summary)
      if (++read === this.#limits.rows || performance.now() >= until)
        return new Batch(rows, summary.seq, ended)
    }
    return new Batch(rows, newest, ended)
  }

  /** Sends a page its frame, or counts what is in it as skipped. */
  #tell(page: LivePage, batch: Batch, rateChanged: boolean): void {
    const { channel } = page
    const { rows } = batch
    page.seq = batch.to
    const flightChanged = page.flight !== this.#flight.version
    const news = rows.length > 0 || flightChanged || rateChanged || page.skipped > 0
    if (!news) return
    if (this.#clogged(page)) return this.#skip(page, rows.length)
    const frame = batch.frame(this.#rate, flightChanged ? this.#flight.sent : undefined)
    if (!this.#fits(channel, frame.socket.length)) return this.#skip(page, rows.length)
    page.slowSince = 0
    if (page.skipped > 0) channel.send(new Frame({ type: 'gap', count: page.skipped }))
    page.skipped = 0
    page.flight = this.#flight.version
    channel.send(frame)
  }

  // Once a page was too slow it gets nothing until it has read all that waits for it: no frame is made to be thrown away.
  #clogged({ slowSince, channel }: LivePage): boolean {
    return slowSince > 0 && channel.buffered() > 0
  }

  // Whose network has taken everything is not made to pay for the others.
  #fits(channel: Channel, bytes: number): boolean {
    const waiting = channel.buffered()
    if (waiting === 0) return true
    if (waiting + bytes > this.#limits.pageBytes) return false
    let total = bytes
    for (const page of this.#pages) total += page.channel.buffered()
    return total <= this.#limits.totalBytes
  }

  #skip(page: LivePage, rows: number): void {
    page.skipped += rows
    page.slowSince ||= performance.now()
    if (rows > 0) this.#setup.report.drop('slow page', rows)
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
    for (const page of this.#pages) {
      if (page.unanswered++ < this.#limits.unansweredPings) page.channel.ping()
      else this.#drop(page)
    }
  }
}
