import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activeContext, rootContext, runIn, suppressed } from '../../../src/context/context.ts'
import { watchPublished } from '../../../src/watch/published.ts'
import { library } from '../../libraries/library.js'
import { describeWith } from '../../servers/describe.ts'
import { startRedis } from '../../servers/redis.ts'
import { type Client, newIoredis, newNodeRedis, type NodeRedis, opens } from './redis-clients.ts'
import { type Kept, type Recorder, record } from '../setup.ts'

let recorder: Recorder
let stop: () => void
let seen: string[]

beforeEach(() => {
  recorder = record()
  seen = []
  stop = watchPublished(recorder.setup, (one) => seen.push(one.name))
})

afterEach(() => {
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

await describeWith(startRedis, 'Redis', (server) => {
  describe.each(Object.entries(opens))('%s', (name, open) => {
    const where = {
      'db.system.name': 'redis',
      'db.namespace': '0',
      'server.address': '127.0.0.1',
      'server.port': server.port
    }
    let client: Client

    beforeEach(async () => {
      client = await open(server.url)
    })

    afterEach(() => client.quit())

    test('a command is a client span with its key, and none of its values', async () => {
      await recorder.inRequest('request', async (span) => {
        expect(await client.send('SET', 'user:1', 'canary', 'EX', '60')).toBe('OK')
        expect(await client.send('get', 'user:1')).toBe('canary')
        expect(activeContext().span).toBe(span)
      })
      const [set] = await recorder.wait('SET')
      const [get] = await recorder.wait('GET')
      const [request] = await recorder.wait('request')
      expect(set).toMatchObject({ kind: 2, status: 0, parentId: request?.spanId })
      expect(set?.attributes).toEqual({
        ...where,
        'db.operation.name': 'SET',
        'db.query.text': 'SET user:1 [3 args]'
      })
      expect(get?.attributes['db.query.text']).toBe('GET user:1')
      expect(seen).toEqual([name.startsWith('ioredis') ? 'ioredis' : 'redis'])
    })

    test('what may be a credential is not shown, wherever the clients show it', async () => {
      const spans = await spansOf(async () => {
        await client.send('ACL', 'SETUSER', 'ann', 'on', '>canary', '~*', '+@all')
        await client.send('CONFIG', 'SET', 'masterauth', 'canary')
        await client.send('GET', 'sess:canary')
        await client.send('EVAL', "return 'canary'", '1', 'canary')
        await client.send('MSET', 'a', 'canary', 'b', 'canary')
        await client.send('HSET', 'user:1:hash', 'field', 'canary')
        await client.send('GETSET', 'user:1', 'canary')
        await expect(client.send('AUTH', 'ann', 'canary-wrong')).rejects.toThrow('WRONGPASS')
        await expect(client.send('NOSUCH', 'canary', 'canary')).rejects.toThrow('unknown command')
        await expect(client.send('EVAL', "return 'canary", '0')).rejects.toThrow('ERR')
      })
      expect(spans).toHaveLength(10)
      expect(JSON.stringify(recorder.spans)).not.toContain('canary')
    })

    test('an error has the word that the server begins it with', async () => {
      const [, failed] = await spansOf(async () => {
        await client.send('SET', 'text', 'x')
        await expect(client.send('LPUSH', 'text', 'x')).rejects.toThrow('WRONGTYPE')
      })
      expect(failed).toMatchObject({ name: 'LPUSH', status: 2 })
      expect(failed?.statusMessage).toContain('wrong kind of value')
      expect(failed?.attributes).toMatchObject({
        'db.response.status_code': 'WRONGTYPE',
        'error.type': 'WRONGTYPE'
      })
    })

    test('a transaction is one span', async () => {
      const [multi, ...others] = await spansOf(() =>
        client.batch(true, [
          ['set', 'a', 'canary'],
          ['get', 'a']
        ])
      )
      expect(others).toEqual([])
      expect(multi).toMatchObject({ name: 'MULTI', kind: 2, status: 0 })
      // What is in it only ioredis tells.
      const text = name.startsWith('ioredis') ? { 'db.query.text': 'SET a [1 args]; GET a' } : {}
      expect(multi?.attributes).toEqual({
        ...where,
        'db.operation.name': 'MULTI',
        'db.operation.batch.size': 2,
        ...text
      })
    })

    test('a pipeline is one span where the client tells of it, and its commands where not', async () => {
      const spans = await spansOf(() =>
        client.batch(false, [
          ['set', 'a', 'canary'],
          ['get', 'a']
        ])
      )
      if (name.startsWith('ioredis')) {
        expect(spans.map((span) => span.name)).toEqual(['SET', 'GET'])
        return
      }
      expect(spans).toHaveLength(1)
      expect(spans[0]?.attributes).toEqual({
        ...where,
        'db.operation.name': 'PIPELINE',
        'db.operation.batch.size': 2,
        'db.query.text': 'SET a [1 args]; GET a'
      })
    })

    test('what is suppressed is not recorded, and after the end nothing is', async () => {
      await runIn(suppressed(rootContext), () => client.send('GET', 'a'))
      stop()
      await recorder.inRequest('request', () => client.send('GET', 'a'))
      await recorder.wait('request')
      expect(recorder.spans.map((span) => span.name)).toEqual(['request'])
    })

    test('a connect is a span in a request that waits for it, and nowhere else', async () => {
      const [connect, ...others] = await spansOf(async () => {
        const other = await open(server.url)
        await other.quit()
      })
      expect(connect).toMatchObject({ name: 'redis connect', kind: 2, status: 0 })
      expect(connect?.attributes).toMatchObject({ 'db.system.name': 'redis' })
      expect(others.filter((span) => span.name !== 'QUIT')).toEqual([])
      expect(recorder.spans.filter((span) => span.name === 'redis connect')).toHaveLength(1)
    })
  })

  describe.each(['ioredis', 'ioredis-5'])('%s, queued before it is connected', (name) => {
    test('a command is below the request that connects, beside the connect', async () => {
      const redis = newIoredis(name, server.url)
      await recorder.inRequest('request', async () => {
        await redis.get('user:1')
        await redis.get('user:2')
      })
      const [request] = await recorder.wait('request')
      const spans = recorder.spans.filter((span) => span.parentId === request?.spanId)
      expect(spans.map((span) => span.name)).toEqual(['redis connect', 'GET', 'GET'])
      await redis.quit()
    })

    test('a command of a later request is not taken for one of the request that connected', async () => {
      const redis = newIoredis(name, server.url, { retryStrategy: () => 20 })
      await recorder.inRequest('first', () => redis.get('user:1'))
      const [first] = await recorder.wait('first')
      const closed = new Promise<void>((resolve) => redis.on('close', resolve))
      const admin = newIoredis(name, server.url)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await closed
      await recorder.inRequest('second', () => redis.get('user:2'))
      const gets = await recorder.wait('GET', 2)
      expect(gets[0]?.traceId).toBe(first?.traceId)
      expect(gets[1]?.traceId).not.toBe(first?.traceId)
      await Promise.all([redis.quit(), admin.quit()])
    })

    test('callbacks are called in the context of their caller', async () => {
      const redis = newIoredis(name, server.url)
      await redis.connect()
      await recorder.inRequest('request', async (span) => {
        const context = await new Promise((resolve) => {
          void redis.get('user:1', () => resolve(activeContext().span))
        })
        expect(context).toBe(span)
      })
      await redis.quit()
    })
  })

  describe.each(['redis', 'redis-5'])('%s, queued before it is connected', (name) => {
    test('a command is below the request that asked, with its wait', async () => {
      const redis = newNodeRedis(name, server.url)
      const connecting = recorder.inRequest('first', () => redis.connect())
      await recorder.inRequest('second', () => redis.get('user:1'))
      await connecting
      const [second] = await recorder.wait('second')
      const [get] = await recorder.wait('GET')
      expect(get?.parentId).toBe(second?.spanId)
      await redis.close()
    })
  })
})

describe('without a server', () => {
  test.each(['ioredis', 'ioredis-5', 'redis', 'redis-5'])(
    '%s fails as without us',
    async (name) => {
      const [connect] = await spansOf(async () => {
        if (name.startsWith('ioredis')) {
          const redis = newIoredis(name, 'redis://127.0.0.1:1', { retryStrategy: () => null })
          redis.on('error', () => {})
          await expect(redis.connect()).rejects.toThrow()
          return
        }
        const { createClient } = library(name) as { createClient(options: object): NodeRedis }
        const socket = { host: '127.0.0.1', port: 1, reconnectStrategy: false }
        const redis = createClient({ socket })
        redis.on('error', () => {})
        await expect(redis.connect()).rejects.toThrow('ECONNREFUSED')
        await expect(redis.get('a')).rejects.toThrow('closed')
      })
      expect(connect).toMatchObject({ name: 'redis connect', status: 2 })
      expect(connect?.attributes['server.port']).toBe(1)
    }
  )
})
