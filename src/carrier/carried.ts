import type { IncomingHttpHeaders } from 'node:http'
import { readSpanId, readTraceId, type SpanId, type TraceId } from '../base/ids.ts'
import { sampledFlag, type SpanContext, type TraceState } from '../base/span-context.ts'
import { trimOws } from './whitespace.ts'

/** What the headers of one format carry of a trace. */
export interface Carried {
  /** The caller's span. */
  readonly parent?: SpanContext
  /** A trace without a span in it: what a load balancer that takes no part in it has begun. */
  readonly traceId?: TraceId
  /** What the caller decided for the traces that begin here; undefined where it decided nothing, or sent a `parent`, which says it itself. */
  readonly sampled?: boolean
  /** Somebody wants this one trace to be recorded, whatever is sampled otherwise. */
  readonly debug?: boolean
}

/** A span as it is sent: its ids are valid. */
export interface Outgoing {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly sampled: boolean
  readonly debug: boolean
  /** As the span has them: only W3C's header has all of these flags, and vendors' entries. */
  readonly traceFlags: number
  readonly traceState: TraceState | undefined
}

export type SetHeader = (name: string, value: string) => void

/** One way to write a span context into headers. */
export interface HeaderFormat {
  /** The lower-case names of its headers. */
  readonly fields: readonly string[]
  /** Foreign input: undefined where nothing valid is carried, never throws. */
  read(headers: IncomingHttpHeaders): Carried | undefined
  write(span: Outgoing, set: SetHeader): void
}

/** What a repeated header has that nothing repeats: Node joins them with commas, which is no valid value of any format but W3C's. */
export function one(headers: IncomingHttpHeaders, name: string): string {
  const value: unknown = headers[name]
  // What is longer than anything valid is not looked at.
  if (typeof value !== 'string' || value.length > 512 || value.includes(',')) return ''
  return trimOws(value)
}

/** 64-bit trace ids are the lower half of 128-bit ones. */
export function traceIdOf(hex: string): TraceId | undefined {
  return hex.length === 0 ? undefined : readTraceId(hex.padStart(32, '0'))
}

/**
 * What ids and a decision make: with both ids a parent, without the span's a trace to go on with. A caller that leaves the decision to us
 * (no flag, X-Ray's `?`) is taken to want it, as we record it and those after us should, too.
 */
export function carriedOf(
  traceId: TraceId | undefined,
  spanId: SpanId | undefined,
  sampled: boolean | undefined,
  debug: boolean = false
): Carried | undefined {
  if (traceId === undefined) return undefined
  const marked = debug ? { debug } : {}
  if (spanId === undefined)
    return sampled === undefined ? { traceId, ...marked } : { traceId, sampled, ...marked }
  const traceFlags = sampled === false ? 0 : sampledFlag
  return { parent: { traceId, spanId, traceFlags, isRemote: true }, ...marked }
}

/** Undefined when one of its ids is not valid, as of OpenTelemetry's non-recording default span. */
export function outgoing(
  { traceId, spanId, traceFlags, traceState }: SpanContext,
  debug: boolean
): Outgoing | undefined {
  const trace = readTraceId(traceId)
  const span = readSpanId(spanId)
  if (trace === undefined || span === undefined) return undefined
  const sampled = debug || (traceFlags & sampledFlag) !== 0
  const flags = debug ? traceFlags | sampledFlag : traceFlags
  return { traceId: trace, spanId: span, sampled, debug, traceFlags: flags, traceState }
}
