import { expect, test } from 'vitest'
import { library } from '../libraries/library.js'
import { startMongo } from './mongo-wire.ts'

interface Cursor {
  toArray(): Promise<Record<string, unknown>[]>
}

interface Collection {
  insertMany(docs: unknown[]): Promise<unknown>
  insertOne(doc: unknown): Promise<unknown>
  find(filter: unknown, options?: unknown): Cursor
  aggregate(pipeline: unknown[]): Cursor
  updateOne(filter: unknown, update: unknown): Promise<{ modifiedCount: number }>
  deleteMany(filter: unknown): Promise<{ deletedCount: number }>
  countDocuments(filter: unknown): Promise<number>
}

interface Client {
  connect(): Promise<unknown>
  close(): Promise<void>
  db(): { collection(name: string): Collection }
}

test.each(['mongodb', 'mongodb-5'])('%s takes it for a database', async (name) => {
  const server = await startMongo()
  const { MongoClient } = library(name) as { MongoClient: new (url: string) => Client }
  const client = new MongoClient(server.url)
  await client.connect()
  const users = client.db().collection('users')
  await users.insertMany([1, 2, 3, 4, 5].map((_id) => ({ _id, name: _id < 3 ? 'ann' : 'bob' })))
  await expect(users.insertOne({ _id: 1 })).rejects.toMatchObject({ code: 11_000 })
  expect(await users.find({ name: 'bob' }, { batchSize: 2 }).toArray()).toHaveLength(3)
  expect(await users.aggregate([{ $match: { name: 'ann' } }]).toArray()).toHaveLength(2)
  expect(await users.updateOne({ _id: 2 }, { $set: { name: 'bob' } })).toMatchObject({
    modifiedCount: 1
  })
  expect(await users.countDocuments({ name: 'bob' })).toBe(4)
  expect(await users.deleteMany({ name: 'bob' })).toMatchObject({ deletedCount: 4 })
  server.once('find', { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not allowed' })
  await expect(users.find({}).toArray()).rejects.toMatchObject({ code: 13 })
  expect(await users.find({}).toArray()).toEqual([{ _id: 1, name: 'ann' }])
  expect(server.heard.map((command) => Object.keys(command)[0]).join(' ')).toBe(
    'insert insert find getMore aggregate update aggregate delete find find'
  )
  await client.close()
  await server.stop()
})
