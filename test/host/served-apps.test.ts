import { createServer, type RequestListener, type Server } from 'node:http'
import Router from '@koa/router'
import type { Application, Request, Response } from 'express'
import type Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import { expressMiddleware } from '../../src/host/express.ts'
import { traced } from '../../src/host/http.ts'
import { followContexts, koaMiddleware } from '../../src/host/koa.ts'
import {
  closeAll,
  expressVersions,
  koaVersions,
  listen,
  type Seen,
  watched,
  type Watched
} from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

/** Asks one after the other; gives the server spans in that order. */
async function send(recorder: Watched, server: Server, targets: string[]): Promise<Seen[]> {
  const port = await listen(server)
  for (const [i, target] of targets.entries()) {
    await (await fetch(`http://127.0.0.1:${port}${target}`)).text()
    await until(() => recorder.seen.length > i)
  }
  expect(recorder.seen).toHaveLength(targets.length)
  return recorder.seen
}

describe.each(expressVersions)('%s behind a server that is traced', (version, express) => {
  const framework = version.startsWith('Express 5') ? 'express 5' : 'express 4'

  function shop(recorder?: Watched): Application {
    const app = express()
    app.set('env', 'test')
    if (recorder !== undefined) app.use(expressMiddleware(recorder.host))
    const items = express.Router({ mergeParams: true })
    items.get('/items/:id', (_req: Request, res: Response) => void res.send('ok'))
    items.get('/broken', () => {
      throw new RangeError('sold out')
    })
    return app.use('/shops/:shop', items)
  }

  const targets = ['/shops/7/items/8', '/shops/7/broken']

  function expectRoutes([item, broken]: Seen[]): void {
    expect(item?.name).toBe('GET /shops/:shop/items/:id')
    expect(broken?.name).toBe('GET /shops/:shop/broken')
    expect(broken?.exceptions).toMatchObject([{ 'exception.message': 'sold out' }])
  }

  it('gives routes and errors from the first request on, being its listener', async () => {
    const recorder = watched({ layers: false })
    expectRoutes(await send(recorder, traced(recorder.host, createServer(shop())), targets))
    expect(recorder.frameworks).toEqual(['http', framework])
  })

  it('does so as a traced listener', async () => {
    const recorder = watched({ layers: false })
    const listener = traced(recorder.host, shop() as unknown as RequestListener)
    expectRoutes(await send(recorder, createServer(listener), targets))
  })

  it('does so when its listener calls the application, from the second request on', async () => {
    const recorder = watched({ layers: false })
    const app = shop() as unknown as RequestListener
    const server = traced(
      recorder.host,
      createServer((req, res) => app(req, res))
    )
    const [, ...later] = await send(recorder, server, ['/shops/7/items/8', ...targets])
    expectRoutes(later)
    expect(recorder.frameworks).toEqual(['http', framework])
  })

  it('does so when it has the middleware, too, by one span for each request', async () => {
    const recorder = watched({ layers: false })
    const server = traced(recorder.host, createServer(shop(recorder)))
    expectRoutes(await send(recorder, server, targets))
  })

  it('may be without any layer', async () => {
    const recorder = watched({ layers: false })
    const server = traced(recorder.host, createServer(express()))
    const [span] = await send(recorder, server, ['/nowhere'])
    expect(span?.name).toBe('GET')
    expect(recorder.report.drops.get('internal error')).toBeUndefined()
  })
})

describe.each(koaVersions)('%s behind a server that is traced', (_version, Application) => {
  it.each<[string, (app: Koa, recorder: Watched) => unknown]>([
    ['the middleware', (app, { host }) => app.use(koaMiddleware(host))],
    ['the module', (_app, { host }) => followContexts(host, Application)],
    [
      'both',
      (app, { host }) => {
        followContexts(host, Application)
        app.use(koaMiddleware(host))
      }
    ]
  ])('gives routes and errors by %s', async (_how, follow) => {
    const recorder = watched({ layers: false })
    const app: Koa = new Application()
    app.silent = true
    follow(app, recorder)
    const router = new Router()
    router.get('/items/:id', (ctx) => void (ctx.body = 'ok'))
    router.get('/broken', () => {
      throw new RangeError('sold out')
    })
    app.use(router.routes())
    const server = traced(recorder.host, createServer(app.callback()))
    const [item, broken] = await send(recorder, server, ['/items/8', '/broken'])
    expect(item?.name).toBe('GET /items/:id')
    expect(broken?.name).toBe('GET /broken')
    expect(broken?.exceptions).toMatchObject([{ 'exception.message': 'sold out' }])
    expect(recorder.frameworks).toEqual(['http', 'koa'])
  })

  it('is as before once recording has stopped', () => {
    const { host } = watched()
    const { createContext } = Application.prototype
    followContexts(host, Application)
    expect(Application.prototype.createContext).not.toBe(createContext)
    expect(Application.prototype.createContext).toHaveLength(createContext.length)
    host.close()
    expect(Application.prototype.createContext).toBe(createContext)
  })
})
