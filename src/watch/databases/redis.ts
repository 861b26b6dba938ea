import { activeContext, type Context, rootContext, runIn } from '../../context/context.ts'
import { readError } from '../../span/exception.ts'
import { Span } from '../../span/span.ts'
import { type DatabaseCall, type DatabaseSpan, startDatabaseSpan } from './database.ts'
import type { FollowedCall, Published } from '../tracing-channel.ts'
import type { WatchSetup } from '../watch.ts'

/** What both clients say of a call; each part may be missing or anything. */
interface Message {
  readonly database?: unknown
  readonly serverAddress?: unknown
  readonly serverPort?: unknown
}

interface CommandMessage extends Message {
  readonly command?: unknown
  /** Some of the arguments are hidden already, by rules that show the passwords of ACL and CONFIG. */
  readonly args?: unknown
}

interface BatchMessage extends Message {
  readonly batchMode?: unknown
  readonly batchSize?: unknown
}

export const ioredis: Published = {
  name: 'ioredis',
  since: '5.11',
  follow(setup, on) {
    const calls = new RedisCalls(setup, 0)
    on('ioredis:command', (message) => calls.command(message))
    on('ioredis:batch', (message) => calls.batch(message))
    on('ioredis:connect', (message) => calls.connect(message))
  }
}

export const nodeRedis: Published = {
  name: 'redis',
  since: '5.12',
  follow(setup, on) {
    // The command's name is the first of its arguments.
    const calls = new RedisCalls(setup, 1)
    on('node-redis:command', (message) => calls.command(message))
    on('node-redis:batch', (message) => calls.batch(message))
    on('node-redis:connect', (message) => calls.connect(message))
  }
}

// What else stands there may be a value that a program has put in the wrong place.
const commandName = /^[a-z][\w.-]{0,63}$/i

/** What a command is part of, when it is: found in its context. */
const partOf = Symbol('spanlight.redis')
const connecting = 'connecting'
const handshake: ReadonlySet<string> = new Set('AUTH CLIENT HELLO INFO READONLY SELECT'.split(' '))

class RedisCalls {
  readonly #setup: WatchSetup
  readonly #firstArg: number

  constructor(setup: WatchSetup, firstArg: number) {
    this.#setup = setup
    this.#firstArg = firstArg
  }

  command(message: CommandMessage): FollowedCall | undefined {
    const { command } = message
    const operation =
      typeof command === 'string' && commandName.test(command) ? command.toUpperCase() : ''
    const args = Array.isArray(message.args) ? message.args.slice(this.#firstArg) : []
    const context = activeContext()
    const part = context.getValue(partOf)
    if (part instanceof Batch) {
      part.add(this.#setup.redactor.command(operation, args))
      return undefined
    }
    const start = (): DatabaseSpan | undefined =>
      startDatabaseSpan(this.#setup, callOf(message, { operation, args }))
    if (part !== connecting) return ended(start())
    // The handshake's commands are the connect. Any other was asked for before, by whom ioredis does not tell: it is below the request that
    // connects, or on its own.
    if (handshake.has(operation)) return undefined
    return ended(isOpen(context) ? start() : runIn(rootContext, start))
  }

  batch(message: BatchMessage): FollowedCall | undefined {
    const { batchMode, batchSize } = message
    const call = startDatabaseSpan(
      this.#setup,
      callOf(message, {
        operation: batchMode === 'PIPELINE' ? 'PIPELINE' : 'MULTI',
        batchSize: typeof batchSize === 'number' ? batchSize : undefined
      })
    )
    if (call === undefined) return undefined
    const batch = new Batch(this.#setup.limits.statementLength)
    const tell = (): void => {
      if (batch.text !== '') call.put('db.query.text', batch.text)
    }
    return {
      context: call.inside.setValue(partOf, batch),
      succeed() {
        tell()
        call.succeed()
      },
      fail(error) {
        tell()
        call.fail(error, statusOf(error))
      }
    }
  }

  /** A connect is recorded where it costs a request time. */
  connect(message: Message): FollowedCall {
    const context = activeContext()
    const call = isOpen(context)
      ? startDatabaseSpan(this.#setup, callOf(message, { name: 'redis connect' }))
      : undefined
    return { ...ended(call), context: context.setValue(partOf, connecting) }
  }
}

/** The commands of a batch, one after the other as the conventions ask for, as long as there is room. */
class Batch {
  readonly #room: number
  text = ''

  constructor(room: number) {
    this.#room = room
  }

  add(command: string): void {
    // ioredis sends these like the commands between them.
    if (command === 'MULTI' || command === 'EXEC') return
    if (this.text.length + command.length + 2 > this.#room) return
    this.text += this.text === '' ? command : `; ${command}`
  }
}

function isOpen({ span }: Context): boolean {
  return span instanceof Span && span.open
}

type What = Pick<DatabaseCall, 'name' | 'operation' | 'args' | 'batchSize'>

// Property by property: spreading one object into another costs 4 us in Node 20, more than all the rest of a command.
function callOf({ database, serverAddress, serverPort }: Message, what: What): DatabaseCall {
  return {
    system: 'redis',
    dialect: 'other',
    namespace: typeof database === 'number' ? String(database) : undefined,
    address: typeof serverAddress === 'string' ? serverAddress : undefined,
    port: typeof serverPort === 'number' ? serverPort : undefined,
    defaultPort: 6379,
    name: what.name,
    operation: what.operation,
    args: what.args,
    batchSize: what.batchSize
  }
}

function ended(call: DatabaseSpan | undefined): FollowedCall {
  return {
    succeed: () => call?.succeed(),
    fail: (error) => call?.fail(error, statusOf(error))
  }
}

/** What an error of the server begins with: `WRONGTYPE Operation against a key ...`. */
function statusOf(error: unknown): string | undefined {
  return /^[A-Z]{3,24}(?= )/.exec(readError(error).message)?.[0]
}
