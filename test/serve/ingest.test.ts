import express from 'express'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createServe, type ServeSetup } from '../../src/serve/serve.ts'
import { IngestDoor } from '../../src/serve/ingest.ts'
import { Intake } from '../../src/serve/intake.ts'
import { Response, Status } from '../bench/ingest/otlp.js'
import {
  type Ask,
  ask,
  express4,
  type Host,
  ingestToken,
  listen,
  Memory,
  raw,
  setupOf,
  silentReport,
  startHost,
  stop
} from './fixtures.ts'

let host: Host | undefined
afterEach(async () => {
  await host?.close()
  host = undefined
})

/** A host that keeps the bodies it is given. */
async function start(
  changes: Partial<ServeSetup> = {}
): Promise<{ send: (options?: Ask) => ReturnType<typeof ask>; bodies: Buffer[]; port: number }> {
  const bodies: Buffer[] = []
  host = await startHost({
    async ingest(body) {
      bodies.push(body)
      return { rejected: 0, message: '', spans: 1 }
    },
    ...changes
  })
  const { port } = host
  return {
    bodies,
    port,
    send: ({ headers = {}, body = '{}', method = 'POST' } = {}) =>
      ask(port, '/_traces/v1/traces', {
        method,
        body,
        headers: { 'content-type': 'application/json', ...headers }
      })
  }
}

const spans = '{"resourceSpans":[]}'

describe('spans that are sent', () => {
  it('are taken as JSON, plain and gzipped', async () => {
    const { send, bodies } = await start()
    for (const [body, encoding] of [
      [spans, 'identity'],
      [gzipSync(spans), 'gzip'],
      [gzipSync(spans), ' GZIP ']
    ] as const) {
      const reply = await send({ body, headers: { 'content-encoding': encoding } })
      expect(reply.status).toBe(200)
      expect(reply.json).toEqual({})
    }
    expect(bodies.map(String)).toEqual([spans, spans, spans])
  })

  it('are taken with a charset, and by Node’s own fetch', async () => {
    const { send, port } = await start()
    expect(
      (await send({ headers: { 'content-type': 'Application/JSON; charset=utf-8' } })).status
    ).toBe(200)
    const reply = await fetch(`http://127.0.0.1:${port}/_traces/v1/traces`, {
      method: 'POST',
      body: spans,
      headers: { 'content-type': 'application/json' }
    })
    expect(reply.status).toBe(200)
  })

  it('and kept in part are answered as OTLP says', async () => {
    const { send } = await start({
      ingest: async () => ({ rejected: 3, message: 'too many', spans: 5 })
    })
    expect((await send()).json).toEqual({
      partialSuccess: { rejectedSpans: '3', errorMessage: 'too many' }
    })
  })

  it('and not understood are answered 400 with a message', async () => {
    const { send } = await start({ ingest: async () => ({ error: 'no resourceSpans' }) })
    const reply = await send()
    expect(reply.status).toBe(400)
    expect(reply.json).toEqual({ message: 'no resourceSpans', error: 'no resourceSpans' })
  })

  it.each([
    ['application/protobuf', 'application/x-protobuf'],
    ['text/plain', 'application/json'],
    ['application/x-www-form-urlencoded', 'application/json'],
    ['', 'application/json']
  ])('as %j are answered 415', async (type, hint) => {
    const { send, bodies } = await start()
    const reply = await send({ headers: { 'content-type': type } })
    expect(reply.status).toBe(415)
    expect(reply.json.message).toContain(hint)
    expect(bodies).toEqual([])
  })

  it.each([
    ['br', brotliCompressSync(Buffer.alloc(64 * 1024 * 1024))],
    ['deflate', deflateSync(spans)],
    ['gzip, gzip', gzipSync(gzipSync(spans))],
    ['zstd', Buffer.from('x')]
  ])('encoded as %s are answered 415', async (encoding, body) => {
    const { send } = await start()
    expect((await send({ body, headers: { 'content-encoding': encoding } })).status).toBe(415)
  })

  it.each([
    ['metrics', 'OTEL_METRICS_EXPORTER=none'],
    ['logs', 'OTEL_LOGS_EXPORTER=none']
  ])('with %s beside them have those refused, with what ends it', async (signal, hint) => {
    const { port, bodies } = await start()
    const post = (type: string) =>
      fetch(`http://127.0.0.1:${port}/_traces/v1/${signal}`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': type }
      })
    const json = await post('application/json')
    expect(json.status).toBe(404)
    expect(await json.json()).toMatchObject({
      error: `${signal} are not taken`,
      hint: `set ${hint}`
    })
    const protobuf = await post('application/x-protobuf')
    expect(protobuf.status).toBe(404)
    const status = Status.decode(Buffer.from(await protobuf.arrayBuffer()))
    expect(Status.toObject(status)['message']).toBe(`${signal} are not taken: set ${hint}`)
    expect(bodies).toEqual([])
  })

  it('by another method are answered 405', async () => {
    const { send } = await start()
    const reply = await send({ method: 'PUT' })
    expect(reply.status).toBe(405)
    expect(reply.headers['allow']).toBe('POST')
  })
})

describe('spans that are sent as protobuf', () => {
  const type = { 'content-type': 'application/x-protobuf' }

  async function post(body: Uint8Array, port: number, headers: Record<string, string> = {}) {
    const reply = await fetch(`http://127.0.0.1:${port}/_traces/v1/traces`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { ...type, ...headers }
    })
    const bytes = Buffer.from(await reply.arrayBuffer())
    return { status: reply.status, type: reply.headers.get('content-type'), bytes }
  }

  it('are taken, plain and gzipped, and answered in protobuf', async () => {
    const seen: [string, Buffer][] = []
    const { port } = await start({
      async ingest(body, encoding) {
        seen.push([encoding, body])
        return { rejected: 0, message: '', spans: 1 }
      }
    })
    const body = Buffer.from([10, 0])
    for (const sent of [
      await post(body, port),
      await post(gzipSync(body), port, { 'content-encoding': 'gzip' })
    ])
      expect(sent).toEqual({
        status: 200,
        type: 'application/x-protobuf',
        bytes: Buffer.alloc(0)
      })
    expect(seen).toEqual([
      ['otlp-protobuf', body],
      ['otlp-protobuf', body]
    ])
  })

  it.each([
    [3, 'too many'],
    [5000, 'ä'.repeat(200)],
    [0, 'only a warning']
  ])('and kept in part are answered as OTLP says: %s', async (rejected, message) => {
    const { port } = await start({ ingest: async () => ({ rejected, message, spans: 5 }) })
    const { status, bytes } = await post(Buffer.alloc(0), port)
    expect(status).toBe(200)
    expect(Response.toObject(Response.decode(bytes), { longs: Number, defaults: true })).toEqual({
      partialSuccess: { rejectedSpans: rejected, errorMessage: message }
    })
  })

  it('and refused are answered by a google.rpc.Status', async () => {
    const error = { ingest: async () => ({ error: 'it ends within a field' }) }
    const { port } = await start(error)
    const { status, type, bytes } = await post(Buffer.alloc(0), port)
    expect([status, type]).toEqual([400, 'application/x-protobuf'])
    const read = Status.toObject(Status.decode(bytes))
    expect(read).toEqual({ message: 'it ends within a field' })
    await host?.close()
    const closed = await start({ mode: { mode: 'token', why: 'a test', warning: false } })
    const refused = await post(Buffer.alloc(0), closed.port)
    expect(Status.toObject(Status.decode(refused.bytes))['message']).toContain(
      'SPANLIGHT_INGEST_TOKEN'
    )
  })
})

describe('bodies at once', () => {
  it('are taken one after the other, and each is answered when it is kept', async () => {
    const events: string[] = []
    const { send } = await start({
      async ingest(body) {
        const name = body.toString()
        events.push(`begin ${name}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
        events.push(`end ${name}`)
        if (name === '2') throw new Error('a fault')
        return { rejected: 0, message: '', spans: 1 }
      }
    })
    const replies = await Promise.all(['1', '2', '3'].map((body) => send({ body })))
    expect(replies.map(({ status }) => status)).toEqual([200, 500, 200])
    const order = events.map((event) => event.split(' ')[1])
    expect(events).toHaveLength(6)
    for (let i = 0; i < 6; i += 2) expect(order[i]).toBe(order[i + 1])
  })
})

describe('a bomb', () => {
  it('of gzip is not inflated', async () => {
    const { send, bodies } = await start()
    const body = gzipSync(Buffer.alloc(512 * 1024 * 1024))
    expect(body.length).toBeLessThan(1024 * 1024)
    const before = process.memoryUsage().rss
    expect((await send({ body, headers: { 'content-encoding': 'gzip' } })).status).toBe(413)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    expect(bodies).toEqual([])
  })

  it('of exactly the limit passes, of one byte more does not', async () => {
    const { send } = await start()
    const gzip = (bytes: number): Ask => ({
      body: gzipSync(Buffer.alloc(bytes, ' ')),
      headers: { 'content-encoding': 'gzip' }
    })
    expect((await send(gzip(4 * 1024 * 1024))).status).toBe(200)
    expect((await send(gzip(4 * 1024 * 1024 + 1))).status).toBe(413)
  })

  it.each(['not gzip at all', gzipSync(spans).subarray(0, 15)])(
    'of broken gzip is answered 400',
    async (body) => {
      const { send } = await start()
      expect((await send({ body, headers: { 'content-encoding': 'gzip' } })).status).toBe(400)
    }
  )

  it('of bytes is cut off, with a length and without', async () => {
    const { send, bodies } = await start()
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, ' ')
    expect((await send({ body })).status).toBe(413)
    expect((await send({ body, headers: { 'transfer-encoding': 'chunked' } })).status).toBe(413)
    expect((await send({ body: body.subarray(1) })).status).toBe(200)
    expect(bodies).toHaveLength(1)
  })

  it('of gzip is cut off earlier, with a length and without', async () => {
    const { send, bodies } = await start()
    const body = gzipSync(randomBytes(1024 * 1024))
    const headers = { 'content-encoding': 'gzip' }
    expect((await send({ body, headers })).status).toBe(413)
    const chunked = { ...headers, 'transfer-encoding': 'chunked' }
    expect((await send({ body, headers: chunked })).status).toBe(413)
    expect(bodies).toHaveLength(0)
  })
})

describe('too many spans', () => {
  it('in requests are answered 429 with the time to wait', async () => {
    const { send } = await start()
    const statuses: number[] = []
    for (let i = 0; i < 200 && !statuses.includes(429); i++) statuses.push((await send()).status)
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(50)
    const reply = await send()
    if (reply.status === 429) expect(reply.headers['retry-after']).toBe('1')
    expect(statuses).toContain(429)
  })

  it('in one second are answered 429, whatever the number of requests', async () => {
    const { send } = await start({
      ingest: async () => ({ rejected: 0, message: '', spans: 1_000_000 })
    })
    expect((await send()).status).toBe(200)
    expect((await send()).status).toBe(429)
  })

  it('at once are answered four at a time', async () => {
    const { port, send } = await start()
    const open = Array.from({ length: 4 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.write(
        'POST /_traces/v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{'
      )
      return socket
    })
    const post = async (): Promise<number> =>
      (await send({ headers: { 'content-type': 'application/json' } })).status
    // Fewer than the requests of a second, so that only the four can be the reason.
    const statuses: number[] = []
    while (!statuses.includes(429) && statuses.length < 20) statuses.push(await post())
    expect(statuses).toContain(429)
    for (const socket of open) socket.destroy()
    while ((await post()) !== 200);
  })
})

describe('a body that does not come', () => {
  it('is waited for no longer than allowed', async () => {
    const report = silentReport()
    const intake = new Intake({ ingest: async () => ({ error: 'x' }), report })
    const door = new IngestDoor(intake, { report, bodyMs: 50 })
    const server = createServer((req, res) => void door.handle(req, res, 'v1/traces'))
    const port = await listen(server)
    const reply = await raw(
      port,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      /\}$/
    )
    expect(reply).toMatch(/^HTTP\/1\.1 408 /)
    expect(reply).toMatch(/^connection: close\r$/im)
    await stop(server)
  })

  it('and whose sender leaves frees its place', async () => {
    const { port, send } = await start()
    for (let i = 0; i < 12; i++) {
      const socket = connect(port, '127.0.0.1')
      await new Promise<void>((resolve) =>
        socket.write(
          'POST /_traces/v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
          () => resolve()
        )
      )
      socket.destroy()
    }
    let status = 429
    while (status === 429) status = (await send()).status
    expect(status).toBe(200)
  })
})

describe.each([
  ['express 5', express],
  ['express 4', express4]
])('behind a body parser of %s', (_name, framework) => {
  async function parsed(parser: express.RequestHandler, options: Ask = {}) {
    const bodies: string[] = []
    const memory = new Memory()
    const ingest: ServeSetup['ingest'] = async (body) => (
      bodies.push(String(body)),
      { rejected: 0, message: '', spans: 1 }
    )
    const serve = createServe(setupOf(memory, { ingest }))
    const app = framework()
    app.use(parser)
    app.use((req, res, next) => void (serve.handle(req, res, '') || next()))
    const server = createServer(app)
    const port = await listen(server)
    const headers = { 'content-type': 'application/json', ...options.headers }
    const reply = await ask(port, '/_traces/v1/traces', {
      method: 'POST',
      body: spans,
      ...options,
      headers
    })
    await stop(server)
    return { status: reply.status, bodies }
  }

  it('what it made of the body is taken', async () => {
    const want = { status: 200, bodies: [spans] }
    expect(await parsed(framework.json())).toEqual(want)
    expect(await parsed(framework.raw({ type: '*/*' }))).toEqual(want)
    expect(await parsed(framework.text({ type: '*/*' }))).toEqual(want)
    expect(
      await parsed(framework.json(), {
        body: gzipSync(spans),
        headers: { 'content-encoding': 'gzip' }
      })
    ).toEqual(want)
    expect(await parsed(framework.urlencoded({ extended: true }))).toEqual(want)
  })

  it('a body that is gone is answered 400 at once', async () => {
    const swallow: express.RequestHandler = (req, _res, next) =>
      void req.resume().on('end', () => next())
    expect(await parsed(swallow)).toEqual({ status: 400, bodies: [] })
  })

  it('a body of circles is answered 400', async () => {
    const circle: express.RequestHandler = (req, _res, next) => {
      req.resume().on('end', () => {
        req.body = { circle: {} }
        req.body.circle = req.body
        next()
      })
    }
    expect(await parsed(circle)).toEqual({ status: 400, bodies: [] })
  })
})

describe('who may send spans', () => {
  const mode = { mode: 'token', why: 'a test', warning: false } as const

  it('is nobody in token mode, but with the token for it', async () => {
    const closed = await start({ mode })
    expect((await closed.send()).json.message).toContain('SPANLIGHT_INGEST_TOKEN')
    await host?.close()
    const open = await start({ mode, ingestToken })
    expect((await open.send()).status).toBe(401)
    expect((await open.send({ headers: { authorization: `Bearer ${ingestToken}` } })).status).toBe(
      200
    )
    expect(open.bodies).toHaveLength(1)
  })

  it('is no web page', async () => {
    const { send, bodies } = await start()
    expect((await send({ headers: { origin: 'http://evil.com' } })).status).toBe(403)
    expect((await send({ headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect(bodies).toEqual([])
  })

  it('is told of every refusal in the count', async () => {
    const report = silentReport()
    const { send } = await start({ report })
    await send({ headers: { origin: 'http://evil.com' } })
    await send({ headers: { 'content-type': 'text/plain' } })
    expect(report.drops.get('ingest refused')).toBe(2)
  })
})
