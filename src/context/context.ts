import { AsyncLocalStorage } from 'node:async_hooks'
import type { CallSite } from '../base/call-site.ts'
import type { SpanContext } from '../base/span-context.ts'

/**
 * What every asynchronous piece of work carries: OpenTelemetry's Context, immutable, with the active span in a field of its own because
 * it is read a thousand times for each time anything else is. The span is dropped from memory with the context's last user; sockets and
 * timers of the host can hold a context for ever, so it must stay a small handle and never reach a request or a body.
 */
export class Context {
  readonly span: ContextSpan | undefined
  /** Where in the host's code a library was called that goes on by itself (a pool). Not handed on with a span: below one, others call. */
  readonly callSite: CallSite | undefined
  readonly #values: ReadonlyMap<symbol, unknown> | undefined

  constructor(
    span: ContextSpan | undefined,
    values: ReadonlyMap<symbol, unknown> | undefined,
    callSite?: CallSite
  ) {
    this.span = span
    this.#values = values
    this.callSite = callSite
  }

  withCallSite(site: CallSite): Context {
    return new Context(this.span, this.#values, site)
  }

  withSpan(span: ContextSpan | undefined): Context {
    return new Context(span, this.#values)
  }

  getValue(key: symbol): unknown {
    return key === spanKey ? this.span : this.#values?.get(key)
  }

  setValue(key: symbol, value: unknown): Context {
    if (key === spanKey) return this.withSpan(value as ContextSpan)
    return new Context(this.span, new Map(this.#values).set(key, value))
  }

  deleteValue(key: symbol): Context {
    if (key === spanKey) return this.withSpan(undefined)
    const values = new Map(this.#values)
    values.delete(key)
    return new Context(this.span, values)
  }
}

/** The least a span must be to be carried; our live span and any OpenTelemetry span are. */
export interface ContextSpan {
  spanContext(): SpanContext
}

/** The keys OpenTelemetry's API and SDK use; they are registered symbols, so that all copies agree. */
const spanKey: symbol = Symbol.for('OpenTelemetry Context Key SPAN')
const suppressKey: symbol = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

export const rootContext: Context = new Context(undefined, undefined)

/** The one store; diagnostics channels bind to it directly. */
export const contextStorage: AsyncLocalStorage<Context> = new AsyncLocalStorage<Context>()

let elsewhere: (() => Context) | undefined

/** Names who knows the context of running code where we know none: another SDK, whose spans are shown here. Undefined: nobody does. */
export function askElsewhere(active: (() => Context) | undefined): void {
  elsewhere = active
}

/** The context of the running code; the root context outside any. */
export function activeContext(): Context {
  return contextStorage.getStore() ?? elsewhere?.() ?? rootContext
}

/** Whether any context was entered; unlike `activeContext` it tells "lost" from "root". */
export function hasContext(): boolean {
  return contextStorage.getStore() !== undefined
}

export function runIn<A extends unknown[], R>(
  context: Context,
  fn: (...args: A) => R,
  ...args: A
): R {
  return contextStorage.run(context, fn, ...args)
}

/** The function, to be called later in the context. Keeps `this`, and the length that Express counts parameters by. */
export function bindTo<F extends (...args: never[]) => unknown>(context: Context, fn: F): F {
  const bound = function (this: unknown, ...args: unknown[]): unknown {
    return contextStorage.run(context, () => Reflect.apply(fn, this, args) as unknown)
  }
  Object.defineProperty(bound, 'length', { value: fn.length, configurable: true })
  return bound as unknown as F
}

/** A context in which nothing is recorded: our own exports and pages. */
export function suppressed(context: Context): Context {
  return context.setValue(suppressKey, true)
}

export function isSuppressed(context: Context): boolean {
  return context.getValue(suppressKey) === true
}
