import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../base/clock.ts'
import type { SpanId, TraceId } from '../base/ids.ts'
import type { Span } from '../span/span.ts'
import type { Block } from '../wire/runtime.ts'
import { judge, type Note } from './evidence.ts'
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
const leastCpuShare = 0.2
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
   * Takes a sample of the time since the last one. `due` is when the heartbeat was to come, `before` the last note and when it was made; `after`
   * is the one that is being made.
   */
  look(
    now: number,
    due: number,
    before: (Note & { readonly at: number }) | undefined,
    after?: Note
  ): void {
    const { clock, meter, inFlight } = this.#setup
    const { idle, cpu } = meter()
    const elapsed = now - this.#at
    const active = Math.min(elapsed, Math.max(0, elapsed - idle))
    const late = Math.max(0, now - due)
    const epoch = clock.anchor(now)
    const stoppedMs = Math.min(late, elapsed, idle - Math.max(0, due - this.#at))
    let busy = active
    if (stoppedMs >= leastStoppedMs) {
      const from = epoch + Math.max(due, this.#at)
      this.#add({ from, to: from + stoppedMs, kind: 'stopped' })
    } else if (
      late >= leastBlockMs ||
      (after && before && idle <= maxIdleShare * (now - before.at))
    ) {
      // Overdue, the loop was busy right up to now. A note within the stretch is where another piece of work begins.
      const begin = Math.max(now - active, this.#at)
      const from = Math.max(begin, before?.at ?? begin)
      if (now - from >= leastBlockMs) {
        const still = now - from >= leastSyncMs && cpu < leastCpuShare * active
        const near = before && before.at >= begin - slackMs ? before : undefined
        const { span, certain } = judge(near, after)
        this.#add(
          { from: epoch + from, to: epoch + now, kind: still ? 'sync' : 'cpu' },
          span,
          certain
        )
        busy -= now - from
      }
    }
    const flying = inFlight()
    this.samples.add({
      to: epoch + now,
      busy: Math.max(0, busy),
      delay: late,
      heap: getHeapStatistics().used_heap_size,
      inFlight: Math.max(flying, this.#inFlight)
    })
    this.#inFlight = flying
    this.#at = now
  }

  #add(stretch: Pick<Stretch, 'from' | 'to' | 'kind'>, by?: Span, certain = false): void {
    this.blocks.add({ ...stretch, traceId: by?.trace.traceId, spanId: by?.spanId, certain })
  }
}
