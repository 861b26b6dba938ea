import { shapeOf } from './mongodb-shape.ts'

/** What is told of a call. */
export interface MongoCall {
  /** The server's command, as the conventions name operations. */
  readonly operation: string
  readonly statement?: string | undefined
  readonly batchSize?: number | undefined
}

/** Reads a call of a method by its arguments, and where these do not tell by the object that it is a method of. */
export type Read = (args: readonly unknown[], self: object) => MongoCall

const filtered =
  (operation: string, key: string): Read =>
  ([filter]) => ({ operation, statement: shapeOf({ [key]: filter ?? {} }) })
const updating: Read = ([q, u]) => ({ operation: 'update', statement: shapeOf({ q, u }) })
const modifying: Read = ([query, update]) => ({
  operation: 'findAndModify',
  statement: shapeOf({ query, update })
})
const bare =
  (operation: string): Read =>
  () => ({ operation })

/** The methods of a collection that are a call each, and how they are read. What gives a cursor is followed there. */
export const collectionCalls: Readonly<Record<string, Read>> = {
  insertOne: ([document]) => ({
    operation: 'insert',
    statement: shapeOf({ documents: [document] })
  }),
  insertMany: ([documents]) => ({
    operation: 'insert',
    statement: shapeOf({ documents }),
    batchSize: countOf(documents)
  }),
  bulkWrite: ([operations]) => ({
    operation: 'bulkWrite',
    statement: shapeOf({ ops: operations }),
    batchSize: countOf(operations)
  }),
  updateOne: updating,
  updateMany: updating,
  replaceOne: updating,
  deleteOne: filtered('delete', 'q'),
  deleteMany: filtered('delete', 'q'),
  findOneAndDelete: filtered('findAndModify', 'query'),
  findOneAndReplace: modifying,
  findOneAndUpdate: modifying,
  distinct: ([, query]) => ({ operation: 'distinct', statement: shapeOf({ query: query ?? {} }) }),
  countDocuments: filtered('count', 'query'),
  estimatedDocumentCount: bare('count'),
  count: filtered('count', 'query'),
  createIndex: bare('createIndexes'),
  createIndexes: bare('createIndexes'),
  dropIndex: bare('dropIndexes'),
  dropIndexes: bare('dropIndexes'),
  drop: bare('drop'),
  rename: bare('renameCollection')
}

export const databaseCalls: Readonly<Record<string, Read>> = {
  command: ([command]) => {
    const { [Object.keys(command as object)[0] ?? '']: _target, ...rest } = command as Record<
      string,
      unknown
    >
    return {
      operation: Object.keys(command as object)[0] ?? 'command',
      ...(Object.keys(rest).length > 0 && { statement: shapeOf(rest) })
    }
  },
  dropDatabase: bare('dropDatabase')
}

/** `initializeOrderedBulkOp()`: what was added to it is sent together. */
export const bulkCalls: Readonly<Record<string, Read>> = {
  execute: (_args, self) => ({
    operation: 'bulkWrite',
    batchSize: (self as { s?: { currentIndex?: number } }).s?.currentIndex
  })
}

export const clientCalls: Readonly<Record<string, Read>> = {
  bulkWrite: ([models]) => ({ operation: 'bulkWrite', batchSize: countOf(models) })
}

function countOf(list: unknown): number | undefined {
  return Array.isArray(list) ? list.length : undefined
}
