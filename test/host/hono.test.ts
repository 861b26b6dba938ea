import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followRouters } from '../../src/host/hono.ts'
import { traced } from '../../src/host/http.ts'
import { library } from '../libraries/library.js'
import { closeAll, listen, type Seen, watched, type Watched } from './setup.ts'
import { until } from '../until.ts'

interface Context {
  readonly req: { param(): unknown }
  text(text: string): unknown
}
type Next = () => Promise<void>
type Handler = (c: Context, next: Next) => unknown

interface App {
  readonly fetch: unknown
  readonly router: { readonly name: string }
  get(path: string, ...handlers: Handler[]): App
  use(path: string, handler: Handler): App
  route(path: string, app: App): App
  onError(handler: (error: Error, c: Context) => unknown): App
}
type Class<T> = new (options?: object) => T

const { Hono } = library('hono') as { Hono: Class<App> }
const { Hono: TinyHono } = library('hono/tiny') as { Hono: Class<App> }
const { getRequestListener } = library('@hono/node-server') as {
  getRequestListener: (fetch: unknown, options: object) => RequestListener
}
const kinds = ['linear', 'pattern', 'reg-exp', 'trie']
const routers = kinds.flatMap((kind) =>
  Object.values(library(`hono/router/${kind}-router`) as object)
) as { prototype?: { add?: unknown } }[]

describe('hono', () => {
  let recorder: Watched
  let app: App
  const ok: Handler = (c) => c.text('ok')

  beforeEach(() => {
    recorder = watched()
    app = new Hono()
  })

  afterEach(closeAll)

  async function send(...targets: string[]): Promise<Seen[]> {
    followRouters(recorder.host, routers)
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    const port = await listen(traced(recorder.host, createServer(listener)))
    for (const [i, target] of targets.entries()) {
      await (await fetch(`http://127.0.0.1:${port}${target}`)).text()
      await until(() => recorder.seen.length > i)
    }
    return recorder.seen
  }

  it('gives the route with its base, of applications that were made before', async () => {
    app.route('/shops/:shop', new Hono().get('/items/:id', ok))
    const [span] = await send('/shops/7/items/8?a=1')
    expect(span?.name).toBe('GET /shops/:shop/items/:id')
    expect(span?.attributes).toMatchObject({
      'http.route': '/shops/:shop/items/:id',
      'http.response.status_code': 200
    })
    expect(recorder.frameworks).toEqual(['http', 'hono'])
  })

  it('takes the handler that answers, not the middleware before it', async () => {
    app.use('*', (_c, next) => next())
    app.use('/items/*', async (_c, next) => await next())
    app.get('/items/:id', ok)
    const [item, nothing] = await send('/items/8', '/items/8/more')
    expect(item?.name).toBe('GET /items/:id')
    expect(nothing?.name).toBe('GET')
  })

  it('is followed through each of its routers', async () => {
    // A parameter beside a wildcard is what makes Hono choose the router by tries.
    app.get('/files/:name/*', ok).get('/files/*/:id/x', ok)
    const [span] = await send('/files/a/b')
    expect(span?.name).toBe('GET /files/:name/*')
    app = new TinyHono().get('/items/:id', ok)
    const [, tiny] = await send('/items/8')
    expect(tiny?.name).toBe('GET /items/:id')
  })

  it.each<[string, Handler]>([
    [
      'throws',
      () => {
        throw new RangeError('sold out')
      }
    ],
    ['rejects', () => Promise.reject(new RangeError('sold out'))]
  ])('records the error of a handler that %s', async (_how, handler) => {
    app.onError((_error, c) =>
      (c as unknown as { text(t: string, s: number): unknown }).text('no', 500)
    )
    app.get('/broken', handler)
    const [span] = await send('/broken')
    expect(span?.name).toBe('GET /broken')
    expect(span?.exceptions).toMatchObject([{ 'exception.message': 'sold out' }])
  })

  it('is as before once recording has stopped', async () => {
    const adds = (): unknown[] => routers.map(({ prototype }) => prototype?.add)
    const before = adds()
    app.get('/items/:id', ok)
    await send('/items/8')
    expect(adds()).not.toEqual(before)
    recorder.host.close()
    expect(adds()).toEqual(before)
    expect(recorder.report.drops.get('internal error')).toBeUndefined()
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    const port = await listen(createServer(listener))
    expect(await (await fetch(`http://127.0.0.1:${port}/items/9`)).text()).toBe('ok')
    expect(recorder.seen).toHaveLength(1)
  })
})
