import type { TraceRecord } from '../base/span-data.ts'
import type { RecordFeed } from '../store/types.ts'

export interface ShipmentSetup {
  readonly store: RecordFeed
  /** The sequence number that was sent last. */
  readonly from: number
  readonly which: 'all' | 'own'
  /** Is sent before all else: what the ring itself has not got any more. */
  readonly before?: Iterable<TraceRecord>
  /** Whether a record is to be sent at all. */
  readonly wanted?: (record: TraceRecord) => boolean
  /** Whether the other side takes more now. */
  readonly ready: () => boolean
  /** `seq`: everything up to there was sent with it; `last`: that is all there is. */
  readonly send: (records: readonly TraceRecord[], seq: number, last: boolean) => void
  readonly run: (fn: () => void) => void
  /** Records that the ring lost before they could be sent. */
  readonly lost: (records: number) => void
}

const spansPerMessage = 256
/** Milliseconds of one turn, after which the host goes on. */
const turnMs = 5

/**
 * Follows a ring and sends on what is added. The ring itself is the queue: what a slow receiver does not take stays there for as long as it
 * would have stayed anyway, and nothing grows. Nothing is done in the request's path but setting a timer.
 */
export class Shipment {
  readonly #setup: ShipmentSetup
  readonly #unsubscribe: () => void
  readonly #before: Iterator<TraceRecord> | undefined
  #sent: number
  #delayMs: number
  #timer: NodeJS.Timeout | undefined
  #next: NodeJS.Immediate | undefined

  constructor(setup: ShipmentSetup, delayMs: number) {
    this.#setup = setup
    this.#before = setup.before?.[Symbol.iterator]()
    this.#sent = setup.from
    this.#delayMs = delayMs
    this.#unsubscribe = setup.store.subscribe(() => this.schedule())
    this.schedule()
  }

  /** The sequence number up to which all was sent. */
  get sent(): number {
    return this.#sent
  }

  set delayMs(delayMs: number) {
    this.#delayMs = delayMs
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.schedule()
  }

  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#setup.run(() => this.pump())
    }, this.#delayMs).unref()
  }

  /** Sends what there is, as far as it is taken and there is time; goes on by itself in the next turn. */
  pump(forMs: number = turnMs): void {
    const until = performance.now() + forMs
    while (this.#setup.ready()) {
      if (this.#batch()) return
      if (performance.now() >= until) {
        this.#next ??= setImmediate(() => {
          this.#next = undefined
          this.#setup.run(() => this.pump())
        }).unref()
        return
      }
    }
  }

  /** Sends what there is, as far as it is taken and there is time. True when that was all, and more would be taken. */
  finish(): boolean {
    this.pump()
    return this.#setup.ready() && this.#sent === this.#setup.store.newest
  }

  /** Forgets what was not sent: it was sent by other means, or the ring was cleared. */
  skip(): void {
    this.#sent = this.#setup.store.newest
  }

  close(): void {
    this.#unsubscribe()
    clearTimeout(this.#timer)
    clearImmediate(this.#next)
  }

  /** Sends one message; true when nothing is left. */
  #batch(): boolean {
    const { store, wanted } = this.#setup
    if (this.#sent > 0 && store.oldest > this.#sent + 1)
      this.#setup.lost(store.oldest - this.#sent - 1)
    const records: TraceRecord[] = []
    let spans = 0
    for (const { seq, record } of this.#rest()) {
      this.#sent = seq
      if (wanted?.(record) === false) continue
      records.push(record)
      spans += record.spans.length
      if (spans >= spansPerMessage) break
    }
    const last = spans < spansPerMessage
    if (last) this.#sent = store.newest
    this.#setup.send(records, this.#sent, last)
    return last
  }

  *#rest(): Generator<{ readonly seq: number; readonly record: TraceRecord }> {
    const { store, which } = this.#setup
    // By hand: leaving a loop would end the iterator.
    for (let next = this.#before?.next(); next?.done === false; next = this.#before?.next())
      yield { seq: this.#sent, record: next.value }
    yield* store.recordsAfter(this.#sent, which)
  }
}
