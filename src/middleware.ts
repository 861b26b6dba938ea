import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KoaContext } from './host/koa.ts'
import { ours } from './host/layers.ts'
import type { TracingOptions } from './options.ts'
import { sharedTracing } from './process-wide.ts'

/** A middleware for Express 4 and 5, Connect, and Koa 2 and 3. */
export interface TracingMiddleware {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void
  (ctx: KoaContext, next: () => Promise<unknown>): Promise<unknown>
}

/**
 * Records every request that passes and serves the page: `app.use(tracing())`, before everything else. The first call of a process starts the
 * recorder; a later one gives another mount of the same.
 * @throws TypeError when an option is wrong, naming it
 */
export function tracing(options?: TracingOptions): TracingMiddleware {
  const shared = sharedTracing(options)
  const express = shared.express()
  const koa = shared.koa()
  const middleware = {
    // Koa calls with two arguments, Express with three; Express counts the parameters of a function to find out what it is for. A method,
    // because a bundler renames a function within another of its name.
    tracing(this: void, a: unknown, b: unknown, next?: (error?: unknown) => void): unknown {
      if (next !== undefined) return express(a as IncomingMessage, b as ServerResponse, next)
      return koa(a as KoaContext, b as () => Promise<unknown>)
    }
  }
  return ours(middleware.tracing) as TracingMiddleware
}
