import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Report } from '../base/report.ts'
import type { Resource, TraceRecord } from '../base/span-data.ts'
import type { RecordFeed } from '../store/types.ts'
import { Forwarder, type Forwarded } from './forward.ts'
import { isOf, Keeper } from './keeper.ts'
import type { Discovery, Knowledge, Question } from './knowledge.ts'
import type { Worker } from './link.ts'
import { MeetingPoint } from './meeting-point.ts'
import { greeting, meet, type Member } from './member.ts'
import { OthersInFlight } from './others-in-flight.ts'
import { fromRows, type RecordRow, toRows } from './rows.ts'
import { createReception, type ReceptionSetup } from './reception.ts'

export interface FamilySetup extends Pick<ReceptionSetup, 'onRequest' | 'onUpgrade'> {
  /** All workers of an application, and nobody else, have the same. */
  readonly name: string
  readonly worker: Worker
  /** Milliseconds for which others go first when nobody keeps. */
  readonly waitMs: number
  /** Tells somebody what this worker has recorded, when it ends before it was taken in. */
  readonly say: (rows: RecordRow[]) => void
  readonly store: RecordFeed
  /** Takes in what another worker has recorded. */
  readonly keep: (record: TraceRecord) => void
  readonly clear: () => void
  readonly pin: (traceId: string) => void
  readonly knowledge: Knowledge
  /** What is in flight here, so many at most. */
  readonly inFlight: (limit: number) => Iterable<TraceRecord>
  /** Something about what is in flight elsewhere changed. */
  readonly onOthersChange: () => void
  /** Pages connected to this worker. */
  readonly pages: () => number
  /** Pages that are connected to this worker must connect anew: another one keeps, or this one does now. */
  readonly onTurn: () => void
  readonly report: Report
  /** Runs what the outside calls: guarded, and in a context that is nobody's. */
  readonly run: <T>(fn: () => T) => T | undefined
}

export const apart = 'the workers of this application cannot meet, each shows its own traces'

type Role = Keeper | Member | undefined

/** Milliseconds. */
const patience = { page: 300, deputy: 1250, again: 25, failed: 5000 }
const maxTries = 100

/**
 * The workers of one application, of which one keeps the traces of all. Who can listen at the meeting point is the keeper, the others
 * are members; when the keeper goes, the member that has a copy takes its place, and the others send what that one lacks. Should another
 * be faster, it gives the place up as soon as it hears of the copy.
 */
export class Family {
  readonly others: OthersInFlight
  readonly #setup: FamilySetup
  readonly #point: MeetingPoint
  readonly #forwarder: Forwarder
  readonly #have = new Map<string, number>()
  #role: Role
  #server: Server | undefined
  #kept = false
  #copyOf: string | undefined
  #closed = false
  #ready: Promise<void>
  readonly #onExit = (): void => {
    this.#setup.run(() => this.#leave())
  }

  /** Throws NoMeetingPoint where there can be no family. */
  constructor(setup: FamilySetup) {
    this.#setup = setup
    this.others = new OthersInFlight(setup.onOthersChange)
    this.#point = new MeetingPoint(setup.name)
    this.#forwarder = new Forwarder(this.#point.address)
    process.on('exit', this.#onExit)
    this.#ready = this.#join(setup.waitMs)
  }

  /** Who keeps, and who else there is as far as this worker knows. */
  get state(): { role: 'keeper' | 'member' | 'alone'; workers: readonly Worker[] } {
    const { worker } = this.#setup
    const role = this.#role
    if (role === undefined) return { role: 'alone', workers: [worker] }
    if (role instanceof Keeper) return { role: 'keeper', workers: [worker, ...role.workers] }
    return { role: 'member', workers: [role.keeper, worker] }
  }

  /** Hands a request for the page on to the keeper. 'not sent': this worker is to answer it, with what it has. */
  async request(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    visa: object
  ): Promise<Forwarded> {
    if (!(await this.#keeperElsewhere())) return 'not sent'
    return this.#forwarder.request(req, res, path, this.#line(visa))
  }

  /** The same for a WebSocket. */
  async upgrade(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    visa: object
  ): Promise<boolean> {
    if (!(await this.#keeperElsewhere())) return false
    return this.#forwarder.upgrade(req, socket, head, this.#line(visa))
  }

  /** Ends the connections of pages that were handed on. */
  endPages(): void {
    this.#forwarder.close()
  }

  /** Before the page is answered from here: what the others have recorded up to now. */
  async gather(): Promise<void> {
    const role = this.#role
    if (!(role instanceof Keeper)) return
    if (!this.#point.held) return this.#stepDown()
    this.#setup.run(() => role.look())
    await role.gather()
  }

  /** Somebody pinned a trace, which each may have a part of. */
  pin(traceId: string): void {
    if (this.#role instanceof Keeper) this.#role.pin(traceId)
  }

  clear(): void {
    if (this.#role instanceof Keeper) this.#role.clear()
  }

  /** What all must know has changed here; `discovery` is what a member's keeper is told of it. */
  share(discovery?: Discovery): void {
    const role = this.#role
    if (role instanceof Keeper) role.share()
    else if (discovery !== undefined) role?.share(discovery)
  }

  /** What other workers answer, or the one of that resource: to the keeper, who alone is asked by pages. */
  async ask(question: Question, of?: Resource): Promise<unknown[]> {
    if (!(this.#role instanceof Keeper)) return []
    return this.#role.question(question, (worker) => of === undefined || isOf(of, worker))
  }

  inFlightChanged(): void {
    if (this.#role !== undefined && !(this.#role instanceof Keeper)) this.#role.inFlightChanged()
  }

  close(): void {
    if (this.#closed) return
    this.#leave()
    process.off('exit', this.#onExit)
  }

  #leave(): void {
    if (!this.#closed) this.#setup.run(() => this.#tellRest())
    this.#closed = true
    this.#role?.close()
    this.#forwarder.close()
    this.#point.leave()
    this.#server?.close()
    this.#role = undefined
  }

  // As far as it goes at once. A thread that keeps may have nobody to send a copy to: it tells its main thread.
  #tellRest(): void {
    const { thread } = this.#setup.worker
    this.#role?.flush()
    if (this.#role !== undefined && !(this.#role instanceof Keeper && thread !== 0)) return
    const own = [...this.#setup.store.recordsAfter(0, 'own')]
    if (own.length > 0) this.#setup.say(toRows(own.map(({ record }) => record)))
  }

  /** Takes in what a thread of this process has said as it ended. */
  hear(rows: readonly RecordRow[]): void {
    if (this.#role !== undefined && !(this.#role instanceof Keeper)) this.#role.handOn(rows)
    else for (const record of fromRows(rows)) this.#setup.keep(record)
  }

  #line(visa: object): string {
    return greeting('page', this.#setup.name, JSON.stringify(visa))
  }

  async #keeperElsewhere(): Promise<boolean> {
    if (this.#role === undefined) await Promise.race([this.#ready, pause(patience.page)])
    const role = this.#role
    return role !== undefined && !(role instanceof Keeper) && (await role.awake())
  }

  /** Joins whoever keeps, or keeps itself where nobody does for so many milliseconds. */
  async #join(waitMs: number): Promise<void> {
    const claimFrom = performance.now() + (waitMs > 0 ? waitMs + Math.random() * 100 : 0)
    try {
      for (let tries = 0; !this.#closed; tries++) {
        if (tries === maxTries) this.#alone('somebody else listens where they would')
        const againMs = await this.#try(claimFrom)
        if (againMs === 'settled') return
        await pause(tries < maxTries ? againMs : patience.failed)
      }
    } catch (error) {
      this.#alone(error instanceof Error ? error.message : String(error))
    }
  }

  #alone(why: string): 'settled' {
    this.#setup.report.once(`${apart}: ${why}`)
    return 'settled'
  }

  /** Milliseconds to wait before the next try, until it is settled what this worker is. */
  async #try(claimFrom: number): Promise<number | 'settled'> {
    const { name } = this.#setup
    const seen = this.#point.stat()
    const setup = { ...this.#setup, have: this.#have, onClose: () => this.#lost() }
    const past = { kept: this.#kept, copyOf: this.#copyOf }
    const met = await meet(setup, this.#point.address, name, past)
    if (met === 'stranger') return this.#alone('another program listens where they would')
    if (typeof met === 'object') return this.#turn(met)
    if (met === 'failed') return patience.failed
    if (met === 'gone') return patience.again
    if (performance.now() < claimFrom) return patience.again
    if (seen !== undefined) this.#point.remove(seen)
    return this.#keep()
  }

  async #keep(): Promise<number | 'settled'> {
    const { run, onRequest, onUpgrade, name } = this.#setup
    const keeper = new Keeper({
      ...this.#setup,
      have: this.#have,
      others: this.others,
      onChange: () => void (this.#point.held || this.#stepDown()),
      onCopy: () => this.#stepDown(patience.deputy)
    })
    const server = createReception({
      check: name,
      run,
      onLink: (socket) => keeper.join(socket),
      onRequest,
      onUpgrade
    })
    server.on('connection', () => run(() => this.#point.held || this.#stepDown()))
    if (!(await this.#point.claim(server))) return patience.again
    this.#server = server
    this.#kept = true
    return this.#turn(keeper)
  }

  #turn(role: Keeper | Member): 'settled' {
    if (this.#closed) {
      role.close()
      this.#leave()
    } else {
      this.#role = role
      this.#setup.onTurn()
    }
    return 'settled'
  }

  // The keeper is gone, or does not answer any more.
  #lost(): void {
    const role = this.#role
    const deputy = role !== undefined && !(role instanceof Keeper) && role.deputy
    if (deputy) this.#copyOf = role.keeper.id
    this.#role = undefined
    this.#forwarder.close()
    if (!this.#closed) this.#ready = this.#join(deputy ? 0 : patience.deputy)
  }

  // Others have given this keeper up while it hung, two began at once, or one has what this one lacks: who has the address keeps.
  #stepDown(waitMs = 0): void {
    if (!(this.#role instanceof Keeper)) return
    this.#role.close()
    this.#role = undefined
    this.#point.leave()
    this.#server?.close()
    this.#server = undefined
    this.#kept = this.#have.size > 0
    this.others.clear()
    this.#ready = this.#join(waitMs)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref())
}
