import type { IncomingHttpHeaders } from 'node:http'
import type { SpanContext } from '../base/span-context.ts'
import { type Context, isSuppressed } from '../context/context.ts'
import { NonRecordingSpan } from '../context/non-recording.ts'
import { parseBaggage, serializeBaggage } from './baggage.ts'
import { parseTraceState, serializeTraceState } from './trace-state.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

/** How span contexts and baggage travel in headers. */
export interface Propagation {
  /**
   * The context that the headers carry, over `context`: its span is a remote parent (a `NonRecordingSpan`-like object whose
   * `spanContext()` has `isRemote: true`), its baggage stands under OpenTelemetry's baggage key. Foreign input: never throws, gives `context`
   * itself when nothing valid is carried.
   */
  extract(headers: IncomingHttpHeaders, context: Context): Context
  /** Calls `set` for each header that carries the context's span and baggage on. */
  inject(context: Context, set: (name: string, value: string) => void): void
  /** The lower-case header names that `inject` may set. */
  readonly fields: readonly string[]
}

/** The key under which OpenTelemetry's API keeps baggage; registered, so that `propagation.getBaggage()` of any copy finds ours. */
export const baggageKey: symbol = Symbol.for('OpenTelemetry Baggage Key')

/** Reads and writes nothing. */
export const noPropagation: Propagation = {
  fields: [],
  extract: (_headers, context) => context,
  inject() {}
}

/** W3C Trace Context level 2 and W3C Baggage. */
export function w3cPropagation(): Propagation {
  return {
    fields: ['traceparent', 'tracestate', 'baggage'],
    extract(headers, context) {
      let extracted = context
      const parent = readParent(headers)
      if (parent !== undefined) extracted = extracted.withSpan(new NonRecordingSpan(parent))
      const lines = joined(headers['baggage'])
      const baggage = lines === '' ? undefined : parseBaggage(lines)
      return baggage === undefined ? extracted : extracted.setValue(baggageKey, baggage)
    },
    inject(context, set) {
      if (isSuppressed(context)) return
      const span = context.span?.spanContext()
      const traceparent = span === undefined ? undefined : formatTraceparent(span)
      if (traceparent !== undefined) {
        set('traceparent', traceparent)
        const tracestate = serializeTraceState(span?.traceState)
        if (tracestate !== '') set('tracestate', tracestate)
      }
      const baggage = serializeBaggage(context.getValue(baggageKey))
      if (baggage !== '') set('baggage', baggage)
    }
  }
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
