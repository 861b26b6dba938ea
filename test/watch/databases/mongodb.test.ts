import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { activeContext } from '../../../src/context/context.ts'
import { wrapMongodb } from '../../../src/watch/databases/mongodb.ts'
import { watchPublished } from '../../../src/watch/published.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { library } from '../../libraries/library.js'
import { type MongoServer, startMongo } from '../../servers/mongo-wire.ts'
import { type Kept, type Recorder, record } from '../setup.ts'
import { descriptorsOf } from './sqlite-behaviour.ts'

type Doc = Record<string, unknown>

/** The parts of the module that are used here. */
interface Mongodb {
  MongoClient: new (url: string, options?: Doc) => Client
  MongoServerError: new () => Error
}

interface Client {
  db(name: string): { collection(name: string): Collection; command(command: Doc): Promise<Doc> }
  startSession(): Session
  close(): Promise<void>
}

interface Session {
  startTransaction(): void
  commitTransaction(): Promise<void>
  abortTransaction(): Promise<void>
  endSession(): Promise<void>
}

type Call = (...args: unknown[]) => Promise<Doc>

interface Collection extends Record<
  | 'bulkWrite'
  | 'countDocuments'
  | 'deleteMany'
  | 'deleteOne'
  | 'estimatedDocumentCount'
  | 'findOne'
  | 'findOneAndUpdate'
  | 'insertMany'
  | 'insertOne'
  | 'replaceOne'
  | 'updateOne',
  Call
> {
  collectionName: string
  find(filter: Doc, options?: Doc): Cursor
  aggregate(pipeline: Doc[]): Cursor
  initializeUnorderedBulkOp(): { insert(document: Doc): void; execute(): Promise<Doc> }
}

interface Cursor extends AsyncIterable<Doc> {
  batchSize(size: number): Cursor
  toArray(): Promise<Doc[]>
  forEach(each: () => void): Promise<void>
  hasNext(): Promise<boolean>
  next(): Promise<Doc>
  stream(): AsyncIterable<Doc>
}

let server: MongoServer
let recorder: Recorder
let watch: Watch

beforeAll(async () => {
  server = await startMongo()
})

afterAll(() => server.stop())

describe.each(['mongodb', 'mongodb-5'])('with %s', (version) => {
  const mongodb = library(version) as Mongodb
  let client: Client
  let orders: Collection
  let at = 0

  beforeEach(() => {
    recorder = record()
    watch = wrapMongodb(recorder.setup, mongodb)
    client = new mongodb.MongoClient(server.url)
    orders = client.db('shop').collection(`orders${version.length}${at++}`)
  })

  afterEach(async () => {
    await client.close()
    watch.stop()
    recorder.close()
  })

  /** The spans below a request, whose context the code behind the work is still in. */
  async function request(work: () => Promise<unknown>): Promise<Kept[]> {
    await recorder.inRequest('request', async (span) => {
      await work()
      expect(activeContext().span).toBe(span)
    })
    const [parent] = await recorder.wait('request')
    return recorder.spans.filter((span) => span !== parent)
  }

  const operations = (spans: Kept[]): unknown[] =>
    spans.map(({ attributes }) => attributes['db.operation.name'])
  const texts = (spans: Kept[]): unknown[] =>
    spans.map(({ attributes }) => attributes['db.query.text'])

  test('a call is a client span of command, collection and server, without its values', async () => {
    const spans = await request(() =>
      orders.updateOne({ status: 'canary', total: { $gt: 4711 } }, { $set: { 'a.b': new Date() } })
    )
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({ name: `update ${orders.collectionName}`, kind: 2, status: 0 })
    expect(spans[0]?.attributes).toEqual({
      'db.system.name': 'mongodb',
      'db.namespace': 'shop',
      'db.operation.name': 'update',
      'db.collection.name': orders.collectionName,
      'db.query.summary': `update ${orders.collectionName}`,
      'db.query.text': '{"q": {"status": ?, "total": {"$gt": ?}}, "u": {"$set": {"a.b": ?}}}',
      'server.address': '127.0.0.1',
      'server.port': server.port
    })
  })

  test('every call is one span, also where it asks another one', async () => {
    const spans = await request(async () => {
      await orders.insertOne({ _id: 1, name: 'canary' })
      await orders.insertMany([
        { name: 'canary' },
        { name: 'canary' },
        { name: 5, more: ['canary'] }
      ])
      await orders.bulkWrite([
        { insertOne: { document: { name: 'canary' } } },
        { deleteOne: { filter: { name: 'canary' } } }
      ])
      const bulk = orders.initializeUnorderedBulkOp()
      bulk.insert({ name: 'canary' })
      bulk.insert({ name: 'canary' })
      await bulk.execute()
      await orders.replaceOne({ _id: 1 }, { name: 'canary' })
      await orders.deleteMany({})
      await orders.findOneAndUpdate({ name: 'canary' }, { $set: { name: 'canary' } })
      await orders.countDocuments({ name: 'canary' })
      await orders.estimatedDocumentCount()
      await client.db('shop').command({ ping: 1, comment: 'canary' })
    })
    expect(operations(spans)).toEqual([
      'insert',
      'insert',
      'bulkWrite',
      'bulkWrite',
      'update',
      'delete',
      'findAndModify',
      'count',
      'count',
      'ping'
    ])
    expect(texts(spans)).toEqual([
      '{"documents": [{"_id": ?, "name": ?}]}',
      '{"documents": [{"name": ?}, {"name": ?, "more": [?]}]}',
      '{"ops": [{"insertOne": {"document": {"name": ?}}}, {"deleteOne": {"filter": {"name": ?}}}]}',
      undefined,
      '{"q": {"_id": ?}, "u": {"name": ?}}',
      '{"q": {}}',
      '{"query": {"name": ?}, "update": {"$set": {"name": ?}}}',
      '{"query": {"name": ?}}',
      undefined,
      '{"comment": ?}'
    ])
    expect(spans.map(({ attributes }) => attributes['db.operation.batch.size'])).toEqual([
      undefined,
      3,
      2,
      2,
      ...Array<undefined>(6).fill(undefined)
    ])
    expect(JSON.stringify(spans)).not.toContain('canary')
  })

  test('each batch that a cursor asks for is a span, however it is read', async () => {
    await orders.insertMany(Array.from({ length: 5 }, (_, at) => ({ at, kind: 'canary' })))
    const reads: ((cursor: Cursor) => Promise<unknown>)[] = [
      (cursor) => cursor.toArray(),
      (cursor) => cursor.forEach(() => {}),
      async (cursor) => {
        for await (const _ of cursor);
      },
      async (cursor) => {
        while (await cursor.hasNext()) await cursor.next()
      },
      async (cursor) => {
        for await (const _ of cursor.stream());
      }
    ]
    for (const read of reads) {
      recorder.spans.length = 0
      const spans = await request(() => read(orders.find({ kind: 'canary' }).batchSize(2)))
      expect(spans.map(({ name }) => name)).toEqual([
        `find ${orders.collectionName}`,
        `getMore ${orders.collectionName}`,
        `getMore ${orders.collectionName}`
      ])
      expect(spans.map(({ attributes }) => attributes['db.response.returned_rows'])).toEqual([
        2, 2, 1
      ])
      expect(texts(spans)[0]).toBe('{"filter": {"kind": ?}}')
      const [parent] = await recorder.wait('request')
      for (const span of spans) expect(span.parentId).toBe(parent?.spanId)
    }
  })

  test('findOne and aggregate are spans, too', async () => {
    await orders.insertOne({ name: 'canary' })
    recorder.spans.length = 0
    const spans = await request(async () => {
      expect(await orders.findOne({ name: 'canary' })).toMatchObject({ name: 'canary' })
      await orders.aggregate([{ $match: { name: 'canary' } }, { $limit: 5 }]).toArray()
    })
    expect(operations(spans)).toEqual(['find', 'aggregate'])
    expect(texts(spans)).toEqual([
      '{"filter": {"name": ?}}',
      '{"pipeline": [{"$match": {"name": ?}}, {"$limit": ?}]}'
    ])
  })

  test('concurrent calls have the parents that asked, though one connection serves them', async () => {
    const one = new mongodb.MongoClient(server.url, { maxPoolSize: 1 })
    const collection = one.db('shop').collection('c')
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        recorder.inRequest(name, async (span) => {
          await collection.findOne({ [name]: 1 })
          expect(activeContext().span).toBe(span)
          await collection.deleteOne({ [name]: 1 })
        })
      )
    )
    await one.close()
    const spans = [...(await recorder.wait('find c', 3)), ...(await recorder.wait('delete c', 3))]
    for (const span of spans) {
      const parent = recorder.spans.find(({ spanId }) => spanId === span.parentId)
      expect(span.attributes['db.query.text']).toContain(`{"${parent?.name}": ?}`)
    }
  })

  test("an error of the server is the host's, named by its code, without the key that exists", async () => {
    const spans = await request(async () => {
      await orders.insertOne({ _id: 'canary' })
      await expect(orders.insertOne({ _id: 'canary' })).rejects.toMatchObject({
        code: 11_000
      })
      server.once('find', { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not allowed' })
      await expect(orders.findOne({})).rejects.toBeInstanceOf(mongodb.MongoServerError)
    })
    expect(spans[1]).toMatchObject({
      status: 2,
      attributes: { 'db.response.status_code': '11000', 'error.type': '11000' }
    })
    expect(spans[2]).toMatchObject({
      status: 2,
      statusMessage: 'not allowed',
      attributes: { 'db.response.status_code': '13' }
    })
    expect(JSON.stringify(spans)).not.toContain('canary')
  })

  test('a server that cannot be reached is an error of the call that needed it', async () => {
    const lost = new mongodb.MongoClient('mongodb://127.0.0.1:1', { serverSelectionTimeoutMS: 50 })
    const spans = await request(() =>
      expect(lost.db('d').collection('c').findOne({})).rejects.toThrow('ECONNREFUSED')
    )
    await lost.close()
    expect(spans).toHaveLength(1)
    expect(spans[0]).toMatchObject({
      name: 'find c',
      status: 2,
      attributes: { 'error.type': 'MongoServerSelectionError', 'server.port': 1 }
    })
  })

  test('a transaction is a span around its calls, which shows how it ended', async () => {
    const spans = await request(async () => {
      const session = client.startSession()
      session.startTransaction()
      await orders.insertOne({ name: 'a' }, { session })
      await orders.find({}, { session }).toArray()
      await session.commitTransaction()
      session.startTransaction()
      await orders.insertOne({ name: 'b' }, { session })
      await session.abortTransaction()
      await orders.insertOne({ name: 'c' })
      await session.endSession()
    })
    const transactions = spans.filter(({ name }) => name === 'mongodb transaction')
    expect(transactions.map(({ attributes }) => attributes)).toEqual([
      { 'spanlight.transaction': 'commit' },
      { 'spanlight.transaction': 'rollback' }
    ])
    const inside = transactions.map(({ spanId }) =>
      operations(spans.filter(({ parentId }) => parentId === spanId))
    )
    expect(inside).toEqual([
      ['insert', 'find', 'commitTransaction'],
      ['insert', 'abortTransaction']
    ])
  })

  test('the ways to import it are the same module, and everything is as before once the watch has stopped', async () => {
    const names = ['Collection', 'Db', 'MongoClient', 'AbstractCursor', 'FindCursor']
    const objects = [...names, 'AggregationCursor', 'ClientSession'].map(
      (name) => (Reflect.get(mongodb, name) as { prototype: object }).prototype
    )
    const wrapped = descriptorsOf(objects)
    watch.stop()
    const before = descriptorsOf(objects)
    const changed = before.flatMap((descriptors, at) =>
      Object.entries(descriptors).filter(([name, was]) => {
        const is = wrapped[at]?.[name]
        expect({ ...is, value: 0 }).toEqual({ ...was, value: 0 })
        const [mine, theirs] = [is?.value, was.value] as ((() => void) | undefined)[]
        if (typeof theirs === 'function')
          expect([mine?.name, mine?.length]).toEqual([theirs.name, theirs.length])
        return mine !== theirs
      })
    )
    expect(changed.length).toBeGreaterThan(20)
    const namespace: unknown = await import(/* @vite-ignore */ library.resolve(version))
    watch = wrapMongodb(recorder.setup, namespace)
    expect(await request(() => orders.findOne({}))).toHaveLength(1)
    watch.stop()
    expect(descriptorsOf(objects)).toEqual(before)
    watch = wrapMongodb(recorder.setup, { default: mongodb })
    expect(wrapMongodb(recorder.setup, mongodb).instrumented.how).toContain('first')
  })
})

test('what mongoose has told already is not told again', async () => {
  const { mongo, ...mongoose } = library('mongoose') as {
    mongo: object
    createConnection(url: string): {
      asPromise(): Promise<{ model(name: string, schema: object): { findOne(): Promise<unknown> } }>
      close(): Promise<void>
    }
    Schema: new (fields: object) => object
  }
  recorder = record()
  watch = wrapMongodb(recorder.setup, mongo)
  const stop = watchPublished(recorder.setup, () => {})
  const connection = mongoose.createConnection(server.url)
  const Person = (await connection.asPromise()).model('Person', new mongoose.Schema({}))
  await recorder.inRequest('request', () => Person.findOne())
  await recorder.wait('request')
  const calls = recorder.spans.filter(
    ({ attributes }) => attributes['db.system.name'] !== undefined
  )
  expect(calls.map(({ attributes }) => attributes['db.operation.name'])).toEqual(['findOne'])
  await connection.close()
  stop()
  watch.stop()
  recorder.close()
})

test('what is not the module is a mistake named', () => {
  for (const wrong of [undefined, null, 1, {}, { Collection: String }, { default: null }])
    expect(() => wrapMongodb(record().setup, wrong)).toThrow(
      new TypeError(
        "instrument.mongodb must be the mongodb module: import * as mongodb from 'mongodb'"
      )
    )
})
