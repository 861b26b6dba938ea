import { once } from 'node:events'
import type { Socket } from 'node:net'
import type * as Pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activeContext } from '../../../src/context/context.ts'
import type { Span } from '../../../src/span/span.ts'
import { wrapPg } from '../../../src/watch/databases/pg.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { library } from '../../libraries/library.js'
import { describeWith } from '../../servers/describe.ts'
import { startPostgres } from '../../servers/postgres.ts'
import { type Kept, type Recorder, record } from '../setup.ts'

const versions = ['pg', 'pg-8-0']

let recorder: Recorder
let watch: Watch | undefined

beforeEach(() => {
  recorder = record()
})

afterEach(() => {
  watch?.stop()
  watch = undefined
  recorder.close()
})

const named = (name: string): Kept[] => recorder.spans.filter((span) => span.name === name)
const parentOf = (span: Kept | undefined): string | undefined =>
  recorder.spans.find(({ spanId }) => spanId === span?.parentId)?.name

await describeWith(startPostgres, 'a pool of PostgreSQL connections', (server) => {
  describe.each(versions)('with %s', (version) => {
    let pg: typeof Pg
    const pools: Pg.Pool[] = []

    beforeEach(() => {
      pg = library(version) as typeof Pg
      watch = wrapPg(recorder.setup, pg)
    })

    afterEach(async () => {
      await Promise.all(pools.splice(0).map((pool) => pool.end()))
    })

    function open(options: Pg.PoolConfig = {}): Pg.Pool {
      const pool = new pg.Pool({ connectionString: server.url, max: 1, ...options })
      pools.push(pool)
      return pool
    }

    /** A request, whose context the code behind each await is still in. */
    async function request(name: string, work: (span: Span) => Promise<unknown>): Promise<void> {
      await recorder.inRequest(name, async (span) => {
        await work(span)
        expect(activeContext().span).toBe(span)
      })
    }

    test('the second of two requests waits for the only client, and its wait is a span of its own', async () => {
      const pool = open()
      await pool.query('SELECT 1')
      await Promise.all([
        request('first', () => pool.query('SELECT pg_sleep(0.1)')),
        request('second', () => pool.query('SELECT 2 AS two'))
      ])
      const [wait] = await recorder.wait('pg pool wait')
      expect(named('pg pool wait')).toHaveLength(1)
      expect(named('pg connect')).toHaveLength(0)
      expect(parentOf(wait)).toBe('second')
      expect(wait).toMatchObject({ kind: 0, status: 0 })
      const name = `${server.host}:${server.port}/postgres`
      expect(wait?.attributes).toEqual({
        'spanlight.wait': 'pool',
        'db.client.connection.max': 1,
        'db.client.connection.count': 1,
        // The first one, which the free client is about to be handed to.
        'db.client.connection.pending_requests': 1,
        'db.client.connection.pool.name': name
      })
    })

    test('a client that is free is no wait', async () => {
      const pool = open()
      await pool.query('SELECT 1')
      await request('request', async () => {
        await pool.query('SELECT 1')
        const client = await pool.connect()
        client.release()
      })
      expect(new Set(recorder.spans.map(({ name }) => name))).toEqual(
        new Set(['SELECT', 'request'])
      )
    })

    test('connecting is a span inside of the wait, by promise and by callback', async () => {
      const pool = open({ max: 2 })
      await request('promise', async () => {
        const client = await pool.connect()
        const called = new Promise((resolve, reject) => {
          void request('callback', async (span) => {
            await new Promise<void>((answered) =>
              pool.connect((error, _other, done) => {
                done()
                expect(activeContext().span).toBe(span)
                answered()
                if (error) reject(error)
              })
            )
          }).then(resolve, reject)
        })
        await called
        client.release()
      })
      const waits = await recorder.wait('pg pool wait', 2)
      const connects = await recorder.wait('pg connect', 2)
      expect(new Set(waits.map(parentOf))).toEqual(new Set(['callback', 'promise']))
      expect(connects.map(parentOf)).toEqual(['pg pool wait', 'pg pool wait'])
      expect(new Set(connects.map(({ parentId }) => parentId)).size).toBe(2)
      expect(connects[0]).toMatchObject({ kind: 2, status: 0 })
      expect(connects[0]?.attributes).toEqual({
        'db.system.name': 'postgresql',
        'db.namespace': 'postgres',
        'server.address': server.host,
        'server.port': server.port
      })
    })

    test("a connection made for a waiter when another was given up is the waiter's", async () => {
      const pool = open()
      await request('first', async () => {
        const client = await pool.connect()
        setTimeout(() => client.release(true), 20)
      })
      await request('second', () => pool.query('SELECT 1'))
      const connects = await recorder.wait('pg connect', 2)
      const waits = await recorder.wait('pg pool wait', 2)
      expect(connects.map(({ traceId }) => traceId)).toEqual(waits.map(({ traceId }) => traceId))
      expect(parentOf(waits[1])).toBe('second')
      expect(connects[1]?.parentId).toBe(waits[1]?.spanId)
    })

    test("a wait that ends by the pool's time limit is an error", async () => {
      const pool = open()
      const held = await pool.connect()
      // Only now: connecting itself may take longer than that.
      pool.options.connectionTimeoutMillis = 30
      await request('request', () => expect(pool.query('SELECT 1')).rejects.toThrow('timeout'))
      held.release()
      const [wait] = await recorder.wait('pg pool wait')
      expect(wait).toMatchObject({ status: 2, attributes: { 'error.type': 'Error' } })
    })

    test('a connection that is refused is an error of wait and connection, without the password', async () => {
      const pool = open({
        connectionString: 'postgres://u:canary@127.0.0.1:1/d?application_name=canary'
      })
      await request('request', () =>
        expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      )
      const [connect] = await recorder.wait('pg connect')
      const [wait] = await recorder.wait('pg pool wait')
      for (const span of [connect, wait])
        expect(span).toMatchObject({ status: 2, attributes: { 'error.type': 'ECONNREFUSED' } })
      expect(JSON.stringify(recorder.spans)).not.toContain('canary')
    })

    test('a login that is refused is named by SQLSTATE', async () => {
      const url = new URL(server.url)
      url.pathname = '/missing'
      const client = new pg.Client({ connectionString: url.href })
      await request('request', () => expect(client.connect()).rejects.toThrow('missing'))
      const [connect] = await recorder.wait('pg connect')
      expect(connect?.attributes).toMatchObject({
        'db.response.status_code': '3D000',
        'error.type': '3D000'
      })
      expect(parentOf(connect)).toBe('request')
    })

    test('outside of a request nobody waits', async () => {
      const pool = open()
      await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')])
      await recorder.wait('SELECT', 2)
      expect(recorder.spans.map(({ name }) => name)).toEqual(['SELECT', 'SELECT'])
    })

    test('a transaction is a span around its statements, which shows how it ended', async () => {
      const pool = open()
      const client = await pool.connect()
      await client.query('CREATE TEMPORARY TABLE t (id int PRIMARY KEY)')
      await request('committed', async () => {
        await client.query('BEGIN')
        await client.query('INSERT INTO t VALUES ($1)', [1])
        await client.query('SAVEPOINT s')
        await client.query('ROLLBACK TO s')
        await client.query('COMMIT')
        await client.query('SELECT 1')
      })
      await request('failed', async () => {
        await client.query('start transaction isolation level serializable;')
        await expect(client.query('INSERT INTO t VALUES (1)')).rejects.toThrow('duplicate')
        await client.query('COMMIT')
      })
      await request('rolled back', async () => {
        await client.query('BEGIN')
        await client.query('ROLLBACK')
      })
      client.release()
      const transactions = await recorder.wait('pg transaction', 3)
      expect(transactions.map(parentOf)).toEqual(['committed', 'failed', 'rolled back'])
      expect(transactions.map(({ status, attributes }) => [status, attributes])).toEqual([
        [0, { 'spanlight.transaction': 'commit' }],
        [0, { 'spanlight.transaction': 'rollback' }],
        [0, { 'spanlight.transaction': 'rollback' }]
      ])
      const inside = (at: number): string[] =>
        recorder.spans
          .filter(({ parentId }) => parentId === transactions[at]?.spanId)
          .map(({ name }) => name)
      expect(inside(0)).toEqual(['BEGIN', 'INSERT t', 'SAVEPOINT', 'ROLLBACK', 'COMMIT'])
      expect(inside(1)).toEqual(['START', 'INSERT t', 'COMMIT'])
      expect(parentOf(named('SELECT')[0])).toBe('committed')
    })

    test('a query below another span of the request keeps that as its parent in a transaction', async () => {
      const pool = open()
      const client = await pool.connect()
      await request('request', async () => {
        await client.query('BEGIN')
        await recorder.inRequest('other', () => client.query('SELECT 1'))
        await client.query('COMMIT')
      })
      client.release()
      await recorder.wait('pg transaction')
      expect(parentOf(named('SELECT')[0])).toBe('other')
    })

    test('a transaction whose connection breaks ends with it', async () => {
      const pool = open()
      pool.on('error', () => {})
      const client = await pool.connect()
      const failed = once(client, 'error')
      await request('request', async () => {
        await client.query('BEGIN')
        const query = client.query('SELECT pg_sleep(10)')
        const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
        setTimeout(() => stream.destroy(), 20)
        await expect(query).rejects.toThrow('terminated')
      })
      await failed
      client.release(true)
      const [transaction] = await recorder.wait('pg transaction')
      expect(transaction?.status).toBe(2)
    })

    test('everything is as before once the watch has stopped', () => {
      const prototypes = [pg.Client.prototype, Object.getPrototypeOf(pg.Pool.prototype) as object]
      const look = (): PropertyDescriptorMap[] =>
        prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype))
      const wrapped = look()
      watch?.stop()
      const before = look()
      watch = wrapPg(recorder.setup, pg)
      expect(look()[0]?.['query']?.value).not.toBe(before[0]?.['query']?.value)
      for (const [at, names] of [
        ['query', 'connect'],
        ['connect', 'newClient']
      ].entries())
        for (const name of names) {
          const [was, is] = [before, wrapped].map(
            (list) => list[at]?.[name] as TypedPropertyDescriptor<() => void>
          )
          expect(is?.value).not.toBe(was?.value)
          expect([is?.value?.name, is?.value?.length]).toEqual([
            was?.value?.name,
            was?.value?.length
          ])
          expect({ ...is, value: 0 }).toEqual({ ...was, value: 0 })
        }
      watch.stop()
      expect(look()).toEqual(before)
    })
  })

  test('a pool of pg-pool alone is followed by the same module', async () => {
    const Pool = library('pg-pool') as typeof Pg.Pool
    watch = wrapPg(recorder.setup, library('pg'))
    const pool = new Pool({ connectionString: server.url, max: 1 })
    await recorder.inRequest('request', () => pool.query('SELECT 1'))
    await pool.end()
    await recorder.wait('pg pool wait')
    await recorder.wait('SELECT')
  })

  test('queries sent together in pipeline mode are spans of those who asked', async () => {
    const pg = library('pg') as typeof Pg
    watch = wrapPg(recorder.setup, pg)
    const client = new pg.Client({
      connectionString: server.url,
      pipeline: true
    } as Pg.ClientConfig)
    await client.connect()
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        recorder.inRequest(name, () => client.query(`SELECT 1 AS ${name}`))
      )
    )
    await client.end()
    const spans = await recorder.wait('SELECT', 3)
    for (const span of spans)
      expect(span.attributes['db.query.text']).toBe(`SELECT ? AS ${parentOf(span)}`)
  })
})

test('a pool that is none of the known kind works as before', async () => {
  class Client {
    query(): void {}
  }
  class Pool {
    connect(): string {
      return 'connected'
    }
  }
  watch = wrapPg(recorder.setup, { Client, Pool })
  await recorder.inRequest('request', async () => {
    expect(new Pool().connect()).toBe('connected')
  })
  await recorder.wait('request')
})
