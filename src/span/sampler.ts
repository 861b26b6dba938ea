import type { TraceId } from '../base/ids.ts'

/** Decides at a trace's first local span whether it is recorded. */
export type Sampler = (traceId: TraceId) => boolean

/**
 * Keeps a share of traces, decided by the trace id's lowest 56 bits (the first 52 of them), so that all services of a trace that use the same ratio agree
 * (OpenTelemetry's consistent probability sampling).
 */
export function ratioSampler(ratio: number): Sampler {
  if (ratio >= 1) return () => true
  const threshold = (1 - ratio) * 2 ** 52
  return (traceId) => Number.parseInt(traceId.slice(18, 31), 16) >= threshold
}
