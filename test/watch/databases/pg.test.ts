import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg, { type Client as PgClient } from 'pg'
import * as namespace from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { activeContext } from '../../../src/context/context.ts'
import { wrapPg } from '../../../src/watch/databases/pg.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { type Recorder, record } from '../setup.ts'

let database: PGlite
let server: PGLiteSocketServer
let port: number
let recorder: Recorder
let watch: Watch
let client: PgClient

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec(`
    CREATE TABLE users (id int PRIMARY KEY, name text);
    INSERT INTO users VALUES (1, 'ann'), (2, 'bob'), (3, 'cy');
  `)
  server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 8 })
  await server.start()
  port = Number(server.getServerConn().split(':').at(-1))
})

afterAll(async () => {
  await server.stop()
  await database.close()
})

const connection = (): pg.ClientConfig => ({
  host: '127.0.0.1',
  port,
  user: 'postgres',
  database: 'postgres'
})

function queryOf(constructor: { prototype: object }): (...args: never[]) => unknown {
  return Reflect.get(constructor.prototype, 'query') as (...args: never[]) => unknown
}

beforeEach(async () => {
  recorder = record()
  watch = wrapPg(recorder.setup, pg)
  client = new pg.Client(connection())
  await client.connect()
})

afterEach(async () => {
  await client.end()
  watch.stop()
  recorder.close()
})

test('a query for a promise is a client span, and the code behind await keeps its context', async () => {
  await recorder.inRequest('request', async (span) => {
    const { rows } = await client.query('SELECT * FROM users WHERE id < $1 ORDER BY id', [3])
    expect(rows.map(({ name }) => name)).toEqual(['ann', 'bob'])
    expect(activeContext().span).toBe(span)
  })
  const [span] = await recorder.wait('SELECT users')
  const [parent] = await recorder.wait('request')
  expect(span).toMatchObject({ kind: 2, status: 0, parentId: parent?.spanId })
  expect(span?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.namespace': 'postgres',
    'db.operation.name': 'SELECT',
    'db.collection.name': 'users',
    'db.query.summary': 'SELECT users',
    'db.query.text': 'SELECT * FROM users WHERE id < $1 ORDER BY id',
    'server.address': '127.0.0.1',
    'server.port': port,
    'db.response.returned_rows': 2
  })
})

test('literals of a text without parameters are hidden', async () => {
  await recorder.inRequest('request', () =>
    client.query("SELECT id FROM users WHERE name = 'ann' AND id = 1")
  )
  const [span] = await recorder.wait('SELECT users')
  expect(span?.attributes['db.query.text']).toBe('SELECT id FROM users WHERE name = ? AND id = ?')
})

test('callbacks of every form get what they got, in the context of their caller', async () => {
  const text = 'SELECT id FROM users WHERE id = $1'
  type Done = (error: Error | null, result: pg.QueryResult) => void
  const forms: ((done: Done) => unknown)[] = [
    (done) => client.query('SELECT id FROM users WHERE id = 1', done as never),
    (done) => client.query(text, [1], done as never),
    (done) => client.query({ text, values: [1] }, done as never),
    (done) => client.query({ text } as never, [1], done as never),
    (done) => client.query({ text, values: [1], callback: done } as never),
    (done) => client.query('SELECT id FROM users WHERE id = 1', undefined as never, done as never)
  ]
  for (const form of forms) {
    await recorder.inRequest('request', async (span) => {
      const [error, result, context] = await new Promise<unknown[]>((resolve) => {
        const returned = form((error, result) => resolve([error, result, activeContext().span]))
        expect(returned).toBeUndefined()
      })
      expect(error).toBeNull()
      expect((result as pg.QueryResult).rows).toEqual([{ id: 1 }])
      expect(context).toBe(span)
    })
  }
  const spans = await recorder.wait('SELECT users', forms.length)
  for (const span of spans) expect(span.attributes['db.response.returned_rows']).toBe(1)
})

test('a configuration object can be used again and again', async () => {
  const callback = vi.fn()
  const query = { text: 'SELECT id FROM users', callback }
  for (let i = 1; i <= 3; i++) {
    await recorder.inRequest('request', async () => {
      client.query(query as never)
      await expect.poll(() => callback).toHaveBeenCalledTimes(i)
    })
    expect(query).toEqual({ text: 'SELECT id FROM users', callback })
  }
  expect(await recorder.wait('SELECT users', 3)).toHaveLength(3)
})

test("an error of the database is the host's to handle, and named by SQLSTATE", async () => {
  await recorder.inRequest('request', async () => {
    const error = await client.query('SELECT * FROM missing').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(pg.DatabaseError)
    expect((error as Error).stack).toContain('pg.test.ts')
  })
  const [span] = await recorder.wait('SELECT missing')
  expect(span).toMatchObject({ status: 2, statusMessage: 'relation "missing" does not exist' })
  expect(span?.attributes).toMatchObject({
    'db.response.status_code': '42P01',
    'error.type': '42P01'
  })
})

test('a value that the database refused is not repeated', async () => {
  await recorder.inRequest('request', async () => {
    await expect(client.query('SELECT $1::int', ['canary'])).rejects.toThrow('canary')
  })
  const [span] = await recorder.wait('SELECT')
  expect(span?.attributes['error.type']).toBe('22P02')
  expect(span?.statusMessage).toBe('invalid input syntax for type integer: ?')
})

test('an error that nobody handles stays unhandled', async () => {
  const unhandled = vi.fn()
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', unhandled)
  try {
    await recorder.inRequest('request', async () => {
      void client.query('SELECT * FROM missing')
      await expect.poll(() => unhandled).toHaveBeenCalledOnce()
    })
  } finally {
    process.off('unhandledRejection', unhandled)
    for (const listener of others) process.on('unhandledRejection', listener)
  }
})

test('what pg throws is thrown to the host', async () => {
  await recorder.inRequest('request', async () => {
    expect(() => client.query(undefined as never)).toThrow('null or undefined query')
    expect(() => client.query({ text: 'SELECT 1', callback: 5 } as never)).toThrow(
      'callback is not a function'
    )
  })
  const [span] = await recorder.wait('SELECT')
  expect(span?.attributes['error.type']).toBe('TypeError')
})

test('a prepared statement is a span each time it is run', async () => {
  await recorder.inRequest('request', async () => {
    for (const id of [1, 2])
      await client.query({ name: 'one', text: 'SELECT * FROM users WHERE id = $1', values: [id] })
  })
  expect(await recorder.wait('SELECT users', 2)).toHaveLength(2)
})

test('a statement that returns no rows has no row count; several together add up', async () => {
  await recorder.inRequest('request', async () => {
    await client.query('UPDATE users SET name = name')
    await client.query('SELECT 1 FROM users; SELECT 2 FROM users LIMIT 1')
  })
  const [update] = await recorder.wait('UPDATE users')
  expect(update?.attributes).not.toHaveProperty('db.response.returned_rows')
  const [both] = await recorder.wait('SELECT users SELECT users')
  expect(both?.attributes['db.response.returned_rows']).toBe(4)
})

test('a query object is followed to its end, by events or by callback', async () => {
  await recorder.inRequest('request', async (span) => {
    const rows: unknown[] = []
    const query = new pg.Query('SELECT id FROM users ORDER BY id')
    const returned = client.query(query)
    expect(returned).toBe(query)
    query.on('row', (row) => rows.push(row))
    await new Promise<void>((resolve, reject) => {
      query.on('end', () => resolve())
      query.on('error', reject)
    })
    expect(rows).toHaveLength(3)
    const context = await new Promise((resolve) => {
      client.query(new pg.Query('SELECT 1 FROM users', () => resolve(activeContext().span)))
    })
    expect(context).toBe(span)
    const failing = new pg.Query('SELECT * FROM missing')
    client.query(failing)
    await new Promise((resolve) => failing.on('error', resolve))
  })
  expect(await recorder.wait('SELECT users', 2)).toHaveLength(2)
  const [failed] = await recorder.wait('SELECT missing')
  expect(failed?.attributes['error.type']).toBe('42P01')
})

test('a pool makes one span for each query, under the request that asked, however long it waited', async () => {
  const pool = new pg.Pool({ ...connection(), max: 1 })
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  await Promise.all(
    names.map((name, i) =>
      recorder.inRequest(name, async (span) => {
        if (i % 2 === 0) await pool.query(`SELECT 1 FROM users AS ${name}`)
        else
          await new Promise<void>((resolve, reject) => {
            pool.query(`SELECT 1 FROM users AS ${name}`, (error) => {
              expect(activeContext().span).toBe(span)
              if (error) reject(error)
              else resolve()
            })
          })
        expect(activeContext().span).toBe(span)
      })
    )
  )
  await pool.end()
  const spans = await recorder.wait('SELECT users', names.length)
  expect(spans).toHaveLength(names.length)
  for (const span of spans) {
    const parent = recorder.spans.find(({ spanId }) => spanId === span.parentId)
    expect(span.attributes['db.query.text']).toMatch(new RegExp(` ${parent?.name}$`))
  }
})

test('concurrent queries on one client have the parents that asked', async () => {
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      recorder.inRequest(name, () => client.query(`SELECT 1 FROM users AS ${name}`))
    )
  )
  for (const span of await recorder.wait('SELECT users', 3)) {
    const parent = recorder.spans.find(({ spanId }) => spanId === span.parentId)
    expect(span.attributes['db.query.text']).toMatch(new RegExp(` ${parent?.name}$`))
  }
})

test('a connection that breaks is an error without a status of the database', async () => {
  const other = new pg.Client(connection())
  other.on('error', () => {})
  await other.connect()
  await recorder.inRequest('request', async () => {
    const query = other.query('SELECT 1 FROM users')
    ;(
      other as unknown as { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy()
    await expect(query).rejects.toThrow('terminated')
  })
  const [span] = await recorder.wait('SELECT users')
  expect(span?.status).toBe(2)
  expect(span?.attributes).not.toHaveProperty('db.response.status_code')
})

test('CommonJS, default export and namespace are the same module, wrapped once and put back', async () => {
  const commonJs: unknown = createRequire(import.meta.url)('pg')
  expect(wrapPg(recorder.setup, commonJs).instrumented.on).toBe(true)
  await recorder.inRequest('request', () => client.query('SELECT 1 FROM users'))
  expect(await recorder.wait('SELECT users')).toHaveLength(1)
  const wrapped = queryOf(pg.Client)
  watch.stop()
  expect(queryOf(pg.Client)).not.toBe(wrapped)
  expect([wrapped.name, wrapped.length]).toEqual([
    queryOf(pg.Client).name,
    queryOf(pg.Client).length
  ])
  watch = wrapPg(recorder.setup, namespace)
  await recorder.inRequest('request', () => client.query('SELECT 1 FROM users'))
  expect(await recorder.wait('SELECT users', 2)).toHaveLength(2)
})

test('the native client is left alone until somebody has asked for it', () => {
  watch.stop()
  const getter = vi.fn(() => {
    throw new Error('Cannot find module pg-native')
  })
  const { Client, Pool } = pg
  const module = Object.defineProperty({ Client, Pool }, 'native', { get: getter })
  wrapPg(recorder.setup, module).stop()
  expect(getter).not.toHaveBeenCalled()
  class Native {
    query(): string {
      return 'native'
    }
  }
  const before = queryOf(Native)
  const loaded = { Client, Pool, native: { Client: Native } }
  const second = wrapPg(recorder.setup, loaded)
  expect(queryOf(Native)).not.toBe(before)
  expect(new Native().query()).toBe('native')
  second.stop()
  expect(queryOf(Native)).toBe(before)
})
