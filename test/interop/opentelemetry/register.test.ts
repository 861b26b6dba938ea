import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../until.ts'
import { type Api, applicationWith, register, type Registered, require } from './setup.ts'

const key = Symbol.for('opentelemetry.js.api.1')
const global = globalThis as any
const api = require('@opentelemetry/api') as typeof Api
const newer = require('otel-api-1.10') as typeof Api
const newerImported = (await import('otel-api-1.10')) as unknown as typeof Api

let current: Registered | undefined
afterEach(() => {
  current?.stop()
  current = undefined
  for (const copy of [api, newer, newerImported]) {
    copy.trace.disable()
    copy.context.disable()
  }
  delete global[key]
})

describe('registration', () => {
  it('serves consumers of API 1.9 and 1.10 in one process, in one trace', () => {
    current = register()
    expect(current.instrumented).toEqual({
      name: '@opentelemetry/api',
      on: true,
      how: 'tracer provider, context manager and propagator of @opentelemetry/api 1.9.1'
    })
    api.trace.getTracer('old').startActiveSpan('outer', (outer) => {
      newer.trace.getTracer('new').startActiveSpan('inner', (inner) => {
        newerImported.trace.getTracer('imported').startSpan('innermost').end()
        expect(api.trace.getActiveSpan()).toBe(inner)
        inner.end()
      })
      outer.end()
    })
    const [record] = current.records
    expect(current.records).toHaveLength(1)
    expect(record.spans.map((span) => [span.name, span.scope.name, span.parentId])).toEqual([
      ['outer', 'old', undefined],
      ['inner', 'new', record.spans[0].spanId],
      ['innermost', 'imported', record.spans[1].spanId]
    ])
  })

  it.each([
    ['1.9', '@opentelemetry/api', api],
    ['1.10', 'otel-api-1.10', newer]
  ])('reaches tracers that were handed out before, API %s', (_version, installed, copy) => {
    const early = copy.trace.getTracer('early', '2.1.0')
    early.startSpan('too early').end()
    current = register(applicationWith(installed))
    early.startSpan('early').end()
    expect(current.names()).toEqual(['early'])
    expect(current.records[0].spans[0].scope).toEqual({ name: 'early', version: '2.1.0' })
  })

  it('reaches early tracers of the copy that ESM imports, a moment later', async () => {
    const early = newerImported.trace.getTracer('early')
    current = register(applicationWith('otel-api-1.10'))
    const { names } = current
    await until(() => {
      early.startSpan('early').end()
      return names().includes('early')
    })
  })

  it('reaches early tracers of a nested copy that is loaded', () => {
    const nested = applicationWith(undefined)
    const early = api.trace.getTracer('early')
    current = register(nested)
    early.startSpan('early').end()
    expect(current.names()).toEqual(['early'])
    expect(current.instrumented.on).toBe(true)
    expect(current.instrumented.how).toContain('the application has none of its own')
  })

  it('gives the proxy provider of the application, as its own registration would', () => {
    current = register()
    const provider = api.trace.getTracerProvider()
    expect(provider).toBeInstanceOf(api.ProxyTracerProvider)
  })

  it('lets the application register its meter provider and diagnostics logger afterwards', () => {
    current = register()
    const meters = { getMeter: () => ({}) } as unknown as Api.MeterProvider
    expect(api.metrics.setGlobalMeterProvider(meters)).toBe(true)
    expect(api.metrics.getMeterProvider()).toBe(meters)
    expect(newer.metrics.getMeterProvider()).toBe(meters)
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const logger = { error: log, warn: log, info: log, debug: log, verbose: log }
    expect(api.diag.setLogger(logger, api.DiagLogLevel.ALL)).toBe(true)
    newer.diag.warn('seen')
    expect(lines).toContain('seen')
    newer.trace.getTracer('x').startSpan('still recorded').end()
    expect(current.names()).toEqual(['still recorded'])
  })

  it('keeps what was registered before for other signals', () => {
    const meters = { getMeter: () => ({}) } as unknown as Api.MeterProvider
    newer.metrics.setGlobalMeterProvider(meters)
    current = register()
    expect(api.metrics.getMeterProvider()).toBe(meters)
    expect(newer.metrics.getMeterProvider()).toBe(meters)
    current.stop()
    expect(newer.metrics.getMeterProvider()).toBe(meters)
  })

  it('leaves a provider alone that was there first, and says what to do', () => {
    const foreign = new api.ProxyTracerProvider()
    api.trace.setGlobalTracerProvider(foreign)
    const before = { ...global[key] }
    current = register()
    expect(current.instrumented.on).toBe(false)
    expect(current.instrumented.how).toMatch(/left alone.*spanProcessor\(\)/)
    expect({ ...global[key] }).toEqual(before)
    current.stop()
    expect({ ...global[key] }).toEqual(before)
  })

  it('leaves a context manager alone that was there first', () => {
    const manager = {
      active: () => api.ROOT_CONTEXT,
      disable() {}
    } as unknown as Api.ContextManager
    api.context.setGlobalContextManager(manager)
    current = register()
    expect(current.instrumented.on).toBe(false)
    expect(api.context.active()).toBe(api.ROOT_CONTEXT)
  })

  it('keeps a propagator that was there first beside our provider', () => {
    const propagator = { inject() {}, extract: (c: unknown) => c, fields: () => ['mine'] }
    api.propagation.setGlobalPropagator(propagator as unknown as Api.TextMapPropagator)
    current = register()
    expect(api.propagation.fields()).toEqual(['mine'])
    api.trace.getTracer('x').startSpan('recorded').end()
    expect(current.names()).toEqual(['recorded'])
    current.stop()
    expect(api.propagation.fields()).toEqual(['mine'])
  })

  it('never throws, whatever the application looks like', () => {
    const broken = Object.assign(() => {}, {
      resolve() {
        throw new Error('no')
      },
      cache: { '/x/node_modules/@opentelemetry/api/build/src/index.js': { exports: null } }
    })
    current = register(broken as unknown as NodeJS.Require)
    expect(current.instrumented.on).toBe(true)
    current.stop()
    global[key] = Object.freeze({ version: '1.0.0', trace: {} })
    expect(register().instrumented.on).toBe(false)
    delete global[key]
  })
})

describe('a provider that registers after us', () => {
  const foreign = (seen: string[]) => {
    const startSpan = (name: string) => {
      seen.push(name)
      return api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT)
    }
    const startActiveSpan = (name: string, fn: (span: Api.Span) => unknown) => fn(startSpan(name))
    return { getTracer: () => ({ startSpan, startActiveSpan }) } as unknown as Api.TracerProvider
  }
  const manager = { active: () => api.ROOT_CONTEXT, disable() {} } as unknown as Api.ContextManager

  it('takes over the API, with its context manager and propagator, and is told of', () => {
    const lines: string[] = []
    current = register()
    current.report.once = (line) => void lines.push(line)
    const tracer = api.trace.getTracer('between')
    const seen: string[] = []
    expect(api.trace.setGlobalTracerProvider(foreign(seen))).toBe(true)
    expect(global[key].context).toBeUndefined()
    expect(api.context.setGlobalContextManager(manager)).toBe(true)
    api.trace.getTracer('later').startSpan('later')
    newer.trace.getTracer('newer').startSpan('newer')
    tracer.startSpan('between')
    tracer.startActiveSpan('active', () => {})
    expect(seen).toEqual(['later', 'newer', 'between', 'active'])
    expect(current.names()).toEqual([])
    expect(current.instrumented).toMatchObject({ on: false })
    expect(current.instrumented.how).toContain('registered later and is left alone')
    expect(lines).toEqual(['another OpenTelemetry provider was registered and took over the API'])
    current.stop()
    expect(api.context.active()).toBe(api.ROOT_CONTEXT)
    api.trace.getTracer('x').startSpan('still theirs')
    expect(seen).toContain('still theirs')
  })

  it('is refused in its turn by the API, as without us, when a second one comes', () => {
    current = register()
    expect(api.trace.setGlobalTracerProvider(foreign([]))).toBe(true)
    expect(api.trace.setGlobalTracerProvider(foreign([]))).toBe(false)
  })

  it('may be a propagator alone, which leaves the rest to us', () => {
    current = register()
    const propagator = { inject() {}, extract: (c: unknown) => c, fields: () => ['mine'] }
    const registered = api.propagation.setGlobalPropagator(
      propagator as unknown as Api.TextMapPropagator
    )
    expect(registered).toBe(true)
    expect(api.propagation.fields()).toEqual(['mine'])
    api.trace.getTracer('x').startSpan('ours').end()
    expect(current.names()).toEqual(['ours'])
    expect(current.instrumented.on).toBe(true)
  })
})

describe('stop', () => {
  it('takes out what is ours and makes handed out tracers silent', () => {
    const tracer = api.trace.getTracer('early')
    current = register()
    tracer.startSpan('before').end()
    current.stop()
    expect(global[key]).toBeUndefined()
    const span = tracer.startSpan('after')
    expect(span.isRecording()).toBe(false)
    span.end()
    expect(current.names()).toEqual(['before'])
    expect(api.context.active()).toBe(api.ROOT_CONTEXT)
  })

  it('lets another provider register, and us again, for tracers got in between too', () => {
    const first = register()
    const old = api.trace.getTracer('old')
    old.startSpan('first').end()
    first.stop()
    const between = api.trace.getTracer('between')
    current = register()
    between.startSpan('second').end()
    old.startSpan('third').end()
    expect(first.names()).toEqual(['first'])
    expect(current.names()).toEqual(['second', 'third'])
    current.stop()
    let foreign = 0
    const provider = { getTracer: () => ({ startSpan: () => void foreign++ }) }
    expect(api.trace.setGlobalTracerProvider(provider as unknown as Api.TracerProvider)).toBe(true)
    api.trace.getTracer('x').startSpan('y')
    expect(foreign).toBe(1)
  })

  it('leaves a provider that replaced us', () => {
    current = register()
    api.trace.disable()
    const provider = { getTracer: () => ({}) } as unknown as Api.TracerProvider
    expect(api.trace.setGlobalTracerProvider(provider)).toBe(true)
    const registered = global[key].trace
    current.stop()
    expect(global[key].trace).toBe(registered)
    expect(global[key].context).toBeUndefined()
  })
})
