import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readError } from '../../src/span/exception.ts'
import { ratioSampler } from '../../src/span/sampler.ts'
import type { Span } from '../../src/span/span.ts'
import { newTraceId, type SpanId, type TraceId } from '../../src/base/ids.ts'
import { rootContext, suppressed } from '../../src/context/context.ts'
import { createRecorder } from './setup.ts'

const start = (name = 'work') => {
  const recorder = createRecorder()
  return { ...recorder, span: recorder.tracer.start(name) as Span }
}

describe('a span', () => {
  it('has a new trace id, no parent, and the sampled and random flags when nothing is active', () => {
    const { span } = start()
    expect(span.parentId).toBeUndefined()
    expect(span.spanContext()).toMatchObject({ traceFlags: 3, spanId: span.spanId })
    expect(span.spanContext().traceId).toMatch(/^[0-9a-f]{32}$/)
  })

  it('continues the trace of its parent', () => {
    const { tracer, span } = start()
    const child = tracer.start('child', {}, rootContext.withSpan(span)) as Span
    expect(child.spanContext().traceId).toBe(span.spanContext().traceId)
    expect(child.parentId).toBe(span.spanId)
    expect(child.parentRemote).toBe(false)
  })

  it('starts a new trace when asked to be a root', () => {
    const { tracer, span } = start()
    const other = tracer.start('other', { root: true }, rootContext.withSpan(span)) as Span
    expect(other.spanContext().traceId).not.toBe(span.spanContext().traceId)
  })

  it('keeps the random flag of a remote parent as it was received', () => {
    const { tracer } = start()
    const remote = (flags: number) =>
      rootContext.withSpan({
        spanContext: () => ({
          traceId: 'a'.repeat(32) as TraceId,
          spanId: 'b'.repeat(16) as SpanId,
          traceFlags: flags,
          isRemote: true
        })
      })
    expect((tracer.start('x', {}, remote(1)) as Span).flags).toBe(1)
    expect((tracer.start('x', {}, remote(3)) as Span).flags).toBe(3)
    expect((tracer.start('x', {}, remote(3)) as Span).parentRemote).toBe(true)
  })

  it('measures in whole nanoseconds after the epoch of its trace', () => {
    const { span, pass, records } = start()
    pass(12.5)
    span.end()
    expect(records[0]).toMatchObject({ epochMs: 2_000_000_001_000 })
    expect(records[0].spans[0]).toMatchObject({ start: 250_000, duration: 12_500_000 })
  })

  it('takes every form of time the API knows', () => {
    const times = [
      2_000_000_001_500,
      [2_000_000_001, 500_000_000],
      new Date(2_000_000_001_500)
    ] as const
    for (const time of times) {
      const { tracer } = start()
      expect((tracer.start('x', { startTime: time as number }) as Span).start).toBe(500_000_000)
    }
  })

  it('takes a time that is none for now, and an end before the start for no duration', () => {
    const { tracer, span, records } = start()
    expect((tracer.start('x', { startTime: Number.NaN }) as Span).start).toBe(250_000)
    span.end(new Date(0))
    expect(records[0].spans[0].duration).toBe(0)
  })

  it('ignores everything after its end', () => {
    const { span, records } = start()
    span.end()
    const before = structuredClone(records)
    span.setAttribute('a', 1).updateName('other').addEvent('e').setStatus({ code: 2 })
    span.recordException(new Error('late'))
    span.end()
    expect(span.isRecording()).toBe(false)
    expect(records).toEqual(before)
    expect(span.attributes).toEqual([])
  })

  it('replaces the value of a key that is set again', () => {
    const { span, records } = start()
    span.setAttributes({ a: 1, b: 2 }).setAttribute('a', 3)
    span.end()
    expect(records[0].spans[0].attributes).toEqual(['a', 3, 'b', 2])
  })

  it('counts the attributes, events and links beyond its limits', () => {
    const { tracer, records } = createRecorder({ attributes: 2, events: 1, links: 1 })
    const span = tracer.start('x') as Span
    span.setAttributes({ a: 1, b: 2, c: 3, d: 4 })
    span.addEvent('one').addEvent('two')
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
    span.addLinks([{ context }, { context }, { context }])
    span.end()
    expect(records[0].spans[0]).toMatchObject({
      droppedAttributes: 2,
      droppedEvents: 1,
      droppedLinks: 2
    })
    expect(records[0].spans[0].attributes.length).toBe(4)
  })

  it('lets nobody take back a status of ok', () => {
    const { span, records } = start()
    span
      .setStatus({ code: 2, message: 'bad' })
      .setStatus({ code: 1, message: 'ignored' })
      .setStatus({ code: 2, message: 'again' })
    span.end()
    expect(records[0].spans[0]).toMatchObject({ status: 1, statusMessage: '' })
  })

  it('tells events with a time from events with attributes', () => {
    const { span, pass, records } = start()
    pass(1)
    span
      .addEvent('now')
      .addEvent('then', 2_000_000_001_100)
      .addEvent('both', { k: 'v' }, 2_000_000_001_200)
    span.end()
    expect(records[0].spans[0].events).toEqual([
      { name: 'now', time: 1_250_000, attributes: [] },
      { name: 'then', time: 100_000_000, attributes: [] },
      { name: 'both', time: 200_000_000, attributes: ['k', 'v'] }
    ])
  })

  it('records nothing inside a suppressed context but carries the trace on', () => {
    const { tracer, span, records } = start()
    const quiet = tracer.start('export', {}, suppressed(rootContext.withSpan(span)))
    quiet.end()
    expect(quiet.isRecording()).toBe(false)
    expect(quiet.spanContext().traceId).toBe(span.spanContext().traceId)
    expect(records).toEqual([])
  })
})

describe('sampling', () => {
  it('records nothing of a trace that is not chosen, children included, and says so in the flags', () => {
    const { tracer, records } = createRecorder({}, 0)
    const span = tracer.start('x')
    const child = tracer.start('y', {}, rootContext.withSpan(span))
    child.end()
    span.end()
    expect(records).toEqual([])
    expect(child.spanContext()).toMatchObject({
      traceId: span.spanContext().traceId,
      traceFlags: 2
    })
  })

  it('chooses about the share asked for, the same way for the same trace', () => {
    const sampler = ratioSampler(0.25)
    const ids = Array.from({ length: 4000 }, () => newTraceId())
    const chosen = ids.filter(sampler)
    expect(chosen.length).toBeGreaterThan(800)
    expect(chosen.length).toBeLessThan(1200)
    expect(ids.filter(sampler)).toEqual(chosen)
  })
})

describe('an exception', () => {
  it('is read with its type, message, code, stack and causes', () => {
    const cause = Object.assign(new TypeError('socket closed'), { code: 'ECONNRESET' })
    const error = Object.assign(new Error('query failed', { cause }), { code: '42P01' })
    const reading = readError(error)
    expect(reading).toMatchObject({ type: 'Error', message: 'query failed' })
    expect(reading.attributes['exception.code']).toBe('42P01')
    expect(reading.attributes['exception.stacktrace']).toMatch(
      /^Error: query failed\n[^]*\nCaused by: TypeError: socket closed\n/
    )
  })

  it('has the type of its class when it does not name itself', () => {
    class Timeout extends Error {}
    expect(readError(new Timeout('x')).type).toBe('Timeout')
    expect(readError(Object.assign(new Timeout('x'), { name: 'Special' })).type).toBe('Special')
    expect(readError(new Error('x')).type).toBe('Error')
    expect(readError('text').type).toBe('string')
  })

  it.each([
    ['22P02', 'invalid input syntax for type integer: "a "b" c"', 'syntax for type integer: ?'],
    ['22003', 'value "99" is out of range for type integer', 'value ? is out of range'],
    ['22007', 'invalid value "x', 'invalid value ?'],
    ['42601', 'unterminated quoted string at or near "\'secret"', 'at or near ?'],
    ['42601', 'syntax error at or near "12abc"', 'at or near ?'],
    ['42601', 'syntax error at or near "FORM"', 'at or near "FORM"'],
    ['42601', 'syntax error at or near ")"', 'at or near ")"'],
    ['42P01', 'relation "orders" does not exist', 'relation "orders" does not exist']
  ])('keeps no value that PostgreSQL quotes: %s %s', (code, message, shown) => {
    const error = Object.assign(new Error(message), { code })
    const { message: kept, attributes } = readError(error)
    expect(kept).toContain(shown)
    expect(attributes['exception.stacktrace']).toMatch(/^Error: [^]*\n {4}at /)
    for (const text of [kept, attributes['exception.stacktrace']])
      expect(text).not.toMatch(/secret|99|12abc|"a |"x/)
  })

  it.each([
    [
      'ER_DUP_ENTRY',
      "Duplicate entry 'it's a secret' for key 'PRIMARY'",
      "entry ? for key 'PRIMARY'"
    ],
    [
      'ER_DUP_ENTRY',
      "Duplicate entry 'a secret' for key 'secret' for key 'k'",
      "Duplicate entry ? for key 'k'"
    ],
    ['ER_PARSE_ERROR', "the right syntax to use near 'secret'\n'x' at line 2", 'near ? at line 2'],
    ['ER_PARSE_ERROR', "the right syntax to use near 'secret", 'use near ?'],
    [
      'ER_TRUNCATED_WRONG_VALUE',
      "Truncated incorrect DOUBLE value: 'secret'",
      'incorrect DOUBLE value: ?'
    ],
    ['ER_NO_SUCH_TABLE', "Table 'shop.orders' doesn't exist", "Table 'shop.orders' doesn't exist"],
    [
      '11000',
      'E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: "secret" }',
      'index: email_1 dup key: ?'
    ],
    ['', "ERR unknown command 'x', with args beginning with: 'secret' ", 'beginning with: ?'],
    [
      '',
      'User validation failed: age: Cast to Number failed for value "secret" (type string) at path "age"',
      'failed for value ? (type string) at path "age"'
    ],
    [
      '',
      'User validation failed: age: Validator failed for path `age` with value `secret`',
      'for path `age` with value ?'
    ]
  ])(
    'keeps no value that MySQL, MongoDB, Redis or mongoose quotes: %s %s',
    (code, message, shown) => {
      const error = Object.assign(new Error(message), { code })
      const { message: kept, attributes } = readError(error)
      expect(kept).toContain(shown)
      for (const text of [kept, attributes['exception.stacktrace']])
        expect(text).not.toContain('secret')
    }
  )

  it('ends a circle of causes', () => {
    const error = new Error('a')
    error.cause = new Error('b', { cause: error })
    expect(readError(error).attributes['exception.stacktrace'].split('Caused by:').length).toBe(2)
  })

  it('is never thrown on by what is read: getters, proxies, frozen and bare values', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const trap = {
      get message() {
        throw new Error('trap')
      },
      get stack() {
        throw new Error('trap')
      }
    }
    for (const thrown of [
      proxy,
      trap,
      null,
      undefined,
      5,
      'text',
      Symbol('s'),
      () => {},
      Object.create(null),
      10n
    ]) {
      const reading = readError(thrown)
      expect(typeof reading.message).toBe('string')
      expect(typeof reading.type).toBe('string')
    }
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(typeof readError(thrown).attributes['exception.message']).toBe('string')
      })
    )
  })

  it('becomes an event of its span', () => {
    const { span, records } = start()
    span.recordException(new RangeError('too far'))
    span.end()
    const [event] = records[0].spans[0].events
    expect(event.name).toBe('exception')
    expect(event.attributes.slice(0, 4)).toEqual([
      'exception.type',
      'RangeError',
      'exception.message',
      'too far'
    ])
  })
})
