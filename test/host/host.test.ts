import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Redactor } from '../../src/redact/redactor.ts'
import { createReport } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import { activeContext, isSuppressed } from '../../src/context/context.ts'
import { expressMiddleware } from '../../src/host/express.ts'
import type { HostSetup } from '../../src/host/host.ts'
import { traced } from '../../src/host/http.ts'
import { isLoopback, isPrivate } from '../../src/host/peer.ts'
import { openRedactor } from '../span/setup.ts'
import { activeId, closeAll, expressVersions, listen, raw, type Seen, watched } from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

/** A request as from that address, through the bare listener, answered at once. */
function from(
  address: string | undefined,
  setup: Partial<HostSetup> = {},
  headers: Record<string, string> = { traceparent, baggage: 'tenant=acme' }
): { seen: Seen; baggage: unknown } {
  const recorder = watched(setup)
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: address })
  const emitter: { emit: (type: string) => boolean } = { emit: () => true }
  const req = { method: 'GET', url: '/', httpVersion: '1.1', headers, socket, ...emitter }
  const res = { ...emitter, statusCode: 200, getHeaders: () => ({}), socket }
  let baggage: unknown
  const listener = traced(recorder.host, () => {
    baggage = activeContext().getValue(Symbol.for('OpenTelemetry Baggage Key'))
  })
  Reflect.apply(listener, undefined, [req, res])
  res.emit('finish')
  return { seen: recorder.seen[0], baggage }
}

describe('an incoming trace context', () => {
  it.each([
    ['127.0.0.1', undefined],
    ['::1', undefined],
    ['::ffff:127.0.0.1', undefined],
    ['10.1.2.3', true],
    ['::ffff:192.168.0.9', true],
    ['fd00::1', true]
  ])('is continued for %s, and said to be when it came from elsewhere', (address, joined) => {
    const { seen, baggage } = from(address)
    expect(seen.traceId).toBe(traceId)
    expect(seen.span.parentId).toBe(spanId)
    expect(seen.attributes['spanlight.joined']).toBe(joined)
    expect(baggage).toBeDefined()
  })

  it.each(['203.0.113.7', '2001:db8::1', '::ffff:8.8.8.8', undefined])(
    'becomes a link of a new trace for %s',
    (address) => {
      const { seen, baggage } = from(address)
      expect(seen.traceId).not.toBe(traceId)
      expect(seen.span.parentId).toBeUndefined()
      expect(seen.span.links).toMatchObject([{ traceId, spanId }])
      expect(seen.attributes['spanlight.joined']).toBeUndefined()
      expect(baggage).toBeUndefined()
    }
  )

  it('is continued for all or for nobody where that is set', () => {
    expect(from('203.0.113.7', { trustIncoming: true }).seen).toMatchObject({
      traceId,
      attributes: { 'spanlight.joined': true }
    })
    expect(from('127.0.0.1', { trustIncoming: false }).seen.span.links).toHaveLength(1)
  })

  it('is not missed where there is none', () => {
    const { seen } = from('127.0.0.1', {}, {})
    expect(seen.span.parentId).toBeUndefined()
    expect(seen.span.links).toEqual([])
  })
})

describe('addresses', () => {
  it('are loopback or private by their block', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      expect([address, isLoopback(address), isPrivate(address)]).toEqual([address, true, true])
    for (const address of [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.9.9',
      '192.168.1.1',
      '169.254.1.1',
      'fe80::1',
      'fc00::1',
      '::ffff:10.0.0.1'
    ])
      expect([address, isLoopback(address), isPrivate(address)]).toEqual([address, false, true])
    for (const address of [
      '172.32.0.1',
      '172.15.0.1',
      '11.0.0.1',
      '192.169.0.1',
      '2001:db8::1',
      '100.64.0.1',
      'fec0::1',
      '1127.0.0.1',
      '',
      'fd',
      undefined
    ])
      expect([address, isLoopback(address), isPrivate(address)]).toEqual([address, false, false])
  })
})

describe('the tracing page', () => {
  const asked: string[] = []
  const page = (req: IncomingMessage, res: ServerResponse, base: string): boolean => {
    asked.push(`${req.url} at '${base}' ${isSuppressed(activeContext())}`)
    res.end('page')
    return true
  }

  it.each([
    ['/_traces', true],
    ['/_traces/', true],
    ['/_traces/api/traces?q=1', true],
    ['/_traces?x', true],
    ['/_tracesx', false],
    ['/_TRACES', false],
    ['//_traces', false],
    ['/%5Ftraces', false],
    ['/x/../_traces', false],
    ['http://a/_traces', false]
  ])('is asked for %s: %s, and its requests are not recorded', async (target, own) => {
    asked.length = 0
    const recorder = watched({ page })
    const port = await listen(
      createServer(traced(recorder.host, (_req, res) => void res.end('app')))
    )
    const text = await raw(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(text.endsWith(own ? 'page' : 'app')).toBe(true)
    expect(asked).toEqual(own ? [`${target} at '' true`] : [])
    expect(recorder.seen).toHaveLength(own ? 0 : 1)
  })

  it.each(expressVersions)('lives under the mount point in %s', async (_version, express) => {
    asked.length = 0
    const recorder = watched({ page, layers: false })
    const app = express()
    app.use('/sub', expressMiddleware(recorder.host))
    app.use((_req, res) => void res.send('app'))
    const port = await listen(createServer(app))
    const get = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    expect(await get('/sub/_traces/t/1')).toBe('page')
    expect(await get('/_traces')).toBe('app')
    expect(await get('/sub/x')).toBe('app')
    await recorder.servers()
    expect(asked).toEqual(["/_traces/t/1 at '/sub' true"])
    expect(recorder.seen.map(({ attributes }) => attributes['url.path'])).toEqual(['/sub/x'])
  })

  it('leaves what it does not answer to the app', async () => {
    const recorder = watched({ page: () => false })
    const port = await listen(
      createServer(traced(recorder.host, (_req, res) => void res.end('app')))
    )
    expect(await (await fetch(`http://127.0.0.1:${port}/_traces`)).text()).toBe('app')
    expect(await recorder.servers()).toHaveLength(1)
  })
})

describe('ignored requests', () => {
  it('are not recorded, nor what they do, at any mount', async () => {
    const recorder = watched({
      layers: false,
      ignore: (method, path) => method === 'GET' && path === '/health'
    })
    const app = expressVersions[3]?.[1]()
    if (app === undefined) throw new Error('no Express')
    app.use(expressMiddleware(recorder.host), expressMiddleware(recorder.host))
    app.use((_req, res) => {
      recorder.tracer.start('work').end()
      res.send(activeId())
    })
    const port = await listen(createServer(app))
    expect(await (await fetch(`http://127.0.0.1:${port}/health?deep=1`)).text()).toBe('')
    await fetch(`http://127.0.0.1:${port}/health`, { method: 'POST' })
    await until(() => recorder.seen.length >= 2)
    expect(recorder.seen.map(({ name }) => name).sort((a, b) => a.localeCompare(b))).toEqual([
      'POST',
      'work'
    ])
  })
})

describe('headers', () => {
  const redactor: Redactor = {
    ...openRedactor,
    header: (name, value) =>
      name === 'authorization' ? value.split(' ')[0] : name === 'x-drop' ? undefined : value
  }
  const head =
    'GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nAuthorization: Bearer s3cret\r\nX-Drop: 1\r\nX-Mine: 2\r\nConnection: close\r\n\r\n'

  it('are recorded by the redactor’s rule, those that are known', async () => {
    const recorder = watched({ redactor })
    const port = await listen(
      createServer(
        traced(
          recorder.host,
          (_req, res) => void res.setHeader('ETag', '"1"').setHeader('X-Mine', '1').end()
        )
      )
    )
    await raw(port, head)
    const [span] = await recorder.servers()
    expect(span?.attributes).toMatchObject({
      'http.request.header.accept': ['*/*'],
      'http.request.header.authorization': ['Bearer'],
      'http.response.header.etag': ['"1"']
    })
    expect(JSON.stringify(span)).not.toContain('s3cret')
    expect(JSON.stringify(span)).not.toContain('x-mine')
  })

  it('are those that were asked for, in any case', async () => {
    const recorder = watched({
      redactor,
      captureHeaders: { request: ['X-Mine', 'x-drop'], response: ['x-mine'] }
    })
    const port = await listen(
      createServer(
        traced(recorder.host, (_req, res) => void res.writeHead(200, { 'X-Mine': '3' }).end())
      )
    )
    await raw(port, head)
    const [span] = await recorder.servers()
    const names = Object.keys(span?.attributes ?? {}).filter((key) => key.includes('.header.'))
    expect(names).toEqual(['http.request.header.x-mine', 'http.response.header.x-mine'])
  })
})

describe('a middleware outside Express', () => {
  it('follows requests by calling next once, and gives their exceptions to nobody else', async () => {
    const recorder = watched()
    const middleware = expressMiddleware(recorder.host)
    let calls = 0
    const port = await listen(
      createServer((req, res) => {
        try {
          middleware(req, res, (...args) => {
            calls++
            expect(args).toEqual([])
            throw new Error(activeId())
          })
        } catch (error) {
          res.end((error as Error).message)
        }
      })
    )
    const id = await (await fetch(`http://127.0.0.1:${port}/`)).text()
    const [span] = await recorder.servers()
    expect([calls, id]).toEqual([1, span?.span.spanId])
    expect(recorder.frameworks).toEqual(['connect'])
    expect(recorder.report.drops.size).toBe(0)
  })
})

describe('what is not sampled', () => {
  it('is not recorded, and carries its context on all the same', async () => {
    const recorder = watched({ sample: 0 })
    const ids: string[] = []
    const port = await listen(
      createServer(
        traced(recorder.host, (req, res) => {
          req.on('data', () => ids.push(activeContext().span?.spanContext().traceId ?? ''))
          req.on('end', () => res.end())
        })
      )
    )
    await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: 'x',
      headers: { traceparent }
    })
    expect(ids).toEqual([traceId])
    expect(recorder.seen).toEqual([])
  })
})

describe('a failure of ours', () => {
  const boom = (): never => {
    throw new Error('ours')
  }
  const faults: [string, Partial<HostSetup>][] = [
    ['the propagation', { propagation: { extract: boom, inject: boom, fields: [], reads: [] } }],
    ['the ignore option', { ignore: boom }],
    ['the page', { page: boom }],
    ['the framework callback', { onFramework: boom }],
    ['the tracer', { tracer: { start: boom } as unknown as HostSetup['tracer'] }],
    ...(['attribute', 'text', 'header', 'query', 'path'] as const).map(
      (name): [string, Partial<HostSetup>] => [
        `the redactor’s ${name}`,
        { redactor: { ...openRedactor, [name]: boom } }
      ]
    )
  ]

  it.each(
    faults.flatMap(([title, setup]) =>
      expressVersions.map(([version, express]) => [title, version, setup, express] as const)
    )
  )('in %s does not reach %s, and the span ends', async (_title, _version, setup, express) => {
    const lines: string[] = []
    const guard = createGuard(
      'server spans',
      createReport((line) => void lines.push(line))
    )
    const recorder = watched({ ...setup, guard })
    const app = express()
    app.set('env', 'test')
    app.use(expressMiddleware(recorder.host))
    app.use(express.json())
    app.get('/ok/:id', (req, res) => void res.send(req.params.id))
    app.post('/ok', (req, res) => void res.json(req.body))
    app.get('/fail', (_req, _res, next) =>
      next(Object.assign(new Error('theirs'), { status: 503 }))
    )
    const port = await listen(createServer(app))
    // Enough for the part to be switched off on the way.
    for (let i = 0; i < 15; i++) {
      const url = `http://127.0.0.1:${port}`
      const ok = await fetch(`${url}/ok/${i}?q=1`, { headers: { authorization: 'x' } })
      expect([ok.status, await ok.text()]).toEqual([200, String(i)])
      const echo = await fetch(`${url}/ok`, {
        method: 'POST',
        body: '{"a":1}',
        headers: { 'content-type': 'application/json' }
      })
      expect(await echo.json()).toEqual({ a: 1 })
      expect((await fetch(`${url}/fail`)).status).toBe(503)
      expect((await fetch(`${url}/_traces`)).status).toBe(404)
    }
    await until(() => [...recorder.open.inFlight()].length === 0)
    expect(recorder.report.drops.size).toBe(0)
  })
})
