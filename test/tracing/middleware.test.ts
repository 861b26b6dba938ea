import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Express, RequestHandler } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { tracing as expressTracing } from '../../src/express.ts'
import { traced } from '../../src/http.ts'
import { tracing as koaTracing } from '../../src/koa.ts'
import { tracing } from '../../src/middleware.ts'
import { sharedTracing } from '../../src/process-wide.ts'
import {
  ask,
  closeAll,
  expressVersions,
  koaVersions,
  listen,
  PageApi,
  Router,
  said
} from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

describe.each(expressVersions)('the middleware of the root entry in %s', (version, express) => {
  it('records each request and serves the page', async () => {
    const app = express()
    app.use(tracing())
    app.get('/orders/:id', (req, res) => void res.json({ id: req.params['id'] }))
    const origin = await listen(app)
    expect(await ask(`${origin}/orders/7`)).toMatchObject({ status: 200, text: '{"id":"7"}' })
    const api = new PageApi(`${origin}/_traces`)
    expect(await api.named('GET /orders/:id')).toMatchObject({
      httpStatus: 200,
      method: 'GET',
      route: '/orders/:id',
      service: 'spanlight',
      spans: 2
    })
    expect((await api.status()).instrumented[0]).toMatchObject({ name: version, on: true })
  })

  it('passes what the framework is to see: errors, unknown paths, an answer that is sent late', async () => {
    const app = express()
    app.use(tracing())
    app.get('/fails', () => {
      throw new RangeError('too far')
    })
    app.get('/late', (_req, res) => void setTimeout(() => res.send('late'), 10))
    app.use((error: Error, _req: unknown, res: ServerResponse, _next: unknown) => {
      res.statusCode = 418
      res.end(error.message)
    })
    const origin = await listen(app)
    expect(await ask(`${origin}/fails`)).toMatchObject({ status: 418, text: 'too far' })
    expect((await ask(`${origin}/none`)).status).toBe(404)
    expect((await ask(`${origin}/late`)).text).toBe('late')
  })

  it('serves the page below a mount point, and records what is below it', async () => {
    const app = express()
    app.use('/sub', tracing())
    app.get('/sub/a', (_req, res) => void res.send('a'))
    app.get('/b', (_req, res) => void res.send('b'))
    const origin = await listen(app)
    expect((await ask(`${origin}/sub/a`)).text).toBe('a')
    expect((await ask(`${origin}/b`)).text).toBe('b')
    expect((await ask(`${origin}/_traces/api/status`)).status).toBe(404)
    const api = new PageApi(`${origin}/sub/_traces`)
    await api.named('GET /sub/a')
    expect((await api.traces()).map(({ name }) => name)).toEqual(['GET /sub/a'])
    // Relative, so that it stays below every mount point.
    const page = await ask(`${origin}/sub/_traces`, { redirect: 'manual' })
    expect([page.status, page.headers.get('location')]).toEqual([302, '_traces/'])
  })

  it('serves the page in a router', async () => {
    const app = express()
    const router = express.Router()
    router.use(tracing({ path: '/deep/t' }))
    app.use('/v1/:tenant', router)
    const origin = await listen(app)
    const api = new PageApi(`${origin}/v1/acme/deep/t`)
    expect((await api.status()).mode).toBe('local')
  })
})

describe.each(koaVersions)('the middleware of the root entry in %s', (_version, Koa) => {
  it('records each request and serves the page', async () => {
    const app = new Koa()
    app.use(tracing())
    const router = new Router()
    router.get('/orders/:id', (ctx) => {
      ctx.body = { id: ctx.params['id'] }
    })
    app.use(router.routes())
    const origin = await listen(app.callback())
    expect(await ask(`${origin}/orders/7`)).toMatchObject({ status: 200, text: '{"id":"7"}' })
    const api = new PageApi(`${origin}/_traces`)
    expect(await api.named('GET /orders/:id')).toMatchObject({ httpStatus: 200, spans: 2 })
    expect((await api.status()).instrumented[0]).toMatchObject({ name: 'koa', on: true })
  })

  it('passes an error on to the framework, and its answer to the caller', async () => {
    const app = new Koa()
    app.silent = true
    app.use(tracing())
    app.use(() => {
      throw Object.assign(new Error('teapot'), { status: 418, expose: true })
    })
    const origin = await listen(app.callback())
    expect(await ask(origin)).toMatchObject({ status: 418, text: 'teapot' })
    const trace = await new PageApi(`${origin}/_traces`).named('GET')
    expect(trace.httpStatus).toBe(418)
  })
})

describe('the entry of one framework', () => {
  it('spanlight/express', async () => {
    const app = expressVersions[1][1]()
    app.use(expressTracing())
    app.get('/a', (_req, res) => void res.send('a'))
    const origin = await listen(app)
    expect((await ask(`${origin}/a`)).text).toBe('a')
    await new PageApi(`${origin}/_traces`).named('GET /a')
  })

  it('spanlight/koa', async () => {
    const app = new koaVersions[1][1]()
    app.use(koaTracing())
    app.use((ctx) => {
      ctx.body = 'a'
    })
    const origin = await listen(app.callback())
    expect((await ask(`${origin}/a`)).text).toBe('a')
    expect((await new PageApi(`${origin}/_traces`).named('GET')).route).toBe('/a')
  })

  it('spanlight/http', async () => {
    const origin = await listen(
      traced((_req: IncomingMessage, res: ServerResponse) => void res.end('a'))
    )
    expect((await ask(`${origin}/a`)).text).toBe('a')
    expect((await new PageApi(`${origin}/_traces`).named('GET')).route).toBe('/a')
  })
})

describe('one process', () => {
  function appWith(middleware: RequestHandler): Express {
    const app = expressVersions[1][1]()
    app.use(middleware)
    app.get('/a', (_req, res) => void res.send('a'))
    return app
  }

  it('has one recorder for two mounts: a request has one span, and one for its handler', async () => {
    const app = appWith(tracing())
    app.use(tracing())
    app.get('/b', (_req, res) => void res.send('b'))
    const origin = await listen(app)
    await ask(`${origin}/b`)
    const api = new PageApi(`${origin}/_traces`)
    expect((await api.named('GET /b')).spans).toBe(2)
    expect(await api.traces()).toHaveLength(1)
  })

  it('has one recorder for two apps: each page shows both', async () => {
    const [one, two] = [await listen(appWith(tracing())), await listen(appWith(tracing()))]
    await ask(`${one}/a`)
    await ask(`${two}/a`)
    for (const origin of [one, two]) {
      const api = new PageApi(`${origin}/_traces`)
      await until(async () => (await api.traces()).length === 2)
    }
  })

  it('keeps the options of the first call and says so', async () => {
    const first = sharedTracing({ service: 'first' })
    expect(sharedTracing({})).toBe(first)
    expect(sharedTracing(undefined)).toBe(first)
    expect(said).toEqual([])
    expect(sharedTracing({ service: 'second' })).toBe(first)
    expect(said).toEqual([
      'tracing() was called before in this process: the options of the first call stay'
    ])
  })

  it('starts nothing when an option is wrong', async () => {
    const { log } = console
    expect(() => tracing({ sample: 2 })).toThrow("option 'sample'")
    expect(() => tracing({ instrument: { pgg: {} } as object })).toThrow('instrument.pgg')
    expect(() => tracing({ instrument: { pg: {} } })).toThrow('pg')
    expect(() => tracing({ redact: { keys: [5 as never] } })).toThrow("option 'redact.keys'")
    expect(() => tracing({ export: { url: 'http://c/', headers: { 'a b': 'x' } } })).toThrow(
      "option 'export.headers'"
    )
    expect(console.log).toBe(log)
    const origin = await listen(appWith(tracing()))
    await ask(`${origin}/a`)
    await new PageApi(`${origin}/_traces`).named('GET /a')
    expect(console.log).not.toBe(log)
  })
})
