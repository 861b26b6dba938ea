import fc from 'fast-check'
import { Writer } from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { encodeJson } from '../../../src/interop/otlp/encode.ts'
import { encode } from '../../bench/ingest/bodies.js'
import { Request } from '../../bench/ingest/otlp.js'
import { bytes, decodeBody, decodeSetup, least, record, request } from './setup.ts'

const decode = (body: Uint8Array) => decodeBody(body, decodeSetup(), 'protobuf')

/** A message of fields that are each a number, a wire type, and the bytes behind the tag. */
function message(
  ...fields: [field: number, wireType: number, content: number[] | Uint8Array][]
): Uint8Array {
  const parts = fields.map(([field, wireType, content]) =>
    Buffer.concat([
      Writer.create()
        .uint32((field << 3) | wireType)
        .finish(),
      Buffer.from(content)
    ])
  )
  return Buffer.concat(parts)
}

const block = (content: Uint8Array): Uint8Array => Writer.create().bytes(content).finish()
/** A request of one span, of which the content is given. */
const requestOf = (span: Uint8Array): Uint8Array =>
  message([1, 2, block(message([2, 2, block(message([2, 2, block(span)]))]))])

const validSpan = message(
  [1, 2, block(Buffer.from('a'.repeat(32), 'hex'))],
  [2, 2, block(Buffer.from('b'.repeat(16), 'hex'))],
  [7, 1, Buffer.from('15cd5b0700000000', 'hex')]
)
const withFields = (...fields: Parameters<typeof message>): Uint8Array =>
  requestOf(Buffer.concat([validSpan, message(...fields)]))

describe('a request in protobuf', () => {
  it('gives what the same one gives in JSON', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (records) => {
        const json = encodeJson(records)
        expect(decode(encode(JSON.parse(json)))).toEqual(decodeBody(bytes(json), decodeSetup()))
      }),
      { numRuns: 200 }
    )
  })

  const { any } = fc.letrec<{ any: object }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.record({ stringValue: fc.string({ unit: 'binary' }) }),
      fc.record({ boolValue: fc.boolean() }),
      fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
      fc.record({
        doubleValue: fc.oneof(fc.double(), fc.double({ noNaN: true }).map(Math.fround))
      }),
      fc.record({ bytesValue: fc.base64String() }),
      fc.constant({}),
      fc.record({ arrayValue: fc.record({ values: fc.array(tie('any'), { maxLength: 4 }) }) }),
      fc.record({
        kvlistValue: fc.record({
          values: fc.array(fc.record({ key: fc.string(), value: tie('any') }), { maxLength: 4 })
        })
      })
    )
  }))

  it('has values of every kind, as protobufjs reads them', () => {
    const attributes = fc.array(fc.record({ key: fc.string(), value: any }), { maxLength: 6 })
    const counts = fc.constantFrom(0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1)
    const span = fc.record({
      attributes,
      droppedAttributesCount: counts,
      events: fc.array(fc.record({ name: fc.string({ unit: 'binary' }), attributes }), {
        maxLength: 2
      }),
      droppedEventsCount: counts,
      droppedLinksCount: counts,
      kind: fc.integer({ min: -1, max: 7 }),
      status: fc.record({ code: fc.integer({ min: -1, max: 4 }), message: fc.string() }),
      flags: counts,
      endTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
    })
    fc.assert(
      fc.property(span, (one) => {
        const body = encode(request({ ...least, ...one }))
        const read = Request.toObject(Request.decode(body), {
          longs: String,
          bytes: String,
          arrays: true,
          oneofs: false
        }) as any
        const [scopeSpans] = read.resourceSpans[0].scopeSpans
        scopeSpans.spans = scopeSpans.spans.map((raw: object) => ({
          ...raw,
          ...least,
          parentSpanId: ''
        }))
        const got = decode(body)
        expect(got).toMatchObject({ spans: 1, rejected: 0 })
        // JSON has no number for these; OTLP/JSON writes their names.
        const text = JSON.stringify(read, (_key, value) =>
          typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
            ? Object.is(value, -0)
              ? '-0'
              : String(value)
            : value
        )
        expect(got).toEqual(decodeBody(bytes(text), decodeSetup()))
      }),
      { numRuns: 500 }
    )
  })

  it('may have its fields in any order, and unknown ones between them', () => {
    const unknown = fc.oneof(
      fc.nat(2 ** 31 - 1).map((n) => [0, Writer.create().uint32(n).finish()] as const),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(
        (n) =>
          [
            0,
            Writer.create()
              .uint64(n.toString() as unknown as number)
              .finish()
          ] as const
      ),
      fc.uint8Array({ minLength: 8, maxLength: 8 }).map((raw) => [1, raw] as const),
      fc.uint8Array({ maxLength: 200 }).map((raw) => [2, block(raw)] as const),
      fc.uint8Array({ minLength: 4, maxLength: 4 }).map((raw) => [5, raw] as const)
    )
    const extras = fc.array(fc.tuple(fc.integer({ min: 100, max: 2 ** 29 - 1 }), unknown), {
      maxLength: 5
    })
    const fields: Parameters<typeof message> = [
      [1, 2, block(Buffer.from('a'.repeat(32), 'hex'))],
      [2, 2, block(Buffer.from('b'.repeat(16), 'hex'))],
      [5, 2, block(Buffer.from('name'))],
      [7, 1, Buffer.from('15cd5b0700000000', 'hex')]
    ]
    const plain = decode(requestOf(message(...fields)))
    expect(plain).toMatchObject({ spans: 1 })
    fc.assert(
      fc.property(extras, fc.infiniteStream(fc.nat()), (more, order) => {
        const all: Parameters<typeof message> = [
          ...fields,
          ...more.map(([field, [type, raw]]) => [field, type, raw] as Parameters<typeof message>[0])
        ]
        const mixed = all
          .map((one) => [order.next().value as number, one] as const)
          .sort((a, b) => a[0] - b[0])
        expect(decode(requestOf(message(...mixed.map(([, one]) => one))))).toEqual(plain)
      })
    )
  })

  it('may name its resource behind its spans', () => {
    const key = message(
      [1, 2, block(Buffer.from('service.name'))],
      [2, 2, block(message([1, 2, block(Buffer.from('shop'))]))]
    )
    const resource = message([1, 2, block(key)])
    const scopeSpans = message([2, 2, block(validSpan)])
    const body = message([1, 2, block(message([2, 2, block(scopeSpans)], [1, 2, block(resource)]))])
    expect(decode(body)).toMatchObject({ records: [{ resource: { service: 'shop' } }] })
  })

  it('may be empty', () => {
    expect(decode(Buffer.alloc(0))).toEqual({ records: [], spans: 0, rejected: 0, message: '' })
  })

  it('may be a view into a larger buffer', () => {
    const body = encode(request(least))
    const around = new Uint8Array(body.length + 20).fill(0xff)
    around.set(body, 10)
    expect(decode(around.subarray(10, 10 + body.length))).toMatchObject({ spans: 1 })
  })

  it('has a field of a wrong type left out, as an unknown one', () => {
    const body = withFields([5, 0, [7]], [9, 5, [1, 2, 3, 4]], [6, 2, block(Buffer.from('x'))])
    expect(decode(body)).toMatchObject({
      spans: 1,
      records: [{ spans: [{ name: '', kind: 0, attributes: [] }] }]
    })
  })

  it('has ids of another length refused, and texts that are no UTF-8 made readable', () => {
    const id = (length: number) =>
      requestOf(Buffer.concat([validSpan, message([2, 2, block(Buffer.alloc(length, 1))])]))
    for (const length of [0, 7, 9, 16])
      expect(decode(id(length))).toMatchObject({ spans: 0, rejected: 1 })
    expect(decode(withFields([5, 2, block(Buffer.from([0x61, 0xff]))]))).toMatchObject({
      records: [{ spans: [{ name: 'a\ufffd' }] }]
    })
  })
})

describe('what is no protobuf', () => {
  const ends = 'the body is no protobuf: it ends within a field'
  const overflow = 'the body is no protobuf: a number has more than 64 bits'
  const odd = 'the body is no protobuf: a field of no known type'
  const ff = (length: number, last: number): number[] => [
    ...Array.from({ length }, () => 0xff),
    last
  ]

  it.each<[string, Uint8Array, string]>([
    ['a tag that does not end', Buffer.from([0x8a]), ends],
    ['a length that does not end', Buffer.from([0x0a, 0x80]), ends],
    ['a length beyond the body', Buffer.from([0x0a, 0x05, 0x00]), ends],
    ['a length beyond its message', message([1, 2, [2, 0x12, 5]], [3, 2, [4, 1, 2, 3, 4]]), ends],
    ['a length of 2^31', Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x08]), ends],
    ['a length of 2^32', Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x80, 0x10]), overflow],
    ['a number that does not end', withFields([6, 0, [0xff, 0xff]]), ends],
    ['a number of eleven bytes', withFields([6, 0, ff(10, 1)]), overflow],
    ['a number of 65 bits', withFields([6, 0, ff(9, 2)]), overflow],
    ['four bytes of which two are there', withFields([16, 5, [1, 2]]), ends],
    ['eight bytes of which seven are there', withFields([8, 1, [1, 2, 3, 4, 5, 6, 7]]), ends],
    ['the begin of a group', withFields([99, 3, []]), odd],
    ['the end of a group', withFields([99, 4, []]), odd],
    ['wire type 6', withFields([99, 6, []]), odd],
    ['wire type 7', withFields([99, 7, []]), odd],
    ['field number 0', withFields([0, 2, block(Buffer.alloc(0))]), odd],
    ['a group in which messages are', message([1, 3, block(validSpan)]), odd],
    ['text', Buffer.from('{"resourceSpans":[]}'), odd]
  ])('is refused: %s', (_what, body, error) => {
    expect(decode(body)).toEqual({ error })
  })

  it('takes numbers of ten bytes, and cuts those that are to have 32 bits', () => {
    // -1 as an int64 is ten bytes; the enum's reader has the lower half.
    const value = block(message([3, 0, ff(9, 1)]))
    const attribute = block(message([1, 2, block(Buffer.from('k'))], [2, 2, value]))
    const body = withFields([9, 2, attribute], [6, 0, ff(9, 1)], [10, 0, ff(9, 1)])
    expect(decode(body)).toMatchObject({
      records: [{ spans: [{ attributes: ['k', -1], kind: 0, droppedAttributes: 0xffffffff }] }]
    })
  })

  it.each<[string, (value: Uint8Array) => Uint8Array]>([
    ['lists in lists', (value) => message([5, 2, block(message([1, 2, block(value)]))])],
    [
      'maps in maps',
      (value) => message([6, 2, block(message([1, 2, block(message([2, 2, block(value)]))]))])
    ]
  ])('is refused when it nests deep: %s', (_what, around) => {
    let value = message([1, 2, block(Buffer.from('x'))])
    for (let depth = 0; depth < 2000; depth++) value = around(value)
    expect(decode(withFields([9, 2, block(message([2, 2, block(value)]))]))).toEqual({
      error: 'nested more than 32 deep'
    })
  })

  it('is refused when a message has values without end', () => {
    const empty = (field: number, count: number): Uint8Array =>
      Buffer.alloc(count * 2, Buffer.from([(field << 3) | 2, 0]))
    const error = 'more than 65536 values in one message'
    expect(decode(requestOf(Buffer.concat([validSpan, empty(9, 70_000)])))).toEqual({ error })
    expect(decode(empty(1, 70_000))).toEqual({ error })
    expect(decode(requestOf(Buffer.concat([validSpan, empty(9, 60_000)])))).toMatchObject({
      spans: 1
    })
    const many = message([1, 2, block(message([2, 2, block(empty(2, 60_000))]))])
    expect(decode(many)).toMatchObject({ spans: 0, rejected: 60_000 })
  })

  it('never throws, whatever bytes it is made of', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(
        record,
        changes,
        fc.nat(),
        fc.uint8Array({ maxLength: 200 }),
        (one, list, cut, noise) => {
          const body = Buffer.from(encode(JSON.parse(encodeJson([one]))))
          for (const part of [body.subarray(0, cut % body.length), noise, requestOf(noise)])
            decode(part)
          for (const [at, to] of list) body[at % body.length] = to
          const got = decode(body)
          if ('error' in got) expect(got.error).not.toBe('')
          else
            for (const { spans } of got.records)
              for (const span of spans) expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
        }
      ),
      { numRuns: 600 }
    )
  })
})
