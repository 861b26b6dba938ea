import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../base/clock.ts'
import type { SpanId, TraceId } from '../base/ids.ts'
import type { Block } from '../wire/runtime.ts'
import { judge, type Note, type Verdict } from './evidence.ts'
import type { Meter } from './meter.ts'
import { Recent } from './recent.ts'
import { Samples } from './samples.ts'

/** A stretch in which the event loop did not turn; times in epoch milliseconds. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly kind: Block['kind']
  readonly traceId: TraceId | undefined
  readonly spanId: SpanId | undefined
  readonly certain: boolean
}

/** A note, and when it was made. */
export type DatedNote = Note & { readonly at: number }

interface ActivitySetup {
  readonly clock: Clock
  readonly meter: Meter
  /** Requests in flight. */
  readonly inFlight: () => number
}

/** Milliseconds: shorter pieces of work are counted, and not told apart. The page shows no gap that is shorter. */
export const leastBlockMs = 5
/** What a note may be away from the work that it speaks of. */
const slackMs = 2
/** A silence between two notes with no more idle time than this was one piece of work. */
const maxIdleShare = 0.2
/** A timer that is late while nothing ran, by more than a loaded machine makes it. */
const leastStoppedMs = 50
/** Without the CPU for so much of a stretch that must have been work: it stood still in a synchronous call. */
const leastCpuShare = 0.1
const leastSyncMs = 20
/** 2,048 blocks are ten seconds of nothing but the shortest, and minutes of those that hurt. */
const maxBlocks = 2048

/**
 * Who was on the CPU. Notes are all that is known of it without `async_hooks`, whose price every promise of the host would pay: between two
 * of them that are next to a stretch of work, it was one of theirs.
 */
export class Activity {
  readonly blocks: Recent<Stretch> = new Recent(maxBlocks)
  readonly samples: Samples
  readonly #setup: ActivitySetup
  #at: number
  #inFlight = 0

  constructor(setup: ActivitySetup) {
    this.#setup = setup
    this.#at = setup.clock.now()
    this.samples = new Samples(setup.clock.anchor(this.#at) + this.#at)
  }

  /**
   * Takes a sample of the time since the last one. `due` is when the heartbeat was to come, `before` the last note, `after` the one that is
   * being made.
   */
  look(now: number, due: number, before?: DatedNote, after?: Note): void {
    const { clock, meter, inFlight } = this.#setup
    const { idle, cpu } = meter()
    const elapsed = now - this.#at
    const active = Math.min(elapsed, Math.max(0, elapsed - idle))
    const block = blockIn({ begin: this.#at, now, due, idle, active, cpu, before, after })
    const epoch = clock.anchor(now)
    if (block !== undefined) {
      const { from, to, kind, span, certain } = block
      this.blocks.add({
        from: epoch + from,
        to: epoch + to,
        kind,
        traceId: span?.trace.traceId,
        spanId: span?.spanId,
        certain
      })
    }
    const told = block === undefined || block.kind === 'stopped' ? 0 : block.to - block.from
    const flying = inFlight()
    this.samples.add({
      to: epoch + now,
      busy: Math.max(0, active - told),
      delay: Math.max(0, now - due),
      heap: getHeapStatistics().used_heap_size,
      inFlight: Math.max(flying, this.#inFlight)
    })
    this.#inFlight = flying
    this.#at = now
  }
}

/** What is known of the time between two looks. */
interface Sight {
  readonly begin: number
  readonly now: number
  readonly due: number
  readonly idle: number
  readonly active: number
  readonly cpu: number
  readonly before: DatedNote | undefined
  readonly after: Note | undefined
}

type FoundBlock = Pick<Stretch, 'from' | 'to' | 'kind'> & Verdict

/** The block that the time between two looks ends with; undefined when the event loop turned all the while. */
function blockIn(sight: Sight): FoundBlock | undefined {
  const { begin, now, due, idle, active, before, after } = sight
  const overdue = Math.max(due, begin)
  const stopped = Math.min(now - overdue, idle - (overdue - begin))
  if (stopped >= leastStoppedMs)
    return {
      from: overdue,
      to: overdue + stopped,
      kind: 'stopped',
      span: undefined,
      certain: false
    }
  // Overdue, the loop was busy right up to now. Else there must have been no time to be idle between the two notes.
  const silent = after && before && idle <= maxIdleShare * (now - before.at)
  if (now - due < leastBlockMs && silent !== true) return undefined
  const busy = now - active
  // A note within the stretch is where another piece of work began.
  const from = Math.max(busy, before?.at ?? busy)
  if (now - from < leastBlockMs) return undefined
  const still = now - from >= leastSyncMs && sight.cpu < leastCpuShare * active
  const near = before && before.at >= busy - slackMs ? before : undefined
  return { from, to: now, kind: still ? 'sync' : 'cpu', ...judge(near, after) }
}
