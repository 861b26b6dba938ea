import { readSpanId, readTraceId } from '../base/ids.ts'
import type { SpanContext, TraceState } from '../base/span-context.ts'
import type { SpanLink } from '../base/span-data.ts'
import { get } from './exception.ts'
import type { TimeInput } from './time.ts'

/** Attributes as a user gives them: OpenTelemetry's plain object. */
export type AttributesInput = Readonly<Record<string, unknown>>

export interface LinkInput {
  readonly context: {
    readonly traceId: string
    readonly spanId: string
    readonly traceState?: TraceState | undefined
  }
  readonly attributes?: AttributesInput | undefined
}

const none: readonly never[] = Object.freeze([])

/** The keys of what should be an attributes object; a Proxy of the host may throw here. */
export function keysOf(attributes: unknown): readonly string[] {
  if (typeof attributes !== 'object' || attributes === null) return none
  try {
    return Object.keys(attributes)
  } catch {
    return none
  }
}

/** A name as text, whatever was given: `String` itself throws for an object without a prototype. */
export function nameOf(name: unknown): string {
  if (typeof name === 'string') return name
  try {
    return String(name)
  } catch {
    return '[unnamed]'
  }
}

export function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value)
}

/** The target of a link, without its attributes; undefined when it names no valid span: the store keeps ids as bytes. */
export function readLink(link: unknown): Omit<SpanLink, 'attributes'> | undefined {
  const context = get(link, 'context')
  const traceId = readTraceId(get(context, 'traceId'))
  const spanId = readSpanId(get(context, 'spanId'))
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, traceState: serialized(get(context, 'traceState')) }
}

/**
 * A parent's context as far as it is valid: OpenTelemetry's "invalid span context" (all zeros) and ids of other shapes mean no parent at all.
 * Foreign span implementations come in here: the API's own wrapped contexts, another SDK's spans.
 */
export function readParent(span: unknown): SpanContext | undefined {
  return readIds((span as { spanContext?: () => unknown } | undefined)?.spanContext?.())
}

/** The same of a span context. */
export function readIds(context: unknown): SpanContext | undefined {
  const traceId = readTraceId(get(context, 'traceId'))
  const spanId = readSpanId(get(context, 'spanId'))
  if (traceId === undefined || spanId === undefined) return undefined
  const flags = get(context, 'traceFlags')
  const state = get(context, 'traceState')
  return {
    traceId,
    spanId,
    traceFlags: typeof flags === 'number' ? flags & 0xff : 0,
    isRemote: get(context, 'isRemote') === true,
    traceState: serialized(state) === '' ? undefined : (state as TraceState)
  }
}

function serialized(state: unknown): string {
  try {
    const text = (state as TraceState | undefined)?.serialize()
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}
