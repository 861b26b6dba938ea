import { type Context, runIn } from '../context/context.ts'
import type { WatchSetup } from './watch.ts'

export type Callback = (...args: unknown[]) => unknown

/** What a library is handed in place of the host's callback: tells of the call first, then runs the host's in its own context. */
export function followCallback(
  setup: WatchSetup,
  context: Context,
  callback: Callback,
  told: (given: unknown[]) => void
): Callback {
  return new Proxy(callback, {
    apply(target, self: unknown, given: unknown[]) {
      setup.guard(() => told(given))
      return runIn(context, () => Reflect.apply(target, self, given))
    }
  })
}

/** The promise that goes back to the host is the one behind ours: an error that nobody handles must stay unhandled. */
export function followPromise(
  setup: WatchSetup,
  result: unknown,
  succeeded: (value: unknown) => void,
  failed: (error: unknown) => void
): unknown {
  const promise = result as PromiseLike<unknown> | null | undefined
  if (typeof promise?.then !== 'function') {
    succeeded(undefined)
    return result
  }
  return promise.then(
    (value) => {
      setup.guard(() => succeeded(value))
      return value
    },
    (error: unknown) => {
      setup.guard(() => failed(error))
      throw error
    }
  )
}
