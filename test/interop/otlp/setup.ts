import fc from 'fast-check'
import type { AttributeValue } from '../../../src/base/attributes.ts'
import type { SpanId, TraceId } from '../../../src/base/ids.ts'
import { defaultLimits } from '../../../src/base/limits.ts'
import { createReport } from '../../../src/base/report.ts'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { decode, type Encoding } from '../../../src/interop/otlp/decode.ts'
import type { Received, ReceiveSetup } from '../../../src/trace/received.ts'
import { severities } from '../../../src/trace/own-names.ts'
import { openRedactor } from '../../span/setup.ts'

export function decodeSetup(limits: Partial<typeof defaultLimits> = {}): ReceiveSetup {
  const report = createReport(() => {})
  return { limits: { ...defaultLimits, ...limits }, redactor: openRedactor, report }
}

/** All of a body, without pauses. */
export function decodeBody(
  body: Uint8Array,
  setup: ReceiveSetup,
  encoding: Encoding = 'json'
): Received | { error: string } {
  const work = decode(body, encoding, setup)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

export const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

/** A request with these spans, of one resource and scope. */
export const request = (...spans: object[]): object => ({
  resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: {}, spans }] }]
})

export const traceId = 'a'.repeat(32)
export const spanId = 'b'.repeat(16)

/** The least a span must have. */
export const least = { traceId, spanId, startTimeUnixNano: '1700000000123456789' }

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), {
      minLength: length,
      maxLength: length
    })
    .map((digits) => digits.join(''))
    .filter((id) => !/^0+$/.test(id))

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, 1e300, Number.NaN, Number.POSITIVE_INFINITY)
)
// 'spanlight.' is ours, and names what OTLP has no field for.
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'http.route', 'a.b'),
  fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !name.startsWith('spanlight.'))
)
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.string({ unit: 'binary' }),
  number,
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 5 }),
  fc.array(number, { maxLength: 5 }),
  fc.array(fc.boolean(), { maxLength: 5 })
)
const attributes = fc
  .uniqueArray(fc.tuple(key, value), { maxLength: 6, selector: ([name]) => name })
  .map((pairs) => pairs.flatMap<string | AttributeValue>(([name, item]) => [name, item]))

const time = fc.oneof(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: 2 ** 45 }))
const dropped = fc.oneof(fc.constant(0), fc.nat(1000))

const span: fc.Arbitrary<SpanData> = fc
  .record({
    spanId: hex(16) as fc.Arbitrary<SpanId>,
    parentId: fc.option(hex(16) as fc.Arbitrary<SpanId>, { nil: undefined }),
    parentRemote: fc.boolean(),
    name: fc.string({ maxLength: 30 }),
    kind: fc.constantFrom(0, 1, 2, 3, 4),
    start: time,
    duration: time,
    open: fc.constant(false),
    status: fc.record({ status: fc.constantFrom(0, 1, 2), message: fc.string() }),
    traceState: fc.constantFrom('', 'v=1', 'a=b,c=d'),
    flags: fc.nat(255),
    scope: fc.record({
      name: fc.constantFrom('', 'spanlight', 'x'),
      version: fc.constantFrom('', '1')
    }),
    attributes,
    events: fc.array(fc.record({ name: fc.string(), time, attributes }), { maxLength: 3 }),
    links: fc.array(
      fc.record({
        traceId: hex(32) as fc.Arbitrary<TraceId>,
        spanId: hex(16) as fc.Arbitrary<SpanId>,
        traceState: fc.constantFrom('', 'v=1'),
        attributes
      }),
      { maxLength: 3 }
    ),
    logs: fc.array(
      fc.record({ time, severity: fc.constantFrom(...severities), body: fc.string(), attributes }),
      { maxLength: 3 }
    ),
    droppedAttributes: dropped,
    droppedEvents: dropped,
    droppedLinks: dropped
  })
  .map(({ status, ...rest }) => {
    // A message belongs to an error only.
    const statusMessage = status.status === 2 ? status.message : ''
    return { ...rest, status: status.status, statusMessage }
  })

/** Anything that can have been recorded of one trace, as the recorder hands it on: spans in the order they started. */
export const record: fc.Arbitrary<TraceRecord> = fc
  .record({
    traceId: hex(32) as fc.Arbitrary<TraceId>,
    epochMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    resource: fc.record({ service: fc.string({ minLength: 1, maxLength: 10 }), attributes }),
    source: fc.constant('ingest' as const),
    spans: fc.uniqueArray(span, { minLength: 1, maxLength: 8, selector: (one) => one.spanId }),
    droppedSpans: dropped
  })
  .map((raw) => normal(raw as TraceRecord))

/** The same record counted from the millisecond that its first span started in. */
export function normal(raw: TraceRecord): TraceRecord {
  const shift = Math.floor(Math.min(...raw.spans.map((one) => one.start)) / 1e6)
  const moved = <T extends { time: number }>(list: readonly T[]): T[] =>
    list.map((item) => ({ ...item, time: item.time - shift * 1e6 }))
  const spans = raw.spans.map((one) => ({
    ...one,
    start: one.start - shift * 1e6,
    events: moved(one.events),
    logs: moved(one.logs)
  }))
  spans.sort((a, b) => a.start - b.start || (a.spanId < b.spanId ? -1 : 1))
  return { ...raw, epochMs: raw.epochMs + shift, spans }
}
