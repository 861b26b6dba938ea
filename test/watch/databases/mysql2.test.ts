import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  activeContext,
  contextStorage,
  rootContext,
  runIn,
  suppressed
} from '../../../src/context/context.ts'
import { watchPublished } from '../../../src/watch/published.ts'
import { library } from '../../libraries/library.js'
import { describeWith } from '../../servers/describe.ts'
import { startMariadb } from '../../servers/mariadb.ts'
import { type Kept, type Recorder, record } from '../setup.ts'

type Done = (error: (Error & { code: string }) | null, result?: unknown) => void

interface Emitter {
  on(name: string, listener: (value: never) => void): Emitter
}

interface Connection {
  query(sql: string, values?: unknown, done?: Done): Emitter
  execute(sql: string, values?: unknown, done?: Done): Emitter
  beginTransaction(done: Done): void
  commit(done: Done): void
  release(): void
  end(done?: Done): void
  promise(): Promised
}

interface Promised {
  query(sql: string, values?: unknown): Promise<unknown[]>
  execute(sql: string, values?: unknown): Promise<unknown[]>
  beginTransaction(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
}

interface Pool extends Connection {
  getConnection(done: (error: Error | null, connection: Connection) => void): void
}

interface Mysql {
  createConnection(options: object): Connection
  createPool(options: object): Pool
}

await describeWith(startMariadb, 'mysql2', (server) => {
  describe.each(['mysql2', 'mysql2-floor'])('%s', (name) => {
    const { createConnection, createPool } = library(name) as Mysql
    const options = { host: server.host, port: server.port, user: 'test', database: 'test' }
    let recorder: Recorder
    let stop: () => void
    let seen: string[]
    let connection: Connection
    let pool: Pool

    beforeAll(async () => {
      const setup = createConnection({ ...options, multipleStatements: true })
      await setup.promise().query(`
        DROP TABLE IF EXISTS users;
        CREATE TABLE users (id int PRIMARY KEY, name varchar(40));
        INSERT INTO users VALUES (1, 'ann'), (2, 'bob'), (3, 'cy')`)
      setup.end()
    })

    beforeEach(async () => {
      recorder = record()
      seen = []
      stop = watchPublished(recorder.setup, (one) => seen.push(one.name))
      connection = createConnection(options)
      pool = createPool({ ...options, connectionLimit: 1 })
      await connection.promise().query('DO 1')
    })

    afterEach(async () => {
      await new Promise((resolve) => connection.end(resolve))
      await new Promise((resolve) => pool.end(resolve))
      stop()
      recorder.close()
    })

    const spansOf = async (fn: () => Promise<unknown>): Promise<Kept[]> => {
      await recorder.inRequest('request', fn)
      const [request] = await recorder.wait('request')
      return recorder.spans.filter(
        (span) => span.traceId === request?.traceId && span.name !== 'request'
      )
    }

    test('a query for a promise is a client span, its literals hidden', async () => {
      await recorder.inRequest('request', async (span) => {
        const [rows] = await connection
          .promise()
          .query('SELECT * FROM users WHERE id < ? AND name <> ?', [3, 'canary'])
        expect(rows).toHaveLength(2)
        expect(activeContext().span).toBe(span)
      })
      const [span] = await recorder.wait('SELECT users')
      const [parent] = await recorder.wait('request')
      expect(span).toMatchObject({ kind: 2, status: 0, parentId: parent?.spanId })
      expect(span?.attributes).toEqual({
        'db.system.name': 'mysql',
        'db.namespace': 'test',
        'db.operation.name': 'SELECT',
        'db.collection.name': 'users',
        'db.query.summary': 'SELECT users',
        'db.query.text': 'SELECT * FROM users WHERE id < ? AND name <> ?',
        'server.address': '127.0.0.1',
        'server.port': server.port,
        'db.response.returned_rows': 2
      })
      expect(seen).toEqual(['mysql2'])
    })

    test('a prepared statement keeps its text, whose values travel apart', async () => {
      const [span] = await spansOf(() =>
        connection
          .promise()
          .execute("SELECT id FROM users WHERE name = ? AND 'ann' = name", ['ann'])
      )
      expect(span?.attributes['db.query.text']).toBe(
        "SELECT id FROM users WHERE name = ? AND 'ann' = name"
      )
      expect(span?.attributes['db.response.returned_rows']).toBe(1)
    })

    test('callbacks and events get what they got, callbacks in the context of their caller', async () => {
      await recorder.inRequest('request', async (span) => {
        for (const method of ['query', 'execute'] as const) {
          const [error, rows, context] = await new Promise<unknown[]>((resolve) => {
            connection[method]('SELECT id FROM users WHERE id = ?', [1], (...given) =>
              resolve([...given.slice(0, 2), activeContext().span])
            )
          })
          expect([error, rows]).toEqual([null, [{ id: 1 }]])
          expect(context).toBe(span)
          const found: unknown[] = []
          await new Promise((resolve, reject) => {
            connection[method]('SELECT id FROM users WHERE id = ?', [2])
              .on('error', reject)
              .on('result', (row) => found.push(row))
              .on('end', resolve)
          })
          expect(found).toEqual([{ id: 2 }])
        }
      })
      expect(await recorder.wait('SELECT users', 4)).toHaveLength(4)
    })

    test('an error has the number of the database and none of the values', async () => {
      const statements = [
        "SELECT * FROM nothing WHERE name = 'canary'",
        "INSERT INTO users VALUES (1, 'canary')",
        "INSERT INTO users VALUES ('canary''s', 'x')",
        "SELECT 'a' FROM users WHERE 'canary' x 'canary' 'b'",
        'INSERT INTO users (id, name) VALUES (?, ?)'
      ]
      const spans = await spansOf(async () => {
        for (const text of statements)
          await expect(
            connection.promise().query(text, text.includes('?') ? ['canary', 'canary'] : undefined)
          ).rejects.toThrow()
        await new Promise<void>((resolve) => {
          connection.query('SELECT * FROM nothing', undefined, (error) => {
            expect(error?.code).toBe('ER_NO_SUCH_TABLE')
            resolve()
          })
        })
        await new Promise((resolve) => connection.execute('SELEC').on('error', resolve))
      })
      expect(spans.map((span) => [span.status, span.attributes['error.type']])).toEqual([
        [2, '1146'],
        [2, '1062'],
        [2, '1366'],
        [2, '1064'],
        [2, '1366'],
        [2, '1146'],
        [2, '1064']
      ])
      expect(spans[0]?.statusMessage).toBe("Table 'test.nothing' doesn't exist")
      expect(spans[0]?.attributes['db.response.status_code']).toBe('1146')
      expect(spans[1]?.statusMessage).toBe("Duplicate entry ? for key 'PRIMARY'")
      expect(JSON.stringify(spans)).not.toContain('canary')
    })

    test('a transaction is its statements, in their order', async () => {
      const spans = await spansOf(async () => {
        const promised = connection.promise()
        await promised.beginTransaction()
        await promised.query('UPDATE users SET name = name')
        await promised.commit()
        await promised.beginTransaction()
        await promised.rollback()
      })
      expect(spans.map((span) => span.name)).toEqual([
        'START',
        'UPDATE users',
        'COMMIT',
        'START',
        'ROLLBACK'
      ])
    })

    test('the connection that a request has to make is a span of its own', async () => {
      const [connect, query] = await spansOf(() => pool.promise().query('SELECT 1'))
      expect([connect?.name, connect?.kind, query?.name]).toEqual(['mysql connect', 2, 'SELECT'])
      expect(connect?.attributes).toEqual({
        'db.system.name': 'mysql',
        'db.namespace': 'test',
        'server.address': '127.0.0.1',
        'server.port': server.port
      })
      expect(connect?.parentId).toBe(query?.parentId)
    })

    test('a connect that fails says so, and outside of a request none is told of', async () => {
      const wrong = { ...options, user: 'nobody', password: 'canary' }
      const [connect] = await spansOf(async () => {
        const refused = createPool(wrong)
        await expect(refused.promise().query('SELECT 1')).rejects.toThrow('Access denied')
      })
      expect(connect).toMatchObject({ name: 'mysql connect', status: 2 })
      expect(connect?.attributes['error.type']).toBe('1045')
      expect(JSON.stringify(recorder.spans)).not.toContain('canary')
      expect(recorder.spans.filter((span) => span.name === 'mysql connect')).toHaveLength(1)
    })

    test('who waits for a connection has a span for it, and goes on in its own context', async () => {
      await pool.promise().query('DO 1')
      const held = await new Promise<Connection>((resolve, reject) => {
        pool.getConnection((error, one) => (error ? reject(error) : resolve(one)))
      })
      const waiting = recorder.inRequest('waiting', async (span) => {
        const context = await new Promise((resolve) => {
          pool.query('SELECT 1', undefined, () => resolve(activeContext().span))
        })
        expect(context).toBe(span)
      })
      const unrecorded = runIn(suppressed(rootContext), async () => {
        await new Promise((resolve) => pool.query('SELECT 2', undefined, resolve))
      })
      await recorder.inRequest('holding', async () => {
        await new Promise((resolve) => setTimeout(resolve, 30))
        held.release()
      })
      await Promise.all([waiting, unrecorded])
      const [request] = await recorder.wait('waiting')
      const [wait] = await recorder.wait('mysql pool wait')
      const [query] = await recorder.wait('SELECT')
      expect(wait).toMatchObject({ kind: 0, status: 0, parentId: request?.spanId })
      expect(wait?.duration).toBeGreaterThan(20e6)
      expect(wait?.attributes).toEqual({
        'spanlight.wait': 'pool',
        'db.client.connection.pool.name': `127.0.0.1:${server.port}/test`
      })
      expect(query?.parentId).toBe(request?.spanId)
      expect(recorder.spans.map((span) => span.name).sort()).toEqual([
        'DO',
        'DO',
        'SELECT',
        'holding',
        'mysql pool wait',
        'waiting'
      ])
    })

    test('a free connection is no wait, and one that cannot be had is', async () => {
      const full = createPool({ ...options, connectionLimit: 1, waitForConnections: false })
      await full.promise().query('DO 1')
      const free = await spansOf(() => full.promise().query('SELECT 1'))
      expect(free.map((span) => span.name)).toEqual(['SELECT'])
      await recorder.inRequest('second', async () => {
        const held = await new Promise<Connection>((resolve, reject) => {
          full.getConnection((error, one) => (error ? reject(error) : resolve(one)))
        })
        await expect(full.promise().query('SELECT 1')).rejects.toThrow('No connections available')
        held.release()
      })
      const [wait] = await recorder.wait('mysql pool wait')
      expect(wait).toMatchObject({ status: 2, statusMessage: 'No connections available.' })
      await new Promise((resolve) => full.end(resolve))
    })

    test('what is suppressed is not recorded, and after the end nothing is', async () => {
      await runIn(suppressed(rootContext), () => connection.promise().query('SELECT 1'))
      stop()
      await recorder.inRequest('request', async () => {
        await connection.promise().query('SELECT 1')
        await connection.promise().execute('SELECT 1')
        await pool.promise().query('SELECT 1')
      })
      await recorder.wait('request')
      expect(recorder.spans.map((span) => span.name)).toEqual(['DO', 'request'])
      expect(contextStorage.getStore()).toBeUndefined()
    })
  })
})
