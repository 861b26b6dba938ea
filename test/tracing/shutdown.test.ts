import diagnostics from 'node:diagnostics_channel'
import http, { createServer, type Server } from 'node:http'
import https from 'node:https'
import { context, propagation, trace } from '@opentelemetry/api'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { tracing as expressTracing } from '../../src/express.ts'
import { traced } from '../../src/http.ts'
import { tracing as koaTracing } from '../../src/koa.ts'
import { withSpan } from '../../src/manual.ts'
import { currentTracing } from '../../src/places.ts'
import { shutdown } from '../../src/process-wide.ts'
import {
  ask,
  closeAll,
  expressVersions,
  fromOutside,
  koaVersions,
  listen,
  PageApi
} from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)

const channels = [
  'undici:request:create',
  'undici:request:headers',
  'undici:request:trailers',
  'undici:request:error',
  'http.client.request.created',
  'tracing:net.server.listen:asyncEnd'
]

function methods(of: object, ...names: string[]): unknown[] {
  return names.map((name) => Reflect.get(of, name) as unknown)
}

/** Everything of the process that recording touches. */
function touched(): Record<string, unknown> {
  const { log, info, warn, error, debug } = console
  return {
    http: [http.request, http.get, https.request, https.get],
    console: [log, info, warn, error, debug],
    pg: [
      ...methods(pg.Client.prototype, 'query'),
      ...methods(pg.Pool.prototype, 'query', 'connect')
    ],
    listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
    channels: channels.filter((name) => diagnostics.hasSubscribers(name)),
    api: Object.getOwnPropertyDescriptor(globalThis, Symbol.for('opentelemetry.js.api.1')),
    recorder: currentTracing(),
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  }
}

/** Everything of a server that serving the page touches. */
function touchedOf(server: Server): unknown {
  return {
    own: Object.getOwnPropertyNames(server).sort(),
    methods: methods(server, 'emit', 'close'),
    listeners: server.eventNames().map((name) => [name, server.listenerCount(name)])
  }
}

/** What all layers of an Express share; asked for in an order that 4 does not take for its predecessor's ways. */
function layersOf(app: object): object {
  const { _router: old } = app as { _router?: { stack: object[] } }
  const { stack } = old ?? (app as { router: { stack: object[] } }).router
  return Object.getPrototypeOf(stack[0]) as object
}

async function openPage(origin: string): Promise<WebSocket> {
  await ask(`${origin}/_traces/`)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/_traces/live`, 'spanlight.v1', {
    origin
  })
  await new Promise((resolve, reject) => {
    socket.once('message', resolve)
    socket.once('error', reject)
  })
  return socket
}

describe('shutdown', () => {
  it('gives the process back as it was', async () => {
    const before = touched()
    const app = expressVersions[1][1]()
    app.use(expressTracing({ instrument: { pg } }))
    expect(touched()).not.toEqual(before)
    await shutdown()
    expect(touched()).toEqual(before)
  })

  it.each([
    ['Express 4', expressVersions[0][1]],
    ['Express 5', expressVersions[1][1]]
  ])('gives a server of %s back as it was, its pages closed', async (_, express) => {
    const app = express()
    const server = createServer(app)
    const before = touchedOf(server)
    app.use(expressTracing())
    app.get('/a', (_req, res) => void res.send('a'))
    const layer = layersOf(app)
    const original = Object.getOwnPropertyDescriptors(layer)
    const origin = await listen(server)
    await ask(`${origin}/a`)
    const during = touchedOf(server)
    expect(Object.getOwnPropertyDescriptors(layer)).not.toEqual(original)
    const socket = await fromOutside(() => openPage(origin))
    expect(touchedOf(server)).not.toEqual(during)
    const closed = new Promise((resolve) => socket.once('close', resolve))

    await shutdown()
    expect(await closed).toBe(1001)
    expect(touchedOf(server)).toEqual(during)
    expect(touchedOf(server)).toMatchObject({ methods: (before as { methods: unknown }).methods })
    expect(Object.getOwnPropertyDescriptors(layer)).toEqual(original)
    expect((await ask(`${origin}/a`)).text).toBe('a')
    expect((await ask(`${origin}/_traces/`)).status).toBe(404)
  })

  it('gives a server that was traced in place back as it was', async () => {
    const server = createServer((_req, res) => void res.end('a'))
    const before = touchedOf(server)
    traced(server)
    expect(touchedOf(server)).not.toEqual(before)
    await shutdown()
    expect(touchedOf(server)).toEqual(before)
  })

  it('leaves a middleware that passes everything on', async () => {
    const app = new koaVersions[1][1]()
    app.use(koaTracing())
    app.use((ctx) => {
      ctx.body = withSpan('x', (span) => String(span.isRecording()))
    })
    const origin = await listen(app.callback())
    expect((await ask(origin)).text).toBe('true')
    await shutdown()
    expect((await ask(origin)).text).toBe('false')
    expect((await ask(`${origin}/_traces/api/status`)).text).toBe('false')
  })

  it('takes OpenTelemetry API calls to nowhere', async () => {
    traced(() => {})
    expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(true)
    await shutdown()
    expect(trace.getTracer('x').startSpan('y').isRecording()).toBe(false)
    expect(context.with(context.active(), () => 1)).toBe(1)
    expect(propagation.fields()).toEqual([])
  })

  it('lets a request that is on its way be answered', async () => {
    let finish = (): void => {}
    const origin = await listen(
      traced((_req, res: http.ServerResponse) => (finish = () => void res.end('a')))
    )
    const answer = ask(origin)
    const api = new PageApi(`${origin}/_traces`)
    await api.find((one) => one.inFlight)
    await shutdown()
    finish()
    expect((await answer).text).toBe('a')
  })

  it('sends what waits to be exported', async () => {
    const got: string[] = []
    const collector = await listen((req, res) => {
      got.push(req.url ?? '')
      req.resume().on('end', () => res.end('{}'))
    })
    const origin = await listen(
      traced((_req, res: http.ServerResponse) => void res.end(), {
        export: `${collector}/v1/traces`
      })
    )
    await ask(origin)
    await new PageApi(`${origin}/_traces`).find((one) => !one.inFlight)
    expect(got).toEqual([])
    await shutdown()
    await until(() => got.length === 1)
  })

  it('can be called twice, and before anything began; afterwards a new recorder starts', async () => {
    await shutdown()
    await shutdown()
    const origin = await listen(
      traced((_req, res: http.ServerResponse) => void res.end(), { service: 'one' })
    )
    expect((await new PageApi(`${origin}/_traces`).status()).service).toBe('one')
    await shutdown()
    const again = await listen(
      traced((_req, res: http.ServerResponse) => void res.end(), { service: 'two' })
    )
    expect((await new PageApi(`${again}/_traces`).status()).service).toBe('two')
  })
})
