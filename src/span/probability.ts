import type { TraceId } from '../base/ids.ts'

/**
 * OpenTelemetry's consistent probability sampling, "TraceState: Probability Sampling": a trace has 56 random bits that all its services
 * know, and is sampled where they are not below a threshold. Both are kept as 14 hex digits, which compare like the numbers they are.
 */
export type Threshold = string

const digits = 14

/** The threshold that keeps this share of traces; undefined for none at all. */
export function thresholdOf(ratio: number): Threshold | undefined {
  // 52 of the bits, what a number holds exactly.
  const below = Math.ceil((1 - ratio) * 2 ** 52)
  if (below >= 2 ** 52) return undefined
  return `${Math.max(0, below).toString(16).padStart(13, '0')}0`
}

/** The random bits of a trace: those that its tracestate names (`rv`), else the last of its id. */
export function randomnessOf(traceId: TraceId, traceState = ''): string {
  return subKey(traceState, /(?:^|;)rv:([0-9a-f]{14})(?:;|$)/) ?? traceId.slice(-digits)
}

/** The threshold that whoever came before has sampled by (`th`). */
export function readThreshold(traceState: string): Threshold | undefined {
  return subKey(traceState, /(?:^|;)th:([0-9a-f]{1,14})(?:;|$)/)?.padEnd(digits, '0')
}

function subKey(traceState: string, shape: RegExp): string | undefined {
  if (!traceState.includes('ot=')) return undefined
  const member = /(?:^|,)ot=([^,]*)/.exec(traceState)?.[1]
  return member === undefined ? undefined : shape.exec(member)?.[1]
}

/** The tracestate with that threshold in OpenTelemetry's entry, or without one. What else the entry holds stays. */
export function withThreshold(traceState: string, threshold: Threshold | undefined): string {
  const members = traceState === '' ? [] : traceState.split(',')
  const entry = members.find((member) => member.startsWith('ot='))
  const kept = (entry?.slice(3).split(';') ?? []).filter(
    (one) => one !== '' && !one.startsWith('th:')
  )
  if (threshold !== undefined) kept.unshift(`th:${threshold.replace(/0+$/, '') || '0'}`)
  const others = members.filter((member) => member !== entry)
  return (kept.length === 0 ? others : [`ot=${kept.join(';')}`, ...others]).join(',')
}
