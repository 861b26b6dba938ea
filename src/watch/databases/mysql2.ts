import { SpanKind, StatusCode } from '../../base/span-data.ts'
import { activeContext } from '../../context/context.ts'
import { get, readError } from '../../span/exception.ts'
import { Span } from '../../span/span.ts'
import { type DatabaseCall, type DatabaseSpan, startDatabaseSpan } from './database.ts'
import { whenSlow } from '../slow.ts'
import type { FollowedCall, Published } from '../tracing-channel.ts'
import type { WatchSetup } from '../watch.ts'

/** What mysql2 says of a call; each part may be missing or anything. */
interface Message {
  /** The values stand in it, save where they travel apart (`execute`). */
  readonly query?: unknown
  readonly values?: unknown
  readonly database?: unknown
  readonly serverAddress?: unknown
  readonly serverPort?: unknown
}

export const mysql2: Published = {
  name: 'mysql2',
  since: '3.20',
  follow(setup, on) {
    const pool = new PoolWaits(setup)
    on<Message>('mysql2:query', (message) => statement(setup, message, false))
    on<Message>('mysql2:execute', (message) => statement(setup, message, hasValues(message)))
    on<Message>('mysql2:connect', (message) => {
      pool.connects()
      return connect(setup, message)
    })
    on<Message>('mysql2:pool:connect', (message) => pool.waits(message))
  }
}

function statement(
  setup: WatchSetup,
  message: Message,
  parameterised: boolean
): FollowedCall | undefined {
  const what = { statement: text(message.query), parameterised }
  const call = startDatabaseSpan(setup, callOf(message, what))
  return call && followed(call, rowsOf)
}

/** A connect is recorded where it costs a request time. */
function connect(setup: WatchSetup, message: Message): FollowedCall | undefined {
  const { span } = activeContext()
  if (!(span instanceof Span) || !span.open) return undefined
  const call = startDatabaseSpan(setup, callOf(message, { name: 'mysql connect' }))
  return call && followed(call)
}

/**
 * The waits for a connection of a pool that has none free. One that is made for whoever asked is told of by its connect: that is no wait
 * for others.
 */
class PoolWaits {
  readonly #setup: WatchSetup
  /** Whether the call that is just running makes a connection. */
  #making = false

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  connects(): void {
    this.#making = true
  }

  waits(message: Message): FollowedCall {
    this.#making = false
    let made = false
    return whenSlow(this.#setup, {
      mayWait: () => {
        made = this.#making
        return !made
      },
      start: (since) => (made ? undefined : this.#start(message, since))
    })
  }

  #start(message: Message, since: number): FollowedCall | undefined {
    const context = activeContext()
    if (!(context.span instanceof Span)) return undefined
    const options = { kind: SpanKind.internal, named: true, startTime: since }
    const span = this.#setup.tracer.start('mysql pool wait', options, context)
    if (!(span instanceof Span)) return undefined
    const { address = '', port = '', namespace = '' } = callOf(message, {})
    span.put('spanlight.wait', 'pool')
    span.setAttribute('db.client.connection.pool.name', `${address}:${port}/${namespace}`)
    return {
      succeed: () => span.end(),
      fail(error) {
        const { type, message: said, attributes } = readError(error)
        span.setAttribute('error.type', attributes['exception.code'] ?? type)
        span.setStatus({ code: StatusCode.error, message: said })
        span.end()
      }
    }
  }
}

type What = Pick<DatabaseCall, 'name' | 'statement' | 'parameterised'>

function callOf({ database, serverAddress, serverPort }: Message, what: What): DatabaseCall {
  return {
    system: 'mysql',
    dialect: 'mysql',
    namespace: text(database),
    address: text(serverAddress),
    port: typeof serverPort === 'number' ? serverPort : undefined,
    defaultPort: 3306,
    name: what.name,
    statement: what.statement,
    parameterised: what.parameterised
  }
}

function followed(
  call: DatabaseSpan,
  countRows?: (result: unknown) => number | undefined
): FollowedCall {
  return {
    succeed: (result) => call.succeed(countRows?.(result)),
    fail: (error) => call.fail(error, errorNumber(error))
  }
}

/** MySQL's own number; an error of the connection has one of the system's, which is negative. */
function errorNumber(error: unknown): string | undefined {
  const number = get(error, 'errno')
  return typeof number === 'number' && number > 0 ? String(number) : undefined
}

/** The rows of one query; several statements at once, and procedures, give a list of what each of them gives. */
function rowsOf(result: unknown): number | undefined {
  if (!Array.isArray(result)) return undefined
  const first: unknown = result[0]
  const several = Array.isArray(first) || get(first, 'affectedRows') !== undefined
  return several ? undefined : result.length
}

function hasValues({ values }: Message): boolean {
  return typeof values === 'object' && values !== null && Object.keys(values).length > 0
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
