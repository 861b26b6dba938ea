import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import type Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import { koaMiddleware } from '../../src/host/koa.ts'
import {
  activeId,
  closeAll,
  koaVersions,
  listen,
  type Seen,
  watched,
  withAndWithoutLayers
} from './setup.ts'

afterEach(closeAll)

class Broken extends Error {
  override name = 'Broken'
}

describe.each(withAndWithoutLayers(koaVersions))('%s', (_version, Application, layers) => {
  async function send(
    build: (app: Koa) => void,
    target: string,
    init?: RequestInit
  ): Promise<{ response: Response; body: string; span: Seen; all: Seen[] }> {
    const recorder = watched({ layers })
    const app = new Application()
    app.silent = true
    app.use(koaMiddleware(recorder.host))
    build(app)
    const port = await listen(createServer(app.callback()))
    const response = await fetch(`http://127.0.0.1:${port}${target}`, init)
    const body = await response.text()
    const servers = await recorder.servers()
    expect(recorder.frameworks).toEqual(['koa'])
    expect(servers).toHaveLength(1)
    return { response, body, span: servers[0], all: recorder.seen }
  }

  describe('names the span by the route', () => {
    it('of a router with a prefix and a nested one', async () => {
      const { span } = await send((app) => {
        const inner = new Router().get('/items/:item', (ctx) => {
          ctx.body = 'ok'
        })
        const outer = new Router({ prefix: '/api/:ver' }).use('/shops/:shop', inner.routes())
        app.use(outer.routes())
      }, '/api/v1/shops/acme/items/3?x=1')
      expect(span.name).toBe('GET /api/:ver/shops/:shop/items/:item')
      expect(span.attributes['http.route']).toBe('/api/:ver/shops/:shop/items/:item')
      expect(span.attributes['http.response.status_code']).toBe(200)
    })

    it('also where the handler threw', async () => {
      const { span } = await send((app) => {
        const router = new Router().get('/err/:id', () => {
          throw new Broken('down')
        })
        app.use(router.routes())
      }, '/err/1')
      expect(span.name).toBe('GET /err/:id')
    })

    it('that is a regular expression', async () => {
      const { span } = await send((app) => {
        const router = new Router().get(/^\/re\/\d+$/, (ctx) => {
          ctx.body = 'ok'
        })
        app.use(router.routes())
      }, '/re/1')
      expect(span.name).toBe('GET /^\\/re\\/\\d+$/')
    })

    it('not at all when none matches', async () => {
      const { span, response } = await send((app) => {
        const router = new Router().get('/a', (ctx) => {
          ctx.body = 'ok'
        })
        app.use(router.routes()).use(router.allowedMethods())
      }, '/b')
      expect(response.status).toBe(404)
      expect(span.name).toBe('GET')
      expect(span.attributes['http.route']).toBeUndefined()
    })
  })

  describe('records the error that failed the request', () => {
    const boom = new Broken('no order', { cause: new Error('disk full') })

    it.each<[string, Koa.Middleware]>([
      [
        'thrown by a middleware',
        () => {
          throw boom
        }
      ],
      [
        'rejected later',
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 2))
          throw boom
        }
      ]
    ])('%s, and lets the very same one through', async (_title, middleware) => {
      const emitted: unknown[] = []
      const { span, response } = await send((app) => {
        app.silent = false
        app.on('error', (error) => emitted.push(error))
        app.use(middleware)
      }, '/')
      expect(response.status).toBe(500)
      expect(emitted).toEqual([boom])
      expect(emitted[0]).toBe(boom)
      expect(span.exceptions).toHaveLength(1)
      expect(span.exceptions[0]).toMatchObject({
        'exception.type': 'Broken',
        'exception.stacktrace': expect.stringContaining('Caused by: Error: disk full')
      })
      expect(span.attributes['error.type']).toBe('Broken')
      expect(span.span.status).toBe(2)
    })

    it('and leaves the status unset when it is the client that erred', async () => {
      const { span, response } = await send((app) => {
        app.use((ctx) => ctx.throw(403, 'not yours'))
      }, '/')
      expect(response.status).toBe(403)
      expect(span.exceptions).toHaveLength(1)
      expect(span.span.status).toBe(0)
      expect(span.attributes['error.type']).toBeUndefined()
    })

    it('in the midst of a streamed body', async () => {
      const recorder = watched()
      const app = new Application()
      app.silent = true
      app.use(koaMiddleware(recorder.host))
      app.use((ctx) => {
        let sent = false
        ctx.body = new Readable({
          read() {
            if (sent) this.destroy(boom)
            else this.push('x'.repeat(10))
            sent = true
          }
        })
      })
      const port = await listen(createServer(app.callback()))
      // Koa 2 leaves the answer open.
      const signal = AbortSignal.timeout(200)
      await fetch(`http://127.0.0.1:${port}/`, { signal })
        .then((response) => response.text())
        .catch(() => '')
      const [span] = await recorder.servers()
      expect(span?.exceptions.map((error) => error['exception.type'])).toEqual(['Broken'])
      expect(span?.span.status).toBe(2)
      expect(span?.attributes['error.type']).toBe('Broken')
    })
  })

  it('keeps the span active in handlers, after await, in timers and in body events', async () => {
    const ids: string[] = []
    const around: string[] = []
    const atEnd: string[] = []
    const { span, all } = await send(
      (app) => {
        app.use(async (_ctx, next) => {
          around.push(activeId())
          await next()
          around.push(activeId())
        })
        app.use(async (ctx) => {
          await new Promise<void>((resolve) => {
            ctx.req.on('data', () => ids.push(activeId()))
            ctx.req.on('end', () => {
              ids.push(activeId())
              resolve()
            })
          })
          await new Promise((resolve) => setTimeout(resolve, 2))
          ids.push(activeId())
          // Koa answers once all middleware is done.
          ctx.res.on('finish', () => atEnd.push(activeId()))
          ctx.body = 'ok'
        })
      },
      '/',
      { method: 'POST', body: 'a body' }
    )
    expect([around.length, ids.length]).toEqual([2, 3])
    expect(atEnd).toEqual([span.span.spanId])
    const [outer, inner] = layers ? all.slice(1) : [span, span]
    expect(new Set(around)).toEqual(new Set([outer?.span.spanId]))
    expect(new Set(ids)).toEqual(new Set([inner?.span.spanId]))
  })

  it('leaves an answer that is not Koa’s to whoever gives it', async () => {
    const recorder = watched({
      layers,
      page(_req, res, base) {
        res.statusCode = 200
        res.end(`page at '${base}', active '${activeId()}'`)
        return true
      }
    })
    const app = new Application()
    app.use(koaMiddleware(recorder.host))
    app.use((ctx) => {
      ctx.body = 'app'
    })
    const port = await listen(createServer(app.callback()))
    const get = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await get('/_traces/api')).toBe("page at '', active ''")
    expect(await get('/')).toBe('app')
    const servers = await recorder.servers()
    expect(servers.map(({ attributes }) => attributes['url.path'])).toEqual(['/'])
  })

  it('follows each request once, however often it is mounted', async () => {
    const recorder = watched({ layers })
    const app = new Application()
    app.use(koaMiddleware(recorder.host)).use(koaMiddleware(watched().host))
    app.use((ctx) => {
      ctx.body = activeId()
    })
    const port = await listen(createServer(app.callback()))
    const id = await (await fetch(`http://127.0.0.1:${port}/`)).text()
    expect(await recorder.servers()).toHaveLength(1)
    expect(recorder.seen).toHaveLength(layers ? 2 : 1)
    expect(recorder.seen.at(-1)?.span.spanId).toBe(id)
  })

  it('answers as without', async () => {
    const answers: unknown[][] = [[], []]
    for (const [i, list] of answers.entries()) {
      const app = new Application()
      app.silent = true
      const recorder = watched({ layers })
      if (i === 1) app.use(koaMiddleware(recorder.host))
      app.use(async (ctx, next) => {
        list.push([
          ctx.req.eventNames().map(String),
          ctx.res.eventNames().map(String),
          Object.keys(ctx)
        ])
        await next()
      })
      const router = new Router()
      router.get('/ok', (ctx) => {
        ctx.set('X-A', '1')
        ctx.body = { a: 1 }
      })
      router.get('/none', (ctx) => {
        ctx.status = 204
      })
      router.get('/fail', (ctx) => ctx.throw(418, 'teapot', { headers: { 'x-b': '2' } }))
      app.use(router.routes()).use(router.allowedMethods())
      const port = await listen(createServer(app.callback()))
      for (const [method, path] of [
        ['GET', '/ok'],
        ['HEAD', '/ok'],
        ['POST', '/ok'],
        ['GET', '/none'],
        ['GET', '/fail'],
        ['GET', '/nowhere']
      ] as const) {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
        const headers = [...response.headers].filter(([name]) => name !== 'date')
        list.push([response.status, headers, await response.text()])
      }
      if (i === 1) await recorder.servers(6)
    }
    expect(answers[1]).toEqual(answers[0])
  })
})
