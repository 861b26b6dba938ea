import { createServer } from 'node:http'
import type { Application, NextFunction, Request, Response } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { expressMiddleware } from '../../src/host/express.ts'
import {
  activeId,
  closeAll,
  expressVersions,
  listen,
  type Seen,
  watched,
  withAndWithoutLayers
} from './setup.ts'

afterEach(closeAll)

class Broken extends Error {
  override name = 'Broken'
}

describe.each(withAndWithoutLayers(expressVersions))('%s', (version, express, layers) => {
  const modern = version.startsWith('Express 5')
  const path = (four: string, five: string): string => (modern ? five : four)

  async function send(
    build: (app: Application) => void,
    target: string,
    init?: RequestInit
  ): Promise<{ response: globalThis.Response; body: string; span: Seen; all: Seen[] }> {
    const recorder = watched({ layers })
    const app = express()
    app.set('env', 'test')
    app.use(expressMiddleware(recorder.host))
    build(app)
    const port = await listen(createServer(app))
    const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
    const body = await response.text()
    const servers = await recorder.servers()
    expect(servers).toHaveLength(1)
    return { response, body, span: servers[0], all: recorder.seen }
  }

  describe('names the span by the route', () => {
    const ok = (_req: Request, res: Response): void => void res.send('ok')

    it.each<[string, (app: Application) => void, string, string | undefined]>([
      ['of the app', (app) => app.get('/users/:id', ok), '/users/7?x=1', '/users/:id'],
      ['of the root', (app) => app.get('/', ok), '/', '/'],
      [
        'of nested routers with mount parameters',
        (app) => {
          const deep = express.Router({ mergeParams: true }).get('/x/:k', ok)
          const api = express.Router().use('/deep/:did', deep)
          app.use('/api/:ver', api)
        },
        '/api/v1/deep/d%2F2/x/9',
        '/api/:ver/deep/:did/x/:k'
      ],
      [
        'of a mounted app',
        (app) => app.use('/shop/:shop', express().get('/cart', ok)),
        '/shop/acme/cart',
        '/shop/:shop/cart'
      ],
      [
        'of a router at the root',
        (app) => app.use(express.Router().get('/items/:id', ok)),
        '/items/3',
        '/items/:id'
      ],
      [
        'of a router behind another one with the same prefix',
        (app) => {
          app.use('/:tenant', (_req, _res, next) => next())
          app.use('/acme', express.Router().get('/bill', ok))
        },
        '/acme/bill',
        '/acme/bill'
      ],
      [
        'of a second router when the first has let the request go',
        (app) => {
          app.use('/a/:one', express.Router().get('/other', ok))
          app.get('/a/:x/:y', ok)
        },
        '/a/1/2',
        '/a/:x/:y'
      ],
      [
        'that is a regular expression',
        (app) => app.get(/^\/re\/(\d+)$/, ok),
        '/re/12',
        '/^\\/re\\/(\\d+)$/'
      ],
      ['that is one of several', (app) => app.get(['/one', '/two/:n'], ok), '/two/5', '/two/:n'],
      [
        'of the root of a mounted router',
        (app) => app.use('/list', express.Router().get('/', ok)),
        '/list',
        '/list'
      ],
      [
        'of a mount when a mounted handler answers itself',
        (app) => app.use('/graphql', ok),
        '/graphql?query=x',
        '/graphql'
      ],
      [
        'of a route with a chain of handlers',
        (app) => app.route('/c').get((_q, _s, n) => n(), ok),
        '/c',
        '/c'
      ],
      [
        'that takes part of a segment',
        (app) => app.use('/v:num', express.Router().get('/z', ok)),
        '/v2/z',
        '/v:num/z'
      ]
    ])('%s', async (_title, build, target, route) => {
      const { span, response } = await send(build, target)
      expect(response.status).toBe(200)
      expect(span.attributes['http.route']).toBe(route)
      expect(span.name).toBe(`GET ${route}`)
    })

    it('of a wildcard', async () => {
      const { span } = await send(
        (app) => app.get(path('/files/*', '/files/*rest'), ok),
        '/files/a/b'
      )
      expect(span.attributes['http.route']).toBe(path('/files/*', '/files/*rest'))
    })

    it('not at all when none matches', async () => {
      const { span } = await send(
        (app) => app.use('/api', express.Router().get('/x', ok)),
        '/api/none'
      )
      expect(span.name).toBe('GET')
      expect(span.attributes['http.route']).toBeUndefined()
      expect(span.attributes['http.response.status_code']).toBe(404)
      expect(span.span.status).toBe(0)
    })

    it('with the mount parameters after an error has unwound the routers', async () => {
      const { span } = await send((app) => {
        const api = express.Router()
        api.get('/err', () => {
          throw new Broken('down')
        })
        app.use('/api/:ver', api)
        app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
          res.status(503).send(error.message)
        })
      }, '/api/v9/err')
      expect(span.name).toBe('GET /api/:ver/err')
    })

    it('on the span that is in flight, before the handler is done', async () => {
      const recorder = watched()
      const app = express()
      app.use(expressMiddleware(recorder.host))
      app.get('/slow/:id', (_req, res) => {
        res.send([...recorder.open.inFlight()].map((trace) => trace.root?.name).join())
      })
      const port = await listen(createServer(app))
      expect(await (await fetch(`http://127.0.0.1:${port}/slow/1`)).text()).toBe('GET /slow/:id')
    })
  })

  describe('records the error that failed the request', () => {
    const cause = new Error('disk full')
    const boom = (): Broken => new Broken('no order', { cause })
    const failing: [string, (app: Application) => void, boolean?][] = [
      [
        'thrown by a handler',
        (app) =>
          app.get('/', () => {
            throw boom()
          })
      ],
      ['given to next', (app) => app.get('/', (_req, _res, next) => next(boom()))],
      [
        'given to next later',
        (app) => app.get('/', (_req, _res, next) => void setTimeout(() => next(boom()), 5))
      ],
      [
        'thrown by a middleware',
        (app) =>
          app.use(() => {
            throw boom()
          })
      ],
      [
        'thrown in a nested router',
        (app) =>
          app.use(
            '/',
            express.Router().use(
              express.Router().get('/', () => {
                throw boom()
              })
            )
          )
      ],
      [
        'thrown in a mounted app',
        (app) =>
          app.use(
            '/',
            express().get('/', () => {
              throw boom()
            })
          )
      ],
      [
        'rejected by an async handler',
        (app) =>
          app.get('/', async () => {
            throw boom()
          }),
        true
      ]
    ]

    it.each(failing.filter(([, , asynchronous]) => modern || asynchronous !== true))(
      '%s, with nobody to handle it',
      async (_title, build) => {
        const { span, response } = await send(build, '/')
        expect(response.status).toBe(500)
        expect(span.exceptions).toHaveLength(1)
        expect(span.exceptions[0]).toMatchObject({
          'exception.type': 'Broken',
          'exception.message': 'no order',
          'exception.stacktrace': expect.stringContaining('Caused by: Error: disk full')
        })
        expect(span.attributes['error.type']).toBe('Broken')
        expect(span.span.status).toBe(2)
        expect(span.span.statusMessage).toBe('no order')
      }
    )

    it.each(failing.filter(([, , asynchronous]) => modern || asynchronous !== true))(
      "%s, handled by the app's own error handler",
      async (_title, build) => {
        const { span, response, body } = await send((app) => {
          build(app)
          app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
            res.status(502).send(`sorry: ${error.message}`)
          })
        }, '/')
        expect([response.status, body]).toEqual([502, 'sorry: no order'])
        expect(span.exceptions.map((error) => error['exception.type'])).toEqual(['Broken'])
        expect(span.attributes['error.type']).toBe('Broken')
      }
    )

    it("handled by a nested router's own error handler", async () => {
      const { span } = await send((app) => {
        const router = express.Router()
        router.get('/', () => {
          throw boom()
        })
        router.use(
          (_error: Error, _req: Request, res: Response, _next: NextFunction) =>
            void res.status(500).end()
        )
        app.use('/n', router)
      }, '/n')
      expect(span.exceptions).toHaveLength(1)
    })

    it('thrown by a parameter callback', async () => {
      const { span } = await send((app) => {
        app.param('id', () => {
          throw boom()
        })
        app.get('/p/:id', (_req, res) => void res.send('never'))
      }, '/p/1')
      expect(span.exceptions).toHaveLength(1)
      expect(span.attributes['error.type']).toBe('Broken')
    })

    it('and the one that the error handler failed with', async () => {
      const { span } = await send((app) => {
        app.get('/', () => {
          throw boom()
        })
        app.use((_e: Error, _req: Request, _res: Response, _next: NextFunction) => {
          throw new TypeError('worse')
        })
      }, '/')
      expect(span.exceptions.map((error) => error['exception.type'])).toEqual([
        'Broken',
        'TypeError'
      ])
      expect(span.attributes['error.type']).toBe('TypeError')
    })

    it('and leaves the status unset when it is the client that erred', async () => {
      const { span, response } = await send((app) => {
        app.get('/', (_req, _res, next) =>
          next(Object.assign(new Error('no such cat'), { status: 404 }))
        )
      }, '/')
      expect(response.status).toBe(404)
      expect(span.exceptions).toHaveLength(1)
      expect(span.span.status).toBe(0)
      expect(span.attributes['error.type']).toBeUndefined()
    })

    it('and none when the handler recovers by next without one', async () => {
      const { span } = await send((app) => {
        app.get('/', (_req, _res, next) => next('route'))
        app.get('/', (_req, res) => void res.send('ok'))
      }, '/')
      expect(span.exceptions).toEqual([])
    })

    it('from layers that the app added after its first request', async () => {
      const recorder = watched()
      const app = express()
      app.set('env', 'test')
      app.use(expressMiddleware(recorder.host))
      const port = await listen(createServer(app))
      await fetch(`http://127.0.0.1:${port}/late`)
      app.get('/late', () => {
        throw boom()
      })
      await fetch(`http://127.0.0.1:${port}/late`)
      const [, late] = await recorder.servers(2)
      expect(late?.exceptions).toHaveLength(1)
      expect(late?.name).toBe('GET /late')
    })
  })

  describe('keeps the span active', () => {
    it.each(['json', 'urlencoded', 'data events'])('behind %s', async (kind) => {
      const ids: string[] = []
      const inMiddleware: string[] = []
      const { span, all } = await send(
        (app) => {
          if (kind === 'json') app.use(express.json())
          if (kind === 'urlencoded') app.use(express.urlencoded({ extended: false }))
          if (kind === 'data events') {
            app.use((req, _res, next) => {
              req.on('data', () => inMiddleware.push(activeId()))
              req.on('end', () => {
                inMiddleware.push(activeId())
                next()
              })
            })
          }
          app.post('/', async (_req, res) => {
            ids.push(activeId())
            await Promise.resolve()
            ids.push(activeId())
            await new Promise((resolve) => setTimeout(resolve, 2))
            ids.push(activeId())
            res.on('finish', () => ids.push(activeId()))
            res.on('close', () => ids.push(activeId()))
            res.send('ok')
          })
        },
        '/',
        {
          method: 'POST',
          headers: {
            'content-type':
              kind === 'urlencoded' ? 'application/x-www-form-urlencoded' : 'application/json'
          },
          body: kind === 'urlencoded' ? 'a=1' : '{"a":1}'
        }
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(ids).toHaveLength(5)
      const idOf = (name: string): string | undefined =>
        layers ? all.find((one) => one.name.startsWith(name))?.span.spanId : span.span.spanId
      expect(new Set(ids)).toEqual(new Set([idOf('request handler')]))
      if (kind === 'data events')
        expect(new Set(inMiddleware)).toEqual(new Set([idOf('middleware')]))
    })
  })

  it('passes a request through that it already follows', async () => {
    const recorder = watched({ layers })
    const app = express()
    app.use(expressMiddleware(recorder.host), expressMiddleware(recorder.host))
    app.use('/sub', expressMiddleware(watched().host))
    app.get('/sub/x', (_req, res) => void res.send(activeId()))
    const port = await listen(createServer(app))
    const id = await (await fetch(`http://127.0.0.1:${port}/sub/x`)).text()
    expect(await recorder.servers()).toHaveLength(1)
    expect(recorder.seen.map(({ name }) => name)).toEqual([
      'GET /sub/x',
      ...(layers ? ['request handler - /sub/x'] : [])
    ])
    expect(recorder.seen.at(-1)?.span.spanId).toBe(id)
  })

  it('takes its changes to Express back when it is closed', async () => {
    const recorder = watched()
    const app = express()
    app.use(expressMiddleware(recorder.host))
    const router = ((app as { _router?: unknown })._router ?? app.router) as { stack: object[] }
    const shared = Object.getPrototypeOf(router.stack[0]) as Record<string, unknown>
    const before = Object.entries(shared)
    const port = await listen(createServer(app))
    await fetch(`http://127.0.0.1:${port}/`)
    const during = Object.entries(shared)
    expect(during).not.toEqual(before)
    expect(during.map(([, value]) => (value as () => void).length)).toEqual(
      before.map(([, value]) => (value as () => void).length)
    )
    recorder.host.close()
    expect(Object.entries(shared)).toEqual(before)
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
    expect(recorder.seen).toHaveLength(1)
  })

  it('answers as without', async () => {
    const answers: unknown[] = []
    for (const traced of [false, true]) {
      const recorder = watched()
      const app = express()
      app.set('env', 'test')
      if (traced) app.use(expressMiddleware(recorder.host))
      const counts: unknown[] = []
      app.use((req, res, next) => {
        counts.push(
          req.eventNames().map(String),
          res.eventNames().map(String),
          Object.keys(req).sort()
        )
        next()
      })
      app.use(express.json())
      app.get('/ok', (_req, res) => void res.set('X-A', '1').send('ok'))
      app.post('/echo', (req, res) => void res.json(req.body))
      app.get('/fail', () => {
        throw Object.assign(new Error('x'), { stack: 'a stack' })
      })
      const port = await listen(createServer(app))
      for (const [target, init] of [
        ['/ok', {}],
        ['/none', {}],
        ['/fail', {}],
        ['/ok', { method: 'OPTIONS' }],
        ['/ok', { method: 'HEAD' }],
        ['/%zz', {}],
        [
          '/echo',
          { method: 'POST', body: '{"a":[1]}', headers: { 'content-type': 'application/json' } }
        ],
        ['/echo', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }]
      ] as [string, RequestInit][]) {
        const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
        const text = await response.text()
        // A page with a stack shows where it ran through.
        const hidden = text.includes('<br>') ? ['date', 'content-length'] : ['date']
        const headers = [...response.headers].filter(([name]) => !hidden.includes(name))
        const body = text.replace(/at .*/gs, '')
        answers.push([traced, target, response.status, headers, body])
      }
      answers.push([traced, counts])
    }
    const [without, withUs] = [
      answers.slice(0, answers.length / 2),
      answers.slice(answers.length / 2)
    ]
    expect(withUs.map((answer) => (answer as unknown[]).slice(1))).toEqual(
      without.map((answer) => (answer as unknown[]).slice(1))
    )
  })
})
