import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Consumer, root } from './child.ts'

const env = { NODE_ENV: 'development' }
let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

const sdk2 = `
  const api = require('@opentelemetry/api')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const start = (spanProcessors) => new NodeTracerProvider({ spanProcessors }).register()
`

const sdk3 = `
  const of3 = require('node:module').createRequire(${JSON.stringify(join(root, 'test/libraries/otel-3/package.json'))})
  const api = of3('@opentelemetry/api')
  const { HttpInstrumentation } = of3('@opentelemetry/instrumentation-http')
  const { TracerProvider } = of3('@opentelemetry/sdk-trace')
  const { AsyncLocalStorageContextManager } = of3('@opentelemetry/context-async-hooks')
  const start = (spanProcessors) => {
    api.trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }))
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  }
`

// What comes first is the application's to choose.
const processorFirst = (options: string): string => `
  start([spanProcessor(${options})])
  const middleware = () => tracing()
`
const pageFirst = (options: string): string => `
  const made = tracing(${options})
  start([spanProcessor()])
  const middleware = () => made
`

const app = (sdk: string, begin: string): string => `
  const { spanProcessor } = require('spanlight/otel')
  const { tracing, withSpan, activeSpan } = require('spanlight')
  ${sdk}
  ${begin}
  new HttpInstrumentation()
  const http = require('node:http')
  const express = require('express')
  const app = express()
  app.use(middleware())
  app.get('/inner', (req, res) => res.send('inner'))
  app.get('/outer', async (req, res) => {
    console.log('a line')
    const inner = 'http://127.0.0.1:' + server.address().port + '/inner'
    await new Promise((done) => http.get(inner, (answer) => answer.resume().on('end', done)))
    await withSpan('by hand', async () => {})
    api.trace.getTracer('mine').startSpan('by the API').end()
    res.send(String(activeSpan()?.spanContext().traceId))
  })
  const server = app.listen(0, '127.0.0.1', async () => {
    const origin = 'http://127.0.0.1:' + server.address().port
    // Not by node:http, so that the test itself is not a part of what is recorded.
    const get = (path) => fetch(origin + path)
    const traceId = await (await get('/outer')).text()
    await new Promise((done) => setTimeout(done, 50))
    const json = async (path) => (await get(path)).json().catch(() => ({}))
    const { traces } = await json('/_traces/api/traces')
    const { instrumented } = await json('/_traces/api/status')
    const otlp = traceId === 'undefined' ? undefined : await (await get('/_traces/api/traces/' + traceId + '?format=otlp')).json()
    const page = (await get('/_traces/')).status
    console.log('=' + JSON.stringify({ traceId, traces, instrumented, otlp, page }))
    process.exit()
  })
`

interface Seen {
  traceId: string
  traces: { name: string; spans: number; traceId: string }[]
  instrumented: { name: string; on: boolean }[]
  otlp?: { resourceSpans: { scopeSpans: { scope: { name: string }; spans: Spans }[] }[] }
  page: number
}

type Spans = { name: string; kind: number; parentSpanId?: string; events?: { name: string }[] }[]

async function run(program: string, more: Record<string, string> = {}): Promise<Seen> {
  const child = consumer.run(program, { ...env, ...more }, 'host.cjs')
  const found = await child.prints(/^=(.*)$/m)
  expect((await child.ended).stderr.replace(/^spanlight: traces at .*\n/m, '')).toBe('')
  return JSON.parse(found[1] as string) as Seen
}

const local = "{ access: 'local' }"

describe.each([
  ['SDK 2.12, the processor first', sdk2, processorFirst(local)],
  ['SDK 2.12, the page first', sdk2, pageFirst(local)],
  ['SDK 3.1, the processor first', sdk3, processorFirst(local)],
  ['SDK 3.1, the page first', sdk3, pageFirst(local)]
])('with %s', (_title, sdk, begin) => {
  it('each request and call is recorded once, by its instrumentations, and the page is served', async () => {
    const { traceId, traces, instrumented, otlp, page } = await run(app(sdk, begin))
    expect(page).toBe(200)
    const spans = otlp?.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((of) => of.spans))
    const kinds = (kind: number): number => spans?.filter((span) => span.kind === kind).length ?? 0
    // Of the two requests, and the call between them; the page's own requests are no traces. SDK 3 was given no propagator.
    const joined = sdk === sdk2
    expect([kinds(2), kinds(3)]).toEqual([joined ? 2 : 1, 1])
    expect(traces.map((trace) => trace.traceId)).toContain(traceId)
    expect(traces).toHaveLength(joined ? 1 : 2)
    expect(spans?.map((span) => span.name)).toEqual(
      expect.arrayContaining(['by hand', 'by the API'])
    )
    const request = spans?.find((span) => span.kind === 2 && span.parentSpanId === undefined)
    expect(request?.events?.map((event) => event.name)).toHaveLength(1)
    expect(instrumented.map(({ name, on }) => [name, on])).toEqual([
      ['OpenTelemetry SDK', true],
      ['exceptions', true],
      ['console', true]
    ])
  })
})

it('without a page nothing is shown, and the SDK goes on', async () => {
  const { page, traceId } = await run(app(sdk2, processorFirst("{ access: 'off' }")))
  expect([page, traceId]).toEqual([404, 'undefined'])
})

it('without an SDK, instrumentations of OpenTelemetry record here', async () => {
  const { otlp, page } = await run(`
    const { tracing } = require('spanlight')
    const middleware = tracing({ access: 'local' })
    const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
    const { trace } = require('@opentelemetry/api')
    // As its own registration does it, which is in a package that comes with an SDK.
    new ExpressInstrumentation().enable()
    const express = require('express')
    const app = express()
    app.use(middleware)
    app.get('/', (req, res) => res.send(trace.getActiveSpan().spanContext().traceId))
    const server = app.listen(0, '127.0.0.1', async () => {
      const origin = 'http://127.0.0.1:' + server.address().port
      const traceId = await (await fetch(origin)).text()
      await new Promise((done) => setTimeout(done, 50))
      const otlp = await (await fetch(origin + '/_traces/api/traces/' + traceId + '?format=otlp')).json()
      const page = (await fetch(origin + '/_traces/')).status
      console.log('=' + JSON.stringify({ otlp, page }))
      process.exit()
    })
  `)
  const theirs = otlp?.resourceSpans
    .flatMap((one) => one.scopeSpans)
    .find((one) => one.scope.name === '@opentelemetry/instrumentation-express')
  expect(theirs?.spans.map((span) => span.name)).toContain('request handler')
  expect(theirs?.spans.every((span) => span.parentSpanId !== undefined)).toBe(true)
  expect(page).toBe(200)
})
