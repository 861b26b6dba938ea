import { getString } from '../../base/attributes.ts'
import { activeContext, type Context, runIn } from '../../context/context.ts'
import { Span } from '../../span/span.ts'
import { type DatabaseSpan, startDatabaseSpan } from './database.ts'
import type { MongoCall, Read } from './mongodb-calls.ts'
import { shapeOf } from './mongodb-shape.ts'
import { wrapMethod } from '../patch.ts'
import { type Callback, followCallback, followPromise } from '../settle.ts'
import type { Transactions } from './transactions.ts'
import type { WatchSetup } from '../watch.ts'

const defaultPort = 27_017

type Undo = (() => void) | undefined

/** What is read of collections, databases, cursors and clients, by their public names. */
interface Owner {
  readonly dbName?: unknown
  readonly databaseName?: unknown
  readonly collectionName?: unknown
  /** Of a bulk operation; of a database it is a method. */
  readonly collection?: Owner | (() => unknown)
  /** The same until mongodb 6. */
  readonly s?: { readonly collection?: Owner }
  /** Of a cursor; of a collection it is a text. */
  readonly namespace?: { readonly db?: unknown; readonly collection?: unknown } | string
  readonly client?: Client
}

interface Client {
  readonly options?: { readonly hosts?: readonly Host[]; readonly srvHost?: unknown }
}

interface Host {
  readonly host?: unknown
  readonly port?: unknown
}

/** A call of a cursor, whose shape is made only where the call is recorded. */
export interface CursorCall {
  readonly operation: string
  readonly shape?: Readonly<Record<string, unknown>>
}

/** Follows the calls of one mongodb module. */
export class MongoCalls {
  readonly #setup: WatchSetup
  readonly #transactions: Transactions
  // A client copies all of its options for whoever asks for them.
  readonly #addresses = new WeakMap<Client, Address>()

  constructor(setup: WatchSetup, transactions: Transactions) {
    this.#setup = setup
    this.#transactions = transactions
  }

  /** Wraps those methods that the version at hand has. */
  wrapCalls(prototype: object, calls: Readonly<Record<string, Read>>): Undo[] {
    return Object.entries(calls).map(([name, read]) =>
      wrapMethod(prototype, name, (original, self, args) =>
        this.#follow(original, self as object, args, sessionIn, () => read(args, self as object))
      )
    )
  }

  /** Wraps a method by which a cursor asks the server: for a promise, until mongodb 6 with a callback at the end. */
  wrapCursor(
    prototype: object,
    name: string,
    read: (cursor: object) => CursorCall | undefined
  ): Undo {
    return wrapMethod(prototype, name, (original, self, args) =>
      this.#follow(original, self as object, args, sessionOf, () => {
        const call = read(self as object)
        if (call === undefined) return undefined
        return { ...call, statement: call.shape && shapeOf(call.shape) }
      })
    )
  }

  wrapSession(prototype: object): Undo[] {
    const transactions = this.#transactions
    const ending = (name: string, outcome: 'commit' | 'rollback'): Undo =>
      wrapMethod(prototype, name, (original, self, args) =>
        this.#follow(original, self as object, args, itself, () => ({ operation: name }), {
          succeeded: () => transactions.end(self as object, outcome),
          failed: (error) => transactions.fail(self as object, error, codeOf(error))
        })
      )
    return [
      wrapMethod(prototype, 'startTransaction', (original, self, args) => {
        const result = Reflect.apply(original, self, args)
        this.#setup.guard(() => transactions.begin(self as object, activeContext()))
        return result
      }),
      ending('commitTransaction', 'commit'),
      ending('abortTransaction', 'rollback')
    ]
  }

  /** The host's call is outside every guard; what it throws is the host's. */
  #follow(
    original: Callback,
    self: object,
    args: unknown[],
    sessionFor: SessionFor,
    read: () => MongoCall | undefined,
    then?: Outcome
  ): unknown {
    const run = this.#setup.guard(() =>
      this.#begin(self, sessionFor(args, self), read, then !== undefined)
    )
    if (run === undefined) return Reflect.apply(original, self, args)
    const { call, context, within } = run
    const succeeded = (value: unknown): void => {
      call.succeed(rowsOf(value))
      then?.succeeded()
    }
    const failed = (error: unknown): void => {
      call.fail(error, codeOf(error))
      then?.failed(error)
    }
    const last = args.at(-1)
    const followed =
      typeof last !== 'function'
        ? undefined
        : followCallback(this.#setup, context, last as Callback, ([error, value]) =>
            error ? failed(error) : succeeded(value)
          )
    try {
      if (followed !== undefined)
        return runIn(within, () => Reflect.apply(original, self, [...args.slice(0, -1), followed]))
      // Inside of the span, so that a method that asks another one is one call, and the connection it may open belongs to it.
      const result = runIn(within, () => Reflect.apply(original, self, args))
      return (
        this.#setup.guard(() => followPromise(this.#setup, result, succeeded, failed)) ?? result
      )
    } catch (error) {
      this.#setup.guard(() => failed(error))
      throw error
    }
  }

  #begin(
    self: Owner,
    session: object | undefined,
    read: () => MongoCall | undefined,
    last: boolean
  ): Run | undefined {
    const context = activeContext()
    // A method of mongodb's own, or of mongoose, that asks another one has a span already.
    if (isMongo(context)) return undefined
    const call = read()
    if (call === undefined) return undefined
    const parent =
      session === undefined ? context : this.#transactions.contextOf(session, context, last)
    const start = (): DatabaseSpan | undefined =>
      startDatabaseSpan(this.#setup, {
        system: 'mongodb',
        dialect: 'other',
        ...call,
        ...this.#placeOf(self),
        defaultPort
      })
    const span = parent === context ? start() : runIn(parent, start)
    return span && { call: span, context, within: span.inside }
  }

  #placeOf(self: Owner): Address & { target?: string; namespace?: string } {
    const owner =
      typeof self.collection === 'object' ? self.collection : (self.s?.collection ?? self)
    const { namespace, client = owner as Client } = owner
    const place = typeof namespace === 'object' ? namespace : undefined
    const db = owner.dbName ?? owner.databaseName ?? place?.db
    const collection = owner.collectionName ?? place?.collection
    let address = this.#addresses.get(client)
    if (address === undefined) this.#addresses.set(client, (address = addressOf(client)))
    return {
      ...address,
      ...(typeof db === 'string' && { namespace: db }),
      ...(typeof collection === 'string' && { target: collection })
    }
  }
}

interface Run {
  readonly call: DatabaseSpan
  /** The caller's. */
  readonly context: Context
  /** That of the span. */
  readonly within: Context
}

interface Outcome {
  succeeded(): void
  failed(error: unknown): void
}

function isMongo({ span }: Context): boolean {
  return (
    span instanceof Span &&
    span.isRecording() &&
    getString(span.attributes, 'db.system.name') === 'mongodb'
  )
}

type SessionFor = (args: readonly unknown[], self: object) => object | undefined

/** By convention the options come last, and the session is one of them; where there are none, the host's document is there, which is looked at in the guard. */
function sessionIn(args: readonly unknown[]): object | undefined {
  return (args.at(-1) as { session?: object } | null | undefined)?.session
}

function sessionOf(_args: readonly unknown[], cursor: object): object | undefined {
  return (cursor as { session?: object | null }).session ?? undefined
}

function itself(_args: readonly unknown[], session: object): object {
  return session
}

interface Address {
  readonly address?: string
  readonly port?: number
}

/** Of several hosts the driver chooses, and does not tell. */
function addressOf({ options }: Client): Address {
  const { hosts = [], srvHost } = options ?? {}
  const [only] = srvHost === undefined && hosts.length === 1 ? hosts : []
  return {
    ...(typeof only?.host === 'string' && { address: only.host }),
    ...(typeof only?.port === 'number' && { port: only.port })
  }
}

/** Documents of a cursor's batch; the shape of its reply changed with mongodb 6. */
function rowsOf(result: unknown): number | undefined {
  const reply = (result as { response?: unknown } | null | undefined)?.response ?? result
  const { batchSize, cursor } = (reply ?? {}) as {
    batchSize?: unknown
    cursor?: { firstBatch?: unknown; nextBatch?: unknown }
  }
  if (typeof batchSize === 'number') return batchSize
  const batch = cursor?.firstBatch ?? cursor?.nextBatch
  return Array.isArray(batch) ? batch.length : undefined
}

/** The server's code for an error: 11000 of a duplicate key. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'number' ? String(code) : undefined
}
