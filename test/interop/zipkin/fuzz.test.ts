import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { zipkinParts } from '../../../src/interop/zipkin/encode.ts'
import { record } from '../otlp/setup.ts'
import { decodeBody, least, timestamp } from './setup.ts'

/** What holds for every record, whatever was sent. */
function check(result: ReturnType<typeof decodeBody>): void {
  if ('error' in result) return expect(result.error).not.toBe('')
  expect(result.rejected > 0).toBe(result.message !== '')
  for (const one of result.records) {
    expect(one.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(Number.isSafeInteger(one.epochMs)).toBe(true)
    for (const span of one.spans) {
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(span.parentId ?? '0'.repeat(16)).toMatch(/^[0-9a-f]{16}$/)
      expect([0, 1, 2, 3, 4]).toContain(span.kind)
      expect([0, 1, 2]).toContain(span.status)
      for (const number of [span.start, span.duration, span.start + span.duration])
        expect(Number.isSafeInteger(number)).toBe(true)
      expect(span.duration).toBeGreaterThanOrEqual(0)
      for (const { time } of [...span.events, ...span.logs])
        expect(Number.isSafeInteger(time)).toBe(true)
      const keys = span.attributes.filter((_item, i) => i % 2 === 0)
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys.length).toBeLessThanOrEqual(defaultLimits.attributes + 13)
      expect(span.events.length).toBeLessThanOrEqual(defaultLimits.events)
      expect(span.logs.length).toBeLessThanOrEqual(defaultLimits.logs)
    }
  }
}

const odd = fc.oneof(
  fc.constantFrom(null, true, -1, 1e308, '', '\ud800', '9'.repeat(30), [], {}, [[]], '__proto__'),
  fc.jsonValue({ maxDepth: 3 })
)
const fields = [
  'traceId',
  'id',
  'parentId',
  'kind',
  'name',
  'timestamp',
  'duration',
  'localEndpoint',
  'remoteEndpoint',
  'annotations',
  'tags',
  'debug',
  'shared'
]

describe('what is sent as spans of Zipkin', () => {
  it('may be anything in any field', () => {
    const span = fc.dictionary(fc.constantFrom(...fields), odd)
    fc.assert(
      fc.property(fc.array(span, { maxLength: 5 }), (spans) => {
        check(decodeBody(spans.map((one, i) => (i % 2 === 0 ? one : { ...least, ...one }))))
      }),
      { numRuns: 1000 }
    )
  })

  it('may be changed in any byte, and end anywhere', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(record, changes, fc.nat(), (one, list, cut) => {
        const body = Buffer.from([...zipkinParts([one])].join(''))
        for (const [at, to] of list) body[at % body.length] = to
        check(decodeBody(body))
        check(decodeBody(body.subarray(0, cut % body.length)))
      }),
      { numRuns: 500 }
    )
  })

  it('may be bytes and JSON of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (raw, json) => {
        check(decodeBody(raw))
        check(decodeBody(json))
        check(decodeBody(`[${json}]`))
      }),
      { numRuns: 1000 }
    )
  })

  it('is bounded, however deep and wide it is made', () => {
    const deep = '{"a":['.repeat(50_000)
    for (const value of [
      `"x": ${deep}`,
      deep,
      `"x": {"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
    ])
      check(decodeBody([{ ...least, annotations: [{ timestamp, value }], tags: { value } }]))
    expect(decodeBody(`[{"tags":${deep}`)).toEqual({ error: 'nested more than 32 deep' })
    const wide = `[{"tags":{${'"a":1,'.repeat(70_000)}"b":1}}]`
    expect(decodeBody(wide)).toEqual({ error: 'more than 65536 values in one message' })
    expect(decodeBody(`[${'0,'.repeat(70_000)}0]`)).toEqual({
      error: 'more than 65536 values in one message'
    })
  })
})
