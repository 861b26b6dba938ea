import { get } from '../../span/exception.ts'
import { type DatabaseSpan, startDatabaseSpan } from './database.ts'
import { whenSlow } from '../slow.ts'
import type { FollowedCall, Published } from '../tracing-channel.ts'
import type { WatchSetup } from '../watch.ts'

/** What mongoose says of a call; each part may be missing or anything. Filters and documents stand beside it, and are never read. */
interface Message {
  readonly operation?: unknown
  readonly collection?: unknown
  readonly database?: unknown
  readonly serverAddress?: unknown
  readonly serverPort?: unknown
  readonly args?: { readonly docs?: unknown; readonly ops?: unknown }
}

export const mongoose: Published = {
  name: 'mongoose',
  since: '9.12',
  follow(setup, on) {
    const begin = (message: Message): FollowedCall | undefined => start(setup, message)
    for (const part of ['query', 'aggregate', 'model:save', 'model:insertMany', 'model:bulkWrite'])
      on(`mongoose:${part}`, begin)
    on<Message>('mongoose:cursor:next', (message) =>
      whenSlow(setup, { start: (since) => start(setup, message, since) })
    )
  }
}

function start(setup: WatchSetup, message: Message, since?: number): FollowedCall | undefined {
  const { args } = message
  const batch = args?.docs ?? args?.ops
  const call = startDatabaseSpan(setup, {
    system: 'mongodb',
    dialect: 'other',
    operation: text(message.operation),
    target: text(message.collection),
    namespace: text(message.database),
    address: text(message.serverAddress),
    port: typeof message.serverPort === 'number' ? message.serverPort : undefined,
    defaultPort: 27_017,
    batchSize: Array.isArray(batch) ? batch.length : undefined,
    since
  })
  return call && followed(call)
}

/** Hooks and the driver work below it. */
function followed(call: DatabaseSpan): FollowedCall {
  return {
    context: call.inside,
    succeed: (result) => call.succeed(Array.isArray(result) ? result.length : undefined),
    fail: (error) => call.fail(error, codeOf(error))
  }
}

/** MongoDB's codes are numbers; names of systems (ECONNRESET) are not the database's. */
function codeOf(error: unknown): string | undefined {
  const code = get(error, 'code')
  return typeof code === 'number' ? String(code) : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
