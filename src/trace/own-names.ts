import type { Severity } from '../base/span-data.ts'

/**
 * What a foreign format has no field for travels under names of ours. A log line of a span is an event `log` with its severity and text; OTLP
 * knows logs only as a signal of their own, which few trace viewers would join to the span again.
 */
export const logEvent = 'log'
export const logSeverity = 'log.severity'
export const logBody = 'log.body'
export const severities: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** On the first span of a trace: how many more there were, that its limit did not let in. */
export const droppedSpansKey = 'spanlight.dropped_spans'

/** On a span whose end lies before its start: shown without a length, and marked. */
export const negativeKey = 'spanlight.negative'
