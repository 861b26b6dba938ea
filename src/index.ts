// Middleware
export { tracing } from './middleware.ts'
export type { TracingMiddleware } from './middleware.ts'
export { shutdown } from './process-wide.ts'

// Spans by hand
export { activeSpan, withSpan } from './manual.ts'
export type { Span } from './manual.ts'

// Ids for logs
export { traceFields } from './trace-fields.ts'
export type { TraceFields } from './trace-fields.ts'

// Options
export type { CaptureOptions, TracingOptions } from './options.ts'
export type { Limits } from './base/limits.ts'
export type { RedactOptions } from './redact/options.ts'
