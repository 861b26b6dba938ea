import * as api from '@opentelemetry/api'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { NonRecordingSpan } from '../../src/context/non-recording.ts'
import { Span } from '../../src/span/span.ts'
import { newSpanContext } from './setup.ts'

function methodsOf(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name)
}

type Call = (...args: unknown[]) => unknown

function call(span: NonRecordingSpan, method: string, ...args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(span, method) as Call, span, args)
}

describe('a span that records nothing', () => {
  it('carries its span context on, the very same', () => {
    const context = newSpanContext()
    expect(new NonRecordingSpan(context).spanContext()).toBe(context)
  })

  it('says that it does not record, also after its end', () => {
    const span = new NonRecordingSpan(newSpanContext())
    expect(span.isRecording()).toBe(false)
    span.end()
    expect(span.isRecording()).toBe(false)
  })

  it('has every method of a live span but those that only who has made it calls', () => {
    const expected = methodsOf(Span.prototype).filter(
      (name) => !['begin', 'release'].includes(name)
    )
    expect(expected).toContain('setAttribute')
    expect(methodsOf(NonRecordingSpan.prototype).sort()).toEqual(expected.sort())
  })

  it('chains where the span of the OpenTelemetry API does', () => {
    const noop = api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT)
    const span = new NonRecordingSpan(newSpanContext())
    const chained = methodsOf(Object.getPrototypeOf(noop) as object).filter(
      (name) => Reflect.apply(Reflect.get(noop, name) as Call, noop, []) === noop
    )
    expect(chained).toContain('setAttribute')
    for (const name of chained) expect(call(span, name), name).toBe(span)
  })

  it('takes anything, never throws, and changes nothing', () => {
    const context = Object.freeze(newSpanContext())
    const span = new NonRecordingSpan(context)
    fc.assert(
      fc.property(
        fc.constantFrom(...methodsOf(NonRecordingSpan.prototype)),
        fc.array(fc.anything({ withNullPrototype: true, withBigInt: true }), { maxLength: 3 }),
        (method, args) => {
          call(span, method, ...args)
          expect(span.spanContext()).toBe(context)
          expect(span.isRecording()).toBe(false)
          expect(Reflect.ownKeys(span)).toEqual([])
        }
      )
    )
  })

  it('looks into nothing it is given, so that getters of the host do not run', () => {
    const trap = new Proxy(
      {},
      {
        get: () => expect.unreachable('was read'),
        has: () => expect.unreachable('was read'),
        ownKeys: () => expect.unreachable('was read')
      }
    )
    const span = new NonRecordingSpan(newSpanContext())
    for (const method of methodsOf(NonRecordingSpan.prototype)) call(span, method, trap, trap, trap)
    expect(span.isRecording()).toBe(false)
  })

  it('tells a log to go elsewhere', () => {
    expect(new NonRecordingSpan(newSpanContext()).addLog('info', 'a line')).toBe(false)
  })

  it('is carried by a context of the OpenTelemetry API, and is a span to it', () => {
    const context = newSpanContext()
    const span = new NonRecordingSpan(context)
    expectTypeOf<Omit<NonRecordingSpan, 'spanContext' | 'put' | 'addLog'>>().toExtend<
      Omit<api.Span, 'spanContext'>
    >()
    const carrying = api.trace.setSpan(api.ROOT_CONTEXT, span as unknown as api.Span)
    expect(api.trace.getSpanContext(carrying)).toBe(context)
    expect(api.trace.isSpanContextValid(span.spanContext() as api.SpanContext)).toBe(true)
  })
})
