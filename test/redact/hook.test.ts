import { describe, expect, test } from 'vitest'
import { newSpanId, newTraceId } from '../../src/base/ids.ts'
import { createReport } from '../../src/base/report.ts'
import { SpanKind, StatusCode, type TraceRecord } from '../../src/base/span-data.ts'
import type { RedactHook } from '../../src/redact/options.ts'
import { redactor } from './setup.ts'

const failed = '[redacted: hook failed]'

function record(): TraceRecord {
  return {
    traceId: newTraceId(),
    epochMs: 0,
    resource: { service: 's', attributes: [] },
    source: 'local',
    droppedSpans: 0,
    spans: [
      {
        spanId: newSpanId(),
        parentId: undefined,
        parentRemote: false,
        name: 'GET /',
        kind: SpanKind.server,
        start: 0,
        duration: 5,
        open: false,
        status: StatusCode.unset,
        statusMessage: '',
        traceState: '',
        flags: 1,
        scope: { name: 's', version: '' },
        attributes: ['app.a', 'x', 'app.n', 5, 'app.list', ['y']],
        events: [{ name: 'e', time: 1, attributes: ['app.b', 'x'] }],
        links: [
          { traceId: newTraceId(), spanId: newSpanId(), traceState: '', attributes: ['app.c', 'x'] }
        ],
        logs: [{ time: 1, severity: 'info', body: 'hi', attributes: [] }],
        droppedAttributes: 0,
        droppedEvents: 0,
        droppedLinks: 0
      }
    ]
  }
}

function run(hook: RedactHook, times = 1): { attributes: unknown; lines: string } {
  let lines = ''
  const clean = redactor({ options: { hook }, report: createReport((text) => (lines += text)) })
  let last = clean.record(record())
  for (let i = 1; i < times; i++) last = clean.record(record())
  return { attributes: last.spans[0]?.attributes, lines }
}

test('without a hook a record is itself', () => {
  const given = record()
  expect(redactor().record(given)).toBe(given)
})

test('the hook sees the attributes of spans, events and links, and what they belong to', () => {
  const seen: unknown[] = []
  const clean = redactor({
    options: {
      hook(attributes, kind) {
        seen.push([kind, { ...attributes }])
        return attributes
      }
    }
  })
  const given = record()
  expect(clean.record(given)).toEqual(given)
  expect(seen).toEqual([
    ['span', { 'app.a': 'x', 'app.n': 5, 'app.list': ['y'] }],
    ['event', { 'app.b': 'x' }],
    ['link', { 'app.c': 'x' }]
  ])
})

test('the hook has the last word: it removes, changes and adds', () => {
  const { attributes } = run(({ 'app.a': _gone, ...rest }) => ({
    ...rest,
    'app.n': 6,
    'app.new': 'z'
  }))
  expect(attributes).toEqual(['app.n', 6, 'app.list', ['y'], 'app.new', 'z'])
})

test('what the hook returns is hidden and checked like everything else', () => {
  const { attributes } = run(() => ({
    'user.password': 'x',
    'app.o': {},
    'app.note': 'Bearer abc'
  }))
  expect(attributes).toEqual(['user.password', '[redacted]', 'app.note', 'Bearer [redacted]'])
})

test('the hook changes a copy: the record it was given stays', () => {
  const given = record()
  redactor({
    options: {
      hook(attributes) {
        ;(attributes['app.list'] as string[]).push('changed')
        delete attributes['app.a']
        return attributes
      }
    }
  }).record(given)
  expect(given.spans[0]?.attributes).toEqual(['app.a', 'x', 'app.n', 5, 'app.list', ['y']])
})

describe('all values are hidden when the hook', () => {
  const hidden = ['app.a', failed, 'app.n', failed, 'app.list', failed]
  test.each<[string, RedactHook]>([
    [
      'throws',
      () => {
        throw new Error('no')
      }
    ],
    ['returns nothing', () => undefined as never],
    ['returns text', () => 'x' as never],
    ['returns a promise', () => Promise.resolve({}) as never],
    [
      'returns an object that throws',
      () =>
        new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('no')
            }
          }
        )
    ]
  ])('%s', (_case, hook) => {
    const { attributes, lines } = run(hook)
    expect(attributes).toEqual(hidden)
    expect(lines).toContain('redact.hook failed')
  })

  test('has failed ten times; it is not called again', () => {
    let calls = 0
    const { attributes, lines } = run(() => {
      calls++
      throw new Error('no')
    }, 20)
    expect(calls).toBe(10)
    expect(attributes).toEqual(hidden)
    expect(lines).toContain('switched off')
  })

  test('takes more than 5 ms on average over 100 calls', () => {
    let calls = 0
    const slow: RedactHook = (attributes) => {
      calls++
      const until = performance.now() + 6
      while (performance.now() < until);
      return attributes
    }
    const { attributes, lines } = run(slow, 40)
    expect(calls).toBe(100)
    expect(attributes).toEqual(hidden)
    expect(lines).toContain('more than 5 ms')
  })
})

test('an empty set of attributes is not asked for', () => {
  const kinds: string[] = []
  redactor({
    options: {
      hook(attributes, kind) {
        kinds.push(kind)
        return attributes
      }
    }
  }).record({
    ...record(),
    spans: [{ ...record().spans[0], attributes: [], events: [], links: [] }]
  })
  expect(kinds).toEqual([])
})
