import type { IncomingHttpHeaders } from 'node:http'
import { readW3c, w3cHeaders, writeW3c } from '../carrier/w3c.ts'
import { type Context, isSuppressed } from '../context/context.ts'
import { NonRecordingSpan } from '../context/non-recording.ts'

/** How contexts travel: what headers carry, put into a context and taken out of one. */
export interface Propagation {
  /**
   * The context that the headers carry, over `context`: its span is a remote parent, its baggage stands under OpenTelemetry's baggage
   * key. Foreign input: never throws, gives `context` itself when nothing valid is carried.
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
export const w3cPropagation: Propagation = {
  fields: w3cHeaders,
  extract(headers, context) {
    const { parent, baggage } = readW3c(headers)
    const joined = parent === undefined ? context : context.withSpan(new NonRecordingSpan(parent))
    return baggage === undefined ? joined : joined.setValue(baggageKey, baggage)
  },
  inject(context, set) {
    if (isSuppressed(context)) return
    writeW3c(context.span?.spanContext(), context.getValue(baggageKey), set)
  }
}
