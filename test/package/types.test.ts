import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Consumer } from '../tracing/child.ts'
import { root } from './manifest.ts'

let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

/** What a strict compiler has to say about a program of a user. */
function complaints(program: string, options = {}): string {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2023',
    module: 'nodenext',
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    ...options
  }
  const files = ['app.mts']
  writeFileSync(join(consumer.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  writeFileSync(join(consumer.folder, 'app.mts'), program)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: consumer.folder, encoding: 'utf8' })
    .stdout
}

describe('the types compile in a strict project', () => {
  it('for Express', () => {
    expect(
      complaints(`
        import express, { type RequestHandler } from 'express'
        import { tracing } from 'spanlight'
        import { tracing as exact } from 'spanlight/express'
        const app = express()
        app.use(tracing())
        app.use(tracing({ service: undefined }), exact({ memory: '64MB' }))
        app.use('/sub', tracing())
        app.use(['/a', '/b'], exact())
        express.Router().use(tracing())
        const handler: RequestHandler = exact()
        app.get('/x', tracing(), handler)
      `)
    ).toBe('')
  })

  it('for Koa', () => {
    expect(
      complaints(`
        import Koa, { type Middleware } from 'koa'
        import { tracing } from 'spanlight'
        import { tracing as exact } from 'spanlight/koa'
        const app = new Koa()
        app.use(tracing())
        app.use(exact()).use(tracing({ sample: 0.5 }))
        const middleware: Middleware = exact()
        app.use(middleware)
      `)
    ).toBe('')
  })

  it('for bare servers', () => {
    expect(
      complaints(`
        import { createServer, type Server } from 'node:http'
        import { createServer as https } from 'node:https'
        import { createSecureServer, createServer as http2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
        import express from 'express'
        import Koa from 'koa'
        import { traced } from 'spanlight/http'
        createServer(traced((req, res) => { res.end(req.url) }))
        createServer(traced(async (req, res) => { res.end(req.headers.host) }))
        createServer(traced(express()))
        createServer(traced(new Koa().callback()))
        const server: Server = traced(createServer(express()), { service: 'x' })
        server.listen(0)
        https({}, traced((req, res) => { res.end(req.url) }))
        http2(traced((req: Http2ServerRequest, res: Http2ServerResponse) => { res.end(req.authority) }))
        traced(createSecureServer()).on('session', () => {})
      `)
    ).toBe('')
  })

  it('for spans by hand and every option', () => {
    expect(
      complaints(`
        import { activeSpan, shutdown, tracing, withSpan } from 'spanlight'
        import type { CaptureOptions, Limits, RedactOptions, Span, TracingOptions } from 'spanlight'
        const limits: Partial<Limits> = { spansPerTrace: 100 }
        const redact: RedactOptions = { keys: ['x-*'], hook: (attributes, kind) => (kind === 'log' ? {} : attributes) }
        const capture: CaptureOptions = { console: false, pino: false, requestHeaders: ['x-a'] }
        const options: TracingOptions = {
          path: '/t', service: 's', memory: 2 ** 24, access: (req) => req.headers.host === 'x', token: '', ingestToken: '',
          allowedHosts: [], allowedOrigins: [], listen: { port: 4319 }, propagate: ['w3c'], trustIncoming: 'private',
          ignore: (method, path) => method === 'HEAD' && path.startsWith('/x'), slow: '1s', limits, redact, capture,
          instrument: {}, export: { url: 'http://c/', headers: {} }, sample: 1
        }
        tracing(options)
        const n: number = withSpan('x', (span) => { span.setAttribute('a', 1).end(); return 1 })
        const p: Promise<string> = withSpan('x', { kind: 2, attributes: { a: ['b'] } }, async () => 'x')
        const span: Span | undefined = activeSpan()
        span?.addEvent('x', { a: 1 }).setStatus({ code: 2, message: 'm' }).recordException(new Error('e'))
        const done: Promise<void> = shutdown()
        export { n, p, done }
      `)
    ).toBe('')
  })

  it('for the ids of a log line, and the loggers that take them', () => {
    expect(
      complaints(`
        import pino from 'pino'
        import { traceFields, tracing, type TraceFields } from 'spanlight'
        pino({ mixin: traceFields }).info('x')
        const { trace_id, span_id }: TraceFields = traceFields()
        const ids: (string | undefined)[] = [trace_id, span_id]
        tracing({ instrument: { pino } })
        export { ids }
      `)
    ).toBe('')
  })

  it("for OpenTelemetry's own types", () => {
    expect(
      complaints(`
        import type { Span as Theirs } from '@opentelemetry/api'
        import { activeSpan, withSpan } from 'spanlight'
        const span: Theirs | undefined = activeSpan()
        withSpan('x', (given) => { const theirs: Theirs = given; theirs.end() })
        export { span }
      `)
    ).toBe('')
  })

  it("for OpenTelemetry's SDK", () => {
    expect(
      complaints(`
        import { NodeTracerProvider, type SpanProcessor as Theirs } from '@opentelemetry/sdk-trace-node'
        import { shutdown, spanProcessor, type SpanProcessor } from 'spanlight/otel'
        const ours: SpanProcessor = spanProcessor({ listen: { port: 4319 } })
        const theirs: Theirs = ours
        new NodeTracerProvider({ spanProcessors: [theirs, spanProcessor()] }).register()
        void shutdown()
      `)
    ).toBe('')
  })

  it('by the older rules of module resolution, and from CommonJS', () => {
    const program =
      "import { tracing } from 'spanlight'\nimport { traced } from 'spanlight/http'\ntracing(); traced(() => {})"
    expect(complaints(program, { module: 'esnext', moduleResolution: 'bundler' })).toBe('')
    expect(complaints(program, { module: 'node20' })).toBe('')
  })

  it('and refuse what is wrong', () => {
    const complaint = complaints(`
      import { tracing, withSpan } from 'spanlight'
      tracing({ sample: '1' })
      tracing({ pth: '/x' })
      tracing({ access: 'open' })
      withSpan('x')
      export {}
    `)
    expect(complaint.match(/app\.mts\(\d+/g)).toEqual([
      'app.mts(3',
      'app.mts(4',
      'app.mts(5',
      'app.mts(6'
    ])
  })
})
