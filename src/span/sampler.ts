import type { TraceId } from '../base/ids.ts'
import type { TraceState } from '../base/span-context.ts'
import { parseTraceState } from '../carrier/trace-state.ts'
import { randomnessOf, thresholdOf, withThreshold } from './probability.ts'

/** Decides at a trace's first local span whether it is recorded. */
export type Sampler = (traceId: TraceId) => boolean

/** Keeps a share of traces, decided by the trace's id, so that all services of a trace that use the same ratio agree. */
export function ratioSampler(ratio: number): Sampler {
  if (ratio >= 1) return () => true
  const threshold = thresholdOf(ratio)
  return (traceId) => threshold !== undefined && randomnessOf(traceId) >= threshold
}

/** What a trace that begins here tells those after it. */
export interface Beginning {
  readonly sampled: boolean
  /** By which chance it was sampled, for those who count. */
  readonly traceState: TraceState | undefined
}

/** Says of a trace that begins here whether this ratio chooses it. */
export function ratioBeginning(ratio: number): (traceId: TraceId) => Beginning {
  const samples = ratioSampler(ratio)
  const chosen = {
    sampled: true,
    traceState: parseTraceState(withThreshold('', thresholdOf(ratio)))
  }
  const not = { sampled: false, traceState: undefined }
  return (traceId) => (samples(traceId) ? chosen : not)
}
