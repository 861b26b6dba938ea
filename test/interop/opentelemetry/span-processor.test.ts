import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { getAttribute } from '../../../src/base/attributes.ts'
import { StatusCode } from '../../../src/base/span-data.ts'
import { activeContext } from '../../../src/context/context.ts'
import type { SdkSpan, SpanProcessor } from '../../../src/interop/opentelemetry/sdk-span.ts'
import { otel3Library } from '../../libraries/library.js'
import { type Api, require } from './setup.ts'
import { receive, type Provider, type Received } from './sdk.ts'

interface Sdk {
  readonly name: string
  readonly api: typeof Api
  provider(processor: SpanProcessor, attributes?: object): Provider
}

interface Resources {
  resourceFromAttributes(attributes: object): unknown
}

function sdk(name: string, load: NodeJS.Require, from: string, kind: string): Sdk {
  const { resourceFromAttributes } = load('@opentelemetry/resources') as Resources
  const made = (load(from) as Record<string, new (options: object) => Provider>)[kind]
  return {
    name,
    api: load('@opentelemetry/api') as typeof Api,
    provider: (processor, attributes = {}) =>
      new made({ resource: resourceFromAttributes(attributes), spanProcessors: [processor] })
  }
}

const sdks = [
  sdk('SDK 2.12', require, '@opentelemetry/sdk-trace-base', 'BasicTracerProvider'),
  sdk('SDK 3.1', otel3Library, '@opentelemetry/sdk-trace', 'TracerProvider')
]

let received: Received
afterEach(() => {
  received.stop()
  received.open.close()
})

describe.each(sdks)('the spans of $name', ({ api, provider }) => {
  it('are kept as they are, with who made them', () => {
    received = receive()
    const resource = { 'service.name': 'shop', 'deployment.environment.name': 'dev' }
    const tracer = provider(received.processor, resource).getTracer('mine', '1.2.3')
    const other = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    const startTime: [number, number] = [Math.floor(Date.now() / 1000), 123_456_789]
    const end: [number, number] = [startTime[0] + 1, 123_456_999]
    const parent = api.trace.setSpanContext(api.ROOT_CONTEXT, { ...other, isRemote: true })
    const span = tracer.startSpan(
      'GET',
      {
        kind: api.SpanKind.SERVER,
        startTime,
        attributes: { a: 1 },
        links: [{ context: other, attributes: { l: 1 } }]
      },
      parent
    )
    span
      .setAttributes({ a: 2, list: ['x', 'y'] })
      .addEvent('e', { b: true }, [startTime[0], 223_456_789])
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: 'no' }).updateName('GET /x')
    span.end(end)

    const { traceId, spanId } = span.spanContext()
    expect(received.records).toHaveLength(1)
    const [record] = received.records
    expect(record).toMatchObject({
      traceId,
      source: 'local',
      resource: { service: 'shop', attributes: ['deployment.environment.name', 'dev'] }
    })
    const [kept] = record.spans
    expect(kept).toMatchObject({
      spanId,
      parentId: other.spanId,
      parentRemote: true,
      name: 'GET /x',
      kind: 1,
      duration: 1e9 + 210,
      status: StatusCode.error,
      statusMessage: 'no',
      scope: { name: 'mine', version: '1.2.3' },
      attributes: ['a', 2, 'list', ['x', 'y']],
      links: [{ traceId: other.traceId, spanId: other.spanId, attributes: ['l', 1] }]
    })
    expect(record.traceId).toBe(other.traceId)
    // To the microsecond: what a moment of this century leaves of a double.
    const at = (nanos: number): number => record.epochMs / 1000 + nanos / 1e9 - startTime[0]
    expect(at(kept.start)).toBeCloseTo(0.123456789, 6)
    expect(kept.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['e', ['b', true]]
    ])
    expect(kept.events[0].time - kept.start).toBe(100_000_000)
  })

  it('make one trace, which is seen while it is open', async () => {
    received = receive()
    const made = provider(received.processor)
    const tracer = made.getTracer('mine')
    const root = tracer.startSpan('root', { attributes: { early: true } })
    const within = api.trace.setSpan(api.ROOT_CONTEXT, root)
    const child = tracer.startSpan('child', {}, within)
    const [open] = [...received.open.inFlight()].map((trace) => trace.snapshot())
    expect(open?.spans.map((span) => [span.name, span.open, span.attributes])).toEqual([
      ['root', true, ['early', true]],
      ['child', true, []]
    ])
    child.end()
    root.end()
    await made.forceFlush()
    const [record] = received.records
    expect(record.spans.map((span) => span.name)).toEqual(['root', 'child'])
    expect(record.spans[1].parentId).toBe(record.spans[0].spanId)
    expect(record.spans[1].parentRemote).toBe(false)
    expect(received.scopes).toEqual(['mine'])
    expect(received.open.size).toBe(0)
  })

  it('show no secrets, and no more than they may', () => {
    received = receive(undefined, { attributes: 4, links: 1, events: 1 })
    const span = provider(received.processor).getTracer('mine').startSpan('x')
    span.setAttribute('password', 'hunter2')
    span.setAttribute('db.query.text', "SELECT 'ann'")
    for (let i = 0; i < 6; i++) span.setAttribute(`a${i}`, i).addEvent(`e${i}`)
    span.end()
    const [kept] = received.records[0].spans
    expect(kept.attributes).toHaveLength(8)
    expect(JSON.stringify(kept)).not.toMatch(/hunter2|ann/)
    expect(getAttribute(kept.attributes, 'db.query.text')).toBe('SELECT ?')
    expect(kept).toMatchObject({ droppedAttributes: 4, droppedEvents: 5 })
    expect(kept.events).toHaveLength(1)
  })

  it('are left out where the request is, with all below them', () => {
    received = receive((method, path) => method === 'GET' && path === '/quiet')
    const tracer = provider(received.processor).getTracer('mine')
    const request = (attributes: Record<string, string>): void => {
      const root = tracer.startSpan('GET', { kind: api.SpanKind.SERVER, attributes })
      const child = tracer.startSpan('c', {}, api.trace.setSpan(api.ROOT_CONTEXT, root))
      tracer.startSpan('d', {}, api.trace.setSpan(api.ROOT_CONTEXT, child)).end()
      child.end()
      root.end()
    }
    request({ 'http.request.method': 'GET', 'url.path': '/quiet' })
    request({ 'http.method': 'GET', 'http.target': '/quiet?x=1' })
    request({ 'http.request.method': 'GET', 'url.path': '/_traces' })
    request({ 'http.request.method': 'GET', 'url.path': '/sub/_traces/api/status' })
    expect(received.records).toEqual([])
    request({ 'http.request.method': 'GET', 'url.path': '/_traces2' })
    expect(received.records[0].spans).toHaveLength(3)
    expect(received.open.size).toBe(0)
  })

  it('go nowhere after the end', async () => {
    received = receive()
    const made = provider(received.processor)
    const tracer = made.getTracer('mine')
    await made.shutdown()
    tracer.startSpan('late').end()
    received.processor.onStart(tracer.startSpan('later') as unknown as SdkSpan, undefined)
    expect(received.records).toEqual([])
    expect(received.open.size).toBe(0)
  })
})

describe('the span processor', () => {
  it('takes a span once, however often it is given', () => {
    received = receive()
    const { processor } = received
    const twice: SpanProcessor = {
      ...processor,
      onStart(span, context) {
        processor.onStart(span, context)
        processor.onStart(span, context)
      },
      onEnd(span) {
        processor.onEnd(span)
        processor.onEnd(span)
      }
    }
    sdks[0].provider(twice).getTracer('mine').startSpan('x').end()
    expect(received.records.map((record) => record.spans.length)).toEqual([1])
    expect(received.said).toEqual([])
  })

  it('waits for a resource that is not known yet', () => {
    received = receive()
    const tracer = sdks[0].provider(received.processor, { 'service.name': 'x' }).getTracer('mine')
    const span = tracer.startSpan('x') as unknown as { resource: object; end(): void }
    Object.defineProperty(span, 'resource', {
      value: {
        asyncAttributesPending: true,
        get attributes(): never {
          throw new Error('too early')
        }
      }
    })
    span.end()
    tracer.startSpan('y').end()
    expect(received.records.map((record) => record.resource.service)).toEqual(['before', 'x'])
    expect(received.said).toEqual([])
  })

  it('knows the span that is active with the SDK', () => {
    received = receive()
    const { api, provider } = sdks[0]
    const tracer = provider(received.processor).getTracer('mine')
    const span = tracer.startSpan('x')
    const active = api.trace.setSpan(api.ROOT_CONTEXT, span)
    const noop = { with() {}, bind() {}, enable() {}, disable() {} }
    api.context.setGlobalContextManager({ ...noop, active: () => active } as never)
    const ours = activeContext().span
    expect(ours?.spanContext().spanId).toBe(span.spanContext().spanId)
    received.tracer.start('by hand').end()
    span.end()
    expect(received.records[0].spans.map((one) => one.name)).toEqual(['x', 'by hand'])
    expect(activeContext().span).toBeUndefined()
    api.context.disable()
  })

  it('never throws, whatever it is given', () => {
    received = receive()
    const throwing = new Proxy(
      {},
      {
        get() {
          throw new Error('foreign')
        }
      }
    )
    const ids = { traceId: '1'.repeat(32), spanId: '2'.repeat(16) }
    const part = fc.oneof(
      fc.anything(),
      fc.constant(throwing),
      fc.constant(() => ids)
    )
    const names = ['name', 'kind', 'parentSpanContext', 'startTime', 'endTime', 'status']
    const more = ['attributes', 'links', 'events', 'resource', 'instrumentationScope']
    const shape = Object.fromEntries([...names, ...more].map((name) => [name, part]))
    fc.assert(
      fc.property(fc.record(shape), fc.boolean(), (parts, known) => {
        // Each with a guard of its own, as one that failed too often lets nothing in.
        const { processor, open } = receive()
        const span = { ...parts, ...(known && { spanContext: () => ids }) } as unknown as SdkSpan
        processor.onStart(span, undefined)
        processor.onEnd(span)
        for (const one of open.inFlight()) expect(one.snapshot()).toBeDefined()
        open.close()
      }),
      { numRuns: 300 }
    )
    expect(() => received.processor.onStart(throwing as SdkSpan, undefined)).not.toThrow()
    expect(() => received.processor.onEnd(undefined as never)).not.toThrow()
  })
})
