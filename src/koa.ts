import type { Middleware } from 'koa'
import type { TracingOptions } from './options.ts'
import { sharedTracing } from './process-wide.ts'

export { activeSpan, withSpan } from './manual.ts'
export { shutdown } from './process-wide.ts'

/** `tracing()` of the package's root with exactly Koa's type. */
export function tracing(options?: TracingOptions): Middleware {
  return sharedTracing(options).koa()
}
