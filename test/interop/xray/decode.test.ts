import { describe, expect, it } from 'vitest'
import {
  decodeAll,
  decodeText,
  header,
  least,
  named,
  plainTraceId,
  spanOf,
  xraySetup
} from './setup.ts'

const id = (digit: string): string => digit.repeat(16)

describe('a segment', () => {
  it('is the server span of its service, its times exact to the microsecond', () => {
    const { record, span } = spanOf({
      start_time: 1478293361.271123,
      end_time: 1.478293361449789e9,
      parent_id: id('b')
    })
    expect(record).toMatchObject({
      traceId: plainTraceId,
      epochMs: 1478293361271,
      source: 'ingest'
    })
    expect(record.resource).toEqual({ service: 'shop', attributes: [] })
    expect(span).toMatchObject({
      spanId: id('a'),
      parentId: id('b'),
      parentRemote: true,
      name: 'shop',
      kind: 1,
      start: 123_000,
      duration: 178_666_000,
      status: 0
    })
  })

  it.each([
    ['5759e988bd862e3fe1be46a994272793', plainTraceId],
    ['1-5759E988-BD862E3FE1BE46A994272793', plainTraceId]
  ])('may have the trace id %s', (given, expected) => {
    expect(spanOf({ trace_id: given }).record.traceId).toBe(expected)
  })

  it.each<[string, object]>([
    ['no trace id', { trace_id: undefined }],
    ['a trace id of another version', { trace_id: '2-5759e988-bd862e3fe1be46a994272793' }],
    ['a trace id that is zero', { trace_id: '1-00000000-000000000000000000000000' }],
    ['a short id', { id: 'abc' }],
    ['no start', { start_time: undefined }],
    ['a start that is text', { start_time: '1478293361' }],
    ['a start before 1970', { start_time: -1 }],
    ['a start that is no time', { start_time: 1e300 }],
    ['no end', { end_time: undefined }]
  ])('with %s is refused, and no other', (_what, change) => {
    const good = { ...least, id: id('c') }
    const { records, rejected, message } = decodeAll({ ...least, ...change }, good)
    expect(records.flatMap(({ spans }) => spans.map(({ spanId }) => spanId))).toEqual([id('c')])
    expect(rejected).toBe(1)
    expect(message).toBe('1 without a valid id, start or end')
  })

  it('that ends before it starts has no length, and is marked', () => {
    const { span } = spanOf({ end_time: 1 })
    expect(span.duration).toBe(0)
    expect(named(span.attributes)).toEqual({ 'spanlight.negative': true })
  })

  it.each<[object, string, string]>([
    [{ fault: true }, 'fault', 'fault'],
    [{ error: true }, 'error', 'error'],
    [{ error: true, throttle: true }, 'throttle', 'throttle'],
    [{ fault: true, cause: { exceptions: [{ message: 'no', type: 'E' }] } }, 'fault', 'no'],
    [{ fault: true, cause: id('e') }, 'fault', 'fault']
  ])('with %j has failed, and says how', (problem, kind, message) => {
    const { span } = spanOf(problem)
    expect(span).toMatchObject({ status: 2, statusMessage: message })
    expect(named(span.attributes)).toEqual({ 'aws.xray.problem': kind })
  })

  it('has exceptions with their stacks, as V8 writes them', () => {
    const stack = [{ path: 'a.py', line: 7, label: 'f' }, { path: 'b.py' }, 'odd']
    const { span } = spanOf({
      fault: true,
      cause: { working_directory: '/', exceptions: [{ type: 'E', message: 'no', stack }, 3] }
    })
    expect(span.events).toHaveLength(2)
    expect(span.events[0]).toMatchObject({ name: 'exception', time: 178_000_000 })
    expect(named(span.events[0]?.attributes ?? [])).toEqual({
      'exception.type': 'E',
      'exception.message': 'no',
      'exception.stacktrace':
        'E: no\n    at f (a.py:7)\n    at anonymous (b.py)\n    at anonymous ()'
    })
  })

  it('says of its service what it knows', () => {
    const { record } = spanOf({
      origin: 'AWS::ECS::Container',
      service: { version: '1.2' },
      aws: { xray: { sdk: 'X-Ray for Go', sdk_version: '1' }, ecs: { container: 'c1' } }
    })
    expect(named(record.resource.attributes)).toEqual({
      'service.version': '1.2',
      'telemetry.sdk.name': 'X-Ray for Go',
      'telemetry.sdk.version': '1',
      'container.name': 'c1',
      'cloud.provider': 'aws',
      'cloud.platform': 'aws_ecs'
    })
  })

  it('of a request is named by its method, and has the parts of its address', () => {
    const request = { method: 'GET', url: 'https://[::1]:8443/a/b?c=d#e' }
    const { span } = spanOf({ http: { request, response: { status: 200, content_length: 3 } } })
    expect(span.name).toBe('GET')
    expect(named(span.attributes)).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.response.body.size': 3,
      'url.scheme': 'https',
      'server.address': '[::1]',
      'server.port': 8443,
      'url.path': '/a/b',
      'url.query': 'c=d'
    })
  })

  it('has links to other traces', () => {
    const links = [{ trace_id: least.trace_id, id: id('f'), attributes: {} }, { id: id('f') }, null]
    const { span } = spanOf({ links })
    expect(span.links).toEqual([
      { traceId: plainTraceId, spanId: id('f'), traceState: '', attributes: [] }
    ])
    expect(span.droppedLinks).toBe(2)
  })

  it('has metadata of any form, each value under its own name', () => {
    const deep = { a: { b: { c: { d: 1 } } } }
    const metadata = { default: { list: [1, 'a'], mixed: [1, {}], no: null, deep }, other: 5 }
    const { span } = spanOf({ metadata, annotations: { tier: 'gold', n: 1, odd: { a: 1 } } })
    expect(named(span.attributes)).toEqual({
      tier: 'gold',
      n: 1,
      'aws.xray.annotations': ['tier', 'n', 'odd'],
      'aws.xray.metadata.default.list': ['1', 'a'],
      'aws.xray.metadata.default.mixed.0': 1,
      'aws.xray.metadata.other': 5
    })
    // An annotation that is none, and what is nested too deep.
    expect(span.droppedAttributes).toBe(2)
  })
})

describe('a subsegment', () => {
  it('is a span within its segment, by its namespace a client’s', () => {
    const sub = (digit: string, rest: object = {}): object => ({
      ...least,
      trace_id: undefined,
      id: id(digit),
      name: digit,
      ...rest
    })
    const { records } = decodeAll({
      ...least,
      subsegments: [
        sub('1', { subsegments: [sub('2', { namespace: 'remote' })] }),
        sub('3', {
          namespace: 'aws',
          name: 'DynamoDB',
          aws: { operation: 'GetItem', region: 'eu-west-1', table_name: 'orders', request_id: 'r' }
        }),
        sub('4', { id: 'bad' })
      ]
    })
    expect(records).toHaveLength(1)
    const [record] = records
    expect(record?.spans.map(({ spanId, parentId, kind }) => [spanId, parentId, kind])).toEqual([
      [id('a'), undefined, 1],
      [id('1'), id('a'), 0],
      [id('2'), id('1'), 2],
      [id('3'), id('a'), 2]
    ])
    expect(named(record?.spans[3]?.attributes ?? [])).toEqual({
      'rpc.system': 'aws-api',
      'rpc.service': 'DynamoDB',
      'rpc.method': 'GetItem',
      'cloud.region': 'eu-west-1',
      'aws.request_id': 'r',
      'aws.dynamodb.table_names': 'orders',
      'aws.xray.namespace': 'aws'
    })
  })

  it('that is sent alone is its segment’s, where that came along, before or after it', () => {
    const alone = { ...least, id: id('1'), type: 'subsegment', parent_id: id('a'), name: 'step' }
    const { records } = decodeAll(alone, least, { ...alone, id: id('2') })
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({ resource: { service: 'shop' } })
    expect(records[0]?.spans.slice(1)).toMatchObject([
      { parentId: id('a'), parentRemote: false, kind: 0 },
      { parentId: id('a') }
    ])
  })

  it('of a database has its statement, and no password', () => {
    const sql = {
      database_type: 'MySQL',
      sanitized_query: 'select ?',
      url: 'mysql://me:hunter2@db:3306/orders'
    }
    const { span } = spanOf({ sql })
    expect(named(span.attributes)).toMatchObject({
      'db.system.name': 'mysql',
      'db.query.text': 'select ?'
    })
    expect(JSON.stringify(span)).not.toContain('hunter2')
  })
})

describe('a body', () => {
  it('without a header is no X-Ray document', () => {
    for (const text of ['', '{}', JSON.stringify(least), '{"format":"xml","version":1}\n{}'])
      expect(decodeText(text)).toHaveProperty('error')
  })

  it('loses no document to a broken one', () => {
    const good = (digit: string): string => header + JSON.stringify({ ...least, id: id(digit) })
    const compact = '{"format":"json","version":1}\r\n'
    const bad = [
      `${header}{"name":"`,
      `${header}[[[[`,
      `${compact}null`,
      `${header}${'['.repeat(30_000)}`,
      `${header}"${'x'.repeat(70_000)}"`,
      header
    ]
    const read = decodeText(bad.map((one) => one + '\n' + good('b')).join('\n') + '\n' + good('c'))
    expect(read).toMatchObject({ spans: 2, rejected: bad.length })
  })

  it('has a bound for the spans that are taken of it', () => {
    const setup = xraySetup({ spansPerTrace: 10_000 })
    const subsegments = (from: number): object[] =>
      Array.from({ length: 600 }, (_, i) => ({
        id: (from + i).toString(16).padStart(16, '0'),
        name: 'x',
        start_time: 1,
        end_time: 2
      }))
    let text = ''
    for (let i = 1; i <= 10; i++)
      text += header + JSON.stringify({ ...least, subsegments: subsegments(i * 1000) }) + '\n'
    // The ten segments are one, but each counts before that is known.
    expect(decodeText(text, setup)).toMatchObject({ rejected: 1010 })
    expect(setup.report.drops.get('ingest refused')).toBe(1010)
  })
})
