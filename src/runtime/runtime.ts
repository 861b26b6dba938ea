import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../base/clock.ts'
import type { TraceId } from '../base/ids.ts'
import type { Guard } from '../base/safely.ts'
import { contextStorage, rootContext } from '../context/context.ts'
import type { RuntimeReadings } from '../query/types.ts'
import type { Span } from '../span/span.ts'
import type { RuntimeFigures } from '../wire/status.ts'
import { Activity, leastBlockMs } from './activity.ts'
import { type Collections, followCollections } from './collections.ts'
import type { Note } from './evidence.ts'
import { putFinding } from './finding.ts'
import { createMeter } from './meter.ts'

export interface RuntimeSetup {
  readonly clock: Clock
  readonly guard: Guard
  /** Requests in flight. */
  readonly inFlight: () => number
  /** A trace as the list names it; '' when it is not in memory. */
  readonly nameOf: (traceId: TraceId) => string
}

const beatMs = 20
/** How long the heart goes on when nothing is noted any more, with nothing in flight and with something. */
const lingerMs = 500
const hungMs = 5000
/** What the figures speak of. */
const lastMinute = 60_000

/**
 * Watches what this process does while requests are in flight: a heartbeat that sees how late it is, and the notes that spans leave. The
 * heart does not keep the process alive, and rests when nothing goes on.
 */
export class Runtime {
  readonly #setup: RuntimeSetup
  readonly #activity: Activity
  readonly #collections: Collections
  #heart: NodeJS.Timeout | undefined
  #due = Number.POSITIVE_INFINITY
  #stopped = false
  // The last note, in fields: each span comes by twice.
  #at = Number.NEGATIVE_INFINITY
  #span: Span | undefined
  #ended = false

  constructor(setup: RuntimeSetup) {
    this.#setup = setup
    this.#activity = new Activity({ ...setup, meter: createMeter() })
    this.#collections = followCollections(setup.clock, setup.guard)
  }

  /** A span began or ended. A silence before it says something; so does the end of a request. */
  note(span: Span, now: number, ended: boolean): void {
    if (now - this.#at >= leastBlockMs || this.#heart === undefined)
      this.#setup.guard(() => this.#afterSilence({ span, ended }, now))
    this.#at = now
    this.#span = span
    this.#ended = ended
    if (ended && (span.parentId === undefined || span.parentRemote) && this.#blocked(span))
      this.#setup.guard(() => putFinding(span, this.#activity.blocks, this.#setup.nameOf))
  }

  /** What is known of a stretch of time, in epoch milliseconds. */
  read(from: number, to: number): RuntimeReadings {
    this.#look(this.#setup.clock.now())
    const { blocks, samples } = this.#activity
    const { pauses } = this.#collections
    return {
      since: Math.max(samples.since, blocks.since, pauses.since),
      blocks: [...blocks.backwards(from, to)].reverse(),
      collections: [...pauses.backwards(from, to)].reverse(),
      ...samples.between(from, to)
    }
  }

  /** The last minute, for the status. */
  figures(): RuntimeFigures {
    const now = this.#setup.clock.now()
    const epoch = this.#setup.clock.anchor(now) + now
    const { samples, collections } = this.read(epoch - lastMinute, epoch)
    const paused = collections.reduce((sum, { from, to }) => sum + to - from, 0)
    return {
      delayMs: samples.reduce((most, { delay }) => Math.max(most, delay), 0),
      heapBytes: getHeapStatistics().used_heap_size,
      gcShare: paused / Math.min(lastMinute, now)
    }
  }

  /** Spans that are still open may go on to end. */
  stop(): void {
    this.#stopped = true
    this.#rest()
    this.#collections.stop()
  }

  // Whether anything kept the event loop since the span began: mostly nothing did, and this is all that a request pays.
  #blocked({ trace, start }: Span): boolean {
    const newest = this.#activity.blocks.newest
    return newest !== undefined && newest.to > trace.epochMs + start / 1e6
  }

  #afterSilence(note: Note, now: number): void {
    if (this.#stopped) return
    if (this.#heart !== undefined) return this.#look(now, note)
    // What was before is one long sample.
    this.#look(now)
    this.#due = now + beatMs
    // Outside of the request's context, which the timer would keep.
    this.#heart = contextStorage.run(rootContext, () => setTimeout(this.#beat, beatMs).unref())
  }

  readonly #beat = (): void => {
    this.#setup.guard(() => {
      const now = this.#setup.clock.now()
      this.#look(now)
      if (now - this.#at < (this.#setup.inFlight() > 0 ? hungMs : lingerMs)) {
        this.#due = now + beatMs
        this.#heart?.refresh()
      } else this.#rest()
    })
  }

  #rest(): void {
    clearTimeout(this.#heart)
    this.#heart = undefined
    this.#due = Number.POSITIVE_INFINITY
    this.#span = undefined
  }

  #look(now: number, after?: Note): void {
    const span = this.#span
    const before = span && { span, ended: this.#ended, at: this.#at }
    this.#activity.look(now, this.#due, before, after)
  }
}
