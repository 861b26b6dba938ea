import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createGuard } from '../../../src/base/safely.ts'
import { TracerProvider } from '../../../src/interop/opentelemetry/tracer-provider.ts'
import type { Span } from '../../../src/span/span.ts'
import { createRecorder } from '../../span/setup.ts'
import { type Api, register, type Registered, require } from './setup.ts'

const api = require('@opentelemetry/api') as typeof Api
const { SpanKind, SpanStatusCode, trace, context, ROOT_CONTEXT } = api

let current: Registered
let tracer: Api.Tracer
beforeAll(() => {
  current = register()
  tracer = trace.getTracer('test', '1.0.0')
})
afterAll(() => current.stop())
beforeEach(() => void (current.records.length = 0))

/** The one span of the one record. */
const recorded = () => {
  expect(current.records).toHaveLength(1)
  return current.records[0].spans[0]
}
const kept = (span: Api.Span) => span as unknown as Span

describe('the types', () => {
  it('are those of the API', () => {
    const recorder = createRecorder()
    const guard = createGuard('test', recorder.report)
    const provider: Api.TracerProvider = new TracerProvider({ tracer: recorder.tracer, guard })
    const span: Api.Span = provider.getTracer('x').startSpan('y')
    expect(span.isRecording()).toBe(true)
  })
})

describe('startSpan', () => {
  it('takes every option', () => {
    const other = tracer.startSpan('other')
    const options: Api.SpanOptions = {
      kind: SpanKind.CLIENT,
      attributes: { a: 1, b: ['x', 'y'], c: true },
      links: [{ context: other.spanContext(), attributes: { why: 'because' } }],
      startTime: 2_000_000_001_500
    }
    tracer.startSpan('work', options).end([2_000_000_001, 700_000_000])
    expect(recorded()).toMatchObject({
      name: 'work',
      kind: 2,
      scope: { name: 'test', version: '1.0.0' },
      attributes: ['a', 1, 'b', ['x', 'y'], 'c', true],
      links: [
        {
          traceId: other.spanContext().traceId,
          spanId: other.spanContext().spanId,
          attributes: ['why', 'because']
        }
      ],
      start: 500_000_000,
      duration: 200_000_000
    })
  })

  it('takes its parent from the context given, else from the active one', () => {
    const parent = tracer.startSpan('parent')
    const given = tracer.startSpan('given', {}, trace.setSpan(ROOT_CONTEXT, parent))
    const active = context.with(trace.setSpan(context.active(), parent), () =>
      tracer.startSpan('active')
    )
    expect(kept(given).parentId).toBe(parent.spanContext().spanId)
    expect(kept(active).parentId).toBe(parent.spanContext().spanId)
    expect(kept(tracer.startSpan('alone', {}, ROOT_CONTEXT)).parentId).toBeUndefined()
  })

  it('starts a new trace with root, whatever is active', () => {
    tracer.startActiveSpan('outer', (outer) => {
      const root = tracer.startSpan('root', { root: true })
      expect(kept(root).parentId).toBeUndefined()
      expect(root.spanContext().traceId).not.toBe(outer.spanContext().traceId)
    })
  })

  it('continues a wrapped context, remote or not', () => {
    const spanContext = { traceId: 'A'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    for (const isRemote of [true, false]) {
      const at = trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, isRemote })
      const span = kept(tracer.startSpan('child', {}, at))
      expect(span.spanContext().traceId).toBe('a'.repeat(32))
      expect([span.parentId, span.parentRemote]).toEqual(['b'.repeat(16), isRemote])
    }
  })

  it.each([
    ['all zeros', api.INVALID_SPAN_CONTEXT],
    ['no hex', { traceId: 'x'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }],
    ['nothing', undefined]
  ])('starts a new trace below an invalid parent: %s', (_what, spanContext) => {
    const at = trace.setSpanContext(ROOT_CONTEXT, spanContext as Api.SpanContext)
    const span = kept(tracer.startSpan('root', {}, at))
    expect(span.isRecording()).toBe(true)
    expect(span.parentId).toBeUndefined()
    expect(trace.isSpanContextValid(span.spanContext())).toBe(true)
  })

  it('records nothing where tracing is suppressed', () => {
    const key = api.createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
    const span = tracer.startSpan('quiet', {}, ROOT_CONTEXT.setValue(key, true))
    expect(span.isRecording()).toBe(false)
    span.end()
    expect(current.records).toEqual([])
  })

  it('survives every wrong argument', () => {
    const bad = [undefined, null, 7, 'x', Symbol('s'), {}, [], Object.create(null), () => {}]
    const begin = tracer.startSpan.bind(tracer) as (...args: unknown[]) => Api.Span
    for (const value of bad) {
      begin(value).end()
      begin('x', value).end()
      begin('x', { kind: value, attributes: value, links: value, startTime: value }).end()
      begin('x', { links: [value, { context: value }] }).end()
      begin('x', {}, value).end()
      begin('x', {}, ROOT_CONTEXT.setValue(Symbol.for('OpenTelemetry Context Key SPAN'), value))
    }
    expect(current.report.drops.get('internal error')).toBeUndefined()
    for (const { spans } of current.records) {
      expect(spans[0].kind).toBe(0)
      expect(typeof spans[0].name).toBe('string')
    }
  })

  it('gives a span that carries on when a parent of foreign make throws', () => {
    const parent = {
      spanContext() {
        throw new Error('broken')
      }
    } as unknown as Api.Span
    const span = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent))
    expect(span.isRecording()).toBe(false)
    span.setAttribute('a', 1).end()
  })
})

describe('startActiveSpan', () => {
  it.each([
    ['fn', (fn: (span: Api.Span) => number) => tracer.startActiveSpan('x', fn)],
    ['options, fn', (fn: (span: Api.Span) => number) => tracer.startActiveSpan('x', {}, fn)],
    [
      'options, context, fn',
      (fn: (span: Api.Span) => number) => tracer.startActiveSpan('x', {}, context.active(), fn)
    ]
  ])('with (name, %s) runs the function below the span and gives its result', (_form, run) => {
    const result = run((span) => {
      expect(trace.getActiveSpan()).toBe(span)
      span.end()
      return 42
    })
    expect(result).toBe(42)
    expect(trace.getActiveSpan()).toBeUndefined()
    expect(recorded().name).toBe('x')
  })

  it('lets the exception of the function through and leaves the span to it', () => {
    let span: Api.Span | undefined
    const run = () =>
      tracer.startActiveSpan('x', (active) => {
        span = active
        throw new RangeError('mine')
      })
    expect(run).toThrow(RangeError)
    expect(span!.isRecording()).toBe(true)
  })

  it('keeps values of the context it was given', () => {
    const key = api.createContextKey('mine')
    tracer.startActiveSpan('x', {}, ROOT_CONTEXT.setValue(key, 'kept'), () => {
      expect(context.active().getValue(key)).toBe('kept')
    })
  })

  it('follows the code through promises and timers', async () => {
    await tracer.startActiveSpan('x', async (span) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const left = tracer.startActiveSpan('left', async (left) => {
        await new Promise((resolve) => setImmediate(resolve))
        expect(trace.getActiveSpan()).toBe(left)
      })
      expect(trace.getActiveSpan()).toBe(span)
      await left
      expect(trace.getActiveSpan()).toBe(span)
    })
  })
})

describe('a span', () => {
  it('chains its setters and ignores all of them after the end', () => {
    const span = tracer.startSpan('x')
    span
      .setAttribute('a', 1)
      .setAttributes({ b: 2 })
      .addEvent('e', { c: 3 }, 2_000_000_001_000)
      .addLink({ context: span.spanContext() })
      .addLinks([{ context: span.spanContext() }])
      .setStatus({ code: SpanStatusCode.ERROR, message: 'bad' })
      .updateName('y')
    span.end()
    const before = structuredClone(recorded())
    span.setAttribute('late', 1).setAttributes({ late: 2 }).addEvent('late')
    span.addLink({ context: span.spanContext() }).setStatus({ code: SpanStatusCode.OK })
    span.updateName('late').recordException(new Error('late'))
    span.end()
    expect(span.isRecording()).toBe(false)
    expect(recorded()).toEqual(before)
    expect(before).toMatchObject({
      name: 'y',
      status: 2,
      statusMessage: 'bad',
      attributes: ['a', 1, 'b', 2],
      events: [{ name: 'e', time: 0, attributes: ['c', 3] }]
    })
    expect(before.links).toHaveLength(2)
    expect(span.spanContext().spanId).toBe(before.spanId)
  })

  it('takes events with a time in place of attributes', () => {
    const span = tracer.startSpan('x')
    span.addEvent('a', new Date(2_000_000_002_000)).addEvent('b', undefined, [2_000_000_003, 5])
    span.end()
    expect(recorded().events).toEqual([
      { name: 'a', time: 1e9, attributes: [] },
      { name: 'b', time: 2e9 + 5, attributes: [] }
    ])
  })

  it('lets Ok stand against later errors, and unset change nothing', () => {
    const span = tracer.startSpan('x')
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'first' })
    span.setStatus({ code: SpanStatusCode.UNSET })
    expect(kept(span).status).toBe(2)
    span.setStatus({ code: SpanStatusCode.OK, message: 'not kept' })
    span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    expect(recorded()).toMatchObject({ status: 1, statusMessage: '' })
  })

  it('records exceptions of every kind at the time given', () => {
    const span = tracer.startSpan('x')
    span.recordException(new TypeError('odd'), [2_000_000_001, 7])
    span.recordException('text')
    span.recordException({ code: 'E1', message: 'coded' })
    span.end()
    const [first, second, third] = recorded().events
    expect(first).toMatchObject({ name: 'exception', time: 7 })
    expect(first.attributes.slice(0, 4)).toEqual([
      'exception.type',
      'TypeError',
      'exception.message',
      'odd'
    ])
    expect(second.attributes).toContain('text')
    expect(third.attributes).toContain('coded')
  })

  it('has no negative duration, and a time of no form means now', () => {
    tracer.startSpan('backwards', { startTime: 2_000_000_005_000 }).end(2_000_000_004_000)
    tracer.startSpan('now').end(Number.NaN)
    expect(current.records.map((record) => record.spans[0].duration)).toEqual([0, 0])
  })

  it('stays within whole numbers for times of another age', () => {
    tracer.startSpan('old', { startTime: new Date(0) }).end(new Date(8.64e15))
    const { start, duration } = recorded()
    expect(start).toBe(-(2 ** 52))
    expect(Number.isSafeInteger(start + duration)).toBe(true)
  })

  it('survives attributes whose getters throw and links to nowhere', () => {
    const span = tracer.startSpan('x')
    const attributes = {
      get bad(): string {
        throw new Error('no')
      },
      good: 1
    }
    span.setAttributes(attributes).addEvent('e', attributes)
    span.addLink({ context: api.INVALID_SPAN_CONTEXT })
    span.addLinks(undefined as unknown as Api.Link[])
    span.setStatus(undefined as unknown as Api.SpanStatus)
    span.end()
    expect(recorded()).toMatchObject({ attributes: ['good', 1], links: [], droppedLinks: 1 })
  })
})
