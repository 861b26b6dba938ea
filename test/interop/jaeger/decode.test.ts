import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '../../../src/base/attributes.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { decodeJaeger } from '../../../src/interop/jaeger/decode.ts'
import { jsonParts } from '../../../src/interop/jaeger/encode.ts'
import type { Received } from '../../../src/trace/received.ts'
import { bytes, decodeSetup, normal, record } from '../otlp/setup.ts'

function decoded(body: unknown, setup = decodeSetup()): Received | { error: string } {
  const work = decodeJaeger(bytes(body), setup)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

const read = (body: unknown): readonly TraceRecord[] => {
  const result = decoded(body) as Received
  expect(result).toMatchObject({ rejected: 0, message: '' })
  return result.records
}
const encoded = (records: Iterable<TraceRecord>): string => [...jsonParts(records)].join('')

/** A value as a tag holds it. */
function inTag(value: AttributeValue): AttributeValue {
  if (typeof value === 'object') return JSON.stringify(value)
  if (typeof value !== 'number') return value
  return Number.isFinite(value) ? value + 0 : String(value)
}
const inTags = (attributes: ReadonlyAttributes): ReadonlyAttributes =>
  attributes.map((item, i) => (i % 2 === 0 ? item : inTag(item)))

/** What of a record Jaeger's JSON can say. */
function inJaeger(one: TraceRecord): TraceRecord {
  const micros = (nanos: number): number => Math.floor(nanos / 1000) * 1000
  const moments = <T extends { time: number; attributes: ReadonlyAttributes }>(
    list: readonly T[]
  ): T[] =>
    list
      .map((item) => ({ ...item, time: micros(item.time), attributes: inTags(item.attributes) }))
      .sort((a, b) => a.time - b.time)
  const spans = one.spans.map((span): SpanData => ({
    ...span,
    parentRemote: span.parentId !== undefined && (span.kind === 1 || span.kind === 4),
    start: micros(span.start),
    duration: micros(span.start + span.duration) - micros(span.start),
    flags: span.flags & 1,
    attributes: inTags(span.attributes),
    events: moments(span.events),
    logs: moments(span.logs),
    links: span.links.map((link) => ({ ...link, traceState: '', attributes: [] }))
  }))
  const resource = { ...one.resource, attributes: inTags(one.resource.attributes) }
  return normal({ ...one, resource, spans, droppedSpans: 0 })
}

const traceId = 'a'.repeat(32)
const least = { traceID: traceId, spanID: 'b'.repeat(16), startTime: 1_700_000_000_123_456 }
const one = (span: object = {}, processes: object = {}): TraceRecord =>
  read({ data: [{ traceID: traceId, spans: [{ ...least, ...span }], processes }] })[0]
const tags = (entries: Record<string, unknown>): object[] =>
  Object.entries(entries).map(([key, value]) => ({ key, value }))

describe('decodeJaeger', () => {
  it('gives back what was recorded, as far as Jaeger’s JSON can say it', () => {
    fc.assert(
      fc.property(record, (given) => {
        expect(read(encoded([given])).map(normal)).toEqual([inJaeger(given)])
      }),
      { numRuns: 150 }
    )
  })

  it('joins the parts of a long trace, and keeps its processes apart', () => {
    const [given] = fc.sample(record, { seed: 7, numRuns: 1 })
    const spans = Array.from({ length: 300 }, (_, i) => ({
      ...given.spans[0],
      start: i * 1000,
      spanId: (i + 1).toString(16).padStart(16, '0')
    })) as SpanData[]
    const other = { ...given, resource: { service: 'other', attributes: [] } }
    const parts = [
      { ...given, spans: spans.slice(0, 200) },
      { ...other, spans: spans.slice(200) }
    ]
    expect([...jsonParts(parts)].length).toBeGreaterThan(4)
    const found = read(encoded(parts))
    expect(found.map(({ resource, spans }) => [resource.service, spans.length])).toEqual([
      [given.resource.service, 200],
      ['other', 100]
    ])
  })

  it('keeps traces apart that are in one file', () => {
    const [a, b] = fc.sample(record, { seed: 5, numRuns: 2 })
    const more = { ...a, resource: { service: 'other', attributes: [] } }
    const text = encoded([a, more, b])
    expect((JSON.parse(text) as { data: unknown[] }).data).toHaveLength(2)
    expect(new Set(read(text).map((one) => one.traceId))).toEqual(new Set([a.traceId, b.traceId]))
    expect(JSON.parse(encoded([]))).toEqual({
      data: [],
      total: 0,
      limit: 0,
      offset: 0,
      errors: null
    })
  })

  it('reads a trace or a list of traces without the envelope, and one process in each span', () => {
    const trace = { traceID: traceId, processes: {}, spans: [least] }
    const other = { spans: [{ ...least, traceID: '7', process: { serviceName: 'own' } }] }
    expect(read(trace)).toHaveLength(1)
    expect(read([trace, other]).map(({ resource }) => resource.service)).toEqual([
      'unknown_service',
      'own'
    ])
    expect(read({ data: [trace, other], total: 0 })).toHaveLength(2)
  })

  it('fills ids up with zeros and names a process that is not there unknown_service', () => {
    const found = one({ traceID: 'FF', spanID: '1', processID: 'p9' })
    expect(found).toMatchObject({
      traceId: 'ff'.padStart(32, '0'),
      resource: { service: 'unknown_service', attributes: [] }
    })
    expect(found.spans[0].spanId).toBe('0000000000000001')
    expect(found.spans[0]).toMatchObject({ name: '', kind: 0, duration: 0, flags: 1, links: [] })
  })

  it('takes what old versions and storages write', () => {
    const { spans, resource } = one(
      {
        processID: 'p1',
        flags: 3,
        parentSpanID: 'c',
        duration: '1500',
        tags: [
          { key: 'span.kind', type: 'string', value: 'client' },
          { key: 'error', type: 'bool', value: 'true' },
          { key: 'http.status_code', type: 'int64', value: '500' },
          { key: 'big', type: 'int64', value: '9223372036854775807' },
          { key: 'ratio', type: 'float64', value: '0.5' },
          { key: 'raw', type: 'binary', value: 'AAE=' },
          { key: 'otel.library.name', type: 'string', value: 'http' },
          { key: 'nothing', type: 'string', value: null }
        ]
      },
      { p1: { serviceName: 'shop', tags: [{ key: 'ip', type: 'string', value: '10.0.0.1' }] } }
    )
    expect(resource).toEqual({ service: 'shop', attributes: ['ip', '10.0.0.1'] })
    expect(spans[0]).toMatchObject({
      parentId: '000000000000000c',
      kind: 2,
      status: 2,
      flags: 1,
      duration: 1_500_000,
      scope: { name: 'http', version: '' },
      droppedAttributes: 1
    })
    expect(spans[0].attributes).toEqual([
      'http.status_code',
      500,
      'big',
      '9223372036854775807',
      'ratio',
      0.5,
      'raw',
      'AAE=',
      'http.response.status_code',
      500
    ])
  })

  it('takes the parent that Jaeger takes, and the other references as links', () => {
    const reference = (refType: string, spanID: string, traceID = traceId): object => ({
      refType,
      traceID,
      spanID
    })
    const follows = reference('FOLLOWS_FROM', 'f1')
    const child = reference('CHILD_OF', 'c1')
    const far = reference('CHILD_OF', 'd1', '99')
    const parts = (references: object[]) => {
      const { parentId, links } = one({ references }).spans[0]
      return [parentId?.replace(/^0+/, ''), ...links.map(({ spanId }) => spanId.replace(/^0+/, ''))]
    }
    expect(parts([follows, child])).toEqual(['c1', 'f1'])
    expect(parts([follows])).toEqual(['f1'])
    expect(parts([far])).toEqual([undefined, 'd1'])
    const twice = one({ references: [child, far] })
    expect(encoded([twice])).toContain('"CHILD_OF","traceID":"00000000000000000000000000000099"')
    expect(read(encoded([twice]))).toEqual([twice])
  })

  it('tells lines that were logged, errors and events apart', () => {
    const log = (fields: object): object => ({
      timestamp: least.startTime + 5,
      fields: tags(fields as Record<string, unknown>)
    })
    const { events, logs } = one({
      logs: [
        log({ event: 'HTTP request received', level: 'info', method: 'GET' }),
        log({ message: 'retry', attempt: 2 }),
        log({ event: 'slow', level: 'WARNING', message: 'took long' }),
        log({ event: 'error', 'error.kind': 'TypeError', message: 'no', stack: 'at x' }),
        log({ event: 'cache miss', level: 'deep', key: 'k' })
      ]
    }).spans[0]
    expect(logs.map(({ severity, body, attributes }) => [severity, body, attributes])).toEqual([
      ['info', 'HTTP request received', ['method', 'GET']],
      ['info', 'retry', ['attempt', 2]],
      ['warn', 'took long', ['event', 'slow']]
    ])
    expect(events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'exception',
        ['exception.type', 'TypeError', 'exception.stacktrace', 'at x', 'exception.message', 'no']
      ],
      ['cache miss', ['key', 'k', 'level', 'deep']]
    ])
  })

  it('marks what ended before it began, and keeps fractions of microseconds', () => {
    const [span] = one({ startTime: 1_700_000_000_000_000.5, duration: -3 }).spans
    expect(span).toMatchObject({ start: 500, duration: 0 })
    expect(span.attributes).toEqual(['spanlight.negative', true])
  })

  it('refuses single spans, and says how many and why', () => {
    const bad = [
      {},
      { ...least, spanID: '0' },
      { ...least, startTime: 'now' },
      { ...least, traceID: 7 }
    ]
    const setup = decodeSetup()
    const result = decoded({ data: [{ spans: [least, ...bad], processes: {} }] }, setup)
    expect(result).toMatchObject({
      spans: 1,
      rejected: 4,
      message: '4 without a valid traceID, spanID or startTime'
    })
    expect(setup.report.drops.get('ingest invalid')).toBe(4)
    const many = Array.from({ length: 5001 }, (_, i) => ({
      ...least,
      spanID: (i + 1).toString(16)
    }))
    expect(decoded([{ spans: many }])).toMatchObject({ rejected: 1 })
  })

  it('refuses what is none of Jaeger’s, with the reason', () => {
    for (const body of [
      '',
      '{',
      '7',
      '{}',
      '[]',
      '{"data":[]}',
      '{"resourceSpans":[]}',
      '{"data":[{"spans":0}]}'
    ])
      expect(decoded(body)).toHaveProperty('error')
    expect(decoded(`[${'{"spans":[]},'.repeat(6000)}{}]`)).toEqual({
      error: 'more than 5000 traces'
    })
  })

  it('keeps the limits of what is recorded', () => {
    const setup = decodeSetup({ attributes: 2, events: 1, logs: 1, links: 1 })
    const log = { timestamp: 1, fields: tags({ event: 'e' }) }
    const line = { timestamp: 1, fields: tags({ message: 'm' }) }
    const reference = { refType: 'FOLLOWS_FROM', traceID: '99', spanID: '1' }
    const span = {
      ...least,
      tags: tags({ a: 1, b: 2, c: 3, 'span.kind': 'server' }),
      logs: [log, log, line, line, log],
      references: [reference, reference, reference]
    }
    const { records } = decoded([{ spans: [span] }], setup) as Received
    expect(records[0].spans[0]).toMatchObject({
      attributes: ['a', 1, 'b', 2],
      droppedAttributes: 1,
      droppedEvents: 3,
      droppedLinks: 2
    })
  })
})

describe('foreign input', () => {
  const json = fc.jsonValue({ maxDepth: 1 })
  const names = 'traceID spanID startTime duration tags logs references flags processID process'
  const fields = [...names.split(' '), 'operationName', 'parentSpanID', 'key', 'value', 'fields']

  it('of any shape in any field gives spans or a reason', () => {
    const any = fc.dictionary(fc.constantFrom(...fields), json)
    const list = fc.dictionary(fc.constantFrom('tags', 'logs', 'references'), fc.array(any))
    fc.assert(
      fc.property(any, list, fc.dictionary(fc.string(), any), (span, lists, processes) => {
        const spans = [
          { ...least, ...span, ...lists },
          { ...least, ...lists }
        ]
        const result = decoded({ data: [{ spans, processes }] }) as Received
        expect(result.spans + result.rejected).toBeGreaterThan(0)
      }),
      { numRuns: 100 }
    )
  })

  it('that was cut or has other bytes gives spans or a reason', () => {
    const body = bytes(encoded(fc.sample(record, { seed: 3, numRuns: 3 })))
    const change = fc.tuple(fc.nat(body.length - 1), fc.nat(255))
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(body.length),
        (to, end) => {
          const broken = Buffer.from(body)
          for (const [at, byte] of to) broken[at] = byte
          for (const text of [broken, broken.subarray(0, end)]) {
            const work = decodeJaeger(text, decodeSetup())
            let step = work.next()
            while (step.done !== true) step = work.next()
            expect('error' in step.value || Array.isArray(step.value.records)).toBe(true)
          }
        }
      ),
      { numRuns: 300 }
    )
  })
})
