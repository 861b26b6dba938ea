import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ServeSetup } from '../../src/serve/serve.ts'
import { liveProtocol, type LiveMessage, reviveSummary, type Traces } from '../../src/wire/live.ts'
import { until } from '../until.ts'
import {
  ask,
  handshake,
  type Host,
  Memory,
  openPage,
  type Page,
  startHost,
  summaryOf,
  token
} from './fixtures.ts'

let host: Host
const pages: Page[] = []
async function start(changes: Partial<ServeSetup> = {}): Promise<void> {
  await host?.close()
  host = await startHost(changes)
}
beforeEach(() => start())
afterEach(async () => {
  for (const page of pages.splice(0)) page.ws.terminate()
  await host.close()
})

async function open(options: Parameters<typeof openPage>[1] = {}): Promise<Page> {
  const page = await openPage(host, options)
  pages.push(page)
  return page
}

const names = ({ rows }: Traces): string[] => rows.map((row) => reviveSummary(row).name)

/** Everything told until the number was reached. */
async function tellingOf(page: Page, seq: number): Promise<string[]> {
  const told: string[] = []
  await page.next('traces', (message) => {
    told.push(...names(message))
    return message.seq >= seq
  })
  return told
}

describe('a page', () => {
  it('is greeted with where things stand', async () => {
    host.memory.add()
    const page = await open()
    expect(await page.next('hello')).toEqual({
      type: 'hello',
      bootId: 'boot',
      slowMs: 1000,
      seq: 1,
      oldest: 1,
      version: '1.2.3'
    })
    expect(page.ws.protocol).toBe(liveProtocol)
    expect(page.ws.extensions).toBe('')
    expect(host.serve.pages).toBe(1)
  })

  it('is told what it does not have, and from then on what is new', async () => {
    for (let i = 0; i < 5; i++) host.memory.add()
    const page = await open()
    page.send({ type: 'since', seq: 2 })
    expect(await tellingOf(page, 5)).toEqual(['GET /3', 'GET /4', 'GET /5'])
    host.memory.add()
    expect(await tellingOf(page, 6)).toEqual(['GET /6'])
  })

  it('is told nothing before it says where it stands', async () => {
    const [silent, other] = [await open(), await open()]
    other.send({ type: 'since', seq: 0 })
    host.memory.add()
    await tellingOf(other, 1)
    expect(silent.messages.map(({ type }) => type)).toEqual(['hello'])
  })

  it('catches up with thousands in frames of five hundred at most', async () => {
    for (let i = 0; i < 1200; i++) host.memory.add()
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    const told: string[] = []
    await page.next('traces', (message) => {
      expect(message.rows.length).toBeLessThanOrEqual(500)
      told.push(...names(message))
      return message.seq === 1200
    })
    expect(told).toEqual(Array.from({ length: 1200 }, (_, i) => `GET /${i + 1}`))
  })

  it('resumes after a break without loss and without repetition', async () => {
    const first = await open()
    first.send({ type: 'since', seq: 0 })
    host.memory.add()
    await tellingOf(first, 1)
    first.ws.terminate()
    for (let i = 0; i < 3; i++) host.memory.add()
    const second = await open()
    second.send({ type: 'since', seq: 1 })
    expect(await tellingOf(second, 4)).toEqual(['GET /2', 'GET /3', 'GET /4'])
  })

  it('with a number of another process is told what is new here', async () => {
    host.memory.add()
    const page = await open()
    page.send({ type: 'since', seq: 999_999 })
    await page.next('traces')
    host.memory.add()
    expect(await tellingOf(page, 2)).toEqual(['GET /2'])
  })

  it('is told of a trace again when it changes', async () => {
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    const { traceId } = host.memory.add()
    await tellingOf(page, 1)
    host.memory.add({ traceId, spans: 9 })
    const { rows } = await page.next('traces', ({ seq }) => seq === 2)
    expect(reviveSummary(rows[0])).toMatchObject({ traceId, spans: 9, seq: 2 })
  })

  it('gets at most ten frames a second, with everything in them', async () => {
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    let frames = 0
    page.ws.on('message', () => frames++)
    const began = performance.now()
    const adding = setInterval(() => host.memory.add(), 2)
    await page.next('traces', ({ seq }) => seq >= 100)
    clearInterval(adding)
    // A frame each would be a hundred. The greeting and the first one go out at once.
    expect(frames).toBeLessThanOrEqual(2 + (performance.now() - began) / 100)
  })

  it('is told how many traces end in a second, and when it is none again', async () => {
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    for (let i = 0; i < 10; i++) host.memory.add()
    expect((await page.next('traces', ({ seq }) => seq === 10)).rate).toBe(2)
    expect((await page.next('traces', ({ rate }) => rate === 0)).rows).toEqual([])
  })

  it('is told what is no longer in memory', async () => {
    for (let i = 0; i < 4; i++) host.memory.add()
    const page = await open()
    page.send({ type: 'since', seq: 4 })
    host.memory.evict(3)
    expect((await page.next('evicted')).oldest).toBe(3)
    await ask(host.port, '/_traces/api/clear', { method: 'POST', headers: { 'x-spanlight': '1' } })
    expect((await page.next('evicted')).oldest).toBe(5)
  })
})

describe('requests in flight', () => {
  it('are told when they begin and when they end', async () => {
    host.memory.fly([summaryOf(0, { inFlight: true, name: 'GET /slow' })])
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    const first = await page.next('traces')
    expect(first.inFlight?.total).toBe(1)
    expect(reviveSummary(first.inFlight!.rows[0]).name).toBe('GET /slow')
    host.memory.fly([])
    expect((await page.next('traces')).inFlight).toEqual({ rows: [], total: 0 })
  })

  it('that are the same as before are not told again', async () => {
    host.memory.fly([summaryOf(0, { inFlight: true })])
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    await page.next('traces')
    host.memory.fly([summaryOf(0, { inFlight: true, duration: 99 })])
    host.memory.add()
    expect((await page.next('traces', ({ seq }) => seq === 1)).inFlight).toBeUndefined()
  })

  it('are a hundred at most, and counted all', async () => {
    host.memory.fly(Array.from({ length: 250 }, (_, i) => summaryOf(i, { inFlight: true })))
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    const { inFlight } = await page.next('traces')
    expect(inFlight?.rows).toHaveLength(100)
    expect(inFlight?.total).toBe(250)
  })
})

describe('a filter', () => {
  it('holds back what does not match, until it is taken off', async () => {
    const page = await open()
    page.send({ type: 'filter', query: 'order' })
    page.send({ type: 'since', seq: 0 })
    host.memory.add({ name: 'GET /order/1' })
    host.memory.add({ name: 'GET /health' })
    host.memory.add({ name: 'GET /order/2' })
    expect(await tellingOf(page, 3)).toEqual(['GET /order/1', 'GET /order/2'])
    page.send({ type: 'filter', query: '' })
    await ask(host.port, '/')
    host.memory.add({ name: 'GET /health' })
    expect(await tellingOf(page, 4)).toEqual(['GET /health'])
  })

  it('of one page is not the other’s', async () => {
    const [filtered, plain] = [await open(), await open()]
    filtered.send({ type: 'filter', query: 'none' })
    for (const page of [filtered, plain]) page.send({ type: 'since', seq: 0 })
    host.memory.add()
    expect(await tellingOf(plain, 1)).toEqual(['GET /1'])
    expect(
      filtered.messages.flatMap((message) => (message.type === 'traces' ? names(message) : []))
    ).toEqual([])
  })

  it('that is slow holds up no other page, and loses nothing', async () => {
    const memory = new Memory()
    const reader = { ...memory.reader, matcher: () => () => busy(1) }
    await start({ reader, store: memory.store })
    for (let i = 0; i < 40; i++) memory.add()
    const [filtered, plain] = [await open(), await open()]
    filtered.send({ type: 'filter', query: 'x' })
    filtered.send({ type: 'since', seq: 0 })
    plain.send({ type: 'since', seq: 0 })
    expect(await tellingOf(plain, 40)).toHaveLength(40)
    const sizes: number[] = []
    await filtered.next('traces', ({ rows, seq }) => (sizes.push(rows.length), seq === 40))
    expect(sizes.reduce((a, b) => a + b)).toBe(40)
    expect(sizes.length).toBeGreaterThan(1)
  })
})

function busy(ms: number): boolean {
  const end = performance.now() + ms
  while (performance.now() < end);
  return true
}

describe('a page that misbehaves', () => {
  it.each<[string, (string | object)[]]>([
    ['no JSON', ['{', 'since', '']],
    ['no request', [[], 'null', '1', { type: 'run' }, { type: '__proto__' }, {}]],
    [
      'no number',
      [
        { type: 'since' },
        { type: 'since', seq: '1' },
        { type: 'since', seq: -1 },
        { type: 'since', seq: 1.5 },
        '{"type":"since","seq":1e999}'
      ]
    ],
    [
      'no query',
      [
        { type: 'filter' },
        { type: 'filter', query: 1 },
        { type: 'filter', query: 'x'.repeat(1025) }
      ]
    ]
  ])('by sending %s is told so, without its own words', async (_what, messages) => {
    const page = await open()
    for (const message of messages) {
      page.send(message)
      expect((await page.next('problem')).text).toBe('this message was not understood')
    }
    page.send({ type: 'since', seq: 0 })
    await page.next('traces')
  })

  it('by sending too much is put out', async () => {
    const page = await open()
    for (let i = 0; i < 31; i++) page.send({ type: 'since', seq: 0 })
    expect(await page.closed).toBe(1008)
  })

  it('by sending too large a message is put out', async () => {
    const page = await open()
    page.send('x'.repeat(16 * 1024 + 1))
    expect(await page.closed).toBe(1009)
  })

  it('by sending bytes is put out', async () => {
    const page = await open()
    page.ws.send(Buffer.from([1, 2, 3]))
    expect(await page.closed).toBe(1003)
  })

  it('by breaking the protocol is put out, and the host lives', async () => {
    const page = await open()
    const { _socket: socket } = page.ws as unknown as { _socket: Socket }
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await page.closed
    const reset = await open()
    const { _socket: other } = reset.ws as unknown as { _socket: Socket }
    other.resetAndDestroy()
    expect((await ask(host.port, '/')).body).toBe('host')
  })

  it('is one of twenty at most', async () => {
    await Promise.all(Array.from({ length: 20 }, () => open()))
    const { status } = await handshake(host.port, '/_traces/live', { origin: host.origin })
    expect(status).toBe(503)
    expect((await ask(host.port, '/_traces/live')).status).toBe(503)
    pages.pop()?.ws.terminate()
    while (host.serve.pages === 20) await new Promise((resolve) => setImmediate(resolve))
    await open()
  })
})

describe('a page that reads too slowly', () => {
  const limits = { tickMs: 5, slowMs: 300, pageBytes: 64 * 1024, totalBytes: 256 * 1024 }
  const name = 'x'.repeat(2000)

  /** A page that has asked for everything and reads nothing more. */
  async function stalled(filter = ''): Promise<Page> {
    const page = await open()
    if (filter !== '') page.send({ type: 'filter', query: filter })
    page.send({ type: 'since', seq: 0 })
    await page.next('traces')
    page.ws.pause()
    return page
  }

  it('is told how many it missed, asks for them, and has them all', async () => {
    await start({ liveLimits: { ...limits, slowMs: 60_000 } })
    const page = await stalled()
    while (slowPages() === 0) {
      host.memory.add({ name })
      await tick()
    }
    page.ws.resume()
    expect((await page.next('gap')).count).toBeGreaterThan(0)
    const told = new Set<number>()
    page.send({ type: 'since', seq: 0 })
    await page.next('traces', ({ rows }) => {
      for (const row of rows) told.add(reviveSummary(row).seq)
      return told.size === host.memory.newest
    })
  })

  it('and goes on so is dropped, and the others lose nothing', async () => {
    await start({ liveLimits: limits })
    // Each with a filter of its own: one shared frame would hide what eight waiting ones cost.
    await Promise.all(Array.from({ length: 8 }, (_, i) => stalled('x'.repeat(i + 1))))
    const healthy = await open()
    const told = new Set<number>()
    let seq = 0
    healthy.ws.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as LiveMessage
      if (message.type === 'gap') healthy.send({ type: 'since', seq })
      if (message.type !== 'traces') return
      for (const row of message.rows) told.add(reviveSummary(row).seq)
      seq = message.seq
    })
    healthy.send({ type: 'since', seq: 0 })
    while (host.serve.pages > 1) {
      host.memory.add({ name })
      await tick()
    }
    while (told.size < host.memory.newest) await tick()
    expect(host.serve.pages).toBe(1)
  })

  const slowPages = (): number => host.report.drops.get('slow page') ?? 0
})

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('while no page is connected', () => {
  it('nothing listens and no timer runs', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const page = await open()
    page.send({ type: 'since', seq: 0 })
    host.memory.add()
    await tellingOf(page, 1)
    expect(host.memory.storeListeners.size).toBe(1)
    expect(host.memory.flightListeners.size).toBe(1)
    page.ws.terminate()
    while (host.serve.pages > 0) await tick()
    expect(host.memory.storeListeners.size).toBe(0)
    expect(host.memory.flightListeners.size).toBe(0)
    // Others of this process may have had one for a moment.
    await until(() => timers() <= before)
    const idle = timers()
    host.memory.add()
    expect(timers()).toBe(idle)
  })
})

describe('pings', () => {
  it('keep a page that answers, and drop one that does not', async () => {
    await start({ liveLimits: { pingMs: 20, unansweredPings: 5 } })
    const alive = await open()
    const silent = await open()
    silent.ws.pause()
    // A process that stands still hears nobody, and must not take that for their silence.
    busy(500)
    while (host.serve.pages > 1) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(alive.ws.readyState).toBe(WebSocket.OPEN)
    alive.send({ type: 'since', seq: 0 })
    await alive.next('traces')
  })
})

describe('the end', () => {
  it('of the server comes without waiting for pages', async () => {
    const page = await open()
    const silent = await open()
    silent.ws.pause()
    await streamOf('')
    const closed = new Promise((resolve) => host.server.close(resolve))
    expect(await page.closed).toBe(1001)
    await closed
    expect(host.server.listenerCount('upgrade')).toBe(0)
    expect(Object.hasOwn(host.server, 'emit')).toBe(false)
    expect(Object.hasOwn(host.server, 'close')).toBe(false)
  })

  it('of local mode puts out who came in by it', async () => {
    await start({ token })
    const local = await open()
    await ask(host.port, '/', { headers: { via: 'x' } })
    expect(await local.closed).toBe(4401)
    const { status } = await handshake(host.port, '/_traces/live', { origin: host.origin })
    expect(status).toBe(401)
    const page = await open({ protocols: [liveProtocol, `spanlight.token.${token}`] })
    await ask(host.port, '/', { headers: { via: 'x' } })
    expect((await page.next('hello')).type).toBe('hello')
  })
})

describe('the handshake', () => {
  it('never repeats the token', async () => {
    await start({ mode: { mode: 'token', why: 'a test', warning: false }, token })
    await ask(host.port, '/_traces/')
    const protocols = {
      'sec-websocket-protocol': `spanlight.token.${token}, ${liveProtocol}`,
      origin: host.origin
    }
    const reply = await handshake(host.port, '/_traces/live', protocols)
    expect(reply.status).toBe(101)
    expect(reply.protocol).toBe(liveProtocol)
  })

  it.each([
    ['another origin', 403, { origin: 'http://evil.com' }],
    ['the null origin', 403, { origin: 'null' }],
    ['another port', 403, { origin: 'http://127.0.0.1:1' }],
    ['no origin', 403, {}],
    ['a rebound name', 403, { host: 'evil.com', origin: 'http://evil.com' }],
    ['a broken name', 400, { host: 'a b' }]
  ])(
    'from %s is refused with the headers of a refusal',
    async (_what, status, headers: Record<string, string>) => {
      await ask(host.port, '/_traces/')
      const reply = await handshake(host.port, '/_traces/live', headers)
      expect(reply.status).toBe(status)
      expect(reply.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'cache-control': 'no-store'
      })
      expect(host.serve.pages).toBe(0)
    }
  )

  it('before any look at the page is asked to come again', async () => {
    const first = await handshake(host.port, '/_traces/live', { origin: host.origin })
    expect(first.status).toBe(503)
    expect(first.headers['retry-after']).toBe('1')
    expect((await handshake(host.port, '/_traces/live', { origin: host.origin })).status).toBe(101)
  })

  it('that is let in late by the host’s check finds its socket gone', async () => {
    const waiting: ((yes: boolean) => void)[] = []
    const authorize = (): Promise<boolean> => new Promise((resolve) => waiting.push(resolve))
    await start({ mode: { mode: 'token', why: 'a test', warning: false }, authorize })
    await ask(host.port, '/_traces/')
    const socket = connect(host.port, '127.0.0.1')
    socket.write(
      `GET /_traces/live HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nOrigin: ${host.origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
    )
    while (waiting.length === 0) await tick()
    socket.resetAndDestroy()
    await new Promise((resolve) => socket.on('close', resolve))
    await tick()
    waiting[0](true)
    expect((await ask(host.port, '/')).body).toBe('host')
    expect(host.serve.pages).toBe(0)
  })
})

interface Stream {
  readonly headers: Record<string, unknown>
  /** The next event's message. */
  next(): Promise<{ id: string; message: LiveMessage }>
  close(): void
}

async function streamOf(query: string, headers: Record<string, string> = {}): Promise<Stream> {
  return new Promise((resolve, reject) => {
    const req = get(
      { port: host.port, host: '127.0.0.1', path: `/_traces/live${query}`, headers },
      (res) => {
        let text = ''
        let wake = (): void => undefined
        res.on('data', (chunk) => {
          text += String(chunk)
          wake()
        })
        res.on('error', () => undefined)
        resolve({
          headers: res.headers,
          async next() {
            for (;;) {
              const match = /^(?:id: (\d+)\n)?data: (.*)\n\n/.exec(text)
              if (match !== null) {
                text = text.slice(match[0].length)
                return { id: match[1] ?? '', message: JSON.parse(match[2]) as LiveMessage }
              }
              await new Promise<void>((resolve) => (wake = resolve))
            }
          },
          close: () => void req.destroy()
        })
      }
    )
    req.on('error', reject)
  })
}

describe('the event stream', () => {
  it('says the same as the socket', async () => {
    host.memory.add()
    const stream = await streamOf('?since=0')
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; sandbox"
    })
    expect((await stream.next()).message).toMatchObject({ type: 'hello', seq: 1 })
    const { id, message } = await stream.next()
    expect(id).toBe('1')
    expect(names(message as Traces)).toEqual(['GET /1'])
    expect(host.serve.pages).toBe(1)
    stream.close()
    while (host.serve.pages > 0) await tick()
  })

  it('starts from now when nothing is asked, and resumes where it was', async () => {
    host.memory.add()
    const stream = await streamOf('')
    await stream.next()
    expect((await stream.next()).message).toMatchObject({ type: 'traces', rows: [] })
    stream.close()
    host.memory.add()
    const again = await streamOf('', { 'last-event-id': '1' })
    await again.next()
    expect(names((await again.next()).message as Traces)).toEqual(['GET /2'])
    again.close()
  })

  it('is filtered by its query', async () => {
    host.memory.add({ name: 'GET /order' })
    host.memory.add({ name: 'GET /health' })
    const stream = await streamOf('?since=0&q=order')
    await stream.next()
    expect(names((await stream.next()).message as Traces)).toEqual(['GET /order'])
    stream.close()
  })

  it.each(['?since=-1', '?since=abc', '?since=1e999', '?since=', '?q=%', `?q=${'x'.repeat(5000)}`])(
    'takes %s for what it is',
    async (query) => {
      host.memory.add()
      const stream = await streamOf(query)
      expect((await stream.next()).message.type).toBe('hello')
      expect((await stream.next()).message.type).toBe('traces')
      stream.close()
    }
  )

  it('ends without harm to the host where letting go of it fails', async () => {
    const fail = (): void => {
      throw new Error('a fault of ours')
    }
    await start({ onInFlightChange: () => fail })
    const stream = await streamOf('')
    await stream.next()
    stream.close()
    await until(() => host.report.drops.has('internal error'))
    expect((await ask(host.port, '/')).body).toBe('host')
  })

  it('of a page needs the client header', async () => {
    const site = { 'sec-fetch-site': 'same-origin' }
    expect((await ask(host.port, '/_traces/live', { headers: site })).status).toBe(403)
    const stream = await streamOf('', { ...site, 'x-spanlight': '1' })
    expect((await stream.next()).message.type).toBe('hello')
    stream.close()
  })
})
