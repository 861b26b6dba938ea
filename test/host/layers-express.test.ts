import { createServer } from 'node:http'
import type { Application, NextFunction, Request, Response } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { activeContext, contextStorage } from '../../src/context/context.ts'
import { expressMiddleware } from '../../src/host/express.ts'
import {
  activeId,
  closeAll,
  expressVersions,
  listen,
  outline,
  type Seen,
  sleep,
  type Watched,
  watched
} from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

class Broken extends Error {
  override name = 'Broken'
}

describe.each(expressVersions)('%s', (version, express) => {
  interface Result {
    status: number
    body: string
    recorder: Watched
    lines: string[]
    span(name: string): Seen
  }

  async function send(
    build: (app: Application, recorder: Watched) => void,
    target = '/',
    init?: RequestInit
  ): Promise<Result> {
    const recorder = watched()
    const app = express()
    app.set('env', 'test')
    app.use(expressMiddleware(recorder.host))
    build(app, recorder)
    const port = await listen(createServer(app))
    const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
    const body = await response.text()
    await recorder.servers()
    const span = (name: string): Seen => {
      const found = recorder.seen.find((one) => one.name === name)
      if (found === undefined)
        throw new Error(`${name} is not among:\n${outline(recorder.seen).join('\n')}`)
      return found
    }
    return { status: response.status, body, recorder, lines: outline(recorder.seen), span }
  }

  const ok = (_req: Request, res: Response): void => void res.send('ok')
  const pass = (_req: Request, _res: Response, next: NextFunction): void => next()
  const end = (seen: Seen): number => seen.span.start + seen.span.duration

  describe('has a span', () => {
    it('for each middleware, router and handler, below the router that it is in', async () => {
      const { lines, span } = await send((app) => {
        app.use(express.json(), function first(_req, _res, next) {
          next()
        })
        const deep = express.Router({ mergeParams: true })
        deep.use(function inside(_req, _res, next) {
          next()
        })
        deep.get(
          '/x/:k',
          function check(_req, _res, next) {
            next()
          },
          ok
        )
        app.use('/api/:ver', express.Router().use('/deep', deep))
      }, '/api/v1/deep/x/9')
      expect(lines).toEqual([
        'GET /api/:ver/deep/x/:k',
        '  middleware - jsonParser',
        '  middleware - first',
        '  router - /api/:ver',
        '    router - /api/:ver/deep',
        '      middleware - inside',
        '      middleware - check',
        '      request handler - /api/:ver/deep/x/:k'
      ])
      expect(span('middleware - first').attributes).toEqual({
        'express.type': 'middleware',
        'express.name': 'first'
      })
      expect(span('router - /api/:ver').attributes).toEqual({
        'express.type': 'router',
        'express.name': '/api/:ver',
        'http.route': '/api/:ver'
      })
      expect(span('middleware - check').attributes).toEqual({
        'express.type': 'middleware',
        'express.name': 'check',
        'http.route': '/api/:ver/deep/x/:k'
      })
      expect(span('request handler - /api/:ver/deep/x/:k').attributes).toEqual({
        'express.type': 'request_handler',
        'express.name': '/api/:ver/deep/x/:k',
        'http.route': '/api/:ver/deep/x/:k'
      })
    })

    it('for a router and an app at the root, and for what has no name', async () => {
      const { lines } = await send((app) => {
        app.use((_req, _res, next) => next())
        app.use(express.Router().use(pass))
        app.use(express().get('/cart', ok))
      }, '/cart')
      expect(lines.filter((line) => !/query|expressInit/.test(line))).toEqual([
        'GET /cart',
        '  middleware - <anonymous>',
        '  router - /',
        '    middleware - pass',
        '  router - /',
        '    request handler - /cart'
      ])
    })

    it('by the path it is mounted at now, where one router is mounted twice', async () => {
      const { lines } = await send((app) => {
        const router = express.Router().get('/:id', pass)
        app.use('/a', router).use('/:any', router)
      }, '/a/1')
      expect(lines.slice(1)).toEqual([
        '  router - /a',
        '    request handler - /a/:id',
        '  router - /:any',
        '    request handler - /:any/:id'
      ])
    })

    it('for the last handler of a method only as a handler, whatever others the route has', async () => {
      const { lines } = await send((app) => {
        app
          .route('/c')
          .all(function load(_req, _res, next) {
            next()
          })
          .get(ok)
          .post(ok)
      }, '/c')
      expect(lines).toEqual(['GET /c', '  middleware - load', '  request handler - /c'])
    })

    it('for an error handler when there is an error, and for no layer that is passed over', async () => {
      const { lines, span } = await send((app) => {
        app.use((_error: unknown, _req: Request, _res: Response, next: NextFunction) => next())
        app.get('/', (_req, _res, next) => next(new Broken('down')))
        app.use(pass)
        app.use(function tell(error: Error, _req: Request, res: Response, _next: NextFunction) {
          res.status(503).send(error.message)
        })
      })
      expect(lines).toEqual(['GET /', '  request handler - /', '  middleware - tell'])
      expect(span('middleware - tell').span.status).toBe(0)
    })

    it('for nothing of ours, at whatever mount', async () => {
      const { lines } = await send((app, recorder) => {
        app.use(expressMiddleware(recorder.host))
        app.get('/', (_req, _res, next) => next(new Broken('down')))
      })
      expect(lines).toEqual(['GET /', '  request handler - /'])
    })

    it('for no layer when they are not wanted', async () => {
      const recorder = watched({ layers: false })
      const app = express()
      app.use(expressMiddleware(recorder.host))
      app.use(pass).get('/', (_req, res) => void res.send(activeId()))
      const port = await listen(createServer(app))
      const id = await (await fetch(`http://127.0.0.1:${port}/`)).text()
      await recorder.servers()
      expect(recorder.seen.map(({ span }) => span.spanId)).toEqual([id])
    })
  })

  describe('ends it', () => {
    it('when it goes on, however late and whatever it does afterwards', async () => {
      const { span } = await send((app) => {
        app.use(async function waits(_req, _res, next) {
          await sleep(15)
          next()
          await sleep(30)
        })
        app.get('/', (_req, res) => void setTimeout(() => res.send('ok'), 10))
      })
      const first = span('middleware - waits')
      const handler = span('request handler - /')
      expect(first.span.duration).toBeGreaterThanOrEqual(14e6)
      expect(end(first)).toBeLessThanOrEqual(handler.span.start)
      expect(handler.span.duration).toBeGreaterThanOrEqual(9e6)
      expect(end(handler)).toBeLessThanOrEqual(end(span('GET /')))
    })

    it('with the answer, when it never goes on, together with the routers around it', async () => {
      const { recorder, span } = await send((app) => {
        app.use(
          '/a',
          express.Router().get('/b', async (_req, res) => {
            await sleep(15)
            res.send('ok')
          })
        )
      }, '/a/b')
      expect(span('router - /a').span.duration).toBeGreaterThanOrEqual(14e6)
      expect(span('request handler - /a/b').span.duration).toBeGreaterThanOrEqual(14e6)
      expect(recorder.open.size).toBe(0)
    })

    it('when the client leaves', async () => {
      const recorder = watched()
      const app = express()
      app.use(expressMiddleware(recorder.host))
      app.get('/', () => {})
      const port = await listen(createServer(app))
      const leaves = new AbortController()
      const answer = fetch(`http://127.0.0.1:${port}/`, { signal: leaves.signal })
      await until(() => [...recorder.open.inFlight()].length === 1)
      leaves.abort()
      await answer.catch(() => {})
      await recorder.servers()
      expect(outline(recorder.seen)).toEqual(['GET /', '  request handler - /'])
      expect(recorder.open.size).toBe(0)
    })

    it('once, when next is called again', async () => {
      const { lines } = await send((app) => {
        let calls = 0
        app.use(function twice(_req, _res, next) {
          next()
          if (calls++ === 0) next()
        })
        app.get('/', ok)
      })
      expect(lines).toEqual(['GET /', '  middleware - twice', '  request handler - /'])
    })
  })

  describe('runs each layer in its own span', () => {
    it('also after await, in timers and in events of the body', async () => {
      const ids: string[] = []
      const { span } = await send(
        (app) => {
          app.post('/', async (req, res) => {
            ids.push(activeId())
            await new Promise<void>((resolve) => {
              req.on('data', () => ids.push(activeId()))
              req.on('end', resolve)
            })
            ids.push(activeId())
            await sleep(1)
            ids.push(activeId())
            res.send('ok')
          })
        },
        '/',
        { method: 'POST', body: 'a body' }
      )
      expect(ids).toHaveLength(4)
      expect(new Set(ids)).toEqual(new Set([span('request handler - /').span.spanId]))
    })

    it('and what comes after it in what it was in itself, its promises and timers included', async () => {
      const { lines } = await send((app, { tracer }) => {
        app.use(function one(_req, _res, next) {
          tracer.start('in one').end()
          setTimeout(() => {
            tracer.start('in one, later').end()
            next()
          }, 1)
        })
        app.use(express.json())
        app.use('/a', express.Router().use(pass))
        app.use(async function two(_req, _res, next) {
          await Promise.resolve()
          next()
        })
        app.get('/', (_req, res) => {
          tracer.start('in the handler').end()
          res.send('ok')
        })
      })
      expect(lines).toEqual([
        'GET /',
        '  middleware - one',
        '    in one',
        '    in one, later',
        '  middleware - jsonParser',
        '  middleware - two',
        '  request handler - /',
        '    in the handler'
      ])
    })

    it('and leaves alone what the host puts around the rest: a span, or values', async () => {
      const key = Symbol('baggage')
      let value: unknown
      const { lines } = await send((app, { tracer }) => {
        app.use(function values(_req, _res, next) {
          contextStorage.run(activeContext().setValue(key, 'kept'), next)
        })
        app.use(function spans(_req, res, next) {
          const span = tracer.start('around the rest')
          res.on('finish', () => span.end())
          contextStorage.run(activeContext().withSpan(span), next)
        })
        app.get('/', (_req, res) => {
          value = activeContext().getValue(key)
          res.send('ok')
        })
      })
      expect(value).toBe('kept')
      expect(lines).toEqual([
        'GET /',
        '  middleware - values',
        '  middleware - spans',
        '    around the rest',
        '      request handler - /'
      ])
    })

    it('and finds back from an emitter or a pool that has lost it, or holds another request’s', async () => {
      const other = watched().tracer.start('of another request')
      const contexts = [undefined, activeContext().withSpan(other)]
      for (const context of contexts) {
        const { lines } = await send((app) => {
          app.use(
            '/a',
            express
              .Router()
              .use(function pooled(_req, _res, next) {
                setImmediate(() =>
                  context === undefined
                    ? contextStorage.exit(() => next())
                    : contextStorage.run(context, () => next())
                )
              })
              .get('/b', ok)
          )
        }, '/a/b')
        expect(lines).toEqual([
          'GET /a/b',
          '  router - /a',
          '    middleware - pooled',
          '    request handler - /a/b'
        ])
      }
    })

    it('and ends one that was left by req.next, as res.render does with an error', async () => {
      const { lines, span } = await send((app) => {
        app.get('/', (req) => {
          req.next?.(new Broken('no view'))
        })
        app.use(function tell(_error: Error, _req: Request, res: Response, _next: NextFunction) {
          setTimeout(() => res.status(500).send('told'), 5)
        })
      })
      expect(lines).toEqual(['GET /', '  request handler - /', '  middleware - tell'])
      expect(end(span('request handler - /'))).toBeLessThanOrEqual(
        span('middleware - tell').span.start + 1e6
      )
    })
  })

  describe('records an error', () => {
    const boom = (): Broken => new Broken('no order')
    const failing: [string, (app: Application) => void][] = [
      [
        'that is thrown',
        (app) =>
          app.get('/', () => {
            throw boom()
          })
      ],
      ['that is given to next', (app) => app.get('/', (_req, _res, next) => next(boom()))],
      [
        'that is given to next later',
        (app) => app.get('/', (_req, _res, next) => void setTimeout(() => next(boom()), 2))
      ]
    ]
    if (version.startsWith('Express 5'))
      failing.push([
        'that a promise rejects with',
        (app) =>
          app.get('/', async () => {
            await sleep(1)
            throw boom()
          })
      ])

    it.each(failing)('%s', async (_title, build) => {
      const { span, status } = await send(build)
      const handler = span('request handler - /')
      expect(status).toBe(500)
      expect(handler.exceptions).toHaveLength(1)
      expect(handler.exceptions[0]).toMatchObject({ 'exception.type': 'Broken' })
      expect(handler.attributes['error.type']).toBe('Broken')
      expect([handler.span.status, handler.span.statusMessage]).toEqual([2, 'no order'])
    })

    it('on the layer that it comes from, and on none that passes it on', async () => {
      const { recorder } = await send((app) => {
        app.use(
          '/a',
          express.Router().get('/b', () => {
            throw boom()
          })
        )
        app.use((error: Error, _req: Request, _res: Response, next: NextFunction) => next(error))
      }, '/a/b')
      const failed = recorder.seen.filter(({ exceptions }) => exceptions.length > 0)
      expect(failed.map(({ name }) => name)).toEqual(['GET /a/b', 'request handler - /a/b'])
    })

    it('of the client’s making without failing the layer', async () => {
      const { span, status } = await send((app) => {
        app.use((_req, _res, next) => next(Object.assign(new Error('none'), { status: 404 })))
      })
      const layer = span('middleware - <anonymous>')
      expect([status, layer.span.status, layer.exceptions.length]).toEqual([404, 0, 1])
      expect(layer.attributes['error.type']).toBeUndefined()
    })

    it('but not the words for going on elsewhere', async () => {
      const { recorder, body } = await send((app) => {
        app.get('/', (_req, _res, next) => next('route'))
        app.use(express.Router().use((_req, _res, next) => next('router')))
        app.use(ok)
      })
      expect(body).toBe('ok')
      expect(recorder.seen.flatMap(({ exceptions }) => exceptions)).toEqual([])
    })
  })

  it('begins none once the answer is out', async () => {
    const { lines } = await send((app) => {
      app.use(function early(_req, res, next) {
        res.send('ok')
        res.on('finish', () => next())
      })
      app.use(function late(_req, _res) {})
    })
    expect(lines).toEqual(['GET', '  middleware - early'])
  })

  it('hides what the rules hide in names', async () => {
    const { openRedactor } = await import('../span/setup.ts')
    const recorder = watched({
      redactor: { ...openRedactor, text: (text) => text.replaceAll('secret', '***') }
    })
    const app = express()
    app.use(expressMiddleware(recorder.host))
    app.use(
      '/secret',
      express.Router().get('/x', function secret(_req, res) {
        res.send('ok')
      })
    )
    const port = await listen(createServer(app))
    await (await fetch(`http://127.0.0.1:${port}/secret/x`)).text()
    await recorder.servers()
    expect(
      JSON.stringify(recorder.seen.slice(1).map(({ name, attributes }) => [name, attributes]))
    ).not.toContain('secret')
  })

  describe('with several recorders, apps and mounts', () => {
    const appOn = (recorder: Watched): Application => {
      const app = express()
      app.use(expressMiddleware(recorder.host))
      app.get('/', ok)
      return app
    }
    const ask = async (app: Application): Promise<void> => {
      const port = await listen(createServer(app))
      await (await fetch(`http://127.0.0.1:${port}/`)).text()
    }

    it('records each layer once, in two apps of one process', async () => {
      const recorder = watched()
      await ask(appOn(recorder))
      await ask(appOn(recorder))
      await recorder.servers(2)
      expect(recorder.seen.map(({ name }) => name)).toEqual([
        'GET /',
        'request handler - /',
        'GET /',
        'request handler - /'
      ])
    })

    it('records each layer once in the next recorder, also when somebody has wrapped the layers since', async () => {
      const first = watched()
      const app = appOn(first)
      await ask(app)
      const router = ((app as { _router?: unknown })._router ?? app.router) as { stack: object[] }
      const shared = Object.getPrototypeOf(router.stack[0]) as Record<string, unknown>
      const name = 'handle_request' in shared ? 'handle_request' : 'handleRequest'
      const before = shared[name] as (...args: unknown[]) => unknown
      shared[name] = function (this: unknown, ...args: unknown[]): unknown {
        return before.apply(this, args)
      }
      try {
        first.host.close()
        const second = watched()
        const next = appOn(second)
        await ask(next)
        await ask(next)
        await second.servers(2)
        expect(outline(second.seen)).toEqual([
          'GET /',
          '  request handler - /',
          'GET /',
          '  request handler - /'
        ])
        expect(first.seen).toHaveLength(2)
        second.host.close()
      } finally {
        shared[name] = before
      }
    })
  })
})
