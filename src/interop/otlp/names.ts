import type { Severity } from '../../base/span-data.ts'

/** In OTLP's numbering; only generic protobuf printers write the names. */
export const kindNames: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER'
]

export const statusNames: readonly string[] = [
  'STATUS_CODE_UNSET',
  'STATUS_CODE_OK',
  'STATUS_CODE_ERROR'
]

/** Bits of Span.flags beside the W3C ones: whether the next bit means anything, and that the parent is in another process. */
export const hasIsRemote = 0x100
export const isRemote = 0x200

/**
 * What OTLP has no field for travels under names of ours. A log line of a span is an event `log` with its severity and text; OTLP knows
 * logs only as a signal of their own, which few trace viewers would join to the span again.
 */
export const logEvent = 'log'
export const logSeverity = 'log.severity'
export const logBody = 'log.body'
export const severities: readonly Severity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

/** On the first span of a trace: how many more there were, that its limit did not let in. */
export const droppedSpansKey = 'spanlight.dropped_spans'

/** On a span whose end lies before its start: shown without a length, and marked. */
export const negativeKey = 'spanlight.negative'
