import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnyServer, Listener } from './host/http.ts'
import type { TracingOptions } from './options.ts'
import { sharedTracing } from './process-wide.ts'

export { activeSpan, withSpan } from './manual.ts'
export { shutdown } from './process-wide.ts'

/**
 * Records every request of a bare server and serves the page on it. Of a request listener it gives one of the same type:
 * `createServer(traced(listener))`; a server (http, https, http2 with its compatible API) is traced in place and given back.
 * @throws TypeError when an option is wrong, naming it
 */
export function traced<T extends (req: IncomingMessage, res: ServerResponse) => unknown>(
  listener: T,
  options?: TracingOptions
): T
export function traced<T extends Listener | AnyServer>(target: T, options?: TracingOptions): T
export function traced<T extends Listener | AnyServer>(target: T, options?: TracingOptions): T {
  return sharedTracing(options).traced(target)
}
