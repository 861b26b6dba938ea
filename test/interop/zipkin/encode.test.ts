import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '../../../src/base/attributes.ts'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { encodeZipkin, zipkinParts } from '../../../src/interop/zipkin/encode.ts'
import { normal, record } from '../otlp/setup.ts'
import { record as recordOf, span as spanOf } from '../../query/fixtures.ts'
import { zipkinList } from './schemas.ts'
import { decoded, id, least, parentId, timestamp } from './setup.ts'

const written = (records: readonly TraceRecord[]): any[] =>
  JSON.parse([...zipkinParts(records)].join(''))

type Flat = readonly (string | AttributeValue)[]

/** By key, as the order of tags means nothing. */
function sorted(attributes: Flat): Flat {
  const pairs = new Map<string, AttributeValue>()
  for (let i = 0; i < attributes.length; i += 2)
    pairs.set(attributes[i] as string, attributes[i + 1] as AttributeValue)
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).flat() as Flat
}

/** Values as JSON has them. */
function inJson(attributes: Flat): Flat {
  const strange = (item: unknown): boolean => typeof item === 'number' && !Number.isFinite(item)
  const valueOf = (value: AttributeValue): AttributeValue => {
    if (strange(value)) return String(value)
    if (Array.isArray(value) && value.some(strange)) return value.map(String)
    return JSON.parse(JSON.stringify(value)) as AttributeValue
  }
  return sorted(attributes.map((item, i) => (i % 2 === 0 ? item : valueOf(item as AttributeValue))))
}

function asTags(attributes: Flat): Flat {
  return sorted(
    attributes.map((item, i) =>
      i % 2 === 0 ? item : typeof item === 'object' ? JSON.stringify(item) : String(item)
    )
  )
}

const hasText = ({ name, attributes }: SpanData['events'][number]): boolean =>
  name !== '' || attributes.length > 0
// Where version 1 of Zipkin marked the ends of a span, which nobody takes for events.
const isMark = ({ name, attributes }: SpanData['events'][number]): boolean =>
  /^[cmsw][rs]$/.test(name) && attributes.length === 0
const micros = (nanos: number): number => Math.floor(nanos / 1000) * 1000

/** What Zipkin can say of a record: microseconds, tags of text, no links and no state. */
function sayable(one: TraceRecord): TraceRecord {
  const spans = one.spans.map((span): SpanData => ({
    ...span,
    parentRemote: span.parentId !== undefined && (span.kind === 1 || span.kind === 4),
    start: micros(span.start),
    duration: Math.max(1000, Math.round(span.duration / 1000) * 1000),
    statusMessage: span.statusMessage === 'true' ? '' : span.statusMessage,
    traceState: '',
    flags: 1,
    links: [],
    attributes: asTags([...one.resource.attributes, ...span.attributes]),
    droppedEvents: span.droppedEvents + span.events.filter((event) => !hasText(event)).length,
    events: span.events
      .filter((event) => hasText(event) && !isMark(event))
      .map((event) => ({
        ...event,
        time: micros(event.time),
        attributes: inJson(event.attributes)
      }))
      .sort((a, b) => a.time - b.time),
    logs: span.logs
      .map((log) => ({ ...log, time: micros(log.time), attributes: inJson(log.attributes) }))
      .sort((a, b) => a.time - b.time)
  }))
  return normal({ ...one, resource: { ...one.resource, attributes: [] }, spans })
}

function comparable(one: TraceRecord): TraceRecord {
  const spans = one.spans.map((span) => ({
    ...span,
    attributes: sorted(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: sorted(event.attributes) })),
    logs: span.logs.map((log) => ({ ...log, attributes: sorted(log.attributes) }))
  }))
  return normal({ ...one, spans })
}

describe('records, written for Zipkin', () => {
  it('come back as they were, in all that Zipkin can say', () => {
    fc.assert(
      fc.property(
        // Zero is no time to Zipkin, and what happened before 1970 has none.
        record.filter(({ epochMs }) => epochMs > 1e9),
        (one) => {
          expect(decoded(written([one])).map(comparable)).toEqual([sayable(one)])
        }
      ),
      { numRuns: 500 }
    )
  })

  it('give Zipkin’s spans back as they came', () => {
    const endpoint = { serviceName: 'back', ipv4: '10.0.0.1', port: 80 }
    const sent = [
      {
        ...least,
        traceId: 'a'.repeat(16),
        parentId,
        kind: 'CONSUMER',
        name: 'take',
        duration: 5,
        localEndpoint: endpoint,
        remoteEndpoint: { serviceName: 'kafka' },
        annotations: [{ timestamp: timestamp + 1, value: 'read' }],
        tags: { 'messaging.system': 'kafka' },
        debug: true
      },
      {
        ...least,
        traceId: 'a'.repeat(16),
        kind: 'SERVER',
        name: 'get',
        duration: 7,
        localEndpoint: endpoint,
        tags: {},
        shared: true
      }
    ]
    const [take, get] = written(decoded(sent)).sort((a, b) => a.duration - b.duration)
    expect(take).toEqual({ ...sent[0], tags: expect.objectContaining(sent[0].tags) })
    expect(get).toEqual({ ...sent[1], tags: expect.any(Object) })
    expect(get.parentId).toBeUndefined()
  })

  it.each<[Partial<SpanData>, unknown]>([
    [
      { kind: 2, attributes: ['server.address', 'db1', 'peer.service', 'pg'] },
      { serviceName: 'pg' }
    ],
    [{ kind: 2, attributes: ['server.address', 'db1', 'server.port', 1] }, { serviceName: 'db1' }],
    [
      {
        kind: 2,
        attributes: ['server.address', 'a', 'network.peer.address', '::1', 'network.peer.port', 5]
      },
      { serviceName: 'a', ipv6: '::1', port: 5 }
    ],
    [{ kind: 3, attributes: ['network.peer.address', '10.0.0.9'] }, { ipv4: '10.0.0.9' }],
    [{ kind: 2, attributes: ['network.peer.address', '/run/pg'] }, { serviceName: '/run/pg' }],
    [{ kind: 2, attributes: ['db.name', 'shop'] }, { serviceName: 'shop' }],
    [{ kind: 1, attributes: ['server.address', 'me'] }, undefined],
    [{ kind: 1, attributes: ['network.peer.address', '10.0.0.9'] }, { ipv4: '10.0.0.9' }],
    [{ kind: 0, attributes: [] }, undefined]
  ])('say of %j who is at the other end', (changes, expected) => {
    const one = spanOf({ id: 1, ...changes })
    const { remoteEndpoint } = encodeZipkin(one, recordOf([one]))
    expect(remoteEndpoint && JSON.parse(JSON.stringify(remoteEndpoint))).toEqual(expected)
  })

  it('follow OpenTelemetry’s transformation', () => {
    const one = spanOf({
      id: 1,
      kind: 0,
      start: 1999,
      duration: 0,
      status: 2,
      statusMessage: 'bad',
      scope: { name: 'lib', version: '1' },
      attributes: ['n', 1.5, 'b', false, 'l', ['a', 'b'], '__proto__', 'x'],
      events: [{ name: 'e', time: 5000, attributes: ['k', 'v'] }],
      logs: [{ time: 3000, severity: 'warn', body: 'careful', attributes: [] }],
      droppedEvents: 2
    })
    const [span] = written([recordOf([one], { epochMs: 1_700_000_000_123, droppedSpans: 3 })])
    expect(span).toEqual({
      traceId: '0000000000000001',
      id: '0000000000000001',
      name: 'span 1',
      timestamp: 1_700_000_000_123_001,
      duration: 1,
      localEndpoint: { serviceName: 'api' },
      annotations: [
        {
          timestamp: 1_700_000_000_123_003,
          value: '"log": {"log.severity":"warn","log.body":"careful"}'
        },
        { timestamp: 1_700_000_000_123_005, value: '"e": {"k":"v"}' }
      ],
      tags: JSON.parse(
        `{"n":"1.5","b":"false","l":"[\\"a\\",\\"b\\"]","__proto__":"x","otel.status_code":"ERROR",
          "error":"bad","otel.scope.name":"lib","otel.scope.version":"1",
          "otel.dropped_events_count":"2","spanlight.dropped_spans":"3"}`
      )
    })
    expect(span.id).not.toBe(id)
  })

  it('are as Zipkin and Grafana read them, which refuse a whole list for one field of another form', () => {
    const ofAddress = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV6().map((address) => `${address}%eth0`),
      fc.string()
    )
    const ofPort = fc.oneof(fc.integer(), fc.nat(70_000), fc.double(), fc.string())
    fc.assert(
      fc.property(record, ofAddress, ofPort, (given, address, port) => {
        const attributes = ['network.peer', 'network.local', 'net.sock.peer'].flatMap((prefix) => [
          `${prefix}.address`,
          address,
          `${prefix}.port`,
          port
        ])
        const spans = given.spans.map((one) => ({ ...one, attributes }))
        zipkinList.parse(written([given, { ...given, spans }]))
      }),
      { numRuns: 200 }
    )
    const at = (address: string, port: number): unknown => {
      const attributes = ['network.peer.address', address, 'network.peer.port', port]
      return written([recordOf([spanOf({ id: 1, attributes })])])[0].remoteEndpoint
    }
    expect(at('fe80::1%eth0', 65_536)).toEqual({ ipv6: 'fe80::1' })
    expect(at('10.0.0.1', 65_535)).toEqual({ ipv4: '10.0.0.1', port: 65_535 })
  })

  it('are written in pieces', () => {
    const spans = Array.from({ length: 300 }, (_, i) => spanOf({ id: i + 1 }))
    const parts = [...zipkinParts([recordOf(spans), recordOf([spanOf({ id: 999 })])])]
    expect(parts.length).toBeGreaterThan(4)
    expect(JSON.parse(parts.join(''))).toHaveLength(301)
    expect(written([])).toEqual([])
  })
})
