import type { Block, Culprit, Explained, RuntimeActivity } from '../../src/wire/runtime.ts'
import { beginningOf } from '../../src/wire/trace.ts'
import { formatDuration } from '../format.ts'

/** What a part of a stretch of time was spent on, in words around the name of who did it. */
export interface Reason {
  /** Microseconds. */
  readonly time: number
  readonly before: string
  /** Another trace. */
  readonly culprit: Culprit | undefined
  readonly after: string
  /** The trace can do something about it: it is not just waiting for others. */
  readonly telling: boolean
}

const nobody = 'code with no span beside it, such as a timer,'

/** All parts of a stretch, the longest first; what is not known is left out. */
export function reasonsOf(explained: Explained): Reason[] {
  const { own, gc, poolWait, stopped, shared, waiting } = explained
  const reasons = [
    of(own, 'its own work on the CPU'),
    of(gc, 'garbage collection'),
    of(poolWait, 'waiting for a connection of a pool'),
    of(stopped, 'the process did not run'),
    of(shared, 'the event loop was busy with short work'),
    of(waiting, 'waiting, nothing ran', false),
    ...blockedBy(explained)
  ]
  return reasons.filter(({ time }) => time > 0).sort((a, b) => b.time - a.time)
}

function of(time: number, before: string, telling = true): Reason {
  return { time, before, culprit: undefined, after: '', telling }
}

/** One reason for each name: of thirty requests of a route that each took a little, the route is the reason. */
function blockedBy({ blockedBy: blocks }: Explained): Reason[] {
  const found = new Map<string, { time: number; traces: Set<string>; first: (typeof blocks)[0] }>()
  for (const block of blocks) {
    const key = `${block.kind} ${block.by?.name}`
    const entry = found.get(key) ?? { time: 0, traces: new Set(), first: block }
    entry.time += block.time
    entry.traces.add(block.by?.traceId ?? '')
    found.set(key, entry)
  }
  return [...found.values()].map(({ time, traces, first: { by, kind, certain } }) => {
    if (by === null) return of(time, `${nobody} ${did(kind, true)}`)
    const before = `${certain ? '' : 'probably '}${traces.size > 1 ? `${traces.size} × ` : ''}`
    return { time, before, culprit: by, after: did(kind, traces.size < 2), telling: true }
  })
}

function did(kind: string, one: boolean): string {
  return `${one ? 'was' : 'were'} ${kind === 'sync' ? 'in a synchronous call' : 'on the CPU'}`
}

export function culpritName({ name, traceId }: Culprit): string {
  return name === '' ? `trace ${beginningOf(traceId)}` : name
}

export function reasonText({ before, culprit, after }: Reason): string {
  return culprit === undefined ? before : `${before}${culpritName(culprit)} ${after}`
}

export function blockText({ by, kind, certain, from, to }: Block): string {
  const length = formatDuration((to - from) / 1000)
  if (kind === 'stopped') return `the process did not run for ${length}`
  const who = by === null ? nobody : `${certain ? '' : 'probably '}${culpritName(by)}`
  return `${who} ${did(kind, true)} for ${length}`
}

/** The same with the trace's columns' times: those count from the trace's root, which may be in another process. */
export function shifted(activity: RuntimeActivity, start: number): RuntimeActivity {
  const by = Math.round((activity.start - start) * 1000)
  const moved = <T extends { from: number; to: number }>(one: T): T => ({
    ...one,
    from: one.from + by,
    to: one.to + by
  })
  return {
    ...activity,
    start,
    since: activity.since + by,
    blocks: activity.blocks.map(moved),
    collections: activity.collections.map(moved),
    poolWaits: activity.poolWaits.map(moved),
    samples: { ...activity.samples, to: activity.samples.to.map((to) => to + by) }
  }
}
