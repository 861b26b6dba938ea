import { type Context, runIn } from '../context/context.ts'
import type { Guard } from '../base/safely.ts'

/** What is told of a call of the host that is being recorded. */
export interface Following {
  /** Where the call runs. @default where it was made */
  readonly context?: Context | undefined
  /** Told what came of it, once its promise is fulfilled if it gave one. */
  done(value: unknown): void
  failed(error: unknown): void
}

/**
 * Makes a call of the host's, once and outside of every guard, and tells what came of it. What it gives back is a promise behind the call's own,
 * if it gave one: an error that nobody handles must stay unhandled.
 */
export function followCall(guard: Guard, following: Following, call: () => unknown): unknown {
  const { context } = following
  let result: unknown
  try {
    result = context === undefined ? call() : runIn(context, call)
  } catch (error) {
    guard(() => following.failed(error))
    throw error
  }
  // A thenable of the host's own may do its work each time it is asked: only promises are followed.
  if (!(result instanceof Promise)) {
    guard(() => following.done(result))
    return result
  }
  return result.then(
    (value: unknown) => {
      guard(() => following.done(value))
      return value
    },
    (error: unknown) => {
      guard(() => following.failed(error))
      throw error
    }
  )
}
