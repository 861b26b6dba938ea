import type { IncomingHttpHeaders } from 'node:http'
import type { Context } from '../context/context.ts'

/** How span contexts and baggage travel in headers. */
export interface Propagation {
  /**
   * The context that the headers carry, over `context`: its span is a remote parent (a `NonRecordingSpan`-like object whose
   * `spanContext()` has `isRemote: true`), its baggage stands under OpenTelemetry's baggage key. Foreign input: never throws, gives `context`
   * itself when nothing valid is carried.
   */
  extract(headers: IncomingHttpHeaders, context: Context): Context
  /** Calls `set` for each header that carries the context's span and baggage on. */
  inject(context: Context, set: (name: string, value: string) => void): void
  /** The lower-case header names that `inject` may set. */
  readonly fields: readonly string[]
}
