import { describe, expect, it } from 'vitest'
import type { SpanData } from '../../../src/base/span-data.ts'
import type { Received } from '../../../src/trace/received.ts'
import { bytes, decodeBody, decodeSetup, least, request, spanId, traceId } from './setup.ts'

const decode = (value: unknown, setup = decodeSetup()) =>
  decodeBody(bytes(value), setup) as Received & { error?: string }
const one = (span: object) => decode(request({ ...least, ...span })).records[0].spans[0]
const attributes = (...list: [string, object][]) =>
  one({ attributes: list.map(([key, value]) => ({ key, value })) })
const pairs = ({ attributes: flat }: SpanData) =>
  flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1]]] : []))

describe('the request', () => {
  it('may be empty', () => {
    expect(decode({})).toEqual({ records: [], spans: 0, rejected: 0, message: '' })
    expect(
      decode({ resourceSpans: [{ scopeSpans: [{ spans: [null, [{}]] }] }, null, 7] })
    ).toMatchObject({
      records: [],
      rejected: 0
    })
  })

  it.each([
    ['no JSON', '{"resourceSpans":', 'the body is not JSON'],
    ['nothing', '', 'the body is not JSON'],
    ['no object', '[]', 'the body is no ExportTraceServiceRequest'],
    ['null', 'null', 'the body is no ExportTraceServiceRequest'],
    ['deep arrays', '['.repeat(100_000), 'nested more than 32 deep'],
    ['deep objects', '{"a":'.repeat(33), 'nested more than 32 deep'],
    ['many objects', `[${'{},'.repeat(32_768)}{}]`, 'more than 65536 values in one message'],
    [
      'many numbers',
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{"x":[${'1,'.repeat(65_536)}1]}]}]}]}`,
      'more than 65536 values in one message'
    ],
    [
      'cut within a span',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"',
      'the body is not JSON'
    ],
    [
      'cut behind a span',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}',
      'the body is not JSON'
    ],
    [
      'broken within a span',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":x}]}]}]}',
      'the body is not JSON'
    ],
    [
      'broken between spans',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{} {}]}]}]}',
      'the body is not JSON'
    ],
    ['closed too often', '{}}', 'the body is not JSON']
  ])('is refused when it is %s', (_what, body, error) => {
    expect(decode(body)).toEqual({ error })
  })

  it('may have brackets, quotes and backslashes in its texts', () => {
    const name = `${'['.repeat(50)}"\\"{{${'\\'.repeat(7)}`
    expect(one({ name }).name).toBe(name)
  })

  it('may be a view into a larger buffer', () => {
    const body = bytes(request(least))
    const view = new Uint8Array(Buffer.concat([Buffer.from('xx'), body, Buffer.from('yy')]).buffer)
    const at = Buffer.from(view).indexOf(body)
    const decoded = decodeBody(view.subarray(at, at + body.length), decodeSetup())
    expect(decoded).toMatchObject({ spans: 1 })
  })

  it('takes 5,000 spans and says how many it did not take', () => {
    const spans = Array.from({ length: 5003 }, (_, i) => ({
      ...least,
      traceId: (i + 1).toString(16).padStart(32, '0')
    }))
    const setup = decodeSetup()
    const result = decode(request(...spans), setup)
    expect(result).toMatchObject({ spans: 5000, rejected: 3 })
    expect(result.message).toBe('3 beyond the 5000 spans that one request may have')
    expect(setup.report.drops.get('ingest refused')).toBe(3)
  })
})

describe('a span', () => {
  it('needs valid ids and a start', () => {
    const setup = decodeSetup()
    const bad = [
      { ...least, traceId: '0'.repeat(32) },
      { ...least, traceId: 'abc' },
      { ...least, spanId: 'x'.repeat(16) },
      { ...least, spanId: undefined },
      { ...least, startTimeUnixNano: undefined },
      { ...least, startTimeUnixNano: '-5' },
      { ...least, startTimeUnixNano: 1e308 },
      { ...least, startTimeUnixNano: '18446744073709551616' },
      {}
    ]
    const result = decode(request(...bad, least), setup)
    expect(result).toMatchObject({ spans: 1, rejected: 9 })
    expect(result.message).toBe('9 without a valid traceId, spanId or startTimeUnixNano')
    expect(setup.report.drops.get('ingest invalid')).toBe(9)
  })

  it('may write its ids in capitals', () => {
    const [record] = decode(
      request({ ...least, traceId: 'A'.repeat(32), parentSpanId: 'C'.repeat(16) })
    ).records
    expect(record.traceId).toBe('a'.repeat(32))
    expect(record.spans[0].parentId).toBe('c'.repeat(16))
  })

  it.each([
    ['', undefined],
    ['0'.repeat(16), undefined],
    ['nothing', undefined]
  ])('has no parent when that is "%s"', (parentSpanId, parentId) => {
    expect(one({ parentSpanId }).parentId).toBe(parentId)
  })

  it('has its times to the nanosecond, from strings', () => {
    const [record] = decode(request({ ...least, endTimeUnixNano: '1700000001123456790' })).records
    expect(record.epochMs).toBe(1_700_000_000_123)
    expect(record.spans[0]).toMatchObject({ start: 456_789, duration: 1_000_000_001 })
  })

  it('takes times as numbers, as JavaScript exporters send them', () => {
    const body = JSON.stringify(request(least)).replace(/"(1700000000123456789)"/, '$1')
    expect(body).toContain(':1700000000123456789')
    expect(decode(body).records[0].epochMs).toBe(1_700_000_000_123)
  })

  it('has no length and says so when it ends before it starts', () => {
    const span = one({ endTimeUnixNano: '1700000000123456788' })
    expect(span.duration).toBe(0)
    expect(span.attributes).toEqual(['spanlight.negative', true])
  })

  it('has no length when its end was never set', () => {
    for (const endTimeUnixNano of ['0', 0, undefined, '', 'soon'])
      expect(one({ endTimeUnixNano })).toMatchObject({ duration: 0, attributes: [] })
  })

  it('stays within whole numbers for times ages apart', () => {
    const spans = [
      { ...least, startTimeUnixNano: '1' },
      { ...least, spanId: 'c'.repeat(16), endTimeUnixNano: '18446744073709551615' }
    ]
    const [record] = decode(request(...spans)).records
    expect(record.epochMs).toBe(0)
    expect(record.spans[1]).toMatchObject({ start: 2 ** 52, duration: 2 ** 52 })
  })

  it.each([
    [1, 0],
    [2, 1],
    [5, 4],
    ['SPAN_KIND_CLIENT', 2],
    [0, 0],
    [9, 0],
    ['server', 0],
    [{}, 0]
  ])('has of kind %j our kind %j', (kind, expected) => {
    expect(one({ kind }).kind).toBe(expected)
  })

  it.each([
    [{ code: 2, message: 'bad' }, 2, 'bad'],
    [{ code: 'STATUS_CODE_ERROR' }, 2, ''],
    [{ code: 1 }, 1, ''],
    [{ code: 3 }, 0, ''],
    ['error', 0, ''],
    [undefined, 0, '']
  ])('has of status %j code %j', (status, code, message) => {
    expect(one({ status })).toMatchObject({ status: code, statusMessage: message })
  })

  it('knows from its flags whether the parent is remote', () => {
    expect(one({ flags: 0x301 })).toMatchObject({ flags: 1, parentRemote: true })
    expect(one({ flags: 0x101 })).toMatchObject({ flags: 1, parentRemote: false })
    expect(one({ flags: 0x203 })).toMatchObject({ flags: 3, parentRemote: false })
    expect(one({})).toMatchObject({ flags: 0, parentRemote: false })
  })

  it('has its parent elsewhere where its SDK says nothing and it was called', () => {
    const parentSpanId = 'd'.repeat(16)
    const remote = (kind: number, flags?: number, parent: string | undefined = parentSpanId) =>
      one({ kind, flags, parentSpanId: parent }).parentRemote
    expect([1, 2, 3, 4, 5].map((kind) => remote(kind))).toEqual([false, true, false, false, true])
    expect(remote(2, 0x101)).toBe(false)
    expect(remote(5, 1, '')).toBe(false)
  })

  it('leaves out a trace state that is longer than anybody must carry', () => {
    expect(one({ traceState: 'a=b' }).traceState).toBe('a=b')
    expect(one({ traceState: `a=${'b'.repeat(511)}` }).traceState).toBe('')
  })

  it('adds what its sender dropped to what we drop', () => {
    const many = Array.from({ length: 70 }, (_, i) => ({
      key: `k${i}`,
      value: { boolValue: true },
      name: 'e',
      traceId,
      spanId
    }))
    const span = one({
      attributes: many,
      events: many,
      links: many,
      droppedAttributesCount: 1,
      droppedEventsCount: 2,
      droppedLinksCount: '3'
    })
    expect(span.attributes).toHaveLength(128)
    expect([span.events.length, span.links.length]).toEqual([64, 32])
    expect(span).toMatchObject({ droppedAttributes: 7, droppedEvents: 8, droppedLinks: 41 })
  })

  it('keeps no link to nowhere', () => {
    const span = one({
      links: [
        { traceId: 'x', spanId },
        { traceId, spanId, attributes: [] }
      ]
    })
    expect(span.links).toEqual([{ traceId, spanId, traceState: '', attributes: [] }])
    expect(span.droppedLinks).toBe(1)
  })

  it('ignores what it does not know', () => {
    expect(one({ invented: { later: [1] }, name: 7, events: 'none', links: {} })).toMatchObject({
      name: '',
      events: [],
      links: []
    })
  })
})

describe('attributes', () => {
  it('have every kind of value', () => {
    const span = attributes(
      ['s', { stringValue: 'x' }],
      ['empty', { stringValue: '' }],
      ['i', { intValue: '42' }],
      ['j', { intValue: -42 }],
      ['big', { intValue: '9007199254740993' }],
      ['min', { intValue: '-9223372036854775808' }],
      ['d', { doubleValue: 0.5 }],
      ['nan', { doubleValue: 'NaN' }],
      ['inf', { doubleValue: '-Infinity' }],
      ['b', { boolValue: false }],
      ['raw', { bytesValue: 'aGk=' }],
      ['list', { arrayValue: { values: [{ intValue: '1' }, { intValue: 2 }] } }],
      ['none', { arrayValue: {} }]
    )
    expect(pairs(span)).toEqual([
      ['s', 'x'],
      ['empty', ''],
      ['i', 42],
      ['j', -42],
      ['big', '9007199254740993'],
      ['min', '-9223372036854775808'],
      ['d', 0.5],
      ['nan', Number.NaN],
      ['inf', Number.NEGATIVE_INFINITY],
      ['b', false],
      ['raw', 'aGk='],
      ['list', [1, 2]],
      ['none', []]
    ])
    expect(span.droppedAttributes).toBe(0)
  })

  it('flatten maps and mixed lists, in order', () => {
    const kv = (...values: object[]) => ({ kvlistValue: { values } })
    const span = attributes(
      ['a', { stringValue: 'first' }],
      [
        'm',
        kv(
          { key: 'x', value: { intValue: 1 } },
          { key: 'y', value: kv({ key: 'z', value: { boolValue: true } }) },
          { key: 'w', value: { stringValue: 'last' } }
        )
      ],
      [
        'l',
        { arrayValue: { values: [{ stringValue: 's' }, kv({ key: 'k', value: { intValue: 2 } })] } }
      ],
      ['mixed', { arrayValue: { values: [{ intValue: 1 }, { stringValue: 'two' }] } }]
    )
    expect(pairs(span)).toEqual([
      ['a', 'first'],
      ['m.x', 1],
      ['m.y.z', true],
      ['m.w', 'last'],
      ['l.0', 's'],
      ['l.1.k', 2],
      ['mixed', ['1', 'two']]
    ])
  })

  it('are given up below a depth of four', () => {
    let value: object = { intValue: 1 }
    for (const key of ['e', 'd', 'c', 'b']) value = { kvlistValue: { values: [{ key, value }] } }
    const shallow = (value as any).kvlistValue.values[0].value
    expect(attributes(['a', shallow]).attributes).toEqual(['a.c.d.e', 1])
    expect(attributes(['a', value])).toMatchObject({ attributes: [], droppedAttributes: 1 })
  })

  it('drop and count what is no attribute', () => {
    const span = attributes(
      ['', { stringValue: 'x' }],
      ['a', {}],
      ['b', { stringValue: 7 }],
      ['c', { intValue: 'many' }],
      ['d', { intValue: {} }],
      ['e', { doubleValue: 'text' }],
      ['f', null as unknown as object],
      ['g', { arrayValue: { values: [{ arrayValue: { values: [null] } }] } }]
    )
    expect(span).toMatchObject({ attributes: [], droppedAttributes: 8 })
  })

  it('have each key once, the last value counts', () => {
    const span = attributes(['a', { intValue: 1 }], ['b', { intValue: 2 }], ['a', { intValue: 3 }])
    expect(span.attributes).toEqual(['a', 3, 'b', 2])
  })

  it('may have names that mean something to JavaScript', () => {
    const body = JSON.stringify(
      request({ ...least, attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] })
    ).replace('"name"', '"__proto__"')
    expect(decode(body).records[0].spans[0].attributes).toEqual(['__proto__', 'x'])
    const hostile = '{"__proto__":{"resourceSpans":[{}]},"constructor":1}'
    expect(decode(hostile)).toMatchObject({ spans: 0 })
    expect(({} as any).resourceSpans).toBeUndefined()
  })

  it('are cut: keys, lists and their number', () => {
    const span = attributes(
      ['k'.repeat(500), { boolValue: true }],
      ['list', { arrayValue: { values: Array.from({ length: 500 }, () => ({ intValue: 1 })) } }],
      [
        'map',
        {
          kvlistValue: {
            values: Array.from({ length: 500 }, (_, i) => ({ key: `${i}`, value: { intValue: 1 } }))
          }
        }
      ]
    )
    expect((span.attributes[0] as string).length).toBe(128)
    expect(span.attributes[3]).toHaveLength(64)
    expect(span.attributes).toHaveLength(128)
    expect(span.droppedAttributes).toBe(438)
  })

  it('go through the redactor everywhere, names and messages too', () => {
    const setup = {
      ...decodeSetup(),
      redactor: {
        ...decodeSetup().redactor,
        attribute: (key: string, value: unknown) =>
          key === 'drop' ? undefined : `<${String(value)}>`,
        text: (text: string) => (text === '' ? '' : `<${text}>`)
      }
    }
    const list = [
      { key: 'a', value: { stringValue: 'secret' } },
      { key: 'drop', value: { stringValue: 'secret' } }
    ]
    const log = [
      { key: 'log.severity', value: { stringValue: 'info' } },
      { key: 'log.body', value: { stringValue: 'secret' } },
      ...list
    ]
    const span = {
      ...least,
      name: 'secret',
      traceState: 's=secret',
      status: { code: 2, message: 'secret' },
      attributes: list,
      events: [
        { name: 'secret', attributes: list },
        { name: 'log', attributes: log }
      ],
      links: [{ traceId, spanId, attributes: list, traceState: 's=secret' }]
    }
    const body = {
      resourceSpans: [
        {
          resource: {
            attributes: [{ key: 'service.name', value: { stringValue: 'secret' } }, ...list]
          },
          scopeSpans: [{ scope: { name: 'secret', version: 'secret' }, spans: [span] }]
        }
      ]
    }
    const text = JSON.stringify(decode(body, setup).records)
    expect(text.match(/secret/g)?.length).toBe(text.match(/<[^"]*secret>/g)?.length)
    expect(text.match(/secret/g)?.length).toBe(14)
    expect(text).not.toContain('drop"')
  })
})

describe('records', () => {
  const resource = (name: string, ...spans: object[]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeSpans: spans.map((span) => ({ scope: { name: 'lib', version: '2' }, spans: [span] }))
  })

  it('are one for each trace and resource, wherever in the request its spans are', () => {
    const span = (id: string, trace = 'a') => ({
      ...least,
      traceId: trace.repeat(32),
      spanId: id.repeat(16)
    })
    const { records, spans } = decode({
      resourceSpans: [
        resource('shop', span('1'), span('2', 'b')),
        resource('stock', span('3')),
        resource('shop', span('4'))
      ]
    })
    expect(spans).toBe(4)
    expect(
      records.map((r) => [r.resource.service, r.traceId[0], r.spans.map((s) => s.spanId[0])])
    ).toEqual([
      ['shop', 'a', ['1', '4']],
      ['shop', 'b', ['2']],
      ['stock', 'a', ['3']]
    ])
    expect(records[0]).toMatchObject({ source: 'ingest', droppedSpans: 0 })
    expect(records[0].resource.attributes).toEqual([])
    expect(records[0].spans[0].scope).toEqual({ name: 'lib', version: '2' })
  })

  it('have their spans in the order they started', () => {
    const at = (id: string, nanos: string) => ({
      ...least,
      spanId: id.repeat(16),
      startTimeUnixNano: nanos
    })
    const [record] = decode(
      request(at('3', '3000000'), at('1', '1999999'), at('2', '2000000'))
    ).records
    expect(record.epochMs).toBe(1)
    expect(record.spans.map((span) => [span.spanId[0], span.start])).toEqual([
      ['1', 999_999],
      ['2', 1_000_000],
      ['3', 2_000_000]
    ])
  })

  it('name a service that did not name itself as OpenTelemetry does', () => {
    expect(decode(request(least)).records[0].resource.service).toBe('unknown_service')
  })

  it('hold a span once, the first one', () => {
    const setup = decodeSetup()
    const result = decode(request({ ...least, name: 'first' }, { ...least, name: 'second' }), setup)
    expect(result).toMatchObject({ spans: 1, rejected: 0 })
    expect(result.records[0].spans[0].name).toBe('first')
    expect(setup.report.drops.get('ingest duplicate')).toBe(1)
  })

  it('hold as many spans as a trace may have, and every error and root beyond', () => {
    const setup = decodeSetup({ spansPerTrace: 2 })
    const span = (id: string, more: object) => ({ ...least, spanId: id.repeat(16), ...more })
    const child = { parentSpanId: 'f'.repeat(16) }
    const spans = [
      span('1', child),
      span('2', child),
      span('3', child),
      span('4', { ...child, status: { code: 2 } }),
      span('5', {})
    ]
    const [record] = decode(request(...spans), setup).records
    expect(record.spans.map((kept) => kept.spanId[0])).toEqual(['1', '2', '4', '5'])
    expect(record.droppedSpans).toBe(1)
  })
})
