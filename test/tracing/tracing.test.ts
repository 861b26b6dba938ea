import { createServer, type RequestListener } from 'node:http'
import supertest from 'supertest'
import { afterEach, describe, expect, it } from 'vitest'
import type { Express } from 'express'
import { activeSpan, withSpan } from '../../src/manual.ts'
import { tracing } from '../../src/express.ts'
import { traced } from '../../src/http.ts'
import type { TracingOptions } from '../../src/options.ts'
import { spanFlag, type SpanDetail, type TraceColumns } from '../../src/wire/trace.ts'
import { ask, attribute, closeAll, expressVersions, fromOutside, listen, PageApi } from './setup.ts'
import { until } from '../until.ts'

const express = expressVersions[1][1]

afterEach(closeAll)

function appOf(options: TracingOptions = {}): Express {
  const app = express()
  app.use(tracing(options))
  return app
}

async function served(app: RequestListener): Promise<{ origin: string; api: PageApi }> {
  const origin = await listen(app)
  return { origin, api: new PageApi(`${origin}/_traces`) }
}

/** Names in display order, each below its parent. */
function outline({ names, spans }: TraceColumns): string[] {
  return spans.name.map((name, row) => `${'  '.repeat(spans.depth[row])}${names[name]}`)
}

describe('a request, from its start to the page', () => {
  it('is a line of the list, a trace, and spans with all that is known of them', async () => {
    const app = appOf({ service: 'shop' })
    app.get('/orders/:id', async (_req, res) => {
      await withSpan('load', async (span) => {
        span.setAttribute('rows', 3).addEvent('cache miss', { order: 'o7' })
        withSpan('decode', () => 1)
      })
      res.json({ ok: true })
    })
    const agent = supertest(await listen(app))
    await fromOutside(
      async () =>
        await agent
          .get('/orders/7?expand=1&token=s3cret')
          .set('user-agent', 'probe/1')
          .expect(200, { ok: true })
    )

    const { traces } = await fromOutside(async () => {
      for (;;) {
        const { body } = await agent.get('/_traces/api/traces').expect(200)
        if (body.traces.length > 0 && !body.traces[0].inFlight) return body
      }
    })
    expect(traces).toHaveLength(1)
    expect(traces[0]).toMatchObject({
      name: 'GET /orders/:id',
      service: 'shop',
      services: ['shop'],
      status: 'unset',
      httpStatus: 200,
      spans: 4,
      errors: 0
    })
    expect(Math.abs(traces[0].start - Date.now())).toBeLessThan(60_000)

    const { traceId } = traces[0]
    const { body: trace } = await fromOutside(
      async () => await agent.get(`/_traces/api/traces/${traceId}`).expect(200)
    )
    expect(outline(trace)).toEqual([
      'GET /orders/:id',
      '  request handler - /orders/:id',
      '    load',
      '      decode'
    ])
    expect(trace.start).toBe(traces[0].start)
    expect(trace.spans.duration[0]).toBeGreaterThanOrEqual(trace.spans.duration[1])

    const [root, handler, load] = trace.spans.id
    const spanOf = async (id: string): Promise<SpanDetail> =>
      (
        await fromOutside(
          async () => await agent.get(`/_traces/api/traces/${traceId}/spans/${id}`).expect(200)
        )
      ).body
    const server = await spanOf(root)
    expect(server).toMatchObject({ kind: 'server', parentId: null, service: 'shop', open: false })
    expect(Object.fromEntries(server.attributes)).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/orders/:id',
      'http.response.status_code': 200,
      'url.path': '/orders/7',
      'user_agent.original': 'probe/1'
    })
    expect(JSON.stringify(server)).not.toContain('s3cret')
    const work = await spanOf(load)
    expect(work).toMatchObject({ kind: 'internal', parentId: handler, name: 'load' })
    expect(attribute(work, 'rows')).toBe(3)
    expect(work.events).toEqual([
      { time: expect.any(Number), name: 'cache miss', attributes: [['order', 'o7']] }
    ])
  })

  it('has the lines that it printed, each with the span that was active', async () => {
    const app = appOf()
    app.get('/', (_req, res) => {
      console.info('in the request %d', 1)
      withSpan('step', () => console.warn('in the step', { n: 2 }))
      res.end()
    })
    const { origin, api } = await served(app)
    await ask(origin)
    const { traceId } = await api.named('GET /')
    const spans = await api.spans(traceId)
    const lines = await api.logs(traceId)
    expect(lines.map(({ body, severity, spanId }) => [body, severity, spanId])).toEqual([
      ['in the request 1', 'info', spans.get('request handler - /')?.spanId],
      ['in the step { n: 2 }', 'warn', spans.get('step')?.spanId]
    ])
    expect(spans.get('step')?.logs.map(({ body }) => body)).toEqual(['in the step { n: 2 }'])
  })

  it('has its error with stack and causes, on the span that it failed', async () => {
    const app = appOf()
    app.get('/fails', async () => {
      await withSpan('store', async () => {
        throw new Error('could not store', { cause: new RangeError('disk is full') })
      })
    })
    app.use(
      (_error: Error, _req: unknown, res: { statusCode: number; end(): void }, _next: unknown) => {
        res.statusCode = 503
        res.end()
      }
    )
    const { origin, api } = await served(app)
    expect((await ask(`${origin}/fails`)).status).toBe(503)
    const { traceId, ...summary } = await api.named('GET /fails')
    expect(summary).toMatchObject({ status: 'error', httpStatus: 503, errors: 3, kept: 'error' })
    const spans = await api.spans(traceId)
    for (const name of ['store', 'request handler - /fails', 'GET /fails']) {
      const span = spans.get(name)
      expect([name, span?.status, span?.statusMessage]).toEqual([name, 'error', 'could not store'])
      expect(span?.events.map((event) => event.name)).toEqual(['exception'])
      const exception = Object.fromEntries(span?.events[0]?.attributes ?? [])
      expect(exception['exception.type']).toBe('Error')
      expect(exception['exception.stacktrace']).toMatch(
        /^Error: could not store\n\s+at .*tracing\.test\.ts[^]*Caused by: RangeError: disk is full\n\s+at .*tracing\.test\.ts/
      )
    }
  })

  it('is visible while it hangs, with what it has done so far', async () => {
    let finish = (): void => {}
    const app = appOf()
    app.get('/hangs', (_req, res) => {
      withSpan('done', () => {})
      finish = () => void res.end()
    })
    const { origin, api } = await served(app)
    const answer = ask(`${origin}/hangs`)
    const { traceId, duration } = await api.find((trace) => trace.inFlight && trace.spans === 3)
    const trace = await api.trace(traceId)
    expect(trace.response).toBe(-1)
    expect(trace.spans.flags.map((flags) => (flags & spanFlag.open) > 0)).toEqual([
      true,
      true,
      false
    ])
    expect((await api.status()).inFlight).toBe(1)
    expect((await api.span(traceId, trace.spans.id[0])).open).toBe(true)
    expect(await api.traces('is:live')).toHaveLength(1)

    finish()
    expect((await answer).status).toBe(200)
    const ended = await api.named('GET /hangs')
    expect([ended.traceId, ended.spans]).toEqual([traceId, 3])
    expect(ended.duration).toBeGreaterThanOrEqual(duration)
    expect((await api.status()).inFlight).toBe(0)
  })

  it('is joined by what ends, and by what starts, after its answer', async () => {
    let finish = (): void => {}
    const app = appOf()
    app.get('/', (_req, res) => {
      void withSpan('mail', async () => {
        await new Promise<void>((resolve) => (finish = resolve))
        withSpan('attach', () => {})
      })
      res.end()
    })
    const { origin, api } = await served(app)
    await ask(origin)
    const { traceId } = await api.named('GET /')
    finish()
    await api.find((trace) => trace.traceId === traceId && trace.spans === 4)
    const trace = await api.trace(traceId)
    expect(outline(trace)).toEqual(['GET /', '  request handler - /', '    mail', '      attach'])
    expect(trace.spans.flags.map((flags) => (flags & spanFlag.late) > 0)).toEqual([
      false,
      false,
      true,
      true
    ])
    expect(trace.extent).toBeGreaterThan(trace.response)
    expect(await api.traces()).toHaveLength(1)
  })

  it('carries its context to the services that it calls', async () => {
    const heard: (string | undefined)[] = []
    const other = await listen((req, res) => {
      heard.push(req.headers['traceparent']?.toString())
      res.end('x')
    })
    const app = appOf()
    app.get('/calls', async (_req, res) => {
      await (await fetch(`${other}/a`)).text()
      res.end()
    })
    const { origin, api } = await served(app)
    await ask(`${origin}/calls`)
    const { traceId } = await api.named('GET /calls')
    const trace = await api.trace(traceId)
    expect(outline(trace)).toEqual([
      'GET /calls',
      '  request handler - /calls',
      `    GET ${new URL(other).host}`
    ])
    expect(heard).toEqual([`00-${traceId}-${trace.spans.id[2]}-03`])
  })

  it('is exported as OTLP by its address', async () => {
    const app = appOf({ service: 'shop' })
    app.get('/', (_req, res) => void res.end())
    const { origin, api } = await served(app)
    await ask(origin)
    const { traceId } = await api.named('GET /')
    const { resourceSpans } = await api.get<{ resourceSpans: any[] }>(
      `traces/${traceId}?format=otlp`
    )
    expect(resourceSpans).toHaveLength(1)
    expect(resourceSpans[0].scopeSpans[0].spans[0]).toMatchObject({ traceId, name: 'GET /' })
  })
})

describe('the options, from end to end', () => {
  const requestTo = async (path: string, options: TracingOptions): Promise<PageApi> => {
    const app = appOf(options)
    app.get(path, (_req, res) => {
      activeSpan()?.setAttribute('order.note', 'hello')
      console.log('a line')
      res.end()
    })
    const { origin, api } = await served(app)
    await ask(origin + path)
    await ask(`${origin}/last`)
    return api
  }

  it('ignore', async () => {
    const api = await requestTo('/health', { ignore: ['/health'] })
    await api.find((trace) => trace.route === '/last')
    expect(await api.traces()).toHaveLength(1)
  })

  it('sample', async () => {
    const api = await requestTo('/a', { sample: 0 })
    expect(await api.traces()).toEqual([])
    expect((await api.status()).sample).toBe(0)
  })

  it('slow', async () => {
    const api = await requestTo('/a', { slow: 0 })
    await api.named('GET /a')
    expect((await api.traces('is:slow')).length).toBeGreaterThan(0)
  })

  it('capture: { console: false }', async () => {
    const api = await requestTo('/a', { capture: { console: false } })
    const { traceId } = await api.named('GET /a')
    expect(await api.logs(traceId)).toEqual([])
    expect((await api.status()).instrumented).toContainEqual(
      expect.objectContaining({ name: 'console', on: false })
    )
  })

  it('redact: { keys } and { hook }, for what is stored', async () => {
    const api = await requestTo('/a', {
      redact: { keys: ['order*'], hook: (attributes) => ({ ...attributes, 'hook.was': 'here' }) }
    })
    const { traceId } = await api.named('GET /a')
    const span = (await api.spans(traceId)).get('request handler - /a')
    expect(attribute(span, 'order.note')).toBe('[redacted]')
    expect(attribute(span, 'hook.was')).toBe('here')
  })

  it('redact: { hook }, once for each record', async () => {
    let calls = 0
    const api = await requestTo('/a', {
      redact: { hook: (attributes) => ({ ...attributes, calls: ++calls }) }
    })
    const { traceId } = await api.named('GET /a')
    expect(attribute((await api.spans(traceId)).get('GET /a'), 'calls')).toBeLessThanOrEqual(3)
  })

  it('redact: { hook }, for what is in flight', async () => {
    let finish = (): void => {}
    const app = appOf({ redact: { hook: () => ({ only: 'this' }) } })
    app.get('/hangs', (_req, res) => (finish = () => void res.end()))
    const { origin, api } = await served(app)
    const answer = ask(`${origin}/hangs`)
    const { traceId } = await api.find((trace) => trace.inFlight)
    const [span] = (await api.spans(traceId)).values()
    expect(span?.attributes).toEqual([['only', 'this']])
    finish()
    await answer
  })

  it('limits', async () => {
    const app = appOf({ limits: { spansPerTrace: 3 }, capture: { layers: false } })
    app.get('/many', (_req, res) => {
      for (let i = 0; i < 10; i++) withSpan('step', () => {})
      res.end()
    })
    const { origin, api } = await served(app)
    await ask(`${origin}/many`)
    const { traceId, spans } = await api.named('GET /many')
    expect([spans, (await api.trace(traceId)).dropped]).toEqual([3, 8])
    expect((await api.status()).drops).toContainEqual({
      reason: 'span limit of the trace',
      count: 8
    })
  })

  it('trustIncoming: false links a trace instead of going on with it', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const app = appOf({ trustIncoming: false })
    const { origin, api } = await served(app)
    await ask(`${origin}/a`, { headers: { traceparent } })
    const { traceId } = await api.find((trace) => !trace.inFlight)
    expect(traceId).not.toBe('a'.repeat(32))
    const [span] = (await api.spans(traceId)).values()
    expect(span?.links).toEqual([
      { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), attributes: [] }
    ])
  })

  it('listen: the page has a port of its own, and none at the application', async () => {
    const app = appOf({ listen: { port: 0 } })
    app.get('/a', (_req, res) => void res.send('a'))
    const { origin } = await served(app)
    await ask(`${origin}/a`)
    expect((await ask(`${origin}/_traces/api/status`)).status).toBe(404)
  })
})

describe('the status', () => {
  it('says what is kept, watched and lost', async () => {
    const { origin, api } = await served(appOf({ memory: '16MB', service: 'shop' }))
    await ask(origin)
    await api.find((trace) => !trace.inFlight)
    const status = await api.status()
    expect(status).toMatchObject({
      mode: 'local',
      why: 'NODE_ENV is test',
      service: 'shop',
      node: process.version,
      pid: process.pid,
      inFlight: 0,
      sample: 1,
      drops: []
    })
    expect(status.ring.capacity + status.kept.capacity).toBeLessThanOrEqual(16 * 2 ** 20)
    expect(status.ring).toMatchObject({ spans: 1, traces: 1, evicted: 0, dropped: 0 })
    expect(status.instrumented.map(({ name, on }) => [name, on])).toEqual([
      ['express 5', true],
      ['fetch', true],
      ['http', true],
      ['exceptions', true],
      ['console', true],
      ['@opentelemetry/api', true]
    ])
    for (const { how } of status.instrumented) expect(how).not.toBe('')
    // Loaded here, though this package depends on nothing of the kind.
    expect(status.libraries).toContainEqual({
      name: 'express',
      version: expect.stringMatching(/^5\./) as string,
      traced: true,
      how: 'one span for each request'
    })
    expect(status.overheadMs).toBeGreaterThan(0)
  })

  it('counts as dropped what was lost of spans, not a line that belongs to none', async () => {
    const { api } = await served(appOf())
    console.log('outside of any request')
    expect(await api.status()).toMatchObject({
      ring: { dropped: 0 },
      drops: [{ reason: 'log without an open span', count: 1 }]
    })
  })
})

describe('nothing is recorded, served or wrapped', () => {
  const { log } = console
  const withEnv = async (env: Record<string, string>, fn: () => Promise<void>): Promise<void> => {
    const before = { ...process.env }
    Object.assign(process.env, env)
    try {
      await fn()
    } finally {
      for (const name of Object.keys(env)) delete process.env[name]
      Object.assign(process.env, before)
    }
  }

  async function expectNothing(options: TracingOptions): Promise<void> {
    const listeners = process.eventNames().map((name) => process.listenerCount(name))
    const heard: (string | undefined)[] = []
    const other = await listen((req, res) => {
      heard.push(req.headers['traceparent']?.toString())
      res.end()
    })
    const app = appOf(options)
    const active: unknown[] = []
    app.get('/a', async (_req, res) => {
      await (await fetch(other)).text()
      active.push(
        activeSpan(),
        withSpan('x', (span) => span.isRecording())
      )
      res.send('a')
    })
    const server = createServer(app)
    const { origin } = await served(server as never)
    expect((await ask(`${origin}/a`)).text).toBe('a')
    for (const path of ['', '/', '/api/status', '/live', '/v1/traces'])
      expect((await ask(`${origin}/_traces${path}`)).status).toBe(404)
    expect(heard).toEqual([undefined])
    expect(active).toEqual([undefined, false])
    expect(console.log).toBe(log)
    expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(listeners)
    expect(server.listenerCount('upgrade')).toBe(0)
  }

  it('with OTEL_SDK_DISABLED=true', () =>
    withEnv({ OTEL_SDK_DISABLED: 'true' }, () => expectNothing({ export: 'http://127.0.0.1:1/' })))

  it("with access: 'off'", () => expectNothing({ access: 'off' }))

  it('in production without a token', () =>
    withEnv({ NODE_ENV: 'production' }, () => expectNothing({})))

  it('by a bare server, too', () =>
    withEnv({ OTEL_SDK_DISABLED: 'true' }, async () => {
      const origin = await listen(traced(createServer((_req, res) => void res.end('as ever'))))
      expect((await ask(`${origin}/_traces/`)).text).toBe('as ever')
    }))
})

describe('a page that is off, with an exporter', () => {
  it('records and sends on, and serves nothing', async () => {
    const bodies: string[] = []
    const collector = await listen((req, res) => {
      let text = ''
      req.setEncoding('utf8').on('data', (part) => (text += part))
      req.on('end', () => {
        bodies.push(req.headers['content-encoding'] === 'gzip' ? 'gzip' : text)
        res.setHeader('content-type', 'application/json').end('{}')
      })
    })
    const { origin } = await served(appOf({ access: 'off', export: `${collector}/v1/traces` }))
    expect((await ask(`${origin}/_traces/api/status`)).status).toBe(404)
    await until(() => bodies.length > 0)
  })
})
