import { tracingChannel } from 'node:diagnostics_channel'
import { afterEach, expect, it } from 'vitest'
import { tracing } from '../../src/express.ts'
import { shutdown } from '../../src/process-wide.ts'
import { library } from '../libraries/library.js'
import { describeWith } from '../servers/describe.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startRedis } from '../servers/redis.ts'
import { ask, attribute, closeAll, expressVersions, listen, PageApi } from './setup.ts'

interface Redis {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  quit(): Promise<unknown>
}

interface Pool {
  query(sql: string, values: unknown[]): Promise<[unknown[]]>
  end(): Promise<void>
}

afterEach(closeAll)

await describeWith(startRedis, 'with Redis', async (redisServer) => {
  await describeWith(startMariadb, 'and MariaDB', (database) => {
    it('shows what a request asked cache and database for, with nothing handed over', async () => {
      const { Redis } = library('ioredis') as { Redis: new (url: string) => Redis }
      const { createPool } = library('mysql2/promise') as { createPool(url: string): Pool }
      const redis = new Redis(redisServer.url)
      const pool = createPool(database.url)
      const app = expressVersions[1][1]()
      app.use(tracing())
      app.get('/answers/:id', async (req, res) => {
        const kept = await redis.get(`answer:${req.params.id}`)
        if (kept !== null) return void res.send(kept)
        const [rows] = await pool.query('SELECT ? AS answer', [42])
        await redis.set(`answer:${req.params.id}`, JSON.stringify(rows))
        res.json(rows)
      })
      const origin = await listen(app)
      const api = new PageApi(`${origin}/_traces`)
      const before = await api.status()
      expect(before.instrumented.some(({ name }) => name === 'mysql2')).toBe(false)

      expect((await ask(`${origin}/answers/7`)).text).toBe('[{"answer":42}]')
      const trace = await api.named('GET /answers/:id')
      const spans = await api.spans(trace.traceId)
      expect(
        ['GET', 'mysql connect', 'SELECT', 'SET'].map((name) => spans.get(name)?.category)
      ).toEqual(['cache', 'db', 'db', 'cache'])
      expect(attribute(spans.get('GET'), 'db.query.text')).toBe('GET answer:7')
      expect(attribute(spans.get('SELECT'), 'db.query.text')).toBe('SELECT ? AS answer')
      for (const name of ['ioredis', 'mysql2'])
        expect((await api.status()).instrumented).toContainEqual({
          name,
          on: true,
          how: 'by its diagnostics channels'
        })

      await shutdown()
      for (const name of ['ioredis:command', 'mysql2:query', 'node-redis:batch', 'mongoose:query'])
        expect(tracingChannel(name).hasSubscribers).toBe(false)
      await redis.quit()
      await pool.end()
    })
  })
})
