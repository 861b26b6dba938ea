import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import type { Received } from '../../../src/trace/received.ts'
import { encodeJson } from '../../../src/interop/otlp/encode.ts'
import { encodeProtobuf } from '../../../src/interop/otlp/encode-protobuf.ts'
import { Request } from '../../bench/ingest/otlp.js'
import { bytes, decodeBody, decodeSetup, normal, record } from './setup.ts'

interface Sent {
  resourceSpans: { scopeSpans: { spans: { startTimeUnixNano?: string }[] }[] }[]
}

const records = fc.uniqueArray(record, { maxLength: 4, selector: (one) => one.traceId })

/** As protobufjs reads it, in the words of OTLP's JSON: what is absent there and a default here is absent in both. */
function read(body: Uint8Array): unknown {
  const message = Request.toObject(Request.decode(body), { longs: String, bytes: Array })
  return plain(message)
}

function plain(value: unknown, name = ''): unknown {
  if (/(?:trace|span)Id$/i.test(name)) {
    return typeof value === 'string' ? value : Buffer.from(value as number[]).toString('hex')
  }
  if (Array.isArray(value)) return value.map((item) => plain(item))
  if (name === 'doubleValue') return Object.is(Number(value), -0) ? '-0' : String(value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .map(([key, item]) => [key, plain(item, key)] as const)
    // A value in a oneof is there even when it is a default; every other default is as good as nothing.
    .filter(([key, item]) => key.endsWith('Value') || !isDefault(item))
  return Object.fromEntries(entries)
}

function isDefault(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return value === '' || value === 0 || value === '0'
  return Object.keys(value).length === 0
}

describe('encodeProtobuf', () => {
  it('says what the JSON says, as protobufjs reads it', () => {
    fc.assert(
      fc.property(records, (all) => {
        expect(read(encodeProtobuf(all))).toEqual(plain(JSON.parse(encodeJson(all))))
      }),
      { numRuns: 500 }
    )
  })

  it('gives back exactly what was recorded, as our own decoder reads it', () => {
    const byId = (a: TraceRecord, b: TraceRecord) => (a.traceId < b.traceId ? -1 : 1)
    fc.assert(
      fc.property(records, (all) => {
        const decoded = decodeBody(encodeProtobuf(all), decodeSetup(), 'protobuf') as Received
        expect(decoded).toMatchObject({ rejected: 0, message: '' })
        expect(decoded.records.map(normal).sort(byId)).toEqual(all.sort(byId))
      }),
      { numRuns: 500 }
    )
  })

  it('is a valid request without any record', () => {
    expect(encodeProtobuf([])).toHaveLength(0)
  })

  it('moves a message whose length takes two, three or four bytes', () => {
    const [one] = fc.sample(record, { seed: 7, numRuns: 1 })
    for (const length of [0, 31, 32, 33, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 21 + 5]) {
      for (const text of ['x'.repeat(length), 'ü'.repeat(length / 2), '\ud800'.repeat(length)]) {
        const spans = [{ ...one.spans[0], attributes: ['long', text, 'after', -1] }]
        const sent = encodeProtobuf([{ ...one, droppedSpans: 0, spans } as TraceRecord])
        const [{ scopeSpans }] = Request.toObject(Request.decode(sent)).resourceSpans
        const { attributes } = scopeSpans[0].spans[0]
        // Half of a surrogate pair has no UTF-8.
        expect(attributes[0].value.stringValue).toBe(text.replaceAll('\ud800', '\ufffd'))
        expect(Number(attributes[1].value.intValue)).toBe(-1)
      }
    }
  })

  it('counts times exactly, and those before 1970 as its beginning', () => {
    const [one] = fc.sample(record, { seed: 7, numRuns: 1 })
    const at = (epochMs: number, start: number) => {
      const sent = encodeProtobuf([{ ...one, epochMs, spans: [{ ...one.spans[0], start }] }])
      const json = encodeJson([{ ...one, epochMs, spans: [{ ...one.spans[0], start }] }])
      // protobufjs leaves out what is 0.
      const time = (request: object) =>
        (request as Sent).resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano ?? '0'
      expect(time(Request.toObject(Request.decode(sent), { longs: String }))).toBe(
        time(JSON.parse(json))
      )
      return time(JSON.parse(json))
    }
    expect(at(-5, 1)).toBe('0')
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 18_446_744_000_000 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (epochMs, start) => {
          fc.pre(BigInt(epochMs) * 1_000_000n + BigInt(start) < 2n ** 64n)
          expect(at(epochMs, start)).toBe(String(BigInt(epochMs) * 1_000_000n + BigInt(start)))
        }
      )
    )
  })

  it('writes every safe integer, and every number that is none', () => {
    const [one] = fc.sample(record, { seed: 7, numRuns: 1 })
    const number = fc.oneof(fc.maxSafeInteger(), fc.double(), fc.constantFrom(-1, -(2 ** 32), -0))
    fc.assert(
      fc.property(number, (value) => {
        const spans = [{ ...one.spans[0], attributes: ['n', value] }]
        const sent = encodeProtobuf([{ ...one, droppedSpans: 0, spans } as TraceRecord])
        const { records: back } = decodeBody(sent, decodeSetup(), 'protobuf') as Received
        expect(back[0].spans[0].attributes).toEqual(['n', value])
      })
    )
  })

  it('takes less than half of the bytes of JSON', () => {
    const all = fc.sample(record, { seed: 3, numRuns: 50 })
    expect(encodeProtobuf(all).length).toBeLessThan(bytes(encodeJson(all)).length / 2)
  })
})
