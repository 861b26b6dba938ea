import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { createReport } from '../../../src/base/report.ts'
import { createRedactor } from '../../../src/redact/redactor.ts'
import type { Received } from '../../../src/trace/received.ts'
import { serverHalfId } from '../../../src/trace/shared-spans.ts'
import {
  attributesOf,
  decodeBody,
  decoded,
  decodeSetup,
  id,
  least,
  parentId,
  read,
  timestamp,
  traceId
} from './setup.ts'

describe('a span of Zipkin', () => {
  it('becomes one of ours, with all that it says', () => {
    const records = decoded([
      {
        traceId,
        id,
        parentId,
        kind: 'CLIENT',
        name: 'get /stock',
        timestamp,
        duration: 1500,
        localEndpoint: { serviceName: 'shop', ipv4: '10.0.0.1', port: 8080 },
        remoteEndpoint: { serviceName: 'stock', ipv6: '2001:db8::1', port: 9000 },
        annotations: [{ timestamp: timestamp + 10, value: 'wrote' }],
        tags: { 'order.id': '7', 'http.response.status_code': '200' }
      }
    ])
    expect(records).toEqual([
      {
        traceId,
        epochMs: 1_700_000_000_123,
        resource: { service: 'shop', attributes: [] },
        source: 'ingest',
        droppedSpans: 0,
        spans: [
          {
            spanId: id,
            parentId,
            parentRemote: false,
            name: 'get /stock',
            kind: 2,
            start: 456_000,
            duration: 1_500_000,
            open: false,
            status: 0,
            statusMessage: '',
            traceState: '',
            flags: 1,
            scope: { name: '', version: '' },
            attributes: [
              'order.id',
              '7',
              'http.response.status_code',
              200,
              'network.local.address',
              '10.0.0.1',
              'network.local.port',
              8080,
              'network.peer.address',
              '2001:db8::1',
              'network.peer.port',
              9000,
              'peer.service',
              'stock'
            ],
            events: [{ name: 'wrote', time: 466_000, attributes: [] }],
            links: [],
            logs: [],
            droppedAttributes: 0,
            droppedEvents: 0,
            droppedLinks: 0
          }
        ]
      }
    ])
  })

  it.each([
    ['CLIENT', 2, false],
    ['SERVER', 1, true],
    ['PRODUCER', 3, false],
    ['CONSUMER', 4, true],
    [undefined, 0, false],
    ['toString', 0, false],
    [7, 0, false]
  ])('of kind %s knows where its parent is', (kind, expected, remote) => {
    const span = read({ kind, parentId })
    expect([span.kind, span.parentRemote]).toEqual([expected, remote])
  })

  it('may have short ids, and names no parent that is none', () => {
    const records = decoded([
      { ...least, traceId: 'ABC', id: '1f' },
      { ...least, traceId: 'a'.repeat(16), parentId: '0000000000000000' },
      { ...least, parentId: id }
    ])
    expect(records.map((record) => record.traceId)).toEqual([
      '0'.repeat(29) + 'abc',
      '0'.repeat(16) + 'a'.repeat(16),
      traceId
    ])
    expect(records[0].spans[0].spanId).toBe('000000000000001f')
    expect(records.map(({ spans }) => spans[0].parentId)).toEqual([undefined, undefined, undefined])
  })

  it('without a time has that of its first annotation', () => {
    const annotations = [
      { timestamp: timestamp + 5, value: 'b' },
      { timestamp: timestamp + 1, value: 'a' }
    ]
    for (const none of [undefined, 0, null, -5, 'x', 1e300]) {
      const [record] = decoded([{ ...least, timestamp: none, annotations }])
      expect([record.epochMs, record.spans[0].start]).toEqual([1_700_000_000_123, 457_000])
    }
  })

  it.each([
    [{ traceId: undefined }],
    [{ traceId: '0'.repeat(32) }],
    [{ traceId: 'a'.repeat(33) }],
    [{ traceId: 'xyz' }],
    [{ id: '' }],
    [{ id: '0' }],
    [{ id: 5 }],
    [{ timestamp: undefined }],
    [{ timestamp: 0 }],
    [{ timestamp: {} }],
    [{ timestamp: 1e16 }]
  ])('is refused and counted where it lacks what it must have: %j', (change) => {
    const setup = decodeSetup()
    const body = [
      { ...least, ...change },
      { ...least, id: 'd'.repeat(16) }
    ]
    expect(decodeBody(body, setup)).toMatchObject({
      spans: 1,
      rejected: 1,
      message: '1 without a valid traceId, id or timestamp'
    })
    expect(setup.report.drops.get('ingest invalid')).toBe(1)
  })

  it.each([
    [undefined, 0, false],
    [0, 0, false],
    [1, 1000, false],
    ['12', 12_000, false],
    [-1, 0, true],
    [2 ** 52, 2 ** 52, false]
  ])('of duration %s is shown with what is known of it', (duration, expected, negative) => {
    const span = read({ duration })
    expect(span.duration).toBe(expected)
    expect(attributesOf(span)['spanlight.negative']).toBe(negative ? true : undefined)
  })

  it.each<[Record<string, unknown>, number, string]>([
    [{}, 0, ''],
    [{ error: 'timeout' }, 2, 'timeout'],
    [{ error: 'true' }, 2, ''],
    [{ error: '' }, 2, ''],
    [{ error: 'false' }, 0, ''],
    [{ error: true }, 2, ''],
    [{ 'otel.status_code': 'ERROR', error: 'sold out' }, 2, 'sold out'],
    [{ 'otel.status_code': 'ERROR' }, 2, ''],
    [{ 'otel.status_code': 'OK' }, 1, ''],
    [{ 'otel.status_code': 'odd' }, 0, '']
  ])('tells by its tags %j how it ended', (tags, status, message) => {
    const span = read({ tags })
    expect([span.status, span.statusMessage]).toEqual([status, message])
  })

  it('gives what OpenTelemetry has fields for back to them', () => {
    const tags = {
      'otel.scope.name': 'lib',
      'otel.scope.version': '1.2',
      'otel.dropped_attributes_count': '3',
      'otel.dropped_events_count': '4',
      'otel.dropped_links_count': '5',
      'service.version': '7',
      'telemetry.sdk.language': 'java',
      'host.name': 'h'
    }
    const [record] = decoded([
      { ...least, tags, localEndpoint: { serviceName: 'shop' } },
      { ...least, id: '1', tags: { 'otel.library.name': 'old' } }
    ])
    expect(record.resource).toEqual({
      service: 'shop',
      attributes: ['service.version', '7', 'telemetry.sdk.language', 'java', 'host.name', 'h']
    })
    expect(record.spans[0]).toMatchObject({
      scope: { name: 'lib', version: '1.2' },
      attributes: [],
      droppedAttributes: 3,
      droppedEvents: 4,
      droppedLinks: 5
    })
    expect(decoded([{ ...least, tags: { 'otel.library.name': 'old' } }])[0].spans[0].scope).toEqual(
      {
        name: 'old',
        version: ''
      }
    )
  })

  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    [
      'get',
      { 'http.path': '/orders/7', 'http.status_code': '404' },
      { 'http.request.method': 'GET', 'url.path': '/orders/7', 'http.response.status_code': 404 }
    ],
    [
      'orders',
      { 'http.method': 'PUT', 'http.url': 'http://shop:80/orders/7?a=b' },
      {
        'http.request.method': 'PUT',
        'url.path': '/orders/7',
        'url.full': 'http://shop:80/orders/7?a=b'
      }
    ],
    [
      'post /orders',
      { 'http.route': '/orders', 'http.target': '/orders?x=1' },
      { 'http.request.method': 'POST', 'url.path': '/orders' }
    ],
    ['get', { 'db.name': 'x' }, { 'http.request.method': undefined, 'url.path': undefined }],
    [
      'get',
      { 'http.request.method': 'PATCH', 'http.path': '/a' },
      { 'http.request.method': 'PATCH' }
    ]
  ])('named %s with %j says of HTTP what the page reads', (name, tags, expected) => {
    const attributes = attributesOf(read({ name, tags, kind: 'SERVER' }))
    expect(attributes).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined))
    )
    for (const key of Object.keys(expected)) expect(attributes[key]).toBe(expected[key])
    // Nothing that was sent is lost by it.
    for (const key of Object.keys(tags)) expect(String(attributes[key])).toBe(tags[key])
  })

  it('has its annotations as events, but those that only mark its ends', () => {
    const values = [
      'cs',
      'sr',
      'ss',
      'cr',
      'packed',
      '"paid": {"sum":3,"by":"card"}',
      '"x": {broken'
    ]
    const span = read({
      annotations: values.map((value, i) => ({ timestamp: timestamp + i, value }))
    })
    expect(span.events).toEqual([
      { name: 'packed', time: 460_000, attributes: [] },
      { name: 'paid', time: 461_000, attributes: ['sum', 3, 'by', 'card'] },
      { name: '"x": {broken', time: 462_000, attributes: [] }
    ])
  })

  it('tells its service by a tag where nothing else does', () => {
    const tags = { 'service.name': 'tagged' }
    const [one, two] = decoded([
      { ...least, tags },
      { ...least, tags, localEndpoint: { serviceName: 'shop' } }
    ])
    expect([one.resource, two.resource]).toEqual([
      { service: 'tagged', attributes: [] },
      { service: 'shop', attributes: [] }
    ])
  })

  it('of HTTP is named as OpenTelemetry names it', () => {
    expect(read({ name: 'get /a', tags: { 'http.path': '/a' } }).name).toBe('GET /a')
    expect(read({ name: 'get', tags: { 'http.path': '/a' } }).name).toBe('GET')
    expect(read({ name: 'get' }).name).toBe('get')
    expect(read({ name: 'getter', tags: { 'http.path': '/a' } }).name).toBe('getter')
  })

  it('keeps its debug flag', () => {
    expect(attributesOf(read({ debug: true }))).toEqual({ 'zipkin.debug': true })
  })

  it('is cut to the limits, and says so', () => {
    const tags = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`k${i}`, 'v']))
    const annotations = Array.from({ length: 70 }, () => ({ timestamp, value: 'x' }))
    const remoteEndpoint = { serviceName: 'stock' }
    const span = read({ tags, annotations, remoteEndpoint, name: 'n'.repeat(300) })
    expect(span.attributes).toHaveLength(2 * 65)
    expect(span).toMatchObject({ droppedAttributes: 6, droppedEvents: 6 })
    expect(span.name).toHaveLength(256)
  })
})

it('no secret of a span is kept, wherever its sender put it', () => {
  const report = createReport(() => {})
  const redactor = createRedactor({ mode: 'token', limits: defaultLimits, options: {}, report })
  const secret = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'
  const url = `http://user:hunter2@shop/orders?token=${secret}`
  const records = decoded(
    [
      {
        ...least,
        name: `get ${secret}`,
        localEndpoint: { serviceName: secret },
        remoteEndpoint: { serviceName: secret },
        annotations: [
          { timestamp, value: `sent ${secret}` },
          { timestamp, value: `"log": {"log.severity":"warn","log.body":"is ${secret}"}` },
          { timestamp, value: '"login": {"password":"hunter2"}' }
        ],
        tags: {
          password: 'hunter2',
          error: `refused ${secret}`,
          'http.url': url,
          'http.target': `/orders?token=${secret}`,
          'otel.scope.name': secret,
          'service.version': secret
        }
      }
    ],
    { limits: defaultLimits, redactor, report }
  )
  const text = JSON.stringify(records)
  expect(text).toContain('/orders')
  expect(text).not.toContain('hunter2')
  expect(text).not.toContain(secret.slice(0, 30))
})

describe('a span that client and server share', () => {
  const client = { ...least, kind: 'CLIENT', localEndpoint: { serviceName: 'front' } }
  const server = { ...least, kind: 'SERVER', shared: true, localEndpoint: { serviceName: 'back' } }

  it('is kept as two, the server’s below the client’s', () => {
    const [front, back] = decoded([client, { ...server, parentId }])
    expect(front.spans[0]).toMatchObject({ spanId: id, parentId: undefined })
    expect(back.spans[0]).toMatchObject({ parentId: id, parentRemote: true, kind: 1 })
    expect(back.spans[0].spanId).toBe(serverHalfId(front.spans[0].spanId, 'back'))
  })

  it('is another one for each server that takes part, and the same in every body', () => {
    const other = { ...server, localEndpoint: { serviceName: 'other' } }
    const [one, two] = decoded([server, other])
    expect(one.spans[0].spanId).not.toBe(two.spans[0].spanId)
    expect(decoded([other])[0].spans[0].spanId).toBe(two.spans[0].spanId)
  })

  it('leads the record of its server, even where the clock tells nothing', () => {
    const child = { ...least, id: '1', parentId: id, localEndpoint: { serviceName: 'back' } }
    const [record] = decoded([child, server])
    expect(record.spans.map(({ kind }) => kind)).toEqual([1, 0])
  })

  it('is known without being said where both halves come together', () => {
    const { shared: _said, ...silent } = server
    const said = decoded([client, server])
    expect(decoded([client, silent])).toEqual(said)
    expect(decoded([silent, client]).reverse()).toEqual(said)
    expect(decoded([silent])[0].spans[0].spanId).toBe(id)
    expect(decoded([{ ...silent, traceId: 'f' }, client])[0].spans[0].spanId).toBe(id)
  })

  it('is never a client’s', () => {
    expect(read({ kind: 'CLIENT', shared: true }).spanId).toBe(id)
  })
})

describe('a body of Zipkin', () => {
  it('gives a record for each service and trace', () => {
    const spans = ['a', 'b', 'a'].map((serviceName, i) => ({
      ...least,
      id: `${i + 1}`,
      localEndpoint: { serviceName }
    }))
    const records = decoded([...spans, { ...spans[0], traceId: 'f' }, least])
    expect(records.map(({ resource, spans: own }) => [resource.service, own.length])).toEqual([
      ['a', 2],
      ['a', 1],
      ['b', 1],
      ['unknown_service', 1]
    ])
  })

  it.each([
    ['', 'the body is not JSON'],
    ['{', 'the body is not JSON'],
    ['[{]', 'the body is not JSON'],
    ['[{"traceId":1,}]', 'the body is not JSON'],
    ['{}', 'the body is no list of spans'],
    ['"x"', 'the body is no list of spans'],
    ['[[[[', 'the body is not JSON'],
    ['['.repeat(50), 'nested more than 32 deep']
  ])('of %j is refused', (body, error) => {
    expect(decodeBody(body)).toEqual({ error })
  })

  it('may be empty, and hold what is no span', () => {
    expect(decodeBody('[]')).toMatchObject({ spans: 0, rejected: 0 })
    expect(decodeBody('[1,"[{",null,[],{}]')).toMatchObject({ spans: 0, rejected: 5 })
  })

  it('gives at most 5000 spans, and counts the others', () => {
    const spans = Array.from({ length: 5003 }, (_, i) => ({ ...least, id: (i + 1).toString(16) }))
    const setup = decodeSetup({ spansPerTrace: 6000 })
    const result = decodeBody(spans, setup) as Received
    expect(result).toMatchObject({ spans: 5000, rejected: 3 })
    expect(result.message).toBe('3 beyond the 5000 spans that one request may have')
  })
})

it('an annotation’s fields are attributes where their values are plain', () => {
  const value = '"x": {"null":null,"nulls":[null],"mixed":[1,"2"],"map":{"a":1},"list":[[1]],"n":1}'
  const [one] = decoded([{ ...least, annotations: [{ timestamp, value }] }])
  expect(one.spans[0].events).toEqual([
    { name: 'x', time: expect.any(Number) as number, attributes: ['mixed', ['1', '2'], 'n', 1] }
  ])
})
