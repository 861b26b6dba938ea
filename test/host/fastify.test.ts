import type { Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createGuard } from '../../src/base/safely.ts'
import { followFastify } from '../../src/host/fastify.ts'
import { traced } from '../../src/host/http.ts'
import type { Redactor } from '../../src/redact/redactor.ts'
import { library } from '../libraries/library.js'
import { openRedactor } from '../span/setup.ts'
import { activeId, closeAll, listen, type Seen, sleep, watched, type Watched } from './setup.ts'

type Handler = (request: { params: unknown }, reply: { send(body: string): void }) => unknown

interface Fastify {
  readonly server: Server
  ready(): Promise<unknown>
  get(path: string, handler: Handler): Fastify
  register(plugin: (app: Fastify) => Promise<void>, options: { prefix: string }): Fastify
  addHook(name: 'onRequest', hook: (request: { url: string }) => Promise<void>): Fastify
}

describe('fastify', () => {
  let recorder: Watched
  let app: Fastify

  // The default's rule for names, in small.
  const attribute = (key: string, value: unknown): unknown =>
    key === 'token' ? undefined : openRedactor.attribute(key, value as string)

  function follow(setup: Parameters<typeof watched>[0] = {}): void {
    recorder = watched({ redactor: { ...openRedactor, attribute } as Redactor, ...setup })
    followFastify(recorder.host, createGuard('fastify', recorder.report))
  }

  beforeEach(() => {
    follow()
    app = (library('fastify') as () => Fastify)()
  })

  afterEach(closeAll)

  async function send(target: string): Promise<Seen | undefined> {
    await app.ready()
    const port = await listen(traced(recorder.host, app.server))
    await (await fetch(`http://127.0.0.1:${port}${target}`)).text()
    return (await recorder.servers())[0]
  }

  it('gives the route with its prefixes', async () => {
    app.register(
      async (shop) => void shop.get('/items/:id', ({ params }) => Promise.resolve(params)),
      { prefix: '/shops/:shop' }
    )
    const span = await send('/shops/7/items/8?a=1')
    expect(span?.name).toBe('GET /shops/:shop/items/:id')
    expect(span?.attributes).toMatchObject({
      'http.route': '/shops/:shop/items/:id',
      'url.path': '/shops/7/items/8',
      'http.response.status_code': 200
    })
    expect(recorder.frameworks).toEqual(['http', 'fastify'])
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new RangeError('sold out')
      }
    ],
    ['rejects', () => Promise.reject(new RangeError('sold out'))]
  ])('records the error of a handler that %s', async (_how, handler) => {
    app.get('/broken', handler)
    const span = await send('/broken')
    expect(span?.name).toBe('GET /broken')
    expect(span?.exceptions).toMatchObject([{ 'exception.message': 'sold out' }])
    expect(span?.attributes).toMatchObject({ 'error.type': 'RangeError' })
  })

  it('shows the handler, with what it does below', async () => {
    let inside = ''
    app.get('/items/:id', async function showItem() {
      await sleep(2)
      inside = activeId()
      return 'ok'
    })
    const span = await send('/items/8')
    const handler = recorder.seen.find(({ name }) => name === 'request handler - showItem')
    expect(handler?.span.parentId).toBe(span?.span.spanId)
    expect(handler?.span.spanId).toBe(inside)
    expect(handler?.attributes).toEqual({
      'fastify.type': 'request_handler',
      'fastify.name': 'showItem',
      'http.route': '/items/:id'
    })
  })

  it('shows a handler that answers later until it has', async () => {
    app.get('/later', (_request, reply) => void setTimeout(() => reply.send('ok'), 20))
    await send('/later')
    const handler = recorder.seen.find(({ name }) => name === 'request handler - <anonymous>')
    expect(handler?.span.duration).toBeGreaterThan(15)
  })

  it('shows no handler where layers are off', async () => {
    recorder.host.close()
    follow({ layers: false })
    app.get('/items/:id', () => 'ok')
    expect((await send('/items/8'))?.name).toBe('GET /items/:id')
    expect(recorder.seen).toHaveLength(1)
  })

  it('hides the value of a parameter whose name says that it is secret', async () => {
    app.get('/reset/:token', () => 'ok')
    const span = await send('/reset/s3cr3t-s3cr3t')
    expect(span?.name).toBe('GET /reset/:token')
    expect(span?.attributes['url.path']).toBe('/reset/:token')
  })

  it('knows no route of what is answered before a handler', async () => {
    app.addHook('onRequest', () => Promise.reject(new Error('who are you')))
    app.get('/', () => 'ok')
    expect((await send('/'))?.name).toBe('GET')
  })

  it('is left alone once recording has stopped', async () => {
    app.get('/', () => 'ok')
    recorder.host.close()
    await app.ready()
    const port = await listen(app.server)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('ok')
    expect(recorder.seen).toEqual([])
  })
})
