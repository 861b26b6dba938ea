import type { SpanId, TraceId } from '../base/ids.ts'
import type { Limits } from '../base/limits.ts'
import type { TraceState } from '../base/span-context.ts'
import type { Scope, SpanKind } from '../base/span-data.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Span } from './span.ts'

/** What a span is born with. */
export interface SpanSeed {
  readonly spanId: SpanId
  readonly parentId: SpanId | undefined
  readonly parentRemote: boolean
  readonly kind: SpanKind
  readonly name: string
  readonly start: number
  readonly flags: number
  readonly scope: Scope
  readonly traceState: TraceState | undefined
  /** The same as text, as it may be stored. */
  readonly shownState: string
}

/** What all spans of a recorder share. */
export interface SpanRules {
  readonly limits: Limits
  readonly redactor: Redactor
  readonly now: () => number
  /** Told of an error of ours that a call of the host met; the call goes on without what failed. */
  readonly failed?: ((error: unknown) => void) | undefined
}

/** The local part of a trace that takes its spans; `trace/` implements it. */
export interface TraceBuffer {
  readonly traceId: TraceId
  readonly epochMs: number
  /** The monotonic clock's reading at `epochMs`. */
  readonly baseMs: number
  /** True once all its spans have ended and were handed on; a span that starts after that opens the trace anew. */
  readonly left: boolean
  /** False when the trace holds as many spans as it may; the span is then counted and not kept. `now` is a reading of the clock. */
  add(span: Span, now: number): boolean
  /** Called once, when the span ends. */
  ended(span: Span, now: number): void
}
