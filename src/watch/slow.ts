import { activeContext, runIn } from '../context/context.ts'
import type { FollowedCall } from './tracing-channel.ts'
import type { WatchSetup } from './watch.ts'

interface SlowCall {
  /** Is told when it began, a reading of `performance.now()`. */
  start(since: number): FollowedCall | undefined
  /** Is asked when the call has returned; false when there is nothing to tell of. */
  mayWait?(): boolean
}

/**
 * A call that mostly has nothing to wait for: a free connection of a pool, the next document of a batch that is here. It is recorded when it fails, or
 * is still under way a turn of the event loop later.
 */
export function whenSlow(setup: WatchSetup, slow: SlowCall): FollowedCall {
  const context = activeContext()
  const since = performance.now()
  const start = (): FollowedCall | undefined => runIn(context, () => slow.start(since))
  let open = true
  let call: FollowedCall | undefined
  return {
    pending() {
      if (slow.mayWait?.() === false) return
      setImmediate(() => {
        if (open) call = setup.guard(start)
      })
    },
    succeed(result) {
      open = false
      call?.succeed(result)
    },
    fail(error) {
      open = false
      call ??= start()
      call?.fail(error)
    }
  }
}
