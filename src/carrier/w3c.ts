import type { IncomingHttpHeaders } from 'node:http'
import type { SpanContext } from '../base/span-context.ts'
import { type Baggage, parseBaggage, serializeBaggage } from './baggage.ts'
import { parseTraceState, serializeTraceState } from './trace-state.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

/** What headers carry from one process to the next. */
export interface Carried {
  readonly parent: SpanContext | undefined
  readonly baggage: Baggage | undefined
}

/** The lower-case names of the headers of W3C Trace Context level 2 and W3C Baggage. */
export const w3cHeaders: readonly string[] = ['traceparent', 'tracestate', 'baggage']

/** Reads the headers of W3C Trace Context and Baggage. Foreign input: never throws; what is not valid is not there. */
export function readW3c(headers: IncomingHttpHeaders): Carried {
  const lines = joined(headers['baggage'])
  return { parent: readParent(headers), baggage: lines === '' ? undefined : parseBaggage(lines) }
}

/** Calls `set` for each header that carries the span and the baggage (any object of OpenTelemetry's Baggage interface) on. */
export function writeW3c(
  span: SpanContext | undefined,
  baggage: unknown,
  set: (name: string, value: string) => void
): void {
  const traceparent = span === undefined ? undefined : formatTraceparent(span)
  if (traceparent !== undefined) {
    set('traceparent', traceparent)
    const tracestate = serializeTraceState(span?.traceState)
    if (tracestate !== '') set('tracestate', tracestate)
  }
  const text = serializeBaggage(baggage)
  if (text !== '') set('baggage', text)
}

// A bad traceparent takes the tracestate with it; a bad tracestate leaves the traceparent alone (section 3.3).
function readParent(headers: IncomingHttpHeaders): SpanContext | undefined {
  const header = joined(headers['traceparent'])
  const parent = header === '' ? undefined : parseTraceparent(header)
  if (parent === undefined) return undefined
  const lines = joined(headers['tracestate'])
  const traceState = lines === '' ? undefined : parseTraceState(lines)
  return { ...parent, isRemote: true, traceState }
}

// Node joins repeated headers of unknown names itself; other carriers give them as a list. Both must read the same.
function joined(value: unknown): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string').join(',') : ''
}
