import { activeContext } from './context/context.ts'
import { currentTracing } from './places.ts'

/** The active span as a log line names it: OpenTelemetry's names for log formats other than OTLP. Empty outside a span. */
export interface TraceFields {
  /** 32 hex digits. */
  trace_id?: string
  /** 16 hex digits. */
  span_id?: string
  /** W3C's trace flags, two hex digits: their lowest bit says that the trace is recorded. */
  trace_flags?: string
}

/**
 * Trace and span id for a line of the application's own logs, to be merged into it: `pino({ mixin: traceFields })`, or
 * `winston.format((info) => Object.assign(info, traceFields()))()`. Either id, pasted into the page's filter, finds the trace.
 * A new object each time, since loggers add to it.
 */
export function traceFields(): TraceFields {
  try {
    const active = currentTracing()?.contexts.active ?? activeContext
    const { traceId, spanId, traceFlags } = active().span?.spanContext() ?? nowhere
    // OpenTelemetry's invalid span context, of a span that goes nowhere.
    if (/^0*$/.test(traceId)) return {}
    const trace_flags = traceFlags.toString(16).padStart(2, '0')
    return { trace_id: traceId, span_id: spanId, trace_flags }
  } catch {
    // A foreign span may fail; the host's line must be written all the same.
    return {}
  }
}

const nowhere = { traceId: '', spanId: '', traceFlags: 0 }
