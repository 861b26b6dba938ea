import fc from 'fast-check'
import type { AttributeValue } from '../../src/base/attributes.ts'
import type { SpanId, TraceId } from '../../src/base/ids.ts'
import { createReport } from '../../src/base/report.ts'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import type { StoredTrace, TraceStore } from '../../src/store/types.ts'

// Objects with a prototype, as the code makes them; toStrictEqual tells them apart.
function plain<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model as never, { noNullPrototype: true } as never) as fc.Arbitrary<T>
}

export const silentReport = () => createReport(() => {})

/** Any UTF-16 text: single halves of pairs, controls, the characters whose lower case is ASCII, and texts longer than the short form. */
export const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', '/orders/:id', 'http.route', '', 'é', '\u212a') },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
      .map((codes) => String.fromCharCode(...codes))
  },
  { weight: 1, arbitrary: fc.string({ minLength: 50, maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x'.repeat(64), 'é'.repeat(32), 'é'.repeat(63), '😀'.repeat(70))
  }
)

export const number = fc.oneof(
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 15, 16, 255, 256, 65535, 65536, 2 ** 24),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53, -(2 ** 53), 2 ** 60, 1e300, 0.1),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double()
)

const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.array(text, { maxLength: 4 }),
  fc.array(number, { maxLength: 4 }),
  fc.array(fc.boolean(), { maxLength: 4 })
)

const attributes = fc
  .uniqueArray(fc.tuple(text, value), { maxLength: 6, selector: ([key]) => key })
  .map((pairs) => pairs.flat() as (string | AttributeValue)[])

const hex = (length: number) =>
  fc.array(fc.constantFrom(...'0123456789abcdef'.split('')), {
    minLength: length,
    maxLength: length
  })
const spanId = fc.oneof(
  { weight: 9, arbitrary: hex(16).map((digits) => digits.join('') as SpanId) },
  { weight: 1, arbitrary: text.map((odd) => odd as SpanId) }
)
const traceId = fc.oneof(
  { weight: 9, arbitrary: hex(32).map((digits) => digits.join('') as TraceId) },
  { weight: 1, arbitrary: text.map((odd) => odd as TraceId) }
)
const time = fc.oneof(
  fc.integer({ min: -1000, max: 100_000_000 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0.5, -0, 63, 64, -64, 2 ** 31, -(2 ** 31), 2 ** 37)
)
const whole = fc.oneof(fc.constant(0), fc.nat(5), fc.nat())

export const span: fc.Arbitrary<SpanData> = plain({
  spanId,
  parentId: fc.option(spanId, { nil: undefined }),
  parentRemote: fc.boolean(),
  name: text,
  kind: fc.constantFrom(0, 1, 2, 3, 4),
  start: time,
  duration: fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs), fc.constant(1.5)),
  open: fc.constant(false),
  status: fc.constantFrom(0, 1, 2),
  statusMessage: text,
  traceState: text,
  flags: fc.constantFrom(0, 1, 2, 3, 255),
  scope: plain({ name: text, version: text }),
  attributes,
  events: fc.array(plain({ name: text, time, attributes }), { maxLength: 3 }),
  links: fc.array(plain({ traceId, spanId, traceState: text, attributes }), { maxLength: 2 }),
  logs: fc.array(
    plain({
      time,
      severity: fc.constantFrom('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
      body: text,
      attributes
    }),
    { maxLength: 2 }
  ),
  droppedAttributes: whole,
  droppedEvents: whole,
  droppedLinks: whole
})

/** Spans whose parents are often among them, before or after their children. */
export const spans = fc
  .uniqueArray(fc.tuple(span, fc.option(fc.nat(5))), {
    minLength: 1,
    maxLength: 6,
    selector: ([one]) => one.spanId
  })
  .map((made): SpanData[] =>
    made.map(([one, parent]) => ({
      ...one,
      parentId: parent === null ? one.parentId : made[parent % made.length]?.[0].spanId
    }))
  )

export const record: fc.Arbitrary<TraceRecord> = plain({
  traceId: hex(32).map((digits) => digits.join('') as TraceId),
  epochMs: fc.oneof(fc.integer({ min: 1.7e12, max: 1.8e12 }), fc.constantFrom(0, -1, 2 ** 40)),
  resource: plain({ service: text, attributes }),
  source: fc.constantFrom('local', 'ingest'),
  spans,
  droppedSpans: whole
})

/** The traces of the store, without its pauses. */
export function tracesOf(store: Pick<TraceStore, 'traces'>, before?: number): StoredTrace[] {
  return [...store.traces(before)].filter((trace) => trace !== undefined)
}

export function traceIdOf(number: number): TraceId {
  return number.toString(16).padStart(32, '0') as TraceId
}

/** A plain record; `spare` changes what a test is about. */
export function recordOf(
  number: number,
  spare: Partial<TraceRecord> & { readonly span?: Partial<SpanData> } = {}
): TraceRecord {
  const { span: spareSpan, ...rest } = spare
  return {
    traceId: traceIdOf(number),
    epochMs: 1_750_000_000_000 + number,
    resource: { service: 'shop', attributes: ['host.name', 'web-1'] },
    source: 'local',
    spans: [spanOf(number, spareSpan)],
    droppedSpans: 0,
    ...rest
  }
}

let spanNumber = 0

export function spanOf(number: number, spare: Partial<SpanData> = {}): SpanData {
  return {
    spanId: (++spanNumber).toString(16).padStart(16, '0') as SpanId,
    parentId: undefined,
    parentRemote: false,
    name: 'GET /orders/:id',
    kind: 1,
    start: 250_000,
    duration: 12_345_678,
    open: false,
    status: 0,
    statusMessage: '',
    traceState: '',
    flags: 3,
    scope: { name: 'spanlight', version: '' },
    attributes: [
      'http.request.method',
      'GET',
      'http.route',
      '/orders/:id',
      'url.path',
      `/orders/${number}`,
      'http.response.status_code',
      200
    ],
    events: [],
    links: [],
    logs: [],
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...spare
  }
}
