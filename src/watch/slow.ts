import { activeContext, runIn } from '../context/context.ts'
import type { FollowedCall } from './tracing-channel.ts'
import type { WatchSetup } from './watch.ts'

/**
 * A call that mostly has nothing to wait for: a free connection of a pool, the next document of a batch that is here. It is recorded when it fails, or
 * is still under way a turn of the event loop later; `start` is told when it began.
 */
export function whenSlow(
  setup: WatchSetup,
  start: (since: number) => FollowedCall | undefined
): FollowedCall {
  const context = activeContext()
  const since = performance.now()
  const begin = (): FollowedCall | undefined => runIn(context, start, since)
  let open = true
  let call: FollowedCall | undefined
  return {
    pending() {
      setImmediate(() => {
        if (open) call = setup.guard(begin)
      })
    },
    succeed(result) {
      open = false
      call?.succeed(result)
    },
    fail(error) {
      open = false
      call ??= begin()
      call?.fail(error)
    }
  }
}
