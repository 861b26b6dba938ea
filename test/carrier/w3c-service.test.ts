import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newSpanId, newTraceId } from '../../src/base/ids.ts'
import { randomFlag, sampledFlag, type SpanContext } from '../../src/base/span-context.ts'
import { createPropagation } from '../../src/span/propagation.ts'
import { rootContext } from '../../src/context/context.ts'
import { NonRecordingSpan } from '../../src/context/non-recording.ts'

// A service as the W3C's conformance suite wants it, over real sockets: headers in, one child span, headers out. Here the headers that an
// outgoing call would carry come back in the response.
const propagation = createPropagation(['w3c'])
let server: Server

beforeAll(async () => {
  server = createServer((req, res) => {
    const context = propagation.extract(req.headers, rootContext)
    const span = new NonRecordingSpan(child(context.span?.spanContext()))
    propagation.inject(context.withSpan(span), (name, value) => res.setHeader(name, value))
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(() => new Promise((resolve) => server.close(resolve)))

function child(parent: SpanContext | undefined): SpanContext {
  const random = parent === undefined ? randomFlag : parent.traceFlags & randomFlag
  return {
    traceId: parent?.traceId ?? newTraceId(),
    spanId: newSpanId(),
    traceFlags: random | sampledFlag,
    traceState: parent?.traceState
  }
}

interface Answer {
  readonly traceId: string
  readonly spanId: string
  readonly flags: string
  readonly tracestate: string
}

async function call(...headers: [name: string, value: string][]): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const raw = ['Host', 'localhost', ...headers.flat()]
    const call = request({ port, host: '127.0.0.1', headers: raw, agent: false }, (res) => {
      res.resume()
      const [, traceId = '', spanId = '', flags = ''] = String(res.headers['traceparent']).split(
        '-'
      )
      const tracestate = String(res.headers['tracestate'] ?? '')
      resolve({ traceId, spanId, flags, tracestate })
    })
    call.on('error', reject)
    call.end()
  })
}

const trace = '12345678901234567890123456789012'
const span = '1234567890123456'
const valid: [string, string] = ['traceparent', `00-${trace}-${span}-00`]
const states = (...values: string[]): [string, string][] =>
  values.map((value) => ['tracestate', value])

describe('the trace goes on', () => {
  test.each([
    ['with a traceparent', [['traceparent', `00-${trace}-${span}-01`]]],
    ['whatever the case of the name', [['TraceParent', `00-${trace}-${span}-01`]]],
    ['with white space around it', [['traceparent', `\t 00-${trace}-${span}-01 \t`]]],
    ['with a later version', [['traceparent', `cc-${trace}-${span}-01-what-comes-then`]]],
    ['with a bad tracestate', [valid, ...states('BAD')]]
  ])('%s', async (_case, headers) => {
    const answer = await call(...(headers as [string, string][]))
    expect(answer.traceId).toBe(trace)
    expect(answer.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(answer.spanId).not.toBe(span)
  })
})

describe('a new trace starts', () => {
  test.each([
    ['without headers', []],
    ['with two traceparents', [valid, ['traceparent', `00-${trace}-${span}-01`]]],
    [
      'with the name misspelt',
      [
        ['trace-parent', valid[1]],
        ['trace.parent', valid[1]]
      ]
    ],
    ['with version ff', [['traceparent', `ff-${trace}-${span}-01`]]],
    ['with more than version 00 has', [['traceparent', `00-${trace}-${span}-01-more`]]]
  ])('%s', async (_case, headers) => {
    const answer = await call(...(headers as [string, string][]), ...states('foo=1'))
    expect(answer.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(answer.traceId).not.toBe(trace)
    expect(answer.tracestate).toBe('')
    expect(answer.flags).toBe('03')
  })
})

describe('the random flag leaves as it came', () => {
  test.each([
    ['00', '01'],
    ['01', '01'],
    ['02', '03'],
    ['03', '03'],
    ['ff', '03']
  ])('%s', async (flags, sent) => {
    expect((await call(['traceparent', `00-${trace}-${span}-${flags}`])).flags).toBe(sent)
  })
})

describe('a tracestate of several headers is one', () => {
  test.each([
    [
      'in their order',
      states('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'),
      'foo=1,bar=2,rojo=1,congo=2,baz=3'
    ],
    ['though one is empty', states('foo=1', ''), 'foo=1'],
    ['though the first is empty', states('', 'foo=1'), 'foo=1'],
    ['with one of equal keys', states('foo=1', 'foo=2'), 'foo=1'],
    ['unless they have 33 entries', states(...Array.from({ length: 33 }, (_, i) => `b${i}=1`)), '']
  ])('%s', async (_case, headers, expected) => {
    expect((await call(valid, ...headers)).tracestate).toBe(expected)
  })
})

test('each call gets a span id of its own', async () => {
  const answers = await Promise.all([call(valid), call(valid), call(valid)])
  expect(new Set(answers.map((answer) => answer.spanId)).size).toBe(3)
})
