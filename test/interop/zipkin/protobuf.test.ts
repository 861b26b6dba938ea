import fc from 'fast-check'
import protobufjs from 'protobufjs'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { decodeZipkinProtobuf } from '../../../src/interop/zipkin/decode.ts'
import { zipkinParts } from '../../../src/interop/zipkin/encode.ts'
import { serverHalfId } from '../../../src/trace/shared-spans.ts'
import type { Received } from '../../../src/trace/received.ts'
import { record } from '../otlp/setup.ts'
import { attributesOf, decodeBody, decodeSetup, id, timestamp, traceId } from './setup.ts'

const field = (number: number, type: string) => ({ id: number, type })
const repeated = (number: number, type: string) => ({ id: number, type, rule: 'repeated' })

const tags: protobufjs.IMapField = { keyType: 'string', ...field(11, 'string') }

/** zipkin.proto3, by its field numbers and types. */
const messages = protobufjs.Root.fromJSON({
  nested: {
    ListOfSpans: { fields: { spans: repeated(1, 'Span') } },
    Span: {
      fields: {
        traceId: field(1, 'bytes'),
        parentId: field(2, 'bytes'),
        id: field(3, 'bytes'),
        kind: field(4, 'int32'),
        name: field(5, 'string'),
        timestamp: field(6, 'fixed64'),
        duration: field(7, 'uint64'),
        localEndpoint: field(8, 'Endpoint'),
        remoteEndpoint: field(9, 'Endpoint'),
        annotations: repeated(10, 'Annotation'),
        tags,
        debug: field(12, 'bool'),
        shared: field(13, 'bool')
      }
    },
    Endpoint: {
      fields: {
        serviceName: field(1, 'string'),
        ipv4: field(2, 'bytes'),
        ipv6: field(3, 'bytes'),
        port: field(4, 'int32')
      }
    },
    Annotation: { fields: { timestamp: field(1, 'fixed64'), value: field(2, 'string') } }
  }
}).lookupType('ListOfSpans')

const encode = (spans: readonly object[]): Uint8Array => messages.encode({ spans }).finish()
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const kinds = [undefined, 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']

/** A span of Zipkin's JSON, as protobuf has it. */
function fromJson({ traceId, parentId, id, kind, localEndpoint, remoteEndpoint, ...rest }: any) {
  return {
    ...rest,
    traceId: hex(traceId),
    id: hex(id),
    ...(parentId && { parentId: hex(parentId) }),
    ...(kind && { kind: kinds.indexOf(kind) }),
    ...(localEndpoint && { localEndpoint: endpoint(localEndpoint) }),
    ...(remoteEndpoint && { remoteEndpoint: endpoint(remoteEndpoint) })
  }
}

function endpoint({ ipv4, ipv6, ...rest }: any): object {
  return {
    ...rest,
    ...(ipv4 && { ipv4: Buffer.from(ipv4.split('.').map(Number)) }),
    ...(ipv6 && { ipv6: groupsOf(ipv6) })
  }
}

function groupsOf(ipv6: string): Buffer {
  const [head = '', tail] = ipv6.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length })
  return hex([...left, ...zeros.map(() => '0'), ...right].map((g) => g.padStart(4, '0')).join(''))
}

function decode(body: Uint8Array): Received | { error: string } {
  const work = decodeZipkinProtobuf(body, decodeSetup())
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

const recordsOf = (body: Uint8Array): TraceRecord[] => (decode(body) as Received).records
const least = { traceId: hex(traceId), id: hex(id), timestamp }

describe('spans of Zipkin in protobuf', () => {
  it('are read as zipkin-go writes them', () => {
    const body = hex(
      '0a8f010a104d1e00c0db9010db86154a4ba6e91385120886154a4ba6e913851a084d1e00c0db9010db20012a036765743158a6ab5e34' +
        '3b05003898d10c421c0a0866726f6e74656e641a1020010db800000000000000000000000c4a120a076261636b656e641204c0a86365' +
        '20a846520e09b03eac5e343b05001203666f6f5a110a09687474702e7061746812042f6170690a380a0886154a4ba6e913851a084d1e' +
        '00c0db9010db20022a036765743158a6ab5e343b05003801420c0a076261636b656e6420a84660016801'
    )
    const [front, back] = recordsOf(body)
    expect(front).toMatchObject({
      traceId: '4d1e00c0db9010db86154a4ba6e91385',
      epochMs: 1_472_470_996_199,
      resource: { service: 'frontend', attributes: [] }
    })
    const [client] = front?.spans ?? []
    expect(client).toMatchObject({
      spanId: '4d1e00c0db9010db',
      parentId: '86154a4ba6e91385',
      name: 'GET',
      kind: 2,
      start: 0,
      duration: 207_000_000,
      events: [{ name: 'foo', time: 39_000_000 }]
    })
    expect(attributesOf(client as never)).toEqual({
      'http.path': '/api',
      'network.local.address': '2001:db8::c',
      'network.peer.address': '192.168.99.101',
      'network.peer.port': 9000,
      'peer.service': 'backend',
      'http.request.method': 'GET',
      'url.path': '/api'
    })
    expect(back).toMatchObject({
      traceId: '0'.repeat(16) + '86154a4ba6e91385',
      resource: { service: 'backend' }
    })
    expect(back?.spans[0]).toMatchObject({
      spanId: serverHalfId('4d1e00c0db9010db' as never, 'backend'),
      parentId: '4d1e00c0db9010db',
      kind: 1,
      duration: 1000,
      attributes: ['network.local.port', 9000, 'zipkin.debug', true]
    })
  })

  it('say what their JSON says', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (records) => {
        const spans = JSON.parse([...zipkinParts(records)].join('')) as object[]
        expect(decode(encode(spans.map(fromJson)))).toEqual(decodeBody(spans))
      }),
      { numRuns: 100 }
    )
  })

  it('may have tags of any name', () => {
    const tags = JSON.parse('{"__proto__":"a","constructor":"b","toString":""}') as object
    const [{ spans }] = recordsOf(encode([{ ...least, tags }])) as [TraceRecord]
    expect(spans[0]?.attributes).toEqual(['__proto__', 'a', 'constructor', 'b', 'toString', ''])
  })

  it('have no address where its bytes are too few or too many', () => {
    const localEndpoint = { serviceName: 'a', ipv4: hex('7f0001'), ipv6: hex('00'.repeat(17)) }
    expect(recordsOf(encode([{ ...least, localEndpoint }]))[0]?.spans[0]?.attributes).toEqual([])
  })

  it('without valid ids or a time are refused one by one', () => {
    const body = encode([
      least,
      { ...least, traceId: hex('00'.repeat(16)) },
      { ...least, id: hex('abcd'.repeat(5)) },
      { ...least, timestamp: 0 }
    ])
    expect(decode(body)).toMatchObject({ spans: 1, rejected: 3 })
  })

  it('are 5,000 at most', () => {
    const one = messages.encode({ spans: [least] }).finish()
    const body = Buffer.concat(Array.from({ length: 5010 }, () => one))
    expect(decode(body)).toMatchObject({ rejected: 10 })
  })

  it('are refused when they end within a field or have too many', () => {
    const body = encode([least])
    expect(decode(body.subarray(0, -1))).toEqual({
      error: 'the body is no protobuf: it ends within a field'
    })
    const endpoints = Buffer.concat(Array.from({ length: 70_000 }, () => hex('4200')))
    const span = protobufjs.Writer.create().uint32(10).bytes(endpoints).finish()
    expect(decode(span)).toEqual({ error: 'more than 65536 values in one message' })
  })

  it('may be changed in any byte, and be any bytes', () => {
    const body = encode([
      {
        ...least,
        localEndpoint: { serviceName: 'a', ipv6: hex('ab'.repeat(16)), port: 80 },
        annotations: [{ timestamp, value: 'a' }],
        tags: { error: 'x' }
      }
    ])
    const change = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(change, fc.uint8Array({ maxLength: 60 }), (changes, bytes) => {
        const changed = Buffer.from(body)
        for (const [at, to] of changes) changed[at] = to
        for (const sent of [changed, bytes]) {
          const result = decode(sent)
          if ('error' in result) expect(result.error).not.toBe('')
          else expect(result.rejected > 0).toBe(result.message !== '')
        }
      }),
      { numRuns: 1000 }
    )
  })
})
