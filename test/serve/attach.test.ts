import express from 'express'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import {
  connect as connectHttp2,
  createSecureServer,
  createServer as createHttp2
} from 'node:http2'
import { createServer as createTls, request as requestTls } from 'node:https'
import { createRequire } from 'node:module'
import { type AddressInfo, connect } from 'node:net'
import { Server as SocketServer } from 'socket.io'
import { io } from 'socket.io-client'
import { afterEach, describe, expect, it } from 'vitest'
import { createServer as createVite } from 'vite'
import { WebSocket, WebSocketServer } from 'ws'
import { createServe, type Serve } from '../../src/serve/serve.ts'
import {
  ask,
  handshake,
  listen,
  Memory,
  openPage,
  raw,
  setupOf,
  silentReport,
  stop
} from './fixtures.ts'

const expressWs = createRequire(import.meta.url)('express-ws') as (
  app: express.Express,
  server: Server
) => { app: { ws(path: string, handler: (ws: WebSocket) => void): void } }

const tls = new URL('../fixtures/tls/', import.meta.url)
const certificate = {
  key: readFileSync(new URL('key.pem', tls)),
  cert: readFileSync(new URL('cert.pem', tls))
}

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanup.splice(0).toReversed()) await undo()
})

function serving(path = '/_traces'): Serve {
  const serve = createServe(setupOf(new Memory(), { path }))
  cleanup.push(() => serve.close())
  return serve
}

function front(
  serve: Serve,
  then: RequestListener = (_req, res) => void res.end('host')
): RequestListener {
  return (req, res) => void (serve.handle(req, res, '') || then(req, res))
}

/** Talks over a socket of the host's own and gives what came back. */
type Talk = (port: number) => Promise<string>
/** Puts a WebSocket library on a server; gives a way to talk to it. */
type Library = (server: Server) => Promise<Talk> | Talk

async function echo(port: number, path: string): Promise<string> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  await once(ws, 'open')
  ws.send('hello')
  const [data] = (await once(ws, 'message')) as [Buffer]
  ws.close()
  return data.toString()
}

const answerEcho = (ws: WebSocket): void =>
  void ws.on('message', (data: Buffer) => ws.send(`echo ${data.toString()}`))

const libraries: Record<string, Library> = {
  'ws on the whole server'(server) {
    const wss = new WebSocketServer({ server })
    cleanup.push(() => wss.close())
    wss.on('connection', answerEcho)
    return (port) => echo(port, '/anything')
  },
  'ws on a path'(server) {
    const wss = new WebSocketServer({ server, path: '/chat' })
    cleanup.push(() => wss.close())
    wss.on('connection', answerEcho)
    return (port) => echo(port, '/chat')
  },
  'socket.io'(server) {
    const sockets = new SocketServer(server, { transports: ['websocket'] })
    cleanup.push(() => sockets.disconnectSockets(true))
    sockets.on('connection', (socket) => {
      socket.on('say', (text: string, reply: (text: string) => void) => reply(`echo ${text}`))
    })
    return async (port) => {
      const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], forceNew: true })
      try {
        return (await client.timeout(5000).emitWithAck('say', 'hello')) as string
      } finally {
        client.close()
      }
    }
  },
  'express-ws'(server) {
    const { app } = expressWs(express(), server)
    app.ws('/chat', answerEcho)
    return (port) => echo(port, '/chat')
  },
  async 'the HMR of Vite'(server) {
    const vite = await createVite({
      configFile: false,
      root: new URL('./ui/', import.meta.url).pathname,
      logLevel: 'silent',
      appType: 'custom',
      optimizeDeps: { noDiscovery: true },
      server: { middlewareMode: true, hmr: { server }, watch: null }
    })
    cleanup.push(() => vite.close())
    return async (port) => {
      const { webSocketToken } = vite.config as unknown as { webSocketToken: string }
      const ws = new WebSocket(`ws://127.0.0.1:${port}/?token=${webSocketToken}`, 'vite-hmr')
      const [data] = (await once(ws, 'message')) as [Buffer]
      ws.close()
      return (JSON.parse(data.toString()) as { type: string }).type === 'connected'
        ? 'echo hello'
        : data.toString()
    }
  }
}

describe.each(Object.entries(libraries))('%s on the same server', (_name, library) => {
  it.each(['before us', 'after us'])('attached %s works, and so do we', async (order) => {
    const serve = serving()
    const server = createServer(front(serve))
    cleanup.push(() => stop(server))
    let talk: Talk | undefined
    if (order === 'before us') talk = await library(server)
    const port = await listen(server)
    await ask(port, '/_traces/')
    talk ??= await library(server)

    expect(await talk(port)).toBe('echo hello')
    const page = await openPage({ port })
    expect((await page.next('hello')).bootId).toBe('boot')
    expect(await talk(port)).toBe('echo hello')
    page.send({ type: 'since', seq: 0 })
    expect((await page.next('traces')).seq).toBe(0)
    expect((await handshake(port, '/_traces/live', { origin: 'http://evil.com' })).status).toBe(403)
    page.ws.terminate()

    serve.close()
    expect(await talk(port)).toBe('echo hello')
    expect((await ask(port, '/_traces/')).body).toBe('host')
  })
})

describe('a request with an offer to upgrade that nobody takes', () => {
  const upgrades = ['h2c', 'websocket', 'TLS/1.0', 'spdy/3']
  const echoHost: RequestListener = (req, res) => {
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () =>
      res.end(`${req.method} ${req.url} [${body}] ${String(req.headers['x-mine'])}`)
    )
  }
  const requests = [
    ['GET', 'GET /a?b HTTP/1.1', '', '', 'GET /a?b [] yes'],
    [
      'POST with a length',
      'POST /a HTTP/1.1',
      'Content-Length: 5\r\n',
      'hello',
      'POST /a [hello] yes'
    ],
    [
      'POST in chunks',
      'POST /a HTTP/1.1',
      'Transfer-Encoding: chunked\r\n',
      '5\r\nhello\r\n0\r\n\r\n',
      'POST /a [hello] yes'
    ]
  ] as const

  describe.each(upgrades)('to %s', (upgrade) => {
    it.each(requests)(
      '%s is answered as before we were there',
      async (_what, line, framing, body, want) => {
        const serve = serving()
        const server = createServer(front(serve, echoHost))
        cleanup.push(() => stop(server))
        const port = await listen(server)
        const bytes = `${line}\r\nHost: localhost\r\nX-Mine: yes\r\n${framing}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ${upgrade}\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${body}`
        const before = await raw(port, bytes)
        expect(before).toContain(want)
        await ask(port, '/_traces/')
        expect(server.listenerCount('upgrade')).toBe(1)
        const after = await raw(port, bytes)
        expect(withoutDate(after)).toBe(withoutDate(before))
      }
    )
  })

  it('keeps its connection for the next one', async () => {
    const serve = serving()
    const server = createServer(front(serve, echoHost))
    cleanup.push(() => stop(server))
    const port = await listen(server)
    await ask(port, '/_traces/')
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toContain('GET /1 []')
    socket.write('GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const [second] = (await once(socket, 'data')) as [Buffer]
    expect(second.toString()).toContain('GET /2 []')
  })

  it('is not read as two: what frames its body is kept to the letter', async () => {
    const serve = serving()
    const seen: string[] = []
    const server = createServer(
      front(serve, (req, res) => {
        seen.push(req.url ?? '')
        req.resume().on('end', () => res.end())
      })
    )
    cleanup.push(() => stop(server))
    const port = await listen(server)
    await ask(port, '/_traces/')
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'
    await raw(
      port,
      `POST /seen HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`
    )
    expect(seen).toEqual(['/seen'])
  })

  it('is left to the host when it listens for upgrades itself', async () => {
    const serve = serving()
    const server = createServer(front(serve))
    cleanup.push(() => stop(server))
    const urls: (string | undefined)[] = []
    server.on('upgrade', (req: IncomingMessage, socket) => {
      urls.push(req.url)
      socket.end('HTTP/1.1 101 Mine\r\n\r\n')
    })
    const port = await listen(server)
    await ask(port, '/_traces/')
    expect(
      await raw(
        port,
        'GET /mine HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: mine\r\n\r\n'
      )
    ).toContain('101 Mine')
    expect(urls).toEqual(['/mine'])
  })
})

const withoutDate = (reply: string): string => reply.replace(/Date: .*\r\n/, '')

describe('the server', () => {
  it('is not touched before somebody looks at the page, and given back afterwards', async () => {
    const serve = serving()
    const server = createServer(front(serve))
    cleanup.push(() => stop(server))
    const port = await listen(server)
    const state = (): unknown => [
      server.listenerCount('upgrade'),
      Object.hasOwn(server, 'emit'),
      Object.hasOwn(server, 'close')
    ]
    await ask(port, '/')
    await ask(port, '/_traces/api/status')
    await ask(port, '/_traces/', { headers: { host: 'evil.com' } })
    expect(state()).toEqual([0, false, false])
    await ask(port, '/_traces/')
    expect(state()).toEqual([1, true, true])
    for (let i = 0; i < 5; i++) await ask(port, '/_traces/')
    expect(state()).toEqual([1, true, true])
    serve.close()
    expect(state()).toEqual([0, false, false])
  })

  it('that somebody else has wrapped as well keeps their wrapper', async () => {
    const serve = serving()
    const server = createServer(front(serve))
    cleanup.push(() => stop(server))
    const port = await listen(server)
    await ask(port, '/_traces/')
    const inner = server.emit.bind(server)
    let seen = 0
    server.emit = ((...args: Parameters<typeof inner>) => {
      seen++
      return inner(...args)
    }) as typeof server.emit
    serve.close()
    expect((await ask(port, '/')).body).toBe('host')
    expect(seen).toBeGreaterThan(0)
    expect(
      (await handshake(port, '/_traces/live', { origin: `http://127.0.0.1:${port}` })).status
    ).toBe(200)
  })

  it('may carry two pages at two paths', async () => {
    const [a, b] = [serving('/_traces'), serving('/debug/traces')]
    const server = createServer(front(a, front(b)))
    cleanup.push(() => stop(server))
    const port = await listen(server)
    const first = await openPage({ port })
    const second = await openPage({ port }, { path: '/debug/traces' })
    await first.next('hello')
    await second.next('hello')
    expect([a.pages, b.pages]).toEqual([1, 1])
    const h2c = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n'
    expect(await raw(port, h2c)).toMatch(/host$/)
    a.close()
    expect(await raw(port, h2c)).toMatch(/host$/)
    const again = await openPage({ port }, { path: '/debug/traces' })
    await again.next('hello')
    for (const page of [first, second, again]) page.ws.terminate()
  })

  it('may have one page mounted at several paths, up to a number', async () => {
    const serve = serving()
    const app = express()
    app.use('/:tenant', (req, res, next) => void (serve.handle(req, res, req.baseUrl) || next()))
    const server = createServer(app)
    cleanup.push(() => stop(server))
    const port = await listen(server)
    for (let i = 0; i < 20; i++) await ask(port, `/t${i}/_traces/`)
    const origin = `http://127.0.0.1:${port}`
    const page = await openPage({ port }, { path: '/t15/_traces' })
    await page.next('hello')
    page.ws.terminate()
    expect((await handshake(port, '/t19/_traces/live', { origin })).status).toBe(503)
  })

  it('that is closed and opened again is attached to again', async () => {
    const serve = serving()
    const server = createServer(front(serve))
    const port = await listen(server)
    const page = await openPage({ port })
    await stop(server)
    expect(await page.closed).toBe(1001)
    const again = await listen(server)
    cleanup.push(() => stop(server))
    const second = await openPage({ port: again })
    await second.next('hello')
    second.ws.terminate()
  })
})

describe('other kinds of servers', () => {
  it('https carries page and socket', async () => {
    const serve = serving()
    const server = createTls(certificate, front(serve))
    cleanup.push(() => stop(server))
    const port = await listen(server)
    const get = requestTls({
      port,
      host: '127.0.0.1',
      path: '/_traces/',
      rejectUnauthorized: false
    }).end()
    const [res] = (await once(get, 'response')) as [IncomingMessage]
    expect(res.statusCode).toBe(200)
    res.resume()
    const origin = `https://127.0.0.1:${port}`
    const ws = new WebSocket(`wss://127.0.0.1:${port}/_traces/live`, 'spanlight.v1', {
      origin,
      rejectUnauthorized: false
    })
    const [data] = (await once(ws, 'message')) as [Buffer]
    expect(data.toString()).toContain('"hello"')
    ws.terminate()
    // The replay goes back in through the encrypted side.
    const offer = requestTls({
      port,
      host: '127.0.0.1',
      path: '/x',
      rejectUnauthorized: false,
      headers: { connection: 'upgrade', upgrade: 'h2c' }
    }).end()
    const [plain] = (await once(offer, 'response')) as [IncomingMessage]
    expect(plain.statusCode).toBe(200)
    plain.resume()
  })

  it.each(['h2 with HTTP/1 beside it', 'h2c'])(
    '%s carries the page and the event stream',
    async (kind) => {
      const serve = serving()
      const handler = front(serve) as never
      const server =
        kind === 'h2c'
          ? createHttp2(handler)
          : createSecureServer({ ...certificate, allowHTTP1: true }, handler)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const scheme = kind === 'h2c' ? 'http' : 'https'
      const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false })
      const get = async (path: string, method = 'GET') => {
        const stream = session.request({ ':path': path, ':method': method })
        const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
        return { stream, headers }
      }
      for (const path of [
        '/_traces/',
        '/_traces/api/traces',
        '/_traces/api/status',
        '/_traces/icon.svg'
      ]) {
        const { stream, headers } = await get(path)
        expect(headers[':status']).toBe(200)
        stream.resume()
        const head = await get(path, 'HEAD')
        expect(head.headers[':status']).toBe(200)
        head.stream.resume()
      }
      const { stream, headers } = await get('/_traces/live')
      expect(headers['content-type']).toContain('text/event-stream')
      const [data] = (await once(stream, 'data')) as [Buffer]
      expect(data.toString()).toContain('"hello"')
      const post = session.request({
        ':path': '/_traces/v1/traces',
        ':method': 'POST',
        'content-type': 'application/json'
      })
      post.end('{}')
      const [answer] = (await once(post, 'response')) as [Record<string, unknown>]
      expect(answer[':status']).toBe(200)
      post.resume()
      if (kind !== 'h2c') {
        const origin = `https://127.0.0.1:${port}`
        const ws = new WebSocket(`wss://127.0.0.1:${port}/_traces/live`, 'spanlight.v1', {
          origin,
          rejectUnauthorized: false
        })
        await once(ws, 'message')
        ws.terminate()
      }
      const ended = once(stream, 'end')
      stream.resume()
      const closed = new Promise((resolve) => server.close(resolve))
      await ended
      session.close()
      await closed
    }
  )

  it('a request without a server is served and not attached to', () => {
    const report = silentReport()
    const serve = createServe(setupOf(new Memory(), { report }))
    const sent: unknown[] = []
    const res = {
      on: () => undefined,
      setHeader: () => undefined,
      getHeaderNames: () => [],
      hasHeader: () => false,
      end: (body: unknown) => sent.push(body)
    }
    const req = {
      method: 'GET',
      url: '/_traces/',
      headers: { host: 'localhost' },
      rawHeaders: [],
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      socket: {}
    }
    expect(serve.handle(req as never, res as never, '')).toBe(true)
    return new Promise<void>((resolve) => {
      setImmediate(() => {
        expect(String(sent[0])).toContain('<base href="/_traces/">')
        expect(report.drops.get('internal error')).toBeUndefined()
        resolve()
      })
    })
  })
})
