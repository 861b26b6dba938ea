import * as api from '@opentelemetry/api'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baggageKey, createPropagation } from '../../src/span/propagation.ts'
import { rootContext, suppressed } from '../../src/context/context.ts'
import { NonRecordingSpan } from '../../src/context/non-recording.ts'

const propagation = createPropagation(['w3c'])
const traceparent = '00-12345678901234567890123456789012-1234567890123456-03'

function sent(context: typeof rootContext): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(context, (name, value) => {
    expect(propagation.fields).toContain(name)
    headers[name] = value
  })
  return headers
}

describe('extracting', () => {
  test("makes the sender's span a remote parent that records nothing", () => {
    const context = propagation.extract({ traceparent, tracestate: 'a=1' }, rootContext)
    const span = context.span
    expect(span).toBeInstanceOf(NonRecordingSpan)
    expect((span as NonRecordingSpan).isRecording()).toBe(false)
    expect(span?.spanContext()).toMatchObject({
      traceId: '12345678901234567890123456789012',
      spanId: '1234567890123456',
      traceFlags: 3,
      isRemote: true
    })
    expect(span?.spanContext().traceState?.get('a')).toBe('1')
  })

  test.each([
    ['nothing', {}],
    ['a bad traceparent with a good tracestate', { traceparent: 'x', tracestate: 'a=1' }],
    ['a tracestate alone', { tracestate: 'a=1' }],
    ['two traceparents', { traceparent: `${traceparent}, ${traceparent}` }],
    ['two traceparents as a list', { traceparent: [traceparent, traceparent] }],
    ['headers of odd types', { traceparent: 7, tracestate: {}, baggage: [7, null] }]
  ])('gives the very context for %s', (_case, headers) => {
    expect(propagation.extract(headers as never, rootContext)).toBe(rootContext)
  })

  test('keeps the traceparent when the tracestate is bad', () => {
    const context = propagation.extract({ traceparent, tracestate: 'BAD' }, rootContext)
    expect(sent(context)).toEqual({ traceparent })
  })

  test("takes baggage without a traceparent, and leaves the context's span", () => {
    const before = rootContext.withSpan(propagation.extract({ traceparent }, rootContext).span)
    const context = propagation.extract({ baggage: 'a=1' }, before)
    expect(context.span).toBe(before.span)
    expect(sent(context)).toEqual({ traceparent, baggage: 'a=1' })
  })

  test("gives baggage that OpenTelemetry's API reads", () => {
    const context = propagation.extract({ baggage: 'a=1;p=2' }, rootContext)
    const read = api.propagation.getBaggage(context)
    expect(read?.getEntry('a')?.value).toBe('1')
    expect(read?.getEntry('a')?.metadata?.toString()).toBe('p=2')
  })
})

describe('injecting', () => {
  test('sends on what came in', () => {
    const headers = { traceparent, tracestate: 'a=1,b=2', baggage: 'k=v;p=1' }
    expect(sent(propagation.extract(headers, rootContext))).toEqual(headers)
  })

  test("sends baggage made with OpenTelemetry's API", () => {
    const metadata = api.baggageEntryMetadataFromString('p=1')
    const baggage = api.propagation.createBaggage({ a: { value: 'x y', metadata } })
    const context = api.propagation.setBaggage(rootContext, baggage)
    expect(sent(context as unknown as typeof rootContext)).toEqual({ baggage: 'a=x%20y;p=1' })
  })

  test.each([
    ['an empty context', rootContext],
    [
      "OpenTelemetry's invalid span",
      rootContext.withSpan(api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT) as never)
    ],
    [
      'a suppressed context',
      suppressed(propagation.extract({ traceparent, baggage: 'a=1' }, rootContext))
    ],
    ['something else under the baggage key', rootContext.setValue(baggageKey, 'a=1')]
  ])('sends nothing of %s', (_case, context) => {
    expect(sent(context)).toEqual({})
  })
})

test('any headers are taken without an exception, and what is sent is taken again', () => {
  const value = fc.oneof(
    fc.string(),
    fc.constant(traceparent),
    fc.array(fc.string()),
    fc.anything()
  )
  fc.assert(
    fc.property(value, value, value, (parent, tracestate, baggage) => {
      const headers = { traceparent: parent, tracestate, baggage } as never
      const first = sent(propagation.extract(headers, rootContext))
      expect(sent(propagation.extract(first, rootContext))).toEqual(first)
      for (const text of Object.values(first)) expect(text).toMatch(/^[\x20-\x7e\t]+$/)
    }),
    { numRuns: 1000 }
  )
})
