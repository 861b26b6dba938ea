import type { Socket } from 'node:net'
import { getAttribute } from '../base/attributes.ts'
import type { Resource } from '../base/span-data.ts'
import type { FamilySetup } from './family.ts'
import type { Question } from './knowledge.ts'
import { type Hello, Link, tooLarge, type Message, type News, type Worker } from './link.ts'
import type { OthersInFlight } from './others-in-flight.ts'
import { Questions } from './questions.ts'
import { fromRows, toRows } from './rows.ts'
import { Shipment } from './shipment.ts'

/** Milliseconds that an answer waits for the members' news. */
const gatherMs = 150
/** Milliseconds after a page's last request for which news still come fast. */
const watchMs = 10_000
const copyMs = 100

interface Member {
  readonly link: Link
  readonly questions: Questions
  worker: Worker | undefined
  /** Was the keeper itself before: what it has of others must not be sent to it again. */
  kept: boolean
  /** Who waits for its news, by the number of the question. */
  readonly asked: Map<number, { readonly at: number; readonly answered: () => void }>
}

interface Deputy {
  readonly member: Member
  readonly shipment: Shipment
  /** Pinned traces that it has not been told of. */
  readonly pins: Set<string>
}

export interface KeeperSetup extends Pick<
  FamilySetup,
  'worker' | 'store' | 'keep' | 'knowledge' | 'report' | 'pages' | 'run'
> {
  readonly others: OthersInFlight
  /** Up to where it has whose records. */
  readonly have: Map<string, number>
  /** A member came or went. */
  readonly onChange: () => void
  /** Somebody has a copy of what a keeper had that this one has not met. */
  readonly onCopy: () => void
}

/** The one worker that has the traces of all, and answers for all. One of the others is sent a copy, to go on when this one is gone. */
export class Keeper {
  readonly #setup: KeeperSetup
  readonly #members = new Set<Member>()
  #deputy: Deputy | undefined
  #watchTimer: NodeJS.Timeout | undefined
  #asks = 0

  constructor(setup: KeeperSetup) {
    this.#setup = setup
  }

  get workers(): Worker[] {
    return [...this.#members].flatMap(({ worker }) => worker ?? [])
  }

  /** A worker connected. */
  join(socket: Socket): void {
    const { run } = this.#setup
    const link = new Link(
      socket,
      (message, body) => run(() => this.#receive(member, message, body)),
      () => run(() => this.#leave(member))
    )
    const questions = new Questions(link)
    const member: Member = { link, questions, worker: undefined, kept: false, asked: new Map() }
    this.#members.add(member)
  }

  /** Somebody looks: for a while news come fast. */
  look(): void {
    if (this.#watchTimer === undefined) this.tell({ type: 'watch', on: true })
    clearTimeout(this.#watchTimer)
    const { run } = this.#setup
    this.#watchTimer = setTimeout(() => run(() => this.#lookAway()), watchMs).unref()
  }

  #lookAway(): void {
    this.#watchTimer = undefined
    if (this.#setup.pages() > 0) this.look()
    else this.tell({ type: 'watch', on: false })
  }

  /** Waits, not for long, until what the others have recorded so far is here. One that does not answer is not waited for again. */
  async gather(): Promise<void> {
    const answers = [...this.#members].flatMap((member) => this.#ask(member) ?? [])
    if (answers.length === 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, gatherMs).unref()))
    await Promise.race([Promise.all(answers), late])
    clearTimeout(timer)
  }

  // Undefined of one that has left earlier questions unanswered.
  #ask({ worker, asked, link }: Member): Promise<void> | undefined {
    const now = performance.now()
    for (const { at } of asked.values()) if (now - at > gatherMs) return undefined
    if (worker === undefined) return undefined
    const id = ++this.#asks
    link.send({ type: 'ask', id })
    return new Promise((answered) => asked.set(id, { at: now, answered }))
  }

  #answered({ asked }: Member, upTo: number): void {
    for (const [id, { answered }] of asked) {
      if (id > upTo) break
      asked.delete(id)
      answered()
    }
  }

  /** What members answer, all or those of them that are meant; nothing of one that does not. */
  async question(
    question: Question,
    meant: (worker: Worker) => boolean = () => true
  ): Promise<unknown[]> {
    const answers: Promise<unknown>[] = []
    for (const { worker, questions } of this.#members)
      if (worker !== undefined && meant(worker)) answers.push(questions.ask(question))
    return (await Promise.all(answers)).filter((value) => value !== undefined && value !== null)
  }

  /** Tells all what all must know. */
  share(): void {
    this.tell({ type: 'common', common: this.#setup.knowledge.common() })
  }

  tell(message: Message): void {
    for (const { link } of this.#members) link.send(message)
  }

  /** Somebody pinned a trace. The deputy may not have it yet: it is told when it has. */
  pin(traceId: string): void {
    this.tell({ type: 'pin', traceId })
    this.#deputy?.pins.add(traceId)
    this.#deputy?.shipment.schedule()
  }

  /** Somebody cleared the page. */
  clear(): void {
    this.tell({ type: 'clear' })
    this.#deputy?.shipment.skip()
    this.#deputy?.pins.clear()
  }

  /** Sends the deputy what it lacks, as far as that goes at once. */
  flush(): void {
    this.#deputy?.shipment.pump(Infinity)
  }

  close(): void {
    clearTimeout(this.#watchTimer)
    this.#deputy?.shipment.close()
    for (const { link } of this.#members) link.close()
  }

  #receive(member: Member, message: Message, body: Buffer): void {
    switch (message.type) {
      case 'hello':
        return this.#welcome(member, message)
      case 'news':
        if (member.worker !== undefined) this.#take(member, member.worker, message, body)
        return
      case 'ask':
        return void member.link.send({ type: 'answer', id: message.id })
      case 'answer':
        return this.#answered(member, message.id)
      case 'proxy':
      case 'granted':
        this.#setup.knowledge.hear(message)
        return this.share()
      case 'reply':
        return member.questions.answered(message.id, message.value)
    }
  }

  #welcome(member: Member, { worker, kept, copyOf }: Hello): void {
    const { have, worker: keeper, knowledge, onChange, onCopy } = this.#setup
    if (copyOf !== undefined && copyOf !== keeper.id && !have.has(copyOf)) return onCopy()
    member.worker = worker
    member.kept = kept
    member.link.send({ type: 'welcome', keeper, have: have.get(worker.id) ?? 0 })
    member.link.send({ type: 'common', common: knowledge.common() })
    if (this.#watchTimer !== undefined) member.link.send({ type: 'watch', on: true })
    this.#appoint()
    onChange()
  }

  #take(member: Member, { id }: Worker, { rows, seq, flight }: News, body: Buffer): void {
    const { others, keep, have, store, worker } = this.#setup
    if (flight !== undefined) others.set(id, fromRows(flight))
    // The copy has all but these: it gets them as they came, instead of read from the ring and written anew. Its own it has.
    const deputy = this.#deputy?.shipment.finish() === true ? this.#deputy : undefined
    for (const record of fromRows(rows)) keep(record)
    have.set(id, seq)
    if (deputy === undefined) return
    const { link } = deputy.member
    if (deputy.member !== member) link.handOn(body)
    const table = [
      [id, seq],
      [worker.id, store.newest]
    ] as const
    link.send({ type: 'copy', rows: [], have: table, pins: [] })
    deputy.shipment.skip()
  }

  #leave(member: Member): void {
    this.#members.delete(member)
    this.#answered(member, Infinity)
    member.questions.close()
    if (member.worker !== undefined) this.#setup.others.set(member.worker.id, [])
    if (this.#deputy?.member === member) {
      this.#deputy.shipment.close()
      this.#deputy = undefined
      this.#appoint()
    }
    this.#setup.onChange()
  }

  // Not a thread: those come and go. The one that is here longest stays longest.
  #appoint(): void {
    if (this.#deputy !== undefined) return
    const able = [...this.#members].filter(({ worker }) => worker?.thread === 0)
    const member = able.find(({ kept }) => !kept)
    if (member === undefined) return
    member.link.send({ type: 'deputy' })
    const { store, have, worker, report, run } = this.#setup
    let owed = false
    const pins = new Set<string>(store.pinned())
    const shipment = new Shipment(
      {
        store,
        from: 0,
        which: 'all',
        before: store.pinnedBefore(),
        run,
        wanted: ({ resource, source }) => source === 'ingest' || !isOf(resource, member.worker),
        ready: () => !member.link.clogged,
        send: (records, seq, last) => {
          owed ||= records.length > 0 || pins.size > 0
          if (!owed) return
          owed = !last
          // Only when it has everything that was added up to now is the table true of it.
          const told = last
            ? { have: [...have, [worker.id, seq] as const], pins: [...pins] }
            : { have: [], pins: [] }
          if (last) pins.clear()
          if (!member.link.send({ type: 'copy', rows: toRows(records), ...told }))
            report.drop(tooLarge, records.length)
        },
        lost: (records) => report.drop('worker too slow', records)
      },
      copyMs
    )
    member.link.onDrain(() => run(() => shipment.pump()))
    this.#deputy = { member, shipment, pins }
  }
}

/** Whether a resource is that of a worker, which has its process and its thread among its attributes. */
export function isOf({ attributes }: Resource, worker: Worker | undefined): boolean {
  if (getAttribute(attributes, 'process.pid') !== worker?.pid) return false
  return (getAttribute(attributes, 'thread.id') ?? 0) === worker?.thread
}
