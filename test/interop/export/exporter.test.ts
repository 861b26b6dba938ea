import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { gunzipSync } from 'node:zlib'

import type { Span } from '../../../src/span/span.ts'
import { activeContext, isSuppressed, rootContext, runIn } from '../../../src/context/context.ts'
import type { Destination, ExportRequest } from '../../../src/interop/export/destination.ts'
import { createReport } from '../../../src/base/report.ts'
import { OpenTraces } from '../../../src/trace/open-traces.ts'
import { Tracer } from '../../../src/span/tracer.ts'
import { defaultLimits } from '../../../src/base/limits.ts'
import { openRedactor } from '../../span/setup.ts'
import { Collector, exporting, type Exporting, traceOf } from './collector.ts'
import { until } from '../../until.ts'

let collector: Collector
let exporter: Exporting
const closers: (() => void)[] = []
beforeEach(async () => {
  collector = new Collector()
  exporter = exporting(await collector.start())
})
afterEach(async () => {
  await exporter.close(0)
  await collector.kill()
  for (const close of closers.splice(0)) close()
})
const use = async (
  setup: Parameters<typeof exporting>[2],
  more: Parameters<typeof exporting>[1] = {}
) => {
  await exporter.close(0)
  exporter = exporting(more.url ?? collector.url, more, setup)
}

describe('an exporter', () => {
  it('sends what ends, by itself, compressed, over one connection', async () => {
    exporter.export(traceOf(2))
    await until(() => collector.received.length === 1)
    exporter.export(traceOf(1))
    await until(() => collector.received.length === 2)
    expect(collector.received[0].headers).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'gzip'
    })
    expect(collector.names).toHaveLength(3)
    expect(collector.received[0].records[0].resource.service).toBe('shop')
    expect(collector.connections.size).toBe(1)
    expect(exporter.lines).toEqual([])
  })

  it('sends the headers it is given, and no compression when told so', async () => {
    await use({}, { headers: { authorization: 'Bearer x' }, compression: 'none' })
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    const [{ headers }] = collector.received
    expect(headers.authorization).toBe('Bearer x')
    expect(headers['content-encoding']).toBeUndefined()
  })

  it('trusts the authorities that it is given, and no stranger', async () => {
    const fixture = (name: string) =>
      readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8')
    const [cert, key] = [fixture('cert.pem'), fixture('key.pem')]
    const bodies: string[] = []
    const server = createHttps({ cert, key }, (req, res) => {
      req.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      req.on('end', () => res.end('{}'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}/v1/traces`
    await use({ retryMs: 1 }, { url })
    exporter.export(traceOf(1))
    await until(() => exporter.lines.length === 1)
    expect(exporter.lines[0]).toContain('CERT')
    await use({}, { url, compression: 'none', tls: { ca: cert } })
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    expect(bodies.join('')).toContain('work')
  })

  it('batches what ends together, and parts what is more than a batch', async () => {
    await use({ intervalMs: 60_000 }, { maxBatch: { spans: 128 } })
    for (let i = 0; i < 40; i++) exporter.export(traceOf(1))
    exporter.export(traceOf(200, 'long'))
    expect(await exporter.flush()).toBe(true)
    const sizes = collector.received.map(({ records }) =>
      records.reduce((sum, record) => sum + record.spans.length, 0)
    )
    expect(Math.max(...sizes)).toBeLessThanOrEqual(128)
    expect(sizes.reduce((a, b) => a + b)).toBe(240)
    expect(sizes.length).toBeLessThan(5)
  })

  it('parts by size too, so that no collector refuses a batch', async () => {
    await use({ intervalMs: 60_000 })
    for (let i = 0; i < 5; i++) exporter.export(traceOf(1, 'fat', 'x'.repeat(600_000)))
    expect(await exporter.flush()).toBe(true)
    expect(collector.received).toHaveLength(5)
  })

  it('does not wait for the interval when a batch is full', async () => {
    await use({ intervalMs: 60_000 }, { maxBatch: { spans: 10 } })
    exporter.export(traceOf(10))
    await until(() => collector.received.length === 1)
  })

  it('has copied a record when export returns: live spans let go of theirs', async () => {
    await use({ intervalMs: 60_000 })
    const report = createReport(() => {})
    const open = new OpenTraces({
      clock: { now: () => performance.now(), anchor: () => performance.timeOrigin },
      limits: defaultLimits,
      report,
      resource: { service: 'live', attributes: [] },
      redact: (record) => record,
      onRecord: (record) => exporter.export(record),
      onChange: () => {}
    })
    const tracer = new Tracer({
      limits: defaultLimits,
      redactor: openRedactor,
      now: () => performance.now(),
      sampler: () => true,
      openTrace: (traceId) => open.open(traceId)
    })
    const span = tracer.start('live') as Span
    span.setAttribute('a', 1).addEvent('e').setStatus({ code: 2, message: 'bad' })
    span.addLog('info', 'said')
    span.end()
    open.close()
    expect(span.attributes).toEqual([])
    await exporter.flush()
    const [sent] = collector.received[0].records[0].spans
    expect(sent).toMatchObject({ name: 'live', attributes: ['a', 1], statusMessage: 'bad' })
    expect(sent.events).toHaveLength(1)
    expect(sent.logs[0].body).toBe('said')
  })

  it('works in a context in which nothing is recorded, and holds no other', async () => {
    const key = Symbol('request')
    const seen: [boolean, unknown][] = []
    const note = () => seen.push([isSuppressed(activeContext()), activeContext().getValue(key)])
    subscribe('http.client.request.start', note)
    try {
      runIn(rootContext.setValue(key, 'heavy'), () => exporter.export(traceOf(1)))
      await until(() => collector.received.length === 1)
    } finally {
      unsubscribe('http.client.request.start', note)
    }
    expect(seen).toEqual([[true, undefined]])
  })
})

describe('what a destination asks for', () => {
  it('authorizes each try anew, by the bytes that are sent', async () => {
    const seen: ExportRequest[] = []
    const authorize = async (request: ExportRequest) => {
      seen.push(request)
      return { authorization: `try ${seen.length}` }
    }
    collector.answer = (res, _req, nth) => res.writeHead(nth === 1 ? 503 : 200).end()
    await use({}, { authorize })
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    await until(() => collector.received.length === 2)
    expect(collector.received.map(({ headers }) => headers.authorization)).toEqual([
      'try 1',
      'try 2'
    ])
    expect(seen[0].url.href).toBe(collector.url)
    expect(seen[0].headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(seen[0].body).toString()).toContain('"work"')
  })

  it.each([
    ['fails', () => Promise.reject(new Error('no key')), 'no key'],
    ['never answers', () => new Promise<never>(() => {}), 'no credentials within 20 ms']
  ])('tries again when authorize %s', async (_how, fail, why) => {
    let tries = 0
    const authorize = async () => (++tries === 1 ? fail() : {})
    await use({}, { authorize, timeoutMs: 20 })
    exporter.export(traceOf(1))
    await until(() => exporter.lines.length === 2)
    expect(exporter.lines[0]).toContain(`fails (${why}); it is tried again`)
  })
})

describe('a collector that refuses who sends', () => {
  it.each([401, 403])('with %i is shown other credentials at once', async (status) => {
    const refusals: (boolean | undefined)[] = []
    const authorize = async (_request: ExportRequest, refused?: boolean) => {
      refusals.push(refused)
      return { authorization: refused === true ? 'new' : 'old' }
    }
    collector.answer = (res, req) =>
      res.writeHead(req.headers.authorization === 'new' ? 200 : status).end()
    await use({}, { authorize })
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    expect(refusals).toEqual([false, true])
    expect(collector.received.map(({ headers }) => headers.authorization)).toEqual(['old', 'new'])
    expect(exporter.lines).toEqual([])
  })

  it('loses the batch where these are refused as well, and does not ask for others with each', async () => {
    const refusals: (boolean | undefined)[] = []
    const authorize = async (_request: ExportRequest, refused?: boolean) => {
      refusals.push(refused)
      return {}
    }
    collector.answer = (res) => res.writeHead(403).end()
    await use({}, { authorize })
    for (let lost = 1; lost < 4; lost++) {
      exporter.export(traceOf(1))
      await until(() => exporter.figures().failed === lost)
    }
    expect(refusals).toEqual([false, true, false, false])
    expect(exporter.lines).toHaveLength(1)
    expect(exporter.lines[0]).toContain('fails (HTTP status 403); its spans are lost')
  })
})

describe('a collector that is not well', () => {
  it('is told of once when it is dead and once when it is back, nothing being lost', async () => {
    await collector.kill()
    await use({ intervalMs: 1, retryMs: 20 })
    exporter.export(traceOf(3))
    await until(() => exporter.lines.length > 0)
    await collector.start()
    await until(() => collector.names.length === 3)
    await until(() => exporter.lines.length === 2)
    expect(exporter.lines).toEqual([
      `spanlight: export to ${collector.url} fails (ECONNREFUSED); it is tried again`,
      `spanlight: export to ${collector.url} works again; 0 spans were lost`
    ])
    expect(exporter.drops()).toEqual({})
  })

  it('costs no more than the queue while it stays dead: the oldest spans make room', async () => {
    await collector.kill()
    await use({ maxQueue: 100, retryMs: 1 }, { maxBatch: { spans: 10 } })
    for (let i = 0; i < 30; i++) exporter.export(traceOf(10, `trace ${i}`))
    await until(() => exporter.lines.length === 1)
    expect(exporter.drops()).toEqual({ 'export queue full': 200 })
    expect(exporter.figures()).toMatchObject({ dropped: 200, waiting: 100, failing: true })
    await collector.start()
    await until(() => exporter.lines.length === 2)
    expect(await exporter.flush()).toBe(true)
    expect(exporter.lines[1]).toMatch(/works again; 0 spans were lost$/)
    expect(new Set(collector.names).has('trace 29')).toBe(true)
    expect(collector.names).toHaveLength(100)
    expect(exporter.figures()).toMatchObject({ sent: 100, waiting: 0, failing: false })
  })

  it('loses the end of a trace that is too long, not its beginning', async () => {
    await use({ maxQueue: 128, intervalMs: 60_000 })
    exporter.export(traceOf(64, 'old'))
    exporter.export(traceOf(300, 'long'))
    expect(await exporter.flush()).toBe(true)
    expect(exporter.drops()).toEqual({ 'export queue full': 64 + 300 - 128 })
    const [first] = collector.received[0].records
    expect(first.spans[0]).toMatchObject({ name: 'long', parentId: undefined })
  })

  it('gives a batch up that was tried for long enough, and counts it', async () => {
    await collector.kill()
    await use({ retryMs: 1, giveUpMs: 30 })
    exporter.export(traceOf(10))
    await until(() => exporter.drops()['export failed'] === 10)
    await collector.start()
    exporter.export(traceOf(1, 'back'))
    await until(() => exporter.lines.length === 2)
    expect(exporter.lines[1]).toMatch(/works again; 10 spans were lost$/)
    expect(collector.names).toEqual(['back'])
    expect(exporter.figures()).toMatchObject({ sent: 1, failed: 10, lastError: 'ECONNREFUSED' })
  })

  it('gets a batch that is too large in halves, and what is too large in any case is lost', async () => {
    await use({ intervalMs: 60_000, retryMs: 3_600_000 })
    collector.answer = (res, req) => {
      const spans = collector.received.at(-1)?.records.flatMap((record) => record.spans) ?? []
      res.writeHead(spans.length > 20 || spans.some(({ name }) => name === 'huge') ? 413 : 200)
      res.end()
      req.resume()
    }
    exporter.export(traceOf(1, 'huge', 'x'.repeat(100_000)))
    for (let i = 0; i < 100; i++) exporter.export(traceOf(1, `${i}`, 'x'.repeat(2000)))
    expect(await exporter.flush()).toBe(true)
    exporter.export(traceOf(1, 'after'))
    expect(await exporter.flush()).toBe(true)
    expect(exporter.drops()).toEqual({ 'export failed': 1 })
    expect(exporter.figures()).toMatchObject({ sent: 101, failed: 1, lastError: 'HTTP status 413' })
  })

  it('that finds every request too large is asked about as often as it has to be', async () => {
    collector.answer = (res) => res.writeHead(413).end()
    exporter.export(traceOf(512, 'w', 'x'.repeat(1000)))
    await until(() => exporter.drops()['export failed'] === 512)
    expect(collector.received.length).toBeLessThan(100)
  })

  it('is killed between two batches without a word', async () => {
    exporter.export(traceOf(1))
    await until(() => collector.received.length === 1)
    await collector.kill()
    await collector.start()
    exporter.export(traceOf(1))
    await until(() => collector.received.length === 2)
    expect(exporter.drops()).toEqual({})
  })

  it.each([429, 502, 503, 504])('is tried again after status %i', async (status) => {
    collector.answer = (res, _req, nth) => res.writeHead(nth < 3 ? status : 200).end()
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    expect(exporter.lines).toHaveLength(2)
    expect(collector.received).toHaveLength(3)
    expect(exporter.lines[0]).toContain(`fails (HTTP status ${status}); it is tried again`)
    expect(exporter.drops()).toEqual({})
  })

  it.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 1500).toUTCString()]
  ])('is waited for as long as Retry-After says, in %s', async (_form, header) => {
    const times: number[] = []
    collector.answer = (res, _req, nth) => {
      times.push(performance.now())
      if (nth === 1) res.writeHead(503, { 'retry-after': header() })
      res.end()
    }
    exporter.export(traceOf(1))
    await until(() => times.length === 2)
    // A date has whole seconds only. Without the header the pause is 5 ms.
    expect(times[1] - times[0]).toBeGreaterThan(300)
  })

  it.each([400, 401, 404, 500, 301])('loses what it refuses with status %i', async (status) => {
    collector.answer = (res) => res.writeHead(status, { location: '/elsewhere' }).end()
    exporter.export(traceOf(2))
    await until(() => exporter.drops()['export failed'] === 2)
    exporter.export(traceOf(1))
    await until(() => exporter.drops()['export failed'] === 3)
    expect(collector.received).toHaveLength(2)
    expect(exporter.lines).toEqual([
      `spanlight: export to ${collector.url} fails (HTTP status ${status}); its spans are lost`
    ])
  })

  it('may reject some spans of a batch', async () => {
    const partialSuccess = { rejectedSpans: '2', errorMessage: 'no' }
    collector.answer = (res) => res.end(JSON.stringify({ partialSuccess }))
    exporter.export(traceOf(5))
    await until(() => exporter.drops()['export failed'] === 2)
    expect(exporter.lines).toEqual([
      `spanlight: ${collector.url} rejected some of the exported spans`
    ])
  })

  it('may take in everything and never answer', async () => {
    collector.answer = () => {}
    await use({ retryMs: 1 }, { timeoutMs: 30 })
    exporter.export(traceOf(1))
    await until(() => collector.received.length > 1)
    expect(exporter.lines[0]).toContain('fails (no answer within 30 ms)')
    expect(exporter.figures()).toMatchObject({ waiting: 1, failed: 0 })
  })

  it('may answer without an end or with more than anybody wants', async () => {
    collector.answer = (res, _req, nth) => {
      if (nth === 1) return void res.write('{')
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(65_536)));
      }
      res.on('drain', more)
      more()
    }
    exporter.export(traceOf(1))
    await until(() => collector.received.length === 1)
    exporter.export(traceOf(1))
    await until(() => collector.received.length === 2)
    await until(() => collector.connections.size === 0)
    expect(exporter.drops()).toEqual({})
    expect(exporter.lines).toEqual([])
  })

  it.each([
    ['nothing at all', ''],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
    ['a header that is too large', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`],
    ['endless headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`],
    ['a broken body', 'HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nx']
  ])('may answer with %s and hang up', async (_what, answer) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await use({ retryMs: 1, giveUpMs: 20 }, { url: `http://127.0.0.1:${port}/v1/traces` })
    exporter.export(traceOf(1))
    await until(() => exporter.drops()['export failed'] === 1)
    expect(exporter.lines).toHaveLength(1)
    expect(exporter.lines[0]).toContain('it is tried again')
    for (const socket of sockets) socket.destroy()
    server.close()
  })
})

describe('a collector that is hostile', () => {
  const serve = async (talk: (socket: Socket) => void): Promise<string> => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('data', () => talk(socket))
    })
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
  }

  it('may reset each connection', async () => {
    let connections = 0
    const url = await serve((socket) => {
      connections++
      socket.resetAndDestroy()
    })
    await use({ retryMs: 1 }, { url })
    exporter.export(traceOf(1))
    await until(() => connections > 2)
    expect(exporter.figures()).toMatchObject({ waiting: 1, lastError: 'ECONNRESET' })
    expect(exporter.lines).toHaveLength(1)
  })

  it('may send its headers one byte at a time', async () => {
    let connections = 0
    const url = await serve((socket) => {
      connections++
      socket.write('HTTP/1.1 200 OK\r\nx: ')
      const timer = setInterval(() => socket.write('y'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    await use({ retryMs: 1 }, { url, timeoutMs: 60 })
    exporter.export(traceOf(1))
    await until(() => connections > 1)
    expect(exporter.figures()).toMatchObject({ waiting: 1, lastError: 'no answer within 60 ms' })
  })

  it('that fails every other time is told of once a minute at most', async () => {
    collector.answer = (res, _req, nth) => res.writeHead(nth % 2 === 0 ? 200 : 503).end()
    for (let i = 0; i < 5; i++) {
      exporter.export(traceOf(1))
      expect(await exporter.flush()).toBe(true)
    }
    expect(collector.received).toHaveLength(10)
    expect(exporter.lines).toHaveLength(2)
  })
})

describe('flush and close', () => {
  it('flush has nothing to do when nothing waits', async () => {
    expect(await exporter.flush()).toBe(true)
    expect(collector.received).toEqual([])
  })

  it('flush gives up when its time is over, and what waits stays', async () => {
    const held: (() => void)[] = []
    collector.answer = (res) => void held.push(() => res.end())
    exporter.export(traceOf(1))
    expect(await exporter.flush(30)).toBe(false)
    await until(() => held.length === 1)
    held[0]()
    expect(await exporter.flush()).toBe(true)
    expect(collector.received).toHaveLength(1)
  })

  it('flush does not wait for a pause between two tries', async () => {
    await use({ retryMs: 3_600_000 })
    collector.answer = (res, _req, nth) => res.writeHead(nth === 1 ? 503 : 200).end()
    exporter.export(traceOf(1))
    await until(() => exporter.lines.length === 1)
    expect(await exporter.flush()).toBe(true)
    expect(collector.received).toHaveLength(2)
  })

  it('close sends what waits', async () => {
    await use({ intervalMs: 3_600_000 })
    exporter.export(traceOf(2))
    await exporter.close(5000)
    expect(collector.names).toHaveLength(2)
    expect(exporter.drops()).toEqual({})
  })

  it('close counts what it cannot send, ends connections, and is final', async () => {
    collector.answer = () => {}
    exporter.export(traceOf(2))
    await until(() => collector.received.length === 1)
    await exporter.close(10)
    expect(exporter.drops()).toEqual({ 'export failed': 2 })
    await until(() => collector.connections.size === 0)
    exporter.export(traceOf(1))
    await exporter.close()
    expect(collector.received).toHaveLength(1)
  })
})

describe('a process that exports', () => {
  /** Runs one that has something else to do until its first try is `over`. */
  const run = async (
    url: string,
    transport: Destination['transport'],
    over: (output: string) => boolean
  ) => {
    const file = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const code = `
      const { createExporter } = await import(${file('../../../src/interop/export/exporter.ts')})
      const report = { say: console.log, once: console.log, drop() {}, hide: String, drops: new Map() }
      const destination = {
        url: ${JSON.stringify(url)}, transport: '${transport}', headers: {}, timeoutMs: 1e4, compression: 'gzip',
        format: { contentType: 'text/plain', body: () => 'spans' }
      }
      const exporter = createExporter({ destination, report, intervalMs: 1, retryMs: 1e6 })
      exporter.export(${JSON.stringify(traceOf(1))})
      // Until that is closed there is something else to do.
      process.stdin.resume().on('end', () => console.log('done'))
    `
    // Node 20 does not strip types: the build tool that runs these tests does it.
    const { build } = await import('esbuild')
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: '.', loader: 'js' },
      plugins: [
        {
          name: 'file urls',
          setup: (b) =>
            b.onResolve({ filter: /^file:/ }, ({ path }) => ({ path: new URL(path).pathname }))
        }
      ],
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false
    })
    const child = spawn(process.execPath, ['--input-type=module', '-e', outputFiles[0].text])
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = new Promise((resolve) => child.on('close', resolve))
    await until(() => over(output))
    child.stdin.end()
    return { exit: await ended, output }
  }

  it('ends when it has nothing else to do, whether the collector is dead, silent or well', async () => {
    const failed = (output: string) => output.includes('ECONNREFUSED')
    expect(await run('http://127.0.0.1:1/v1/traces', 'http', failed)).toMatchObject({ exit: 0 })
    for (const [nth, answer] of [() => {}, (res: ServerResponse) => res.end('{}')].entries()) {
      collector.answer = answer
      const taken = () => collector.received.length > nth
      expect(await run(collector.url, 'http', taken)).toEqual({ exit: 0, output: 'done\n' })
    }
    expect(collector.received).toHaveLength(2)
  })

  it('ends so, too, when it sends by gRPC', async () => {
    const failed = (output: string) => output.includes('ECONNREFUSED')
    expect(await run('http://127.0.0.1:1/', 'grpc', failed)).toMatchObject({ exit: 0 })
    const streams: ServerHttp2Stream[] = []
    const server = createHttp2(
      (req, res) => void req.resume().on('end', () => res.stream.respond())
    )
    server.on('stream', (stream) => {
      streams.push(stream)
      stream.on('error', () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const taken = () => streams.length > 0
    const ended = await run(`http://127.0.0.1:${port}/`, 'grpc', taken)
    expect(ended).toEqual({ exit: 0, output: 'done\n' })
    expect(streams).toHaveLength(1)
    await new Promise((resolve) => server.close(resolve))
  })
})
