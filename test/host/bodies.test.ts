import { createServer } from 'node:http'
import { createServer as createHttp2, connect, type Http2Server } from 'node:http2'
import { Readable } from 'node:stream'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { expressMiddleware } from '../../src/host/express.ts'
import type { HostSetup } from '../../src/host/host.ts'
import { traced } from '../../src/host/http.ts'
import { koaMiddleware } from '../../src/host/koa.ts'
import { redactor } from '../redact/setup.ts'
import { closeAll, expressVersions, koaVersions, listen, watched, type Watched } from './setup.ts'

afterEach(closeAll)

const inspecting = (bodies: boolean): Partial<HostSetup> => ({
  redactor: redactor(),
  inspect: { active: true, begin: () => ({ bodies, end() {} }) }
})

const sent = JSON.stringify({ name: 'Ada', password: 'canary-1', note: 'schön' })
const kept = '{"name":"Ada","password":"[redacted]","note":"schön"}'

async function post(port: number, path = '/', body: BodyInit = sent): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body
  })
  return answer.text()
}

async function bodiesOf({ servers }: Watched): Promise<Record<string, unknown>> {
  const [server] = await servers()
  return Object.fromEntries(
    Object.entries(server?.attributes ?? {}).filter(([key]) => key.includes('.body.'))
  )
}

describe('bodies', () => {
  it.each(expressVersions)('of %s are kept, cleaned, whatever parses them', async (_, express) => {
    const watch = watched(inspecting(true))
    const app = express()
    app.use(expressMiddleware(watch.host) as never)
    app.use(express.json())
    app.post('/', (req, res) => void res.json({ token: 'canary-2', got: req.body.name as string }))
    const answer = await post(await listen(createServer(app)))
    expect(answer).toBe('{"token":"canary-2","got":"Ada"}')
    expect(await bodiesOf(watch)).toEqual({
      'http.request.body.size': Buffer.byteLength(sent),
      'http.request.body.content': kept,
      'http.response.body.size': answer.length,
      'http.response.body.content': '{"token":"[redacted]","got":"Ada"}'
    })
    expect(JSON.stringify(watch.seen)).not.toContain('canary')
  })

  it.each(koaVersions)('of %s, read and sent as streams, are kept', async (_, Koa) => {
    const watch = watched(inspecting(true))
    const app = new Koa()
    app.use(koaMiddleware(watch.host) as never)
    app.use(async (ctx) => {
      let text = ''
      for await (const chunk of ctx.req) text += String(chunk)
      ctx.type = 'json'
      ctx.body = Readable.from([text.slice(0, 5), text.slice(5)])
    })
    expect(await post(await listen(createServer(app.callback())))).toBe(sent)
    expect(await bodiesOf(watch)).toMatchObject({
      'http.request.body.content': kept,
      'http.response.body.content': kept
    })
  })

  it('of HTTP/2 are kept once', async () => {
    const watch = watched(inspecting(true))
    const server: Http2Server = createHttp2((req, res) => {
      req.resume().on('end', () => {
        res.setHeader('content-type', 'application/json')
        res.write('{"a":')
        res.end('1}')
      })
    })
    traced(watch.host, server)
    const port = await listen(server as never)
    const session = connect(`http://127.0.0.1:${port}`)
    const stream = session.request({ ':method': 'POST', 'content-type': 'application/json' })
    stream.end(sent)
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    session.close()
    expect(text).toBe('{"a":1}')
    expect(await bodiesOf(watch)).toMatchObject({
      'http.request.body.content': kept,
      'http.response.body.size': 7,
      'http.response.body.content': '{"a":1}'
    })
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync]
  ] as const)('packed by %s are unpacked for us and nobody else', async (encoding, pack) => {
    const watch = watched(inspecting(true))
    const packed = pack('{"answer":42}')
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
      res.write(packed.subarray(0, 4))
      res.end(packed.subarray(4))
    })
    traced(watch.host, server)
    const port = await listen(server)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toEqual({ answer: 42 })
    expect(await bodiesOf(watch)).toEqual({
      'http.response.body.size': packed.length,
      'http.response.body.content': '{"answer":42}'
    })
  })

  it.each([
    ['that are too long', 'application/json', `"${'x'.repeat(70_000)}"`, 'longer than 64 KiB'],
    ['that are text', 'text/plain', 'my password is canary', 'neither JSON nor a form'],
    ['that are broken', 'application/json', '{"password":"canary', 'neither JSON nor a form'],
    ['without a type', '', 'canary', 'of no type']
  ])('%s are counted and not kept', async (_, type, body, why) => {
    const watch = watched(inspecting(true))
    const server = createServer((_req, res) => {
      if (type !== '') res.setHeader('content-type', type)
      res.end(body)
    })
    traced(watch.host, server)
    const port = await listen(server)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(body)
    expect(await bodiesOf(watch)).toEqual({
      'http.response.body.size': body.length,
      'http.response.body.content': `[not kept: ${why}]`
    })
  })

  it('that are a bomb when unpacked are not', async () => {
    const watch = watched(inspecting(true))
    const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20, ' '))
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      res.end(bomb)
    })
    traced(watch.host, server)
    const port = await listen(server)
    await (await fetch(`http://127.0.0.1:${port}/`)).arrayBuffer()
    expect((await bodiesOf(watch))['http.response.body.content']).toContain('when unpacked')
  })

  it('pass as they are: chunks, callbacks, results and what the host overrides later', async () => {
    const watch = watched(inspecting(true))
    const told: unknown[] = []
    const server = createServer((_req, res) => {
      res.setHeader('content-type', 'application/json')
      expect(Object.keys(res)).not.toContain('write')
      expect([res.write.name, res.end.length]).toEqual(['write', 3])
      // As compression does it.
      const { end } = res
      res.end = ((...args: Parameters<typeof end>) => Reflect.apply(end, res, args)) as typeof end
      told.push(res.write('5b31', 'hex', () => told.push('written')))
      told.push(res.end(Buffer.from(']'), () => told.push('ended')) === res)
    })
    traced(watch.host, server)
    const port = await listen(server)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('[1]')
    expect(await bodiesOf(watch)).toMatchObject({ 'http.response.body.content': '[1]' })
    expect(told).toEqual([true, true, 'written', 'ended'])
  })

  it('are left alone when nobody asked', async () => {
    const watch = watched(inspecting(false))
    const server = createServer((_req, res) => {
      expect(Object.hasOwn(res, 'write')).toBe(false)
      res.setHeader('content-type', 'application/json').end('{"a":1}')
    })
    traced(watch.host, server)
    await post(await listen(server))
    expect(await bodiesOf(watch)).not.toHaveProperty('http.response.body.content')
  })
})
