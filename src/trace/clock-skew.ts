import { getString } from '../base/attributes.ts'
import { type Resource, SpanKind, StatusCode } from '../base/span-data.ts'

/** What is known of a trace's spans, each by its number. Times are nanoseconds on one scale. */
export interface TimedSpans {
  readonly start: Float64Array
  readonly duration: readonly number[]
  /** Number of the parent; -1 for roots. */
  readonly parent: Int32Array
  readonly kind: readonly SpanKind[]
  readonly status: readonly StatusCode[]
  readonly open: (span: number) => boolean
  /** Number of the process that each span ran in. */
  readonly process: readonly number[]
  readonly clocks: readonly Clock[]
}

/** The clock that a process reads. */
export interface Clock {
  /** Tells its process from the others. */
  readonly key: string
  readonly service: string
  /** Processes of one host read the same clock; '' where the host is not known. */
  readonly host: string
}

export function clockOf({ service, attributes }: Resource): Clock {
  const host = getString(attributes, 'host.name') || getString(attributes, 'host.id')
  const instance = getString(attributes, 'service.instance.id')
  const pid = attributes[attributes.indexOf('process.pid') + 1]
  return { key: JSON.stringify([service, host, instance, pid]), service, host }
}

/** What the calls between two processes say of the clock of the one that is called: by how much it must be moved at least and at most. */
interface Evidence {
  least: number
  most: number
  /** One of the calls cannot have happened as it was recorded. */
  proven: boolean
}

// Of this many spans at a time; a part takes a tenth of a millisecond.
const spansPerPart = 1024

/**
 * By how many nanoseconds each process's clock must be moved so that no call begins before it was made: 0 for all of them where that holds as it was
 * recorded. Hosts' clocks differ by milliseconds on a good day, a request between them takes less. A call lies within the client span that
 * waits for it, which bounds the offset of the two clocks from both sides; of several calls all bounds hold, and the truth is taken to be in
 * the middle, as NTP does. An outlasting call proves nothing: its caller may have given up.
 */
export function* clockOffsets(spans: TimedSpans): Generator<void, Float64Array> {
  const offsets = new Float64Array(spans.clocks.length)
  if (spans.clocks.length < 2) return offsets
  const calls = new Map<number, Map<number, Evidence>>()
  const entered = new Set<number>()
  for (let i = 0; i < spans.parent.length; i++) {
    if (i % spansPerPart === 0) yield
    const caller = spans.parent[i] as number
    if (caller < 0) entered.add(spans.process[i] as number)
    else note(calls, spans, caller, i)
  }
  // From where the trace was entered along the calls: a process is compared with the one that called it first.
  const known = new Set(entered)
  for (const from of known) {
    for (const [to, evidence] of calls.get(from) ?? []) {
      if (known.has(to)) continue
      known.add(to)
      offsets[to] = (offsets[from] as number) + offsetOf(evidence)
    }
  }
  return offsets
}

function note(
  calls: Map<number, Map<number, Evidence>>,
  spans: TimedSpans,
  caller: number,
  called: number
): void {
  const from = spans.process[caller] as number
  const to = spans.process[called] as number
  if (from === to) return
  let byCalled = calls.get(from)
  if (byCalled === undefined) calls.set(from, (byCalled = new Map()))
  let evidence = byCalled.get(to)
  if (evidence === undefined) {
    evidence = { least: -Infinity, most: Infinity, proven: false }
    byCalled.set(to, evidence)
  }
  const sameClock =
    spans.clocks[from]?.host !== '' && spans.clocks[from]?.host === spans.clocks[to]?.host
  if (sameClock) return
  const made = spans.start[caller] as number
  const begun = spans.start[called] as number
  const lasted = spans.open(caller) ? Infinity : (spans.duration[caller] as number)
  const took = spans.duration[called] as number
  evidence.least = Math.max(evidence.least, made - begun)
  evidence.proven ||= begun < made
  // Only who waits for an answer lasts as long as the call: a message is taken from its queue whenever its reader has time.
  const waits = spans.kind[caller] === SpanKind.client && spans.kind[called] === SpanKind.server
  if (!waits) return
  if (took <= lasted) evidence.most = Math.min(evidence.most, made + lasted - begun - took)
  const gaveUp = spans.status[caller] === StatusCode.error
  evidence.proven ||= begun > made + lasted && !gaveUp
}

function offsetOf({ least, most, proven }: Evidence): number {
  if (!proven) return 0
  // Calls that contradict each other: that nothing begins before its cause is what is certain.
  return Number.isFinite(most) && least <= most ? Math.round((least + most) / 2) : least
}
