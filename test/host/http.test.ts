import type { AddressInfo } from 'node:net'
import {
  Agent,
  createServer,
  get as httpGet,
  type IncomingMessage,
  request,
  type RequestListener,
  type ServerResponse
} from 'node:http'
import { connect as connectHttp2, createSecureServer, constants } from 'node:http2'
import { createServer as createTlsServer, get as httpsGet } from 'node:https'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { traced } from '../../src/host/http.ts'
import {
  activeId,
  certificate,
  closeAll,
  listen,
  raw,
  type Seen,
  sleep,
  watched,
  type Watched
} from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

async function serving(
  listener: RequestListener,
  setup: Parameters<typeof watched>[0] = {}
): Promise<{ recorder: Watched; port: number }> {
  const recorder = watched(setup)
  const server = createServer(traced(recorder.host, listener))
  return { recorder, port: await listen(server) }
}

describe('an exchange', () => {
  it('describes request and answer by the stable conventions', async () => {
    const { recorder, port } = await serving((req, res) => {
      req.resume().on('end', () => {
        res.writeHead(201, { 'Content-Type': 'text/plain', 'Content-Length': 5 }).end('hello')
      })
    })
    await raw(
      port,
      'POST /a%20b/c?q=1&r HTTP/1.1\r\nHost: shop.test:8080\r\nUser-Agent: test/1\r\nContent-Length: 3\r\n' +
        'Content-Type: text/plain\r\nConnection: close\r\n\r\nabc'
    )
    const [span] = await recorder.servers()
    expect(span?.name).toBe('POST')
    expect(span?.attributes).toEqual({
      'http.request.method': 'POST',
      'url.path': '/a%20b/c',
      'url.query': 'q=1&r',
      'url.scheme': 'http',
      'server.address': 'shop.test',
      'server.port': 8080,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
      'http.request.body.size': 3,
      'http.request.header.content-type': ['text/plain'],
      'http.response.status_code': 201,
      'http.response.body.size': 5,
      'http.response.header.content-type': ['text/plain']
    })
    expect(span?.span.duration).toBeGreaterThan(0)
    expect(recorder.frameworks).toEqual(['http'])
  })

  it('knows the size of an answer whose length Node counted', async () => {
    const { recorder, port } = await serving((_req, res) => void res.end('four'))
    await raw(port, get, (text) => text.endsWith('four'))
    const [span] = await recorder.servers()
    expect(span?.attributes['http.response.body.size']).toBe(4)
  })

  it('keeps names out of reach of those who make up methods', async () => {
    const { recorder, port } = await serving((_req, res) => void res.end())
    await raw(port, 'PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const [span] = await recorder.servers()
    expect(span?.name).toBe('HTTP')
    expect(span?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND'
    })
  })

  it.each([
    ['GET http://other.test/p?x=1 HTTP/1.1\r\nHost: a', '/p'],
    ['OPTIONS * HTTP/1.1\r\nHost: a', '*'],
    ['GET //double HTTP/1.1\r\nHost: a', '//double'],
    ['GET /% HTTP/1.1\r\nHost: [::1', '/%'],
    ['GET / HTTP/1.0', '/']
  ])('reads the target of %j', async (head, path) => {
    const { recorder, port } = await serving((_req, res) => void res.end())
    await raw(port, `${head}\r\nConnection: close\r\n\r\n`)
    const [span] = await recorder.servers()
    expect(span?.attributes['url.path']).toBe(path)
    expect(span?.span.status).toBe(0)
  })

  it('shows a client by its IPv4 address where the server listens on both families', async () => {
    const recorder = watched()
    const answer: RequestListener = (_req, res) => void res.end()
    const server = createServer(traced(recorder.host, answer))
    await new Promise<void>((resolve) => server.listen(0, '::', resolve))
    const { port } = server.address() as AddressInfo
    await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const [span] = await recorder.servers()
    server.close()
    expect(span?.attributes).toMatchObject({
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1'
    })
  })

  it('shows what proxies say of client and address, and takes only names for a name', async () => {
    const { recorder, port } = await serving((_req, res) => void res.end())
    await raw(
      port,
      'GET / HTTP/1.1\r\nHost: a b\r\nX-Forwarded-For: 203.0.113.9, 10.0.0.1\r\n' +
        'X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n'
    )
    const [span] = await recorder.servers()
    expect(span?.attributes).toMatchObject({
      'client.address': '203.0.113.9',
      'network.peer.address': '127.0.0.1',
      'url.scheme': 'https'
    })
    expect(span?.attributes['server.address']).toBeUndefined()
  })
})

describe('the span ends once', () => {
  const ended = async (recorder: Watched, count = 1): Promise<Seen[]> => {
    const all = await recorder.servers(count)
    await sleep(30)
    expect(recorder.seen).toHaveLength(count)
    expect([...recorder.open.inFlight()]).toEqual([])
    expect(recorder.report.drops.size).toBe(0)
    return all
  }

  it.each<[string, RequestListener, string, number, number?]>([
    [
      'for HEAD',
      (_q, res) => void res.setHeader('Content-Length', 9).end(),
      'HEAD / HTTP/1.1',
      200
    ],
    ['for 304', (_q, res) => void res.writeHead(304).end(), 'GET / HTTP/1.1', 304],
    ['for 204', (_q, res) => void res.writeHead(204).end(), 'DELETE / HTTP/1.1', 204],
    [
      'for an answer in pieces with trailers',
      (_q, res) => {
        res.writeHead(200, { Trailer: 'X-T' })
        res.write('a')
        setTimeout(() => {
          res.addTrailers({ 'X-T': '1' })
          res.end('b')
        }, 5)
      },
      'GET / HTTP/1.1',
      200
    ],
    [
      'for an answer after early hints',
      (_q, res) => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' })
        res.end()
      },
      'GET / HTTP/1.1',
      200,
      0
    ]
  ])('%s', async (_title, listener, line, status, size) => {
    const { recorder, port } = await serving(listener)
    await raw(port, `${line}\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const [span] = await ended(recorder)
    expect(span?.attributes['http.response.status_code']).toBe(status)
    expect(span?.attributes['error.type']).toBeUndefined()
    expect(span?.attributes['http.response.body.size']).toBe(size)
  })

  it('for Expect: 100-continue, with and without a listener of the app', async () => {
    for (const own of [false, true]) {
      const recorder = watched()
      const server = createServer((req, res) => {
        req.resume().on('end', () => res.end(activeId()))
      })
      if (own) {
        server.on('checkContinue', (req, res) => {
          res.writeContinue()
          server.emit('request', req, res)
        })
      }
      traced(recorder.host, server)
      const port = await listen(server)
      const text = await raw(
        port,
        'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab'
      )
      expect(text).toMatch(/^HTTP\/1\.1 100 Continue/)
      const [span] = await ended(recorder)
      expect(text).toContain(span?.span.spanId)
    }
  })

  it('for a POST that is answered before its body is read', async () => {
    const { recorder, port } = await serving(
      (_req, res) => void res.writeHead(413, { 'Content-Length': 2 }).end('no')
    )
    await raw(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart', (text) =>
      text.endsWith('no')
    )
    const [span] = await ended(recorder)
    expect(span?.attributes['http.response.status_code']).toBe(413)
  })

  it('for a client that leaves before there is an answer', async () => {
    const { recorder, port } = await serving(() => {})
    const socket = connect(port, '127.0.0.1')
    socket.write(get)
    await until(() => [...recorder.open.inFlight()].length === 1)
    socket.destroy()
    const [span] = await ended(recorder)
    expect(span?.attributes['error.type']).toBe('aborted')
    expect(span?.attributes['http.response.status_code']).toBeUndefined()
    expect(span?.span.status).toBe(0)
  })

  it('for a client that leaves in the midst of the answer', async () => {
    const { recorder, port } = await serving((_req, res) => void res.write('some'))
    await raw(port, get, (text) => text.includes('some'))
    const [span] = await ended(recorder)
    expect(span?.attributes['error.type']).toBe('aborted')
    expect(span?.attributes['http.response.status_code']).toBe(200)
  })

  it('for a client that leaves in the midst of its body', async () => {
    const { recorder, port } = await serving((req) => void req.resume())
    const socket = connect(port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart')
    await until(() => [...recorder.open.inFlight()].length === 1)
    socket.destroy()
    const [span] = await ended(recorder)
    expect(span?.attributes['error.type']).toBe('aborted')
  })

  it('for an answer that the app destroys', async () => {
    const { recorder, port } = await serving((_req, res) => {
      res.writeHead(500)
      res.write('x')
      res.destroy()
    })
    await raw(port, get)
    const [span] = await ended(recorder)
    expect(span?.attributes['error.type']).toBe('500')
    expect(span?.span.status).toBe(2)
  })

  it('for an event stream, which its client ends by leaving', async () => {
    const { recorder, port } = await serving((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
    })
    const socket = connect(port, '127.0.0.1')
    socket.write(get)
    await new Promise((resolve) => socket.once('data', resolve))
    const [trace] = recorder.open.inFlight()
    expect(trace?.alive()).toBe(true)
    recorder.open.sweep()
    expect(recorder.seen).toEqual([])
    socket.destroy()
    const [span] = await ended(recorder)
    expect(span?.attributes['error.type']).toBeUndefined()
  })

  it('for each of several pipelined requests', async () => {
    const { recorder, port } = await serving((req, res) => {
      setTimeout(() => res.end(req.url), req.url === '/1' ? 10 : 0)
    })
    const one = (n: number): string => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`
    await raw(port, one(1) + one(2) + one(3), (text) => text.endsWith('/3'))
    const all = await ended(recorder, 3)
    expect(all.map(({ attributes }) => attributes['url.path'])).toEqual(['/1', '/2', '/3'])
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(3)
  })

  it.each([false, true])(
    'for pipelined requests whose client leaves, bodies read: %s',
    async (reads) => {
      const { recorder, port } = await serving((req) => void (reads && req.resume()))
      const socket = connect(port, '127.0.0.1')
      socket.write(get + get + get)
      await until(() => [...recorder.open.inFlight()].length === 3)
      await sleep(10)
      socket.destroy()
      const all = await ended(recorder, 3)
      expect(all.map(({ attributes }) => attributes['error.type'])).toEqual(
        Array.from({ length: 3 }, () => 'aborted')
      )
    }
  )

  it('for more pipelined requests than a stack is deep', async () => {
    const { recorder, port } = await serving(() => {})
    const socket = connect(port, '127.0.0.1')
    // Beyond the number of traces that may be open, the first ones are given up.
    socket.write(get.repeat(15_000))
    await until(() => recorder.seen.length >= 5000)
    await sleep(50)
    socket.destroy()
    const all = await recorder.servers(15_000)
    expect(all).toHaveLength(15_000)
    expect(recorder.open.size).toBe(0)
  })

  it('for requests one after the other on one connection', async () => {
    const { recorder, port } = await serving((req, res) => void res.end(req.url))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (const path of ['/1', '/2']) {
      await new Promise<void>((resolve) => {
        httpGet({ port, path, agent, host: '127.0.0.1' }, (res) =>
          res.resume().on('end', () => resolve())
        )
      })
    }
    agent.destroy()
    const [one, two] = await ended(recorder, 2)
    expect(one?.traceId).not.toBe(two?.traceId)
    expect(one?.attributes['network.peer.port']).toBe(two?.attributes['network.peer.port'])
  })

  it('with a status of its own for 5xx, without one for 4xx', async () => {
    const { recorder, port } = await serving(
      (req, res) => void res.writeHead(Number(req.url?.slice(1))).end()
    )
    for (const status of [404, 503])
      await raw(port, `GET /${status} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    const [client, server] = await ended(recorder, 2)
    expect([client?.span.status, client?.attributes['error.type']]).toEqual([0, undefined])
    expect([server?.span.status, server?.attributes['error.type']]).toEqual([2, '503'])
    expect(server?.span.statusMessage).toBe('')
  })
})

describe('the context', () => {
  it('is there in body events, timers, after await and in the answer’s events', async () => {
    const ids: string[] = []
    const note = (): unknown => ids.push(activeId())
    const { recorder, port } = await serving((req, res) => {
      note()
      req.on('data', note)
      req.on('end', async () => {
        note()
        await sleep(2)
        note()
        res.on('finish', note).on('close', note)
        res.end('ok')
      })
    })
    const client = request({ port, host: '127.0.0.1', method: 'POST' }, (res) => res.resume())
    client.write('a')
    await sleep(20)
    client.end('b')
    const [span] = await recorder.servers()
    await until(() => ids.length === 7)
    expect(new Set(ids)).toEqual(new Set([span?.span.spanId]))
  })

  it('stays that of a child span in what the child’s code emits', async () => {
    const names: (string | undefined)[] = []
    const recorder = watched()
    const { contextStorage, activeContext } = await import('../../src/context/context.ts')
    const listener: RequestListener = (req, res) => {
      const child = recorder.tracer.start('child')
      req.on('custom', () => names.push(activeId()))
      contextStorage.run(activeContext().withSpan(child), () => req.emit('custom'))
      child.end()
      names.push(child.spanContext().spanId)
      res.end()
    }
    const port = await listen(createServer(traced(recorder.host, listener)))
    await raw(port, get, (text) => text.includes('\r\n\r\n'))
    expect(names).toHaveLength(2)
    expect(names[0]).toBe(names[1])
  })

  it('is not that of the code which started the server', async () => {
    const recorder = watched()
    const { runIn, rootContext } = await import('../../src/context/context.ts')
    const outer = recorder.tracer.start('outer')
    const ids: string[] = []
    const server = createServer(
      traced(recorder.host, (req: IncomingMessage, res: ServerResponse) => {
        req.on('data', () => ids.push(activeId())).on('end', () => res.end())
      })
    )
    const port = await runIn(rootContext.withSpan(outer), () => listen(server))
    await raw(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\na')
    const [span] = await recorder.servers()
    expect(ids).toEqual([span?.span.spanId])
    expect(span?.traceId).not.toBe(outer.spanContext().traceId)
    outer.end()
  })
})

describe('a server', () => {
  it('is traced in place, and as it was when the host is closed', async () => {
    const recorder = watched()
    const server = createServer()
    const ids: string[] = []
    server.on('request', () => ids.push(activeId()))
    expect(traced(recorder.host, server)).toBe(server)
    traced(recorder.host, server)
    server.on('request', (_req, res) => {
      ids.push(activeId())
      res.end()
    })
    expect(server.listenerCount('request')).toBe(2)
    const port = await listen(server)
    const close = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    await raw(port, close)
    const [span] = await recorder.servers()
    expect(ids).toEqual([span?.span.spanId, span?.span.spanId])
    recorder.host.close()
    expect(Object.hasOwn(server, 'emit')).toBe(false)
    await raw(port, close)
    expect(ids.slice(2)).toEqual(['', ''])
    expect(recorder.seen).toHaveLength(1)
  })

  it('over TLS is https', async () => {
    const recorder = watched()
    const server = createTlsServer(certificate, (_req, res) => void res.end('ok'))
    traced(recorder.host, server)
    const port = await listen(server)
    await new Promise<void>((resolve, reject) => {
      httpsGet({ port, host: '127.0.0.1', ca: certificate.cert, agent: false }, (res) =>
        res.resume().on('end', () => resolve())
      ).on('error', reject)
    })
    const [span] = await recorder.servers()
    expect(span?.attributes['url.scheme']).toBe('https')
    expect(recorder.frameworks).toEqual(['https'])
  })

  describe('of http2 that speaks HTTP/1, too', () => {
    async function both(listener: (req: IncomingMessage, res: ServerResponse) => void): Promise<{
      recorder: Watched
      port: number
    }> {
      const recorder = watched()
      const server = createSecureServer({ ...certificate, allowHTTP1: true })
      server.on('request', listener as never)
      traced(recorder.host, server)
      return { recorder, port: await listen(server as never) }
    }

    it('is followed in both', async () => {
      const ids: string[] = []
      const { recorder, port } = await both((req, res) => {
        ids.push(activeId())
        req
          .on('data', () => ids.push(activeId()))
          .on('end', () => {
            ids.push(activeId())
            res.setHeader('content-type', 'text/plain')
            res.end('hello')
          })
      })
      const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.cert })
      const stream = session.request({ ':method': 'POST', ':path': '/two?a=1' })
      stream.end('body')
      await new Promise((resolve) => stream.resume().on('close', resolve))
      session.close()
      await recorder.servers()
      await new Promise<void>((resolve) => {
        httpsGet(
          { port, host: '127.0.0.1', path: '/one', ca: certificate.cert, agent: false },
          (res) => res.resume().on('end', () => resolve())
        )
      })
      const [two, one] = await recorder.servers(2)
      expect(two?.attributes).toMatchObject({
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'network.protocol.version': '2',
        'server.address': 'localhost',
        'server.port': port,
        'url.path': '/two',
        'url.query': 'a=1',
        'url.scheme': 'https'
      })
      expect(one?.attributes).toMatchObject({
        'network.protocol.version': '1.1',
        'url.path': '/one',
        'url.scheme': 'https'
      })
      expect(ids).toEqual([...Array(3).fill(two?.span.spanId), ...Array(2).fill(one?.span.spanId)])
      expect(recorder.frameworks).toEqual(['http2', 'https'])
    })

    it('sees a stream that its client resets', async () => {
      const { recorder, port } = await both((_req, res) => void res.write('some'))
      const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.cert })
      const stream = session.request({ ':path': '/' })
      await new Promise((resolve) => stream.once('data', resolve))
      expect([...recorder.open.inFlight()][0]?.alive()).toBe(true)
      stream.close(constants.NGHTTP2_CANCEL)
      const [span] = await recorder.servers()
      session.destroy()
      expect(span?.attributes['error.type']).toBe('aborted')
      expect(span?.span.status).toBe(0)
    })

    it('sees a connection that is cut', async () => {
      const { recorder, port } = await both(() => {})
      const session = connectHttp2(`https://localhost:${port}`, { ca: certificate.cert })
      session.on('error', () => {})
      session.request({ ':path': '/' }).on('error', () => {})
      await until(() => [...recorder.open.inFlight()].length === 1)
      session.destroy()
      const [span] = await recorder.servers()
      expect(span?.attributes['error.type']).toBe('aborted')
    })
  })
})

describe('a listener', () => {
  it('keeps its name, its length, its this and its result', () => {
    const recorder = watched()
    const listener = function named(this: unknown, _req: IncomingMessage): unknown {
      return this
    }
    const wrapped = traced(recorder.host, listener)
    expect([wrapped.name, wrapped.length]).toEqual(['named', 1])
    const self = {}
    const fake = { headers: {}, socket: {}, emit() {} } as unknown as IncomingMessage
    expect(Reflect.apply(wrapped, self, [fake, { headers: {}, emit() {} }])).toBe(self)
  })

  it('that throws is not caught, and its request is known to who records the exception', () => {
    const recorder = watched()
    const error = new RangeError('bad')
    const wrapped = traced(recorder.host, () => {
      throw error
    })
    const fake = { headers: {}, socket: {}, emit() {} } as unknown as IncomingMessage
    const res = { emit: () => true, statusCode: 200, getHeader() {} } as unknown as ServerResponse
    expect(() => Reflect.apply(wrapped, undefined, [fake, res])).toThrow(error)
    expect(recorder.host.uncaught(error)).toBe(true)
    expect(recorder.host.uncaught(error)).toBe(false)
    res.emit('close')
    expect(recorder.seen[0]?.exceptions[0]?.['exception.type']).toBe('RangeError')
    expect(recorder.seen[0]?.span.status).toBe(2)
  })
})
