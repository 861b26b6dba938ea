import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import type { Received } from '../../../src/trace/received.ts'
import { encodeJson, jsonParts } from '../../../src/interop/otlp/encode.ts'
import { bytes, decodeBody, decodeSetup, normal, record } from './setup.ts'

const decoded = (text: string) => {
  const result = decodeBody(bytes(text), decodeSetup()) as Received
  expect(result).toMatchObject({ rejected: 0, message: '' })
  return result.records.map(normal)
}
const fixed = (pick: (one: TraceRecord) => boolean = () => true) =>
  fc.sample(record.filter(pick), { seed: 7, numRuns: 1 })[0]

describe('encodeJson', () => {
  it('gives back exactly what was recorded, when it is decoded', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(decoded(encodeJson([one]))).toEqual([one])
      }),
      { numRuns: 500 }
    )
  })

  it('keeps apart the traces and services that travel together', () => {
    const distinct = fc.uniqueArray(record, { maxLength: 5, selector: (one) => one.traceId })
    fc.assert(
      fc.property(distinct, (records) => {
        const byId = (a: TraceRecord, b: TraceRecord) => (a.traceId < b.traceId ? -1 : 1)
        expect(decoded(encodeJson(records)).sort(byId)).toEqual(records.sort(byId))
      }),
      { numRuns: 100 }
    )
  })

  it('joins the parts of a long trace to one record again', () => {
    const one = fixed()
    const spans = Array.from({ length: 300 }, (_, i) => ({
      ...one.spans[0],
      start: i,
      spanId: i.toString(16).padStart(15, '0') + 'f'
    }))
    const long = normal({ ...one, spans } as unknown as TraceRecord)
    expect([...jsonParts([long])].length).toBeGreaterThan(3)
    expect(decoded(encodeJson([long]))).toEqual([long])
  })

  it('is a valid request without any record', () => {
    expect(encodeJson([])).toBe('{"resourceSpans":[]}')
  })

  it('writes what the protobuf JSON mapping of OTLP asks for', () => {
    const one = {
      ...fixed(),
      traceId: 'a'.repeat(32),
      epochMs: 1_700_000_000_123,
      resource: { service: 'shop', attributes: ['host.name', 'h'] },
      droppedSpans: 0,
      spans: [
        {
          spanId: 'b'.repeat(16),
          parentId: 'c'.repeat(16),
          parentRemote: true,
          name: 'GET /',
          kind: 1,
          start: 456_789,
          duration: 1_000_000_001,
          open: false,
          status: 2,
          statusMessage: 'bad',
          traceState: 'v=1',
          flags: 3,
          scope: { name: 'spanlight', version: '1' },
          attributes: ['i', 5, 'd', 0.5, 's', 'x', 'b', true, 'l', [1, 1.5], 'n', Number.NaN],
          events: [{ name: 'e', time: 1, attributes: [] }],
          links: [],
          logs: [{ time: 2, severity: 'warn', body: 'careful', attributes: ['k', 'v'] }],
          droppedAttributes: 1,
          droppedEvents: 0,
          droppedLinks: 0
        }
      ]
    } as unknown as TraceRecord
    expect(JSON.parse(encodeJson([one]))).toEqual({
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: 'shop' } },
              { key: 'host.name', value: { stringValue: 'h' } }
            ]
          },
          scopeSpans: [
            {
              scope: { name: 'spanlight', version: '1' },
              spans: [
                {
                  traceId: 'a'.repeat(32),
                  spanId: 'b'.repeat(16),
                  parentSpanId: 'c'.repeat(16),
                  traceState: 'v=1',
                  flags: 0x303,
                  name: 'GET /',
                  kind: 2,
                  startTimeUnixNano: '1700000000123456789',
                  endTimeUnixNano: '1700000001123456790',
                  attributes: [
                    { key: 'i', value: { intValue: '5' } },
                    { key: 'd', value: { doubleValue: 0.5 } },
                    { key: 's', value: { stringValue: 'x' } },
                    { key: 'b', value: { boolValue: true } },
                    {
                      key: 'l',
                      value: { arrayValue: { values: [{ doubleValue: 1 }, { doubleValue: 1.5 }] } }
                    },
                    { key: 'n', value: { doubleValue: 'NaN' } }
                  ],
                  droppedAttributesCount: 1,
                  events: [
                    { timeUnixNano: '1700000000123000001', name: 'e', attributes: [] },
                    {
                      timeUnixNano: '1700000000123000002',
                      name: 'log',
                      attributes: [
                        { key: 'log.severity', value: { stringValue: 'warn' } },
                        { key: 'log.body', value: { stringValue: 'careful' } },
                        { key: 'k', value: { stringValue: 'v' } }
                      ]
                    }
                  ],
                  status: { code: 2, message: 'bad' }
                }
              ]
            }
          ]
        }
      ]
    })
  })

  it('leaves out what is not set', () => {
    const one = fixed()
    const bare = { ...one.spans[0], status: 0, statusMessage: '', traceState: '', links: [] }
    const text = encodeJson([
      { ...one, droppedSpans: 0, spans: [{ ...bare, parentId: undefined, events: [], logs: [] }] }
    ] as unknown as TraceRecord[])
    for (const name of ['status"', 'traceState', 'parentSpanId', 'events', 'links', 'null'])
      expect(text).not.toContain(`"${name}`)
  })

  it('counts times before and far after the epoch exactly', () => {
    const one = { ...fixed(), epochMs: 1_700_000_000_000 }
    const at = (start: number) =>
      JSON.parse(encodeJson([{ ...one, spans: [{ ...one.spans[0], start }] }])).resourceSpans[0]
        .scopeSpans[0].spans[0].startTimeUnixNano
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (start) => {
        expect(at(start)).toBe(String(1_700_000_000_000_000_000n + BigInt(start)))
      })
    )
  })
})
