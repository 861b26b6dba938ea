import { getAttribute } from '../base/attributes.ts'
import type { TraceId } from '../base/ids.ts'
import type { Resource, TraceRecord } from '../base/span-data.ts'
import { rootOf } from '../trace/summary.ts'
import { type Culprit, explain, type RuntimeActivity, type Stretch } from '../wire/runtime.ts'
import { Home } from './home.ts'
import type { RuntimeReadings } from './types.ts'

/** More samples than this are not seen apart on any screen. */
const maxSamples = 1000

export interface RuntimeSource {
  /** What is known of a stretch of time, in epoch milliseconds. */
  readonly read: (from: number, to: number) => RuntimeReadings
  /** A trace as the list names it; '' when it is not in memory. */
  readonly nameOf: (traceId: TraceId) => string
}

export interface TraceRuntime {
  readonly activity: RuntimeActivity
  /** Who is to be asked instead: the worker of this application that the trace began in. */
  readonly elsewhere: Resource | undefined
}

/** What this process was doing while a trace went on, if the trace began in it. */
export function* traceRuntime(
  traceId: TraceId,
  records: Iterable<TraceRecord>,
  source: RuntimeSource | undefined
): Generator<void, TraceRuntime> {
  const own = yield* ownTime(records)
  const { elsewhere } = own.home
  const activity = elsewhere === undefined ? activityIn(traceId, own, source) : nothing(traceId)
  return { activity, elsewhere }
}

function activityIn(
  traceId: TraceId,
  own: OwnTime,
  source: RuntimeSource | undefined
): RuntimeActivity {
  const { first, end } = own
  const readings = first && source?.read(first.from, end)
  if (first === undefined || readings === undefined || readings.since >= end)
    return nothing(traceId)
  const start = first.from
  const micros = (epochMs: number): number => Math.round((epochMs - start) * 1000)
  const within = ({ from, to }: Stretch): Stretch => ({ from: micros(from), to: micros(to) })
  const names = new Map<TraceId, string>()
  const nameOf = (id: TraceId): string => {
    const known = names.get(id) ?? source?.nameOf(id) ?? ''
    names.set(id, known)
    return known
  }
  const activity: RuntimeActivity = {
    traceId,
    start,
    known: readings.since <= start ? 'all' : 'part',
    since: micros(Math.max(readings.since, readings.begin)),
    blocks: readings.blocks.map((block) => ({
      ...within(block),
      kind: block.kind,
      by: culpritOf(block, nameOf),
      certain: block.certain
    })),
    collections: readings.collections.map((pause) => ({ ...within(pause), kind: pause.kind })),
    poolWaits: joined(own.poolWaits).map(within),
    samples: columnsOf(readings, micros),
    explained: null
  }
  return { ...activity, explained: explain(activity, 0, micros(first.to)) }
}

interface OwnTime {
  /** Of the first span in this process. */
  first: Stretch | undefined
  /** Of the last. */
  end: number
  readonly poolWaits: Stretch[]
  readonly home: Home
}

/** The time of the trace's spans in this process, in epoch milliseconds: of others nothing is known. */
function* ownTime(records: Iterable<TraceRecord>): Generator<void, OwnTime> {
  const home = new Home()
  const own: OwnTime = { first: undefined, end: Number.NEGATIVE_INFINITY, poolWaits: [], home }
  for (const record of records) {
    home.add(record)
    if (record.source === 'local' && record.relayed !== true) {
      const timeOf = ({ start, duration }: { start: number; duration: number }): Stretch => {
        const from = record.epochMs + start / 1e6
        return { from, to: from + duration / 1e6 }
      }
      const root = timeOf(rootOf(record.spans))
      if (own.first === undefined || root.from < own.first.from) own.first = root
      for (const span of record.spans) {
        const time = timeOf(span)
        own.end = Math.max(own.end, time.to)
        if (getAttribute(span.attributes, 'spanlight.wait') === 'pool') own.poolWaits.push(time)
      }
    }
    yield
  }
  return own
}

function culpritOf(
  { traceId, spanId }: RuntimeReadings['blocks'][number],
  nameOf: (id: TraceId) => string
): Culprit | null {
  if (traceId === undefined || spanId === undefined) return null
  return { traceId, spanId, name: nameOf(traceId) }
}

function joined(stretches: readonly Stretch[]): Stretch[] {
  const all: { from: number; to: number }[] = []
  for (const { from, to } of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else all.push({ from, to })
  }
  return all
}

/** As many of them are put into one as it takes to be few. */
function columnsOf(
  { samples }: RuntimeReadings,
  micros: (epochMs: number) => number
): RuntimeActivity['samples'] {
  const columns = { to: [], busy: [], delay: [], heap: [], inFlight: [] } as {
    [name in keyof RuntimeActivity['samples']]: number[]
  }
  const several = Math.ceil(samples.length / maxSamples)
  for (let first = 0; first < samples.length; first += several) {
    const some = samples.slice(first, first + several)
    const last = some.at(-1) as (typeof some)[number]
    columns.to.push(micros(last.to))
    columns.busy.push(Math.round(some.reduce((sum, { busy }) => sum + busy, 0) * 1000))
    columns.delay.push(Math.round(Math.max(...some.map(({ delay }) => delay)) * 1000))
    columns.heap.push(last.heap)
    columns.inFlight.push(Math.max(...some.map(({ inFlight }) => inFlight)))
  }
  return columns
}

function nothing(traceId: string): RuntimeActivity {
  return {
    traceId,
    start: 0,
    known: 'none',
    since: 0,
    blocks: [],
    collections: [],
    poolWaits: [],
    samples: { to: [], busy: [], delay: [], heap: [], inFlight: [] },
    explained: null
  }
}
