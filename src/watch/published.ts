import { createGuard } from '../base/safely.ts'
import { mongoose } from './databases/mongoose.ts'
import { mysql2 } from './databases/mysql2.ts'
import { platformaticKafka } from './queues/platformatic-kafka.ts'
import { ioredis, nodeRedis } from './databases/redis.ts'
import { followChannel, type Published } from './tracing-channel.ts'
import type { WatchSetup } from './watch.ts'

export const published: readonly Published[] = [
  mysql2,
  ioredis,
  nodeRedis,
  mongoose,
  platformaticKafka
]

/** Follows all of them, each under a guard of its own. `onFirst` is told when the first call of one is seen. Gives the way back. */
export function watchPublished(
  setup: Omit<WatchSetup, 'guard'>,
  onFirst: (library: Published) => void
): () => void {
  const undo = published.flatMap((library) => follow(library, setup, onFirst))
  return () => {
    for (const stop of undo) stop()
  }
}

function follow(
  library: Published,
  setup: Omit<WatchSetup, 'guard'>,
  onFirst: (library: Published) => void
): (() => void)[] {
  const guarded = { ...setup, guard: createGuard(library.name, setup.report) }
  const undo: (() => void)[] = []
  let seen = false
  library.follow(guarded, (channel, begin) => {
    const stop = followChannel<Parameters<typeof begin>[0]>(guarded, channel, (message) => {
      if (!seen) {
        seen = true
        onFirst(library)
      }
      return begin(message)
    })
    if (stop !== undefined) undo.push(stop)
  })
  return undo
}
