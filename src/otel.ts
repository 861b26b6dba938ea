import type { SpanProcessor } from './interop/opentelemetry/sdk-span.ts'
import type { TracingOptions } from './options.ts'
import { sharedTracing } from './process-wide.ts'

export { activeSpan, withSpan } from './manual.ts'
export { shutdown } from './process-wide.ts'
export type { SdkResource, SdkSpan, SpanProcessor } from './interop/opentelemetry/sdk-span.ts'

/**
 * For applications that run the OpenTelemetry SDK, 2.x or 3.x: a span processor that shows the SDK's spans on the page, from their start on. Requests and
 * calls are then recorded by the SDK's instrumentations alone; `app.use(tracing())` serves the page and records none, and so does `listen`.
 *
 *     new NodeTracerProvider({ spanProcessors: [spanProcessor()] })
 *
 * @throws TypeError when an option is wrong, naming it
 */
export function spanProcessor(options?: TracingOptions): SpanProcessor {
  return sharedTracing(options).spanProcessor()
}
