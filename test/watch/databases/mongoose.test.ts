// Against a responder of our own that speaks MongoDB's protocol (test/servers/mongo-wire.ts), since Debian has no package of the server: mongoose and its driver
// are real, what a real server would do with a query is not tested here.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { activeContext, rootContext, runIn, suppressed } from '../../../src/context/context.ts'
import { watchPublished } from '../../../src/watch/published.ts'
import { library } from '../../libraries/library.js'
import { type MongoServer, startMongo } from '../../servers/mongo-wire.ts'
import { type Kept, type Recorder, record } from '../setup.ts'

type Doc = Record<string, unknown>

interface Cursor {
  next(): Promise<Doc | null>
}

interface Query extends PromiseLike<Doc[]> {
  cursor(options: Doc): Cursor
  lean(): Query
}

interface Model {
  new (doc: Doc): Doc & { save(): Promise<Doc> }
  find(filter?: Doc): Query
  findOne(filter: Doc): PromiseLike<Doc | null>
  insertMany(docs: Doc[]): Promise<Doc[]>
  bulkWrite(operations: Doc[]): Promise<unknown>
  updateOne(filter: Doc, update: Doc): PromiseLike<unknown>
  aggregate(pipeline: Doc[]): PromiseLike<Doc[]>
}

interface Schema {
  pre(name: string, hook: () => Promise<void>): void
}

interface Mongoose {
  createConnection(url: string, options: Doc): Connection
  Schema: new (shape: Doc, options: Doc) => Schema
}

interface Connection {
  asPromise(): Promise<unknown>
  model(name: string, schema: Schema): Model
  close(): Promise<void>
}

const { createConnection, Schema } = library('mongoose') as Mongoose
let server: MongoServer
let connection: Connection
let User: Model
let recorder: Recorder
let stop: () => void
let hook: () => Promise<void>

beforeAll(async () => {
  server = await startMongo()
  connection = createConnection(server.url, { autoIndex: false, autoCreate: false })
  await connection.asPromise()
  const schema = new Schema({ _id: Number, name: String, age: Number }, { versionKey: false })
  schema.pre('findOne', () => hook())
  User = connection.model('User', schema)
  await User.insertMany([1, 2, 3, 4, 5].map((_id) => ({ _id, name: 'ann' })))
})

afterAll(async () => {
  await connection.close()
  await server.stop()
})

beforeEach(() => {
  recorder = record()
  stop = watchPublished(recorder.setup, () => {})
  hook = async () => {}
})

afterEach(() => {
  stop()
  recorder.close()
})

const spansOf = async (fn: () => Promise<unknown>): Promise<Kept[]> => {
  await recorder.inRequest('request', fn)
  await recorder.wait('request')
  return recorder.spans.filter((span) => span.name !== 'request')
}

test('a query is a client span with its operation and collection, and none of its values', async () => {
  await recorder.inRequest('request', async (span) => {
    expect(await User.find({ name: 'ann' })).toHaveLength(5)
    expect(await User.find({ name: 'canary' }).lean()).toEqual([])
    expect(activeContext().span).toBe(span)
  })
  const [find] = await recorder.wait('find users', 2)
  const [request] = await recorder.wait('request')
  expect(find).toMatchObject({ kind: 2, status: 0, parentId: request?.spanId })
  expect(find?.attributes).toEqual({
    'db.system.name': 'mongodb',
    'db.namespace': 'test',
    'db.operation.name': 'find',
    'db.collection.name': 'users',
    'server.address': '127.0.0.1',
    'server.port': server.port,
    'db.response.returned_rows': 5
  })
  expect(JSON.stringify(recorder.spans)).not.toContain('canary')
})

test('every other way to work with a model is one, too', async () => {
  const spans = await spansOf(async () => {
    await new User({ _id: 10, name: 'canary' }).save()
    await User.insertMany([{ _id: 11 }, { _id: 12 }])
    await User.bulkWrite([
      { updateOne: { filter: { _id: 11 }, update: { $set: { name: 'canary' } } } },
      { deleteOne: { filter: { _id: 12 } } }
    ])
    await User.updateOne({ _id: 10 }, { name: 'canary' })
    await User.aggregate([{ $match: { name: 'canary' } }])
  })
  expect(
    spans.map(({ name, attributes }) => [name, attributes['db.operation.batch.size']])
  ).toEqual([
    ['save users', undefined],
    ['insertMany users', 2],
    ['bulkWrite users', 2],
    ['updateOne users', undefined],
    ['aggregate users', undefined]
  ])
  expect(JSON.stringify(recorder.spans)).not.toContain('canary')
})

test('what a hook asks for is below the query that it belongs to', async () => {
  hook = async () => void (await User.find({ _id: 1 }))
  const [findOne, find] = await spansOf(async () => User.findOne({ _id: 2 }))
  expect([findOne?.name, find?.name]).toEqual(['findOne users', 'find users'])
  expect(find?.parentId).toBe(findOne?.spanId)
})

test('of a cursor the waits for the next batch are told, not each document', async () => {
  server.delayMs = 30
  const spans = await spansOf(async () => {
    const cursor = User.find({ name: 'ann' }).cursor({ batchSize: 3 })
    let documents = 0
    while ((await cursor.next()) !== null) documents++
    expect(documents).toBe(5)
  })
  server.delayMs = 0
  expect(spans.map((span) => span.name)).toEqual(['find users', 'find users'])
  for (const span of spans) expect(span.duration).toBeGreaterThan(25e6)
})

test('an error has the number of the database and none of the values', async () => {
  const spans = await spansOf(async () => {
    await expect(User.insertMany([{ _id: 1, name: 'canary' }])).rejects.toThrow('E11000')
    server.once('find', { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not allowed' })
    await expect(Promise.resolve(User.find())).rejects.toThrow('not allowed')
    await expect(new User({ _id: 20, age: 'canary' }).save()).rejects.toThrow('validation failed')
    await expect(Promise.resolve(User.find({ age: 'canary' }))).rejects.toThrow('Cast to Number')
    server.once('find', { ok: 0, code: 13, errmsg: 'not allowed' })
    await expect(User.find().cursor({ batchSize: 1 }).next()).rejects.toThrow('not allowed')
  })
  expect(spans.map((span) => [span.name, span.status, span.attributes['error.type']])).toEqual([
    ['insertMany users', 2, '11000'],
    ['find users', 2, '13'],
    ['save users', 2, 'ValidationError'],
    ['find users', 2, 'CastError'],
    ['find users', 2, '13']
  ])
  expect(spans[0]?.statusMessage).toMatch(/^E11000 .* dup key: \?$/)
  expect(JSON.stringify(recorder.spans)).not.toContain('canary')
})

test('what is suppressed is not recorded, and after the end nothing is', async () => {
  await runIn(suppressed(rootContext), async () => User.find())
  stop()
  expect(await spansOf(async () => User.find())).toEqual([])
})
