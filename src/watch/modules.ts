import { createGuard } from '../base/safely.ts'
import { wrapAmqplib } from './queues/amqplib.ts'
import { wrapBetterSqlite3 } from './databases/better-sqlite3.ts'
import { wrapBullmq } from './queues/bullmq.ts'
import { wrapGraphql } from './graphql.ts'
import type { InstrumentOptions } from './instrument.ts'
import { wrapKafkajs } from './queues/kafkajs.ts'
import { wrapMongodb } from './databases/mongodb.ts'
import { wrapNodeSqlite } from './databases/node-sqlite.ts'
import { wrapPg } from './databases/pg.ts'
import { wrapPino } from './logs/pino.ts'
import type { Watch, WatchSetup } from './watch.ts'
import { wrapWinston } from './logs/winston.ts'

type Wrap = (setup: WatchSetup, module: unknown) => Watch

/** The modules that a user can hand over as `instrument: { name: module }`. A library with diagnostics channels of its own needs no line here. */
export const instrumentable: ReadonlyMap<string, Wrap> = new Map<keyof InstrumentOptions, Wrap>([
  ['amqplib', wrapAmqplib],
  ['better-sqlite3', wrapBetterSqlite3],
  ['bullmq', wrapBullmq],
  ['graphql', wrapGraphql],
  ['kafkajs', wrapKafkajs],
  ['mongodb', wrapMongodb],
  ['node:sqlite', wrapNodeSqlite],
  ['pg', wrapPg],
  ['pino', wrapPino],
  ['winston', wrapWinston]
])

/**
 * Watches every module of the `instrument` option, each under a guard of its own.
 * @throws TypeError when a name is not known, or its value is not that module; then none is watched
 */
export function watchModules(
  setup: Omit<WatchSetup, 'guard'>,
  modules: InstrumentOptions
): Watch[] {
  const names = Object.keys(modules)
  for (const name of names) {
    if (instrumentable.has(name)) continue
    const known = [...instrumentable.keys()].join(', ')
    throw new TypeError(`instrument.${name} is not known; known: ${known}`)
  }
  const watches: Watch[] = []
  try {
    for (const name of names) {
      const guard = createGuard(name, setup.report)
      const watch = instrumentable.get(name)?.(
        { ...setup, guard },
        modules[name as keyof InstrumentOptions]
      )
      if (watch !== undefined) watches.push(watch)
    }
  } catch (error) {
    for (const watch of watches) watch.stop()
    throw error
  }
  return watches
}

/** Watches a module that `spanlight/register` has found; of one that is not as it is known, says so. Undefined where the name is none of these. */
export function watchFound(
  setup: Omit<WatchSetup, 'guard'>,
  name: string,
  module: unknown
): Watch | undefined {
  const wrap = instrumentable.get(name)
  if (wrap === undefined) return undefined
  const guard = createGuard(name, setup.report)
  const watch = guard(() => wrap({ ...setup, guard }, module))
  const { on, how } = watch?.instrumented ?? {
    on: false,
    how: 'its exports are not as they are known'
  }
  return {
    instrumented: { name, on, how: on ? 'handed over by spanlight/register' : how },
    stop: () => watch?.stop()
  }
}
