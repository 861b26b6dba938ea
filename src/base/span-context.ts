import type { SpanId, TraceId } from './ids.ts'

/** Trace flags of W3C Trace Context level 2, section 3.2.2.5. */
export const sampledFlag = 0x01
export const randomFlag = 0x02

/** The part of a span that travels: OpenTelemetry's SpanContext. `traceState` follows its TraceState interface. */
export interface SpanContext {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly traceFlags: number
  readonly isRemote?: boolean | undefined
  readonly traceState?: TraceState | undefined
}

/** OpenTelemetry's TraceState interface: an immutable list of vendor entries, newest first. */
export interface TraceState {
  get(key: string): string | undefined
  set(key: string, value: string): TraceState
  unset(key: string): TraceState
  serialize(): string
}
