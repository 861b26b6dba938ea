import { EventEmitter } from 'node:events'
import {
  activeContext,
  bindTo,
  type Context,
  contextStorage,
  runIn
} from '../../context/context.ts'
import { adopt, type ApiContext, original } from './adopt.ts'

/** OpenTelemetry's ContextManager over the one AsyncLocalStorage that everything here uses. */
export class ContextManager {
  readonly #bound = new WeakSet<object>()

  active(): ApiContext {
    return original(activeContext())
  }

  with<A extends unknown[], R>(
    context: ApiContext,
    fn: (...args: A) => R,
    thisArg?: unknown,
    ...args: A
  ): R {
    return runIn(adopt(context), () => fn.apply(thisArg, args))
  }

  /** A function that will run in the context, or the emitter itself, whose listeners will from now on. Anything else as it is. */
  bind<T>(context: ApiContext, target: T): T {
    if (target instanceof EventEmitter) {
      this.#bindEmitter(adopt(context), target)
      return target
    }
    if (typeof target !== 'function') return target
    return bindTo(adopt(context), target as (...args: never[]) => unknown) as T
  }

  enable(): this {
    return this
  }

  /** Does nothing: the storage also carries the server's own spans, and a user's `context.disable()` must not end those. */
  disable(): this {
    return this
  }

  /** Makes the context active until `dispose`, for callers that cannot wrap what follows (API 1.10). */
  attach(context: ApiContext): { dispose(): void } {
    const before = contextStorage.getStore()
    let attached = true
    contextStorage.enterWith(adopt(context))
    return {
      dispose() {
        if (attached) contextStorage.enterWith(before as Context)
        attached = false
      }
    }
  }

  // Wrapping `emit` and not each listener leaves `listeners()`, `once` and `removeListener` as they are. As in OpenTelemetry's own manager,
  // the first context that an emitter is bound to stays.
  #bindEmitter(context: Context, emitter: EventEmitter): void {
    if (this.#bound.has(emitter) || !Object.isExtensible(emitter)) return
    this.#bound.add(emitter)
    const emit = Reflect.get(emitter, 'emit') as (...args: never[]) => unknown
    Object.defineProperty(emitter, 'emit', {
      value: bindTo(context, emit),
      writable: true,
      configurable: true
    })
  }
}
