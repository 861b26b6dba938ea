/** A stretch of time, in microseconds. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Whose code ran. */
export interface Culprit {
  readonly traceId: string
  /** The span that stood next to it. */
  readonly spanId: string
  /** As the list names the trace; '' when it is not in memory any more. */
  readonly name: string
}

/** A stretch in which the event loop did not turn. */
export interface Block extends Stretch {
  /**
   * `cpu`: JavaScript ran. `sync`: it stood still without using the CPU, in a synchronous call such as execSync. `stopped`: the process
   * did not run at all, because it was suspended or the machine was busy.
   */
  readonly kind: 'cpu' | 'sync' | 'stopped'
  /** Null where no span stands beside it: a timer or start-up, outside of any request, or a request between two spans. */
  readonly by: Culprit | null
  /** Spans of the culprit stand on both sides of the stretch, and nothing of another. */
  readonly certain: boolean
}

export interface Collection extends Stretch {
  readonly kind: 'minor' | 'major' | 'incremental' | 'weak'
}

/** What the process was doing while a trace went on: `GET api/traces/:traceId/runtime`. Times are microseconds after `start`. */
export interface RuntimeActivity {
  readonly traceId: string
  /** Epoch milliseconds at which the trace's first span in this process began. */
  readonly start: number
  /** Of the trace's time in this process; `none` when nothing of it was recorded, or all of it was forgotten. */
  readonly known: 'all' | 'part' | 'none'
  /** From here on it is known. */
  readonly since: number
  readonly blocks: readonly Block[]
  readonly collections: readonly Collection[]
  /** Waits for a connection of a pool, joined where they overlap. */
  readonly poolWaits: readonly Stretch[]
  /** Columns; a sample reaches from the one before, the first from `since`, to its `to`. */
  readonly samples: {
    readonly to: readonly number[]
    /** Microseconds of work in pieces too short to be a block. */
    readonly busy: readonly number[]
    /** Microseconds that a timer was late by, at most. */
    readonly delay: readonly number[]
    /** Bytes of the heap in use. */
    readonly heap: readonly number[]
    readonly inFlight: readonly number[]
  }
  /** The time of the trace's first span in this process, explained; null when that is not known. */
  readonly explained: Explained | null
}

/** A stretch of time by what it was spent on, in microseconds. The figures add up to its length. */
export interface Explained {
  /** The trace itself was on the CPU. */
  own: number
  /** Something else kept the event loop. */
  blocked: number
  gc: number
  poolWait: number
  /** The process did not run. */
  stopped: number
  /** The event loop was busy with short pieces of work of several requests, this one's among them. */
  shared: number
  /** Nothing ran: the trace waited for something outside of the process. */
  waiting: number
  unknown: number
  /** `blocked` by who it was, the longest first. */
  blockedBy: { by: Culprit | null; certain: boolean; kind: Block['kind']; time: number }[]
}

/**
 * Says what a stretch of a trace's time was spent on. What is certain comes first: the collector's pauses, then what kept the event loop,
 * then waits for a pool. Of the rest the samples say how busy the process was: where one reaches beyond the stretch, only what must lie
 * in it counts as work, only what cannot be work counts as waiting, and what is between is unknown.
 */
export function explain(activity: RuntimeActivity, from: number, to: number): Explained {
  const { blocks, collections, poolWaits, traceId, since } = activity
  const found = nothing()
  let free: Stretch[] = to > from ? [{ from, to }] : []
  const take = (cover: readonly Stretch[], count: (i: number, time: number) => void) => {
    free = subtract(free, cover, count)
  }
  if (activity.known === 'none') {
    found.unknown = Math.max(0, to - from)
    return found
  }
  take([{ from: -Infinity, to: since }], (_, time) => (found.unknown += time))
  take(collections, (_, time) => (found.gc += time))
  take(blocks, (i, time) => addBlock(found, blocks[i] as Block, traceId, time))
  take(poolWaits, (_, time) => (found.poolWait += time))
  addSamples(found, activity, free)
  found.blockedBy.sort((a, b) => b.time - a.time)
  return found
}

function nothing(): Explained {
  return {
    own: 0,
    blocked: 0,
    gc: 0,
    poolWait: 0,
    stopped: 0,
    shared: 0,
    waiting: 0,
    unknown: 0,
    blockedBy: []
  }
}

function addBlock(found: Explained, block: Block, traceId: string, time: number): void {
  if (block.kind === 'stopped') {
    found.stopped += time
    return
  }
  if (block.by?.traceId === traceId) {
    found.own += time
    return
  }
  found.blocked += time
  const { by, kind, certain } = block
  const same = found.blockedBy.find(
    (one) => one.by?.traceId === by?.traceId && one.kind === kind && one.certain === certain
  )
  if (same === undefined) found.blockedBy.push({ by, certain, kind, time })
  else same.time += time
}

function addSamples(found: Explained, activity: RuntimeActivity, free: Stretch[]): void {
  const { samples, blocks, collections, since } = activity
  const wanted = new Cursor(free)
  const blocked = new Cursor(blocks)
  const collected = new Cursor(subtract(collections, blocks, () => {}))
  let rest = free.reduce((sum, one) => sum + one.to - one.from, 0)
  let begin = since
  for (let i = 0; i < samples.to.length; i++) {
    const end = samples.to[i] as number
    const pause = collected.within(begin, end)
    const room = Math.max(0, end - begin - blocked.within(begin, end) - pause)
    const part = Math.min(wanted.within(begin, end), room)
    const busy = Math.min(room, Math.max(0, (samples.busy[i] as number) - pause))
    const least = Math.max(0, busy - (room - part))
    const most = Math.min(busy, part)
    found[(samples.inFlight[i] as number) > 1 ? 'shared' : 'own'] += least
    found.unknown += most - least
    found.waiting += part - most
    rest -= part
    begin = end
  }
  found.unknown += Math.max(0, rest)
}

/** What of the stretches the others leave; both in order and free of overlaps. Tells how much each of the others took. */
function subtract(
  stretches: readonly Stretch[],
  cover: readonly Stretch[],
  took: (i: number, time: number) => void
): Stretch[] {
  const left: Stretch[] = []
  let next = 0
  for (const { from, to } of stretches) {
    let at = from
    // One that reaches beyond this stretch may cover a part of the next.
    while (next < cover.length && (cover[next] as Stretch).to <= from) next++
    for (let i = next; i < cover.length && (cover[i] as Stretch).from < to; i++) {
      const begin = Math.max(at, (cover[i] as Stretch).from)
      const end = Math.min(to, (cover[i] as Stretch).to)
      if (end <= begin) continue
      took(i, end - begin)
      if (begin > at) left.push({ from: at, to: begin })
      at = end
    }
    if (to > at) left.push({ from: at, to })
  }
  return left
}

/** How much of a list of stretches lies within others that are asked for in order. */
class Cursor {
  readonly #list: readonly Stretch[]
  #next = 0

  constructor(list: readonly Stretch[]) {
    this.#list = list
  }

  within(from: number, to: number): number {
    let sum = 0
    for (; this.#next < this.#list.length; this.#next++) {
      const one = this.#list[this.#next] as Stretch
      if (one.from >= to) break
      sum += Math.max(0, Math.min(one.to, to) - Math.max(one.from, from))
      if (one.to > to) break
    }
    return sum
  }
}
