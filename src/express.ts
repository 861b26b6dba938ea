import type { RequestHandler } from 'express'
import type { TracingOptions } from './options.ts'
import { sharedTracing } from './process-wide.ts'

export { activeSpan, withSpan } from './manual.ts'
export { shutdown } from './process-wide.ts'

/** `tracing()` of the package's root with exactly Express's type. */
export function tracing(options?: TracingOptions): RequestHandler {
  return sharedTracing(options).express()
}
