import { createServer } from 'node:http'
import Router from '@koa/router'
import type Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import { koaMiddleware } from '../../src/host/koa.ts'
import {
  activeId,
  closeAll,
  koaVersions,
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

describe.each(koaVersions)('%s', (_version, Application) => {
  interface Result {
    status: number
    body: string
    recorder: Watched
    lines: string[]
    span(name: string): Seen
  }

  async function send(build: (app: Koa, recorder: Watched) => void, target = '/'): Promise<Result> {
    const recorder = watched()
    const app = new Application()
    app.silent = true
    app.use(koaMiddleware(recorder.host))
    build(app, recorder)
    const port = await listen(createServer(app.callback()))
    const response = await fetch(`http://127.0.0.1:${port}${target}`)
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

  const ok: Koa.Middleware = (ctx) => {
    ctx.body = 'ok'
  }

  describe('has a span', () => {
    it('for each middleware, around all that comes after it', async () => {
      const { lines, span } = await send((app) => {
        app.use(async function outer(_ctx, next) {
          await sleep(10)
          await next()
        })
        app.use(async function inner(ctx) {
          await sleep(10)
          ctx.body = 'ok'
        })
      })
      expect(lines).toEqual(['GET', '  middleware - outer', '    middleware - inner'])
      expect(span('middleware - outer').attributes).toEqual({
        'koa.type': 'middleware',
        'koa.name': 'outer'
      })
      const around = span('middleware - outer').span
      const within = span('middleware - inner').span
      expect(around.duration - within.duration).toBeGreaterThanOrEqual(9e6)
      expect(within.start + within.duration).toBeLessThanOrEqual(around.start + around.duration)
    })

    it('for each function of a route, by its path with all prefixes', async () => {
      const { lines, span } = await send((app) => {
        const inner = new Router().use(async function inside(_ctx: unknown, next: Koa.Next) {
          await next()
        })
        inner.get(
          '/items/:item',
          async function load(_ctx, next) {
            await next()
          },
          ok
        )
        const outer = new Router({ prefix: '/api/:ver' }).use('/shops/:shop', inner.routes())
        app.use(outer.routes()).use(outer.allowedMethods())
      }, '/api/v1/shops/acme/items/3')
      const route = '/api/:ver/shops/:shop/items/:item'
      expect(lines).toEqual([
        `GET ${route}`,
        '  middleware - inside',
        '    middleware - load',
        `      router - ${route}`
      ])
      expect(span('middleware - inside').attributes['http.route']).toBeUndefined()
      expect(span('middleware - load').attributes).toEqual({
        'koa.type': 'middleware',
        'koa.name': 'load',
        'http.route': route
      })
      expect(span(`router - ${route}`).attributes).toEqual({
        'koa.type': 'router',
        'koa.name': route,
        'http.route': route
      })
    })

    it('for a route that is added while it runs, and by the prefix that a router has by then', async () => {
      const recorder = watched()
      const app = new Application()
      app.use(koaMiddleware(recorder.host))
      const router = new Router().get('/a', ok)
      app.use(router.routes())
      const port = await listen(createServer(app.callback()))
      const ask = async (path: string): Promise<string> =>
        (await fetch(`http://127.0.0.1:${port}${path}`)).text()
      await ask('/a')
      router.get('/b', ok)
      await ask('/b')
      router.prefix('/later')
      await ask('/later/b')
      await recorder.servers(3)
      expect(outline(recorder.seen)).toEqual([
        'GET /a',
        '  router - /a',
        'GET /b',
        '  router - /b',
        'GET /later/b',
        '  router - /later/b'
      ])
    })

    it('for no layer when they are not wanted, whose functions are left as they are', async () => {
      const recorder = watched({ layers: false })
      const app = new Application()
      app.use(koaMiddleware(recorder.host)).use((ctx) => {
        ctx.body = activeId()
      })
      const before = [...app.middleware]
      const port = await listen(createServer(app.callback()))
      const id = await (await fetch(`http://127.0.0.1:${port}/`)).text()
      await recorder.servers()
      expect(recorder.seen.map(({ span }) => span.spanId)).toEqual([id])
      expect(app.middleware).toEqual(before)
    })

    it('that ends when the client leaves, and no middleware is left open', async () => {
      const recorder = watched()
      const app = new Application()
      app.use(koaMiddleware(recorder.host))
      let entered = false
      app.use(function hangs() {
        entered = true
        return new Promise<void>(() => {})
      })
      const port = await listen(createServer(app.callback()))
      const leaves = new AbortController()
      const answer = fetch(`http://127.0.0.1:${port}/`, { signal: leaves.signal })
      await until(() => entered)
      leaves.abort()
      await answer.catch(() => {})
      await recorder.servers()
      expect(outline(recorder.seen)).toEqual(['GET', '  middleware - hangs'])
      expect(recorder.open.size).toBe(0)
    })
  })

  it('runs each middleware in its own span, before and after it waited for the others', async () => {
    const { lines } = await send((app, { tracer }) => {
      app.use(async function outer(_ctx, next) {
        tracer.start('before').end()
        await next()
        tracer.start('after').end()
      })
      app.use(async function inner(ctx, next) {
        await sleep(1)
        tracer.start('inside').end()
        await next()
        ctx.body = 'ok'
      })
    })
    expect(lines).toEqual([
      'GET',
      '  middleware - outer',
      '    before',
      '    middleware - inner',
      '      inside',
      '    after'
    ])
  })

  describe('records an error', () => {
    it.each<[string, Koa.Middleware]>([
      [
        'that is thrown',
        function fails() {
          throw new Broken('no order')
        }
      ],
      [
        'that a promise rejects with',
        async function fails() {
          await sleep(1)
          throw new Broken('no order')
        }
      ]
    ])('%s, on the middleware that it comes from alone', async (_title, fails) => {
      const { status, span, recorder } = await send((app) => {
        app.use(async function around(_ctx, next) {
          await next()
        })
        app.use(fails)
      })
      expect(status).toBe(500)
      const layer = span('middleware - fails')
      expect([layer.span.status, layer.span.statusMessage]).toEqual([2, 'no order'])
      expect(layer.attributes['error.type']).toBe('Broken')
      const failed = recorder.seen.filter(({ exceptions }) => exceptions.length > 0)
      expect(failed.map(({ name }) => name)).toEqual(['GET', 'middleware - fails'])
    })

    it('that another middleware answers for, without failing the request', async () => {
      const { status, span } = await send((app) => {
        app.use(async function answers(ctx, next) {
          try {
            await next()
          } catch {
            ctx.body = 'instead'
          }
        })
        app.use(function fails() {
          throw new Broken('no order')
        })
      })
      expect(status).toBe(200)
      expect(span('middleware - fails').span.status).toBe(2)
      expect(span('middleware - answers').span.status).toBe(0)
      expect([span('GET').span.status, span('GET').exceptions]).toEqual([0, []])
    })

    it('that nobody waits for as one that nobody has handled', async () => {
      const unhandled: unknown[] = []
      const before = process.listeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      process.on('unhandledRejection', (reason) => unhandled.push(reason))
      try {
        await send((app) => {
          app.use((ctx, next) => {
            void next()
            ctx.body = 'ok'
          })
          app.use(async () => {
            throw new Broken('lost')
          })
        })
        await until(() => unhandled.length > 0)
        expect(unhandled).toEqual([expect.any(Broken)])
      } finally {
        process.removeAllListeners('unhandledRejection')
        for (const listener of before) process.on('unhandledRejection', listener)
      }
    })
  })

  it('leaves what a middleware is seen to be: name, length, properties, `this` and result', async () => {
    const results: unknown[] = []
    const { recorder } = await send((app) => {
      app.use(async (_ctx, next) => {
        results.push(await next())
      })
      const middleware = Object.assign(
        function looked(this: unknown, _ctx: unknown, _next: unknown): string {
          results.push(this)
          return 'result'
        },
        { extra: 5 }
      )
      app.use(middleware as unknown as Koa.Middleware)
      app.callback()
      const shown = app.middleware[2] as unknown as typeof middleware
      expect([shown.name, shown.length, shown.extra]).toEqual(['looked', 2, 5])
      expect(shown).not.toBe(middleware)
    })
    expect(results).toEqual([undefined, 'result'])
    expect(recorder.seen).toHaveLength(3)
  })

  describe('with several recorders, apps and callbacks', () => {
    const appOn = (recorder: Watched): Koa => {
      const app = new Application()
      app.use(koaMiddleware(recorder.host))
      return app.use(ok)
    }
    const ask = async (app: Koa): Promise<void> => {
      const port = await listen(createServer(app.callback()))
      await (await fetch(`http://127.0.0.1:${port}/`)).text()
    }

    it('records each middleware once, in two apps and two callbacks of one', async () => {
      const recorder = watched()
      const app = appOn(recorder)
      await ask(app)
      await ask(app)
      await ask(appOn(recorder))
      await recorder.servers(3)
      expect(outline(recorder.seen)).toEqual(
        Array.from({ length: 3 }, () => ['GET', '  middleware - ok']).flat()
      )
    })

    it('gives everything back when it is closed, and the next recorder has its layers', async () => {
      const callback = Reflect.get(Application.prototype, 'callback') as unknown
      const first = watched()
      const app = appOn(first)
      await ask(app)
      expect(app.middleware[1]).not.toBe(ok)
      first.host.close()
      expect(app.middleware[1]).toBe(ok)
      expect(Reflect.get(Application.prototype, 'callback')).toBe(callback)
      const second = watched()
      await ask(appOn(second))
      await second.servers()
      expect(outline(second.seen)).toEqual(['GET', '  middleware - ok'])
      expect(first.seen).toHaveLength(2)
    })
  })
})
