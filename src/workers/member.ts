import { connect, type Socket } from 'node:net'
import type { FamilySetup } from './family.ts'
import { isOf } from './keeper.ts'
import type { Common, Discovery, Question } from './knowledge.ts'
import { Link, tooLarge, type Message, type Past, type Worker } from './link.ts'
import { fromRows, type RecordRow, toRows } from './rows.ts'
import { Shipment } from './shipment.ts'

/** Milliseconds that a keeper may take to say welcome. It may be starting up, and busy with that. */
const welcomeMs = 1000
/** Milliseconds that a page's request waits for a sign of life of the keeper. */
const askMs = 300
/** Milliseconds without a sign of life after which another one keeps, and after which one is asked for. */
const silentMs = 2000
const aliveMs = 1000
/** Milliseconds that news wait for more: while somebody looks, and else. */
const newsMs = { watched: 100, else: 250 }
const maxInFlight = 200

export interface MemberSetup extends Pick<
  FamilySetup,
  'worker' | 'store' | 'keep' | 'clear' | 'pin' | 'inFlight' | 'knowledge' | 'report' | 'run'
> {
  /** Up to where it has whose records: of a deputy. */
  readonly have: Map<string, number>
  readonly onClose: () => void
}

/** A worker whose traces another one keeps. */
export class Member {
  readonly keeper: Worker
  /** It has a copy of all, and is to be the next keeper. */
  deputy = false
  readonly #setup: MemberSetup
  readonly #link: Link
  readonly #shipment: Shipment
  #watched = false
  /** What is in flight has changed since it was sent. */
  #changed = true
  #asks = 0
  #unanswered: number | undefined
  #waiting: ((awake: boolean) => void)[] = []
  readonly #alive: NodeJS.Timeout

  constructor(setup: MemberSetup, link: Link, { keeper, have }: Message & { type: 'welcome' }) {
    const { store, run, report } = setup
    this.#setup = setup
    this.#link = link
    this.keeper = keeper
    this.#shipment = new Shipment(
      {
        store,
        from: have,
        which: 'own',
        run,
        ready: () => !link.clogged,
        send: (records, seq, last) => {
          const flies = last && this.#watched && this.#changed
          if (records.length === 0 && !flies) return
          if (flies) this.#changed = false
          const flight = flies ? { flight: toRows([...setup.inFlight(maxInFlight)]) } : {}
          if (!link.send({ type: 'news', rows: toRows(records), seq, ...flight }))
            report.drop(tooLarge, records.length)
        },
        lost: (records) => report.drop('worker too slow', records)
      },
      newsMs.else
    )
    link.onDrain(() => run(() => this.#shipment.pump()))
    // Also when nobody asks for the page here: one that waits for a keeper that hangs is missed where another keeps.
    this.#alive = setInterval(() => run(() => void this.awake()), aliveMs).unref()
  }

  /** A request began or ended here. */
  inFlightChanged(): void {
    this.#changed = true
    if (this.#watched) this.#shipment.schedule()
  }

  /** Whether the keeper is awake: asked each time, and not waited for again once it failed to answer. */
  awake(): Promise<boolean> {
    if (this.#unanswered !== undefined && performance.now() - this.#unanswered > askMs)
      return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      setTimeout(() => resolve(false), askMs).unref()
      if (this.#unanswered !== undefined) return
      this.#unanswered = performance.now()
      this.#link.send({ type: 'ask', id: ++this.#asks })
      const asked = this.#asks
      // After what has come meanwhile was read: it may be this worker that hung.
      setTimeout(() => setImmediate(() => this.#giveUp(asked)).unref(), silentMs).unref()
    })
  }

  #giveUp(asked: number): void {
    if (this.#unanswered !== undefined && this.#asks === asked) this.#link.close()
  }

  /** What a thread of this process has recorded. */
  handOn(rows: readonly RecordRow[]): void {
    this.#link.send({ type: 'news', rows, seq: this.#shipment.sent })
  }

  /** Sends what there is, as far as that goes at once. */
  flush(): void {
    this.#shipment.pump(Infinity)
  }

  close(): void {
    clearInterval(this.#alive)
    this.#shipment.close()
    this.#link.close()
    this.#answered(false)
  }

  receive(message: Message): void {
    const { keep, clear, pin, have, worker } = this.#setup
    switch (message.type) {
      case 'watch':
        this.#watched = message.on
        this.#changed = true
        this.#shipment.delayMs = message.on ? newsMs.watched : newsMs.else
        return
      case 'ask':
        this.#changed = true
        this.#shipment.pump()
        return void this.#link.send({ type: 'answer', id: message.id })
      case 'answer':
        if (message.id === this.#asks) this.#answered(true)
        return
      case 'deputy':
        this.deputy = true
        return
      case 'news':
        for (const record of fromRows(message.rows)) keep(record)
        return
      case 'copy':
        for (const record of fromRows(message.rows))
          if (record.source === 'ingest' || !isOf(record.resource, worker)) keep(record)
        for (const [id, seq] of message.have) have.set(id, seq)
        for (const traceId of message.pins) pin(traceId)
        return
      case 'clear':
        clear()
        return this.#shipment.skip()
      case 'pin':
        return pin(message.traceId)
      case 'common':
        return this.#learn(message.common)
      case 'question':
        return void this.#answer(message.id, message.question)
    }
  }

  /** Tells the keeper what this worker has found out, and all must know. */
  share(discovery: Discovery): void {
    this.#link.send(discovery)
  }

  #learn(common: Common): void {
    const { knowledge } = this.#setup
    knowledge.take(common)
    // Found out while nobody kept.
    const sign = knowledge.common().proxy
    if (common.proxy === '' && sign !== '') this.share({ type: 'proxy', sign })
  }

  async #answer(id: number, question: Question): Promise<void> {
    const value = await this.#setup.knowledge.answer(question).catch(() => undefined)
    this.#setup.run(() => this.#link.send({ type: 'reply', id, value }))
  }

  #answered(awake: boolean): void {
    this.#unanswered = undefined
    for (const resolve of this.#waiting.splice(0)) resolve(awake)
  }
}

/** Who was met at an address. 'gone': it hung up, because it keeps no more; 'failed': this process cannot connect to anything. */
export type Met = Member | 'absent' | 'silent' | 'gone' | 'stranger' | 'failed'

const failures: Readonly<Record<string, Met>> = {
  ENOENT: 'absent',
  ECONNREFUSED: 'absent',
  // Nobody takes connections, and the system keeps no more waiting.
  EAGAIN: 'silent',
  EPIPE: 'gone',
  ECONNRESET: 'gone'
}

/** Asks who listens at the address to take this worker in. `check` is what both must know. */
export function meet(setup: MemberSetup, address: string, check: string, past: Past): Promise<Met> {
  return new Promise((resolve) => {
    let member: Member | undefined
    const socket: Socket = connect(address)
    const timer = setTimeout(() => {
      resolve('silent')
      socket.destroy()
    }, welcomeMs).unref()
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      resolve(failures[code] ?? 'failed')
    )
    const receive = (message: Message): void => {
      if (member !== undefined) return member.receive(message)
      clearTimeout(timer)
      if (message.type !== 'welcome') return socket.destroy() && resolve('stranger')
      member = new Member(setup, link, message)
      resolve(member)
    }
    const link = new Link(
      socket,
      (message) => setup.run(() => receive(message)),
      () => {
        clearTimeout(timer)
        if (member === undefined) return resolve('gone')
        member.close()
        setup.run(setup.onClose)
      }
    )
    socket.write(`${greeting('link', check)}\n`)
    link.send({ type: 'hello', worker: setup.worker, ...past })
  })
}

/** The first line of a connection: what it is for, and that it is one of ours. */
export function greeting(kind: 'link' | 'page', check: string, more = ''): string {
  return `spanlight ${kind} ${check} ${more}`
}
