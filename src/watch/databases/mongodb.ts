import { MongoCalls } from './mongodb-span.ts'
import { bulkCalls, clientCalls, collectionCalls, databaseCalls } from './mongodb-calls.ts'
import { handedModule } from '../loaded.ts'
import { wrapMethod } from '../patch.ts'
import { Transactions } from './transactions.ts'
import {
  claimObject,
  type Undo,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

interface Class {
  readonly prototype: object
}

/** What is read of a `mongodb` module, 5.9 to 7. */
interface MongoModule {
  readonly MongoClient: Class
  readonly Db: Class
  readonly Collection: Class
  readonly AbstractCursor: Class
  readonly FindCursor: Class
  readonly AggregationCursor: Class
  readonly ChangeStreamCursor: Class
  readonly ClientSession: Class
  readonly OrderedBulkOperation: Class
}

const classes = [
  'MongoClient',
  'Db',
  'Collection',
  'AbstractCursor',
  'FindCursor',
  'AggregationCursor',
  'ChangeStreamCursor',
  'ClientSession',
  'OrderedBulkOperation'
] as const

/**
 * Watches the `mongodb` module that the user hands over: a client span for each call of a collection, each batch of a cursor and each
 * transaction. By the module's classes and not by its command events: these tell nothing of the time before a server was found and a connection
 * free, copy each command, and come only to clients that were made with an option.
 * @throws TypeError when the value is not the mongodb module
 */
export function wrapMongodb(setup: WatchSetup, module: unknown): Watch {
  const mongodb = handedModule<MongoModule>(module, (candidate) =>
    classes.every((name) => typeof candidate[name]?.prototype === 'object')
  )
  if (mongodb === undefined) {
    throw new TypeError(
      "instrument.mongodb must be the mongodb module: import * as mongodb from 'mongodb'"
    )
  }
  const release = claimObject(mongodb.Collection.prototype)
  if (release === undefined) return watchedElsewhere('mongodb')
  const calls = new MongoCalls(setup, new Transactions(setup, 'mongodb transaction'))
  const { Collection, Db, MongoClient, OrderedBulkOperation } = mongodb
  // What the ordered ones and the others have in common.
  const bulk = Object.getPrototypeOf(OrderedBulkOperation.prototype) as object
  const undo = [
    ...calls.wrapCalls(Collection.prototype, collectionCalls),
    ...calls.wrapCalls(Db.prototype, databaseCalls),
    ...calls.wrapCalls(MongoClient.prototype, clientCalls),
    ...calls.wrapCalls(bulk, bulkCalls),
    ...wrapCursors(setup, mongodb, calls),
    ...calls.wrapSession(mongodb.ClientSession.prototype)
  ]
  return watchWrapped({
    name: 'mongodb',
    on: undo[0] !== undefined,
    how: 'instrument: { mongodb }',
    frozen: 'its Collection is frozen',
    undo,
    release
  })
}

/** A cursor asks the server when it is first read, and again for each further batch; what it gives between comes from memory. */
function wrapCursors(setup: WatchSetup, mongodb: MongoModule, calls: MongoCalls): Undo[] {
  const { AbstractCursor, AggregationCursor, ChangeStreamCursor, Collection, FindCursor } = mongodb
  const filters = new WeakMap<object, unknown>()
  // A change stream waits for what others do: that is nobody's time.
  const waits = (cursor: object): boolean =>
    Object.prototype.isPrototypeOf.call(ChangeStreamCursor.prototype, cursor) ||
    (cursor as { cursorOptions?: { tailable?: unknown } }).cursorOptions?.tailable === true
  return [
    wrapMethod(Collection.prototype, 'find', (original, self, args) => {
      const cursor = Reflect.apply(original, self, args)
      setup.guard(() => filters.set(cursor as object, args[0]))
      return cursor
    }),
    calls.wrapCursor(FindCursor.prototype, '_initialize', (cursor) => ({
      operation: 'find',
      shape: { filter: filters.get(cursor) ?? {} }
    })),
    calls.wrapCursor(AggregationCursor.prototype, '_initialize', (cursor) => ({
      operation: 'aggregate',
      shape: { pipeline: (cursor as { pipeline?: unknown }).pipeline }
    })),
    // Its name until 6.4, where both may be had.
    ...['_getMore', 'getMore'].map((name) =>
      calls.wrapCursor(AbstractCursor.prototype, name, (cursor) =>
        waits(cursor) ? undefined : { operation: 'getMore' }
      )
    )
  ]
}
