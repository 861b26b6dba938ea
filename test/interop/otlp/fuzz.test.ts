import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { defaultLimits } from '../../../src/base/limits.ts'
import { encodeJson } from '../../../src/interop/otlp/encode.ts'
import { bytes, decodeBody, decodeSetup, least, record, request } from './setup.ts'

/** What holds for every record, whatever was sent. */
function check(result: ReturnType<typeof decodeBody>): void {
  if ('error' in result) {
    expect(result.error).not.toBe('')
    return
  }
  for (const one of result.records) checkRecord(one)
  expect(result.rejected > 0).toBe(result.message !== '')
}

function checkRecord(one: TraceRecord): void {
  expect(one.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(Number.isSafeInteger(one.epochMs)).toBe(true)
  expect(one.spans.length).toBeGreaterThan(0)
  for (const span of one.spans) {
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(span.parentId ?? '0'.repeat(16)).toMatch(/^[0-9a-f]{16}$/)
    expect([0, 1, 2, 3, 4]).toContain(span.kind)
    expect([0, 1, 2]).toContain(span.status)
    for (const number of [span.start, span.duration, span.start + span.duration, span.flags])
      expect(Number.isSafeInteger(number)).toBe(true)
    expect(span.duration).toBeGreaterThanOrEqual(0)
    for (const event of [...span.events, ...span.logs])
      expect(Number.isSafeInteger(event.time)).toBe(true)
    const keys = span.attributes.filter((_item, i) => i % 2 === 0)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.length).toBeLessThanOrEqual(defaultLimits.attributes + 1)
  }
}

const odd = fc.oneof(
  fc.constantFrom(null, true, -1, 1e308, '', '\ud800', '9'.repeat(30), [], {}, [[]], '__proto__'),
  fc.jsonValue({ maxDepth: 3 })
)

/** Every place in a JSON value, as a way to change it. */
function places(value: unknown): ((to: unknown) => void)[] {
  const found: ((to: unknown) => void)[] = []
  const pending = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null) continue
    const holder = next as Record<string, unknown>
    for (const key of Object.keys(holder)) {
      found.push((to) => (holder[key] = to))
      pending.push(holder[key])
    }
  }
  return found
}

describe('decoding', () => {
  it('survives any change of any value in a valid request', () => {
    const changes = fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(record, changes, (one, list) => {
        const body = JSON.parse(encodeJson([one]))
        for (const [at, to] of list) {
          const all = places(body)
          // A copy: the same object put into itself would make a request without an end.
          all[at % all.length]?.(structuredClone(to))
        }
        check(decodeBody(bytes(body), decodeSetup()))
      }),
      { numRuns: 600 }
    )
  })

  it('survives any change of any byte', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(record, changes, fc.nat(), (one, list, cut) => {
        const body = bytes(encodeJson([one]))
        for (const [at, to] of list) body[at % body.length] = to
        check(decodeBody(body, decodeSetup()))
        check(decodeBody(body.subarray(0, cut % body.length), decodeSetup()))
      }),
      { numRuns: 600 }
    )
  })

  it('survives bytes and JSON of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.json(), (raw, json) => {
        check(decodeBody(raw, decodeSetup()))
        check(decodeBody(bytes(json), decodeSetup()))
        check(decodeBody(bytes({ resourceSpans: JSON.parse(json) }), decodeSetup()))
      }),
      { numRuns: 1000 }
    )
  })

  it('refuses exactly what is nested too deep, in a span and around them', () => {
    const nested = (depth: number): unknown =>
      JSON.parse('[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2))
    const decode = (value: unknown) => decodeBody(bytes(value), decodeSetup())
    expect(decode({ x: nested(30) })).toMatchObject({ spans: 0 })
    expect(decode({ x: nested(32) })).toEqual({ error: 'nested more than 32 deep' })
    expect(decode(request({ ...least, x: nested(24) }))).toMatchObject({ spans: 1 })
    expect(decode(request({ ...least, x: nested(26) }))).toEqual({
      error: 'nested more than 32 deep'
    })
  })

  it('finds the spans whatever stands around them, in whatever order and form', () => {
    const extra = fc.dictionary(
      fc.oneof(fc.constantFrom('x', '"', '\\', '[{', 'spans '), fc.string({ unit: 'binary' })),
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constant({ spans: [{ scope: {} }] }),
        fc.jsonValue({ maxDepth: 2 })
      ),
      { maxKeys: 3 }
    )
    fc.assert(
      fc.property(
        record,
        fc.infiniteStream(extra),
        fc.boolean(),
        fc.nat(3),
        (one, extras, last, indent) => {
          const put = (message: Record<string, any>): object => {
            const next: Record<string, any> = extras.next().value
            for (const key of Object.keys(message)) delete next[key]
            return last
              ? { ...next, ...message }
              : Object.fromEntries(Object.entries({ ...message, ...next }).reverse())
          }
          const plain = JSON.parse(encodeJson([one]))
          const body = put({
            resourceSpans: plain.resourceSpans.map((from: any) =>
              put({
                ...from,
                resource: put(from.resource),
                scopeSpans: from.scopeSpans.map((scope: any) =>
                  put({ ...scope, scope: put(scope.scope), spans: scope.spans.map(put) })
                )
              })
            )
          })
          expect(decodeBody(bytes(JSON.stringify(body, undefined, indent)), decodeSetup())).toEqual(
            decodeBody(bytes(plain), decodeSetup())
          )
        }
      )
    )
  })

  it.each([
    ['maps in maps', '{"kvlistValue":{"values":[{"key":"a","value":', '}]}}'],
    ['lists in lists', '{"arrayValue":{"values":[', ']}}']
  ])('refuses or flattens %s of any depth', (_what, before, after) => {
    for (const depth of [1, 3, 5, 9, 100, 100_000]) {
      const value = before.repeat(depth) + '{"stringValue":"x"}' + after.repeat(depth)
      const attribute = `{"key":"k","value":${value}}`
      const body = JSON.stringify(request({ ...least, attributes: ['@'] }))
      check(decodeBody(bytes(body.replace('"@"', () => attribute)), decodeSetup()))
    }
  })

  it('bounds what wide values leave behind', () => {
    const values = Array.from({ length: 30_000 }, () => ({ kvlistValue: { values: [] } }))
    const value = { arrayValue: { values } }
    const body = bytes(request({ ...least, attributes: [{ key: 'k', value }] }))
    check(decodeBody(body, decodeSetup()))
    const flat = Array.from({ length: 40_000 }, (_, i) => ({
      key: `k${i}`,
      value: { intValue: i }
    }))
    check(decodeBody(bytes(request({ ...least, attributes: flat })), decodeSetup()))
  })
})
