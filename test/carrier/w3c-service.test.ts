import express from 'express'
import Koa from 'koa'
import { request, type RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { traced } from '../../src/http.ts'
import { tracing } from '../../src/index.ts'
import { closeAll, fromOutside, listen } from '../tracing/setup.ts'

// What the W3C's validation suite for trace context asks of a service, in its two levels of strictness and by level 2 of the specification:
// headers in, calls to somebody else, and what those carried.

type Headers = readonly (readonly [name: string, value: string])[]

/** What a call of the service carried. */
interface Carried {
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
  readonly tracestate: string
}

let callback: string
let carried: Carried[] = []

const options = { access: 'local', export: false } as const

type Call = (url: string) => Promise<unknown>

const byFetch: Call = async (url) => (await fetch(url)).text()
const byRequest: Call = (url) =>
  new Promise((resolve, reject) => {
    const req = request(url, (res) => res.resume().on('end', resolve))
    req.on('error', reject).end()
  })

/** Services that make as many calls as their path says. */
const services: Readonly<Record<string, () => RequestListener>> = {
  'Express and fetch'() {
    const app = express().use(tracing(options))
    return app.get('/:count', async (req, res) => {
      await calls(Number(req.params.count), byFetch)
      res.end()
    })
  },
  'Koa and node:http'() {
    const app = new Koa().use(tracing(options))
    return app
      .use(async (ctx) => {
        await calls(Number(ctx.path.slice(1)), byRequest)
        ctx.body = ''
      })
      .callback()
  },
  'a bare server and fetch': () =>
    traced(async (req, res) => {
      await calls(Number(req.url?.slice(1)), byFetch)
      res.end()
    }, options)
}

async function calls(count: number, call: Call): Promise<void> {
  for (let i = 0; i < count; i++) await call(callback)
}

function readCarried(raw: readonly string[]): Carried {
  const all = (name: string): string[] =>
    raw.filter((_value, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)
  const parents = all('traceparent')
  expect(parents).toHaveLength(1)
  const [, traceId, spanId, flags] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(parents[0] as string) ?? []
  for (const id of [traceId, spanId]) expect(id).toMatch(/[^0]/)
  const tracestate = all('tracestate').join(',')
  return { traceId, spanId, flags: Number.parseInt(flags as string, 16), tracestate } as Carried
}

/** What the calls carried that the service at `origin` made for a request with these headers. */
async function ask(origin: string, headers: Headers, count = 1): Promise<Carried[]> {
  carried = []
  await fromOutside(
    () =>
      new Promise((resolve, reject) => {
        const raw = ['Host', new URL(origin).host, ...headers.flat()]
        const req = request(`${origin}/${count}`, { headers: raw, agent: false }, (res) =>
          res.resume().on('end', resolve)
        )
        req.on('error', reject).end()
      })
  )
  expect(carried).toHaveLength(count)
  return carried
}

const trace = '12345678901234567890123456789012'
const span = '1234567890123456'
const valid = ['traceparent', `00-${trace}-${span}-00`] as const
const parent = (value: string): Headers => [['traceparent', value]]
const states = (...values: string[]): Headers => values.map((value) => ['tracestate', value])

async function startCallback(): Promise<void> {
  callback = await listen((req, res) => {
    carried.push(readCarried(req.rawHeaders))
    res.end()
  })
}

describe.each(Object.entries(services))('%s', (_name, listener) => {
  let origin: string
  beforeAll(async () => {
    await startCallback()
    origin = await listen(listener())
  })
  afterAll(closeAll)

  test('three calls for one request carry its trace, and a span id each', async () => {
    const found = await ask(origin, [valid, ...states('foo=1', 'bar=2')], 3)
    expect(new Set(found.map(({ traceId }) => traceId))).toEqual(new Set([trace]))
    expect(new Set(found.map(({ spanId }) => spanId)).size).toBe(3)
    for (const { tracestate } of found) expect(tracestate).toBe('foo=1,bar=2')
  })

  test.each([
    ['no headers', []],
    ['headers that are not valid', parent(`00-${'0'.repeat(32)}-${span}-01`)]
  ])('three calls for one with %s carry one new trace', async (_what, headers) => {
    const found = await ask(origin, headers, 3)
    const traces = new Set(found.map(({ traceId }) => traceId))
    expect(traces.size).toBe(1)
    expect(traces.has('0'.repeat(32)) || traces.has(trace)).toBe(false)
    expect(new Set(found.map(({ spanId }) => spanId)).size).toBe(3)
  })
})

describe('a service', () => {
  let origin: string
  beforeAll(async () => {
    await startCallback()
    origin = await listen((services['Express and fetch'] as () => RequestListener)())
  })
  afterAll(closeAll)

  const call = async (...headers: Headers): Promise<Carried> =>
    (await ask(origin, headers))[0] as Carried

  test.each<[string, Headers]>([
    ['with a traceparent', parent(`00-${trace}-${span}-01`)],
    ['whatever the case of the name', [['TraceParent', `00-${trace}-${span}-01`]]],
    ['with every other letter a capital', [['TrAcEpArEnT', `00-${trace}-${span}-01`]]],
    ['with the name in capitals', [['TRACEPARENT', `00-${trace}-${span}-01`]]],
    ['after a space', parent(` 00-${trace}-${span}-01`)],
    ['after a tab', parent(`\t00-${trace}-${span}-01`)],
    ['before a space', parent(`00-${trace}-${span}-01 `)],
    ['before a tab', parent(`00-${trace}-${span}-01\t`)],
    ['between both', parent(`\t 00-${trace}-${span}-01 \t`)],
    ['with a later version', parent(`cc-${trace}-${span}-01`)],
    ['with what a later version adds', parent(`cc-${trace}-${span}-01-what-comes-then`)],
    ['with a tracestate that is not valid', [valid, ...states('BAD')]],
    ['with an empty tracestate', [valid, ...states('')]]
  ])('goes on with the trace: %s', async (_case, headers) => {
    const found = await call(...headers)
    expect(found.traceId).toBe(trace)
    expect(found.spanId).not.toBe(span)
    expect(found.tracestate).toBe('')
  })

  test.each<[string, Headers]>([
    ['without a traceparent', []],
    ['with two', [valid, ...parent(`00-${trace.slice(0, -1)}1-${span}-01`)]],
    ['with a dash in the name', [['trace-parent', valid[1]]]],
    ['with a dot in the name', [['trace.parent', valid[1]]]],
    ['with one character more than version 00 has', parent(`00-${trace}-${span}-01.`)],
    ['with more fields than version 00 has', parent(`00-${trace}-${span}-01-more`)],
    ['with what no later version may add', parent(`cc-${trace}-${span}-01.more`)],
    ['with version ff', parent(`ff-${trace}-${span}-01`)],
    ['with a version that begins with a dot', parent(`.0-${trace}-${span}-01`)],
    ['with a version that ends with a dot', parent(`0.-${trace}-${span}-01`)],
    ['with a version of three digits', parent(`000-${trace}-${span}-01`)],
    ['with a version of four digits', parent(`0000-${trace}-${span}-01`)],
    ['with a version of one digit', parent(`0-${trace}-${span}-01`)],
    ['with a trace id of zeros', parent(`00-${'0'.repeat(32)}-${span}-01`)],
    ['with a trace id that begins with a dot', parent(`00-.${trace.slice(1)}-${span}-01`)],
    ['with a trace id that ends with a dot', parent(`00-${trace.slice(0, -1)}.-${span}-01`)],
    ['with a trace id of 33 digits', parent(`00-${trace}3-${span}-01`)],
    ['with a trace id of 31 digits', parent(`00-${trace.slice(0, -1)}-${span}-01`)],
    ['with a parent id of zeros', parent(`00-${trace}-${'0'.repeat(16)}-01`)],
    ['with a parent id that begins with a dot', parent(`00-${trace}-.${span.slice(1)}-01`)],
    ['with a parent id that ends with a dot', parent(`00-${trace}-${span.slice(0, -1)}.-01`)],
    ['with a parent id of 17 digits', parent(`00-${trace}-${span}7-01`)],
    ['with a parent id of 15 digits', parent(`00-${trace}-${span.slice(0, -1)}-01`)],
    ['with flags that begin with a dot', parent(`00-${trace}-${span}-.0`)],
    ['with flags that end with a dot', parent(`00-${trace}-${span}-0.`)],
    ['with flags of three digits', parent(`00-${trace}-${span}-001`)],
    ['with flags of one digit', parent(`00-${trace}-${span}-1`)]
  ])('starts a new trace, and drops the tracestate: %s', async (_case, headers) => {
    const { traceId, flags, tracestate } = await call(...headers, ...states('foo=1,bar=2'))
    // Nothing of the id that was sent, cut to length on either side.
    expect(traceId).not.toMatch(/^1234567890123456789012345678901|2345678901234567890123456789012/)
    expect(flags).toBe(3)
    expect(tracestate).toBe('')
  })

  test.each([
    ['00', 0],
    ['01', 1],
    ['02', 2],
    ['03', 3],
    ['ff', 3]
  ])('hands on sampled and random of flags %s as they came, and no others', async (flags, sent) => {
    expect((await call(...parent(`00-${trace}-${span}-${flags}`))).flags).toBe(sent)
  })

  const tens = [1, 11, 21].map((from) =>
    Array.from({ length: 10 }, (_, i) => `bar${from + i}=${from + i}`).join(',')
  )
  const key = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/'
  const value = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCodePoint(0x20 + i))
    .join('')
    .replace(/[,=]/g, '')

  test.each<[string, Headers, string]>([
    ['as it came', states('foo=1,bar=2'), 'foo=1,bar=2'],
    ['whatever the case of the name', [['TraceState', 'foo=1']], 'foo=1'],
    ['with every other letter a capital', [['TrAcEsTaTe', 'foo=1']], 'foo=1'],
    ['with the name in capitals', [['TRACESTATE', 'foo=1']], 'foo=1'],
    [
      'of several headers, in their order',
      states('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'),
      'foo=1,bar=2,rojo=1,congo=2,baz=3'
    ],
    ['though one is empty', states('foo=1', ''), 'foo=1'],
    ['though the first is empty', states('', 'foo=1'), 'foo=1'],
    ['with a key that comes twice', states('foo=1,foo=1'), 'foo=1'],
    ['with a key of two values', states('foo=1,foo=2'), 'foo=1'],
    ['with a key in two headers', states('foo=1', 'foo=1'), 'foo=1'],
    ['with a key of two values in two headers', states('foo=1', 'foo=2'), 'foo=1'],
    ['with every character that may be in it', states(`${key}=${value}`), `${key}=${value}`],
    [
      'with every character that may be in a tenant’s key',
      states(`${key}@a-z0-9_-*/=${value}`),
      `${key}@a-z0-9_-*/=${value}`
    ],
    [
      'without the space between entries',
      states('foo=1 \t , \t bar=2, \t baz=3'),
      'foo=1,bar=2,baz=3'
    ],
    [
      'without the tabs between them',
      states('foo=1\t \t,\t \tbar=2,\t \tbaz=3'),
      'foo=1,bar=2,baz=3'
    ],
    ['without a space before it', states(' foo=1'), 'foo=1'],
    ['without a tab before it', states('\tfoo=1'), 'foo=1'],
    ['without a space after it', states('foo=1 '), 'foo=1'],
    ['without a tab after it', states('foo=1\t'), 'foo=1'],
    ['without either around it', states('\t foo=1 \t'), 'foo=1'],
    [
      'of 32 entries',
      states(...tens, 'bar31=31,bar32=32'),
      [...tens, 'bar31=31,bar32=32'].join(',')
    ],
    [
      'with a key of 256 characters',
      states('foo=1', `${'z'.repeat(256)}=1`),
      `foo=1,${'z'.repeat(256)}=1`
    ],
    [
      'with a key of the longest tenant and vendor that level 1 knew',
      states('foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`),
      `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`
    ],
    // Level 2 has no grammar for what is around the `@`.
    ['with a longer tenant', states(`${'t'.repeat(242)}@v=1`), `${'t'.repeat(242)}@v=1`],
    ['with a longer vendor', states(`t@${'v'.repeat(15)}=1`), `t@${'v'.repeat(15)}=1`],
    [
      'with no vendor, or with two',
      states('foo@=1,foo@@bar=1,a@b@c=1'),
      'foo@=1,foo@@bar=1,a@b@c=1'
    ],
    ['with a key that begins with a digit', states('0foo=1'), '0foo=1']
  ])('hands a tracestate on: %s', async (_case, headers, expected) => {
    const found = await call(valid, ...headers)
    expect(found.traceId).toBe(trace)
    expect(found.tracestate).toBe(expected)
  })

  test.each<[string, Headers]>([
    ['with a dash in the name', [['trace-state', 'foo=1']]],
    ['with a dot in the name', [['trace.state', 'foo=1']]],
    ['with a space in a key', states('foo =1,bar=2')],
    ['with capitals in a key', states('FOO=1,bar=2')],
    ['with a dot in a key', states('foo.bar=1,bar=2')],
    ['with a key that begins with an @', states('@foo=1,bar=2')],
    ['with a key of 257 characters', states('foo=1', `${'z'.repeat(257)}=1`)],
    ['with 33 entries', states(...tens, 'bar31=31,bar32=32,bar33=33')],
    ['with an equals sign in a value', states('foo=bar=baz')],
    ['with an empty value', states('foo=,bar=3')]
  ])('drops a tracestate, and goes on with the trace: %s', async (_case, headers) => {
    const found = await call(valid, ...headers)
    expect(found.traceId).toBe(trace)
    expect(found.tracestate).toBe('')
  })
})
