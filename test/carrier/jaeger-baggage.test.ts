import * as api from '@opentelemetry/api'
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Baggage } from '../../src/carrier/baggage.ts'
import { readJaegerBaggage, writeJaegerBaggage } from '../../src/carrier/jaeger-baggage.ts'
import { rootContext } from '../../src/context/context.ts'
import { createReport } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import { Propagator } from '../../src/interop/opentelemetry/propagator.ts'
import { baggageKey, createPropagation, namesRead } from '../../src/span/propagation.ts'

const parent = { 'uber-trace-id': '463ac35c9f6413ad48485a3953bb6124:a2fb4a1d1a96d312:0:1' }
const propagation = createPropagation(['jaeger'])
const official = new JaegerPropagator()

type Headers = Record<string, string>

function read(headers: object): Headers {
  return Object.fromEntries(
    readJaegerBaggage(headers as never).map(([key, { value }]) => [key, value])
  )
}

function written(value: unknown): Headers {
  const headers: Headers = {}
  writeJaegerBaggage(value, (name, text) => {
    expect(headers).not.toHaveProperty([name])
    headers[name] = text
  })
  return headers
}

const of = (entries: Headers): Baggage =>
  new Baggage().setEntries(Object.entries(entries).map(([key, value]) => [key, { value }]))

/** What a propagation takes of headers, or hands on. */
const taken = (headers: object, names = propagation): Headers | undefined => {
  const baggage = names.extract(headers as never, rootContext).getValue(baggageKey)
  const entries = (baggage as Baggage | undefined)?.getAllEntries()
  return entries && Object.fromEntries(entries.map(([key, { value }]) => [key, value]))
}
const sent = (headers: object, names = propagation): Headers => {
  const all: Headers = {}
  names.inject(names.extract(headers as never, rootContext), (name, value) => (all[name] = value))
  return all
}

describe('Jaeger’s baggage', () => {
  it.each<[string, object, Headers]>([
    ['each header', { 'uberctx-a': '1', 'uberctx-b-c': '2', other: '3' }, { a: '1', 'b-c': '2' }],
    ['escapes', { 'uberctx-a': 'Am%C3%A9lie%20x' }, { a: 'Amélie x' }],
    ['a plus sign as one', { 'uberctx-a': '1+1' }, { a: '1+1' }],
    ['a stray percent sign', { 'uberctx-a': '100%' }, { a: '100%' }],
    ['no header without a key', { 'uberctx-': '1', uberctx: '2' }, {}],
    ['no key that is no token', { 'uberctx-a b': '1', 'uberctx-a\n': '2', 'uberctx-é': '3' }, {}],
    ['no value that is no text', { 'uberctx-a': ['1', '2'], 'uberctx-b': 7 }, {}],
    ['180 entries', many(180, '1'), Object.fromEntries(many(180, '1').map(bare))],
    ['nothing of 181 entries', Object.fromEntries(many(181, '1')), {}],
    ['nothing of more than 8192 characters', Object.fromEntries(many(9, 'v'.repeat(1000))), {}]
  ])('is read: %s', (_what, headers, expected) => {
    expect(read(Array.isArray(headers) ? Object.fromEntries(headers) : headers)).toEqual(expected)
  })

  it('has names of Object.prototype like any others', () => {
    const headers = Object.fromEntries([['uberctx-__proto__', '1']])
    const baggage = new Baggage().setEntries(readJaegerBaggage(headers))
    expect(baggage.getAllEntries()).toEqual([['__proto__', { value: '1' }]])
    expect(written(baggage)).toEqual(headers)
  })

  it('is written within the limits, each name once, and what cannot be a header not at all', () => {
    const odd = { 'a b': '1', 'x:y': '2', 'x\r\ny': '3', '': '4', Key: '5', key: '6' }
    expect(written(of(odd))).toEqual({ 'uberctx-key': '5' })
    expect(written(of({ a: 'x\r\ny: ü,;\ud800' }))).toEqual({
      'uberctx-a': 'x%0D%0Ay%3A%20%C3%BC%2C%3B%EF%BF%BD'
    })
    expect(Object.keys(written(of(Object.fromEntries(many(500, '1').map(bare)))))).toHaveLength(180)
    const large = written(of(Object.fromEntries(many(20, 'ü'.repeat(200)).map(bare))))
    expect(JSON.stringify(large).length).toBeLessThan(8192 + 20 * 20)
    expect(Object.keys(large).length).toBeGreaterThan(3)
  })

  it.each([
    ['nothing', undefined],
    ['what is no baggage', 'a=1'],
    [
      'baggage that throws',
      {
        getAllEntries: () => {
          throw new Error('no')
        }
      }
    ],
    [
      'baggage of odd entries',
      { getAllEntries: () => [null, 7, ['a'], ['b', {}], [3, { value: '1' }]] }
    ]
  ])('is written of %s as nothing', (_what, value) => {
    expect(written(value)).toEqual({})
  })
})

describe('a request with Jaeger’s baggage', () => {
  const given = { ...parent, 'uberctx-tenant': 'a%20b' }

  it('hands it on with Jaeger’s header', () => {
    expect(taken(given)).toEqual({ tenant: 'a b' })
    expect(sent(given)).toMatchObject({ 'uberctx-tenant': 'a%20b' })
  })

  it('hands it on with W3C’s as well, and W3C’s with Jaeger’s, where both are chosen', () => {
    const both = createPropagation(['w3c', 'jaeger'])
    expect(sent({ ...given, baggage: 'a=1;p=2,tenant=c' }, both)).toMatchObject({
      baggage: 'a=1;p=2,tenant=a%20b',
      'uberctx-a': '1',
      'uberctx-tenant': 'a%20b'
    })
  })

  it.each<[string, object, ReturnType<typeof createPropagation>]>([
    ['a trace', { 'uberctx-tenant': 'a' }, propagation],
    ['a valid trace', { 'uber-trace-id': 'x', 'uberctx-tenant': 'a' }, propagation],
    [
      'the trace that it came with',
      { ...given, b3: `${'1'.repeat(32)}-${'2'.repeat(16)}-1` },
      propagation
    ],
    ['Jaeger’s headers being chosen', given, createPropagation(['w3c'])]
  ])('brings none without %s', (_what, headers, names) => {
    expect(taken(headers, names)).toBeUndefined()
    expect(Object.keys(sent(headers, names)).filter((name) => name.startsWith('uberctx'))).toEqual(
      []
    )
  })
})

describe('a carrier of another kind', () => {
  const guard = createGuard(
    'test',
    createReport(() => undefined)
  )

  it('brings Jaeger’s baggage by OpenTelemetry’s interface', () => {
    const carrier = { ...parent, 'Uberctx-Tenant': 'a%20b' }
    const context = new Propagator(propagation, guard).extract(
      api.ROOT_CONTEXT as never,
      carrier,
      api.defaultTextMapGetter as never
    )
    expect(api.propagation.getBaggage(context as never)?.getEntry('tenant')?.value).toBe('a b')
  })

  it('is asked for no more names than are taken', () => {
    const keys = many(1000, '').map(([name]) => name)
    expect(namesRead(propagation, () => keys)).toHaveLength(propagation.reads.length + 181)
    expect(namesRead(createPropagation(['w3c']), () => expect.unreachable())).toEqual(
      propagation.reads
    )
  })
})

/** Whatever OpenTelemetry's propagator does with valid input, on names as they are on the wire, in lower case. */
describe('OpenTelemetry’s propagator for Jaeger', () => {
  const key = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,12}$/)
  const value = fc.string({ unit: 'grapheme', maxLength: 30 })
  const entries = fc.dictionary(key, value, { maxKeys: 20, noNullPrototype: true })

  it('writes the same, and reads the same', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const api_entries = Object.fromEntries(
          Object.entries(given).map(([k, v]) => [k, { value: v }])
        )
        const baggage = api.propagation.createBaggage(api_entries)
        const context = api.propagation.setBaggage(api.ROOT_CONTEXT, baggage)
        const theirs: Headers = {}
        official.inject(context, theirs, api.defaultTextMapSetter)
        expect(written(baggage)).toEqual(theirs)
        const headers = { ...parent, ...theirs }
        const found = api.propagation.getBaggage(
          official.extract(api.ROOT_CONTEXT, headers, api.defaultTextMapGetter)
        )
        const read = found?.getAllEntries().map(([k, entry]) => [k, entry.value])
        expect(taken(headers)).toEqual(read && Object.fromEntries(read))
      }),
      { numRuns: 500 }
    )
  })
})

it('any headers are taken without an exception, and what is sent is taken again', () => {
  const name = fc.oneof(
    fc.string(),
    fc.string().map((text) => `uberctx-${text.toLowerCase()}`)
  )
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(fc.string(), fc.anything())), (headers) => {
      const first = sent({ ...headers, ...parent })
      expect(taken({ ...first, ...parent })).toEqual(taken({ ...headers, ...parent }))
      for (const text of Object.values(first)) expect(text).toMatch(/^[\x21-\x7e]*$/)
    }),
    { numRuns: 500 }
  )
})

function many(count: number, value: string): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`uberctx-k${i}`, value])
}

function bare([name, value]: [string, string]): [string, string] {
  return [name.slice('uberctx-'.length), value]
}
