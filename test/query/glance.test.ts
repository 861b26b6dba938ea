import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReader } from '../../src/query/reader.ts'
import { createStore } from '../../src/store/store.ts'
import type { Glance, TraceStore } from '../../src/store/types.ts'
import { mergeSummary } from '../../src/trace/summary.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { record, recordOf, silentReport, spanOf, tracesOf, traceIdOf } from '../store/arbitrary.ts'
import { openTracing } from './open.ts'

const open = () => createStore({ memory: 2 ** 20, report: silentReport() })

/** The same store with nothing but whole traces: each is decoded and matched. */
function decodeAll(store: TraceStore): TraceStore {
  return {
    ...store,
    newest: store.newest,
    oldest: store.oldest,
    traces: (before) => tracesOf(store, before),
    entries: (id) => store.entries(id),
    records: (id) => store.records(id),
    recordsInParts: (id) => store.recordsInParts(id),
    has: (id) => store.has(id),
    lacks: () => false
  } as TraceStore
}

async function found(store: TraceStore, query: string): Promise<unknown> {
  const { open: traces } = openTracing(store)
  const reader = createReader({
    store,
    open: traces,
    routes: { figures: () => [] },
    now: () => 0
  })
  const list = await reader.list({ query, limit: 500 })
  traces.close()
  return { ids: list.traces.map(({ traceId }) => traceId), searched: list.searched }
}

// What spans are made of here, so that queries often find something.
const keys = ['a', 'A', 'url.path', 'http.route', 'server.port', 'service.name', 'error.kind']
const texts = ['GET', '/orders/:id', '/orders/77', '/orders/x-9', 'shop', 'Ünicode', '10.1.2.3', '']
const value = fc.oneof(
  fc.constantFrom(...texts),
  fc.constantFrom('x'.repeat(70), 'one-off'),
  fc.constantFrom(0, -1, 3.5, 80, 443, 70_000, 2 ** 40, Number.NaN),
  fc.boolean(),
  fc.array(fc.constantFrom(...texts), { maxLength: 3 }),
  fc.array(fc.constantFrom(1, 80, 443), { maxLength: 3 })
)
// Paths that are written by their routes, from the second time on.
const request = fc
  .tuple(fc.constantFrom('77', 'x-9', 'a'.repeat(20)), fc.constantFrom('1', '2'), fc.boolean())
  .map(([id, item, reverse]) => {
    const pairs = [
      ['http.request.method', 'GET'],
      ['server.port', 443],
      ['url.path', `/orders/${id}/items/${item}`],
      ['http.route', '/orders/:id/items/:item']
    ]
    return (reverse ? pairs.reverse() : pairs).flat()
  })
const mixed = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...keys, 'http.request.method'), value), {
    maxLength: 6,
    selector: ([key]) => key
  })
  .map((pairs) => pairs.flat())
const attributes = fc.oneof(mixed, request)

const event = fc.record({ name: fc.constantFrom('exception', 'retry'), attributes })
const oneSpan = fc.record({
  name: fc.constantFrom(...texts, 'GET /orders/:id'),
  status: fc.constantFrom(0 as const, 2 as const),
  statusMessage: fc.constantFrom('', '', 'timed out'),
  duration: fc.constantFrom(1e6, 5e9, 7),
  scope: fc.record({ name: fc.constantFrom(...texts), version: fc.constant('1') }),
  attributes,
  events: fc.array(event, { maxLength: 2 }),
  links: fc.array(fc.constantFrom('0'.repeat(16), 'odd'), { maxLength: 2 }),
  logs: fc.array(
    fc.record({
      body: fc.constantFrom('said GET', 'nothing', ''),
      severity: fc.constantFrom('trace' as const, 'info' as const, 'error' as const),
      attributes
    }),
    { maxLength: 2 }
  ),
  spanId: fc.constantFrom(undefined, 'not hex'),
  flags: fc.constantFrom(1, 255)
})
const trace = fc.record({
  number: fc.integer({ min: 1, max: 9 }),
  keep: fc.constantFrom('' as const, '' as const, 'error' as const),
  source: fc.constantFrom('local' as const, 'ingest' as const),
  service: fc.constantFrom('shop', 'stock', 'GET'),
  resource: attributes,
  spans: fc.array(oneSpan, { minLength: 1, maxLength: 4 })
})

type Seed = typeof trace extends fc.Arbitrary<infer T> ? T : never

function recordFrom({ number, source, service, resource, spans }: Seed) {
  const root = spanOf(0).spanId
  return recordOf(number, {
    source,
    resource: { service, attributes: resource as string[] },
    spans: spans.map(({ events, links, logs, attributes: own, spanId, ...rest }, i) => ({
      ...spanOf(number),
      ...rest,
      ...(i === 0 ? { spanId: root } : { parentId: (spanId ?? root) as typeof root }),
      attributes: own as string[],
      events: events.map((one) => ({ ...one, time: 1, attributes: one.attributes as string[] })),
      links: links.map((spanId) => ({
        traceId: traceIdOf(1),
        spanId: spanId as typeof root,
        traceState: '',
        attributes: own as string[]
      })),
      logs: logs.map((log) => ({ ...log, time: 2, attributes: log.attributes as string[] }))
    }))
  })
}

const word = fc.constantFrom(...texts.filter((text) => text !== ''), 'orders', '77', 'one-', 'true')
const path = fc.constantFrom(
  '/orders/77/items/1',
  '77/items',
  'items/2',
  '/orders/x-9',
  '"get /orders"'
)
const operator = fc.constantFrom(':', '=', '!=')
const number = fc.constantFrom('>=80', '<80', '1..443', '80', ':70000', '3.5')
const term = fc.oneof(
  fc
    .tuple(fc.constantFrom(...keys), operator, word)
    .map(([key, op, text]) => `@${key}${op}${text}`),
  fc.tuple(fc.constantFrom(...keys), number).map(([key, text]) => `@${key}:${text}`),
  fc.constantFrom(...keys).map((key) => `@${key}`),
  path,
  path.map((text) => `@url.path:${text}`),
  word,
  fc.constantFrom('0000', '00000000000000000000000000000003'),
  fc.constantFrom(spanOf(0).spanId, spanOf(3).spanId.toUpperCase(), `id:${spanOf(4).spanId}`),
  fc.constantFrom(`id:${spanOf(2).spanId},${spanOf(5).spanId}`, `id!=${spanOf(0).spanId}`),
  fc.tuple(fc.constantFrom(':', '=', '!='), word).map(([op, text]) => `log${op}${text}`),
  fc.constantFrom('log:443', 'log:said*', 'log:"said get",one-off', 'log:items/1'),
  fc.constantFrom('level:error', 'level:>=info', 'level<info,fatal', 'level!=info', 'level:debug'),
  fc.constantFrom('has:log', 'has:exception', 'has:error,exception', 'is:error', 'is:kept'),
  fc.constantFrom('status:200', 'dur:>1s', 'method:GET', 'route:orders', 'name:GET', 'svc:shop'),
  fc.constantFrom('spans:>1', 'errors:>0', 'db:redis', 'is:incomplete', 'id:00', 'svc!=stock')
)
const query = fc
  .array(fc.tuple(fc.boolean(), term), { minLength: 1, maxLength: 3 })
  .map((terms) => terms.map(([not, text]) => (not ? `-${text}` : text)).join(' '))

const lines: Summary[] = []

function lineOf(glance: Glance): Summary {
  const { traceId, seq, name, service, services, start, duration, status, httpStatus } = glance
  const { method, route, spans, errors, db, inFlight, incomplete, kept, noise } = glance
  const figures = { start, duration, status, httpStatus, spans, errors, db, incomplete }
  const texts = { traceId, name, service, services, method, route, kept, noise }
  return { seq, inFlight, ...figures, ...texts }
}

describe('a search that glances at records', () => {
  it('finds what a search finds that decodes everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(trace, { minLength: 1, maxLength: 12 }),
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (seeds, queries) => {
          const store = open()
          for (const seed of seeds) store.add(recordFrom(seed), seed.keep)
          for (const text of queries)
            expect(await found(store, text), text).toEqual(await found(decodeAll(store), text))
        }
      ),
      { numRuns: 120 }
    )
  })

  it('does so for records of any kind, and any of their own texts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(record, { minLength: 1, maxLength: 6, selector: (one) => one.traceId }),
        fc.nat(),
        fc.nat(),
        async (records, which, place) => {
          const store = open()
          for (const one of records) store.add(one, '')
          const span = records[which % records.length]?.spans[0]
          const at = span === undefined ? 0 : (place % (span.attributes.length / 2 || 1)) * 2
          const key = String(span?.attributes[at] ?? 'none').replaceAll(/[\s":=<>!,]/g, '')
          const text = JSON.stringify(String(span?.attributes[at + 1] ?? 'none')).slice(0, 300)
          for (const one of [`@${key}=${text}`, `-@${key}:${text}`, `@${key}`, text, `-${text}`])
            expect(await found(store, one), one).toEqual(await found(decodeAll(store), one))
        }
      ),
      { numRuns: 60 }
    )
  })

  it('tells the same line of a trace as the list', () => {
    fc.assert(
      fc.property(fc.array(trace, { minLength: 1, maxLength: 9 }), (seeds) => {
        const store = open()
        for (const seed of seeds) store.add(recordFrom(seed), seed.keep)
        const glanced = [...store.traces(undefined, (glance) => lines.push(lineOf(glance)) === 0)]
        const alone = tracesOf(store).filter(({ entries }) => entries.length === 1)
        expect(lines.splice(0)).toEqual(
          alone.map(({ traceId, entries }) => mergeSummary(traceId, entries, false))
        )
        expect(glanced.every((one) => one === undefined || one.entries.length > 1)).toBe(true)
      })
    )
  })

  it('does not take the texts of one segment for those of another', async () => {
    const store = open()
    // Each name comes often, so that it has an id, and another one in each segment.
    for (let i = 0; store.oldest === 1; i++) {
      const name = `name ${Math.floor(i / 300) % 7}`
      store.add(recordOf(i, { span: { attributes: ['step', name, 'body', 'x'.repeat(90)] } }), '')
    }
    for (let i = 0; i < 7; i++) {
      const names = found(store, `@step="name ${i}"`)
      expect(await names).toEqual(await found(decodeAll(store), `@step="name ${i}"`))
    }
  })

  it('finds what is only in the kept ring, and what is in both', async () => {
    const store = open()
    const failed = (number: number) =>
      recordOf(number, { span: { attributes: ['order', `ref-${number}`, 'n', number] } })
    store.add(failed(1), 'error')
    store.add(failed(2), 'error')
    store.add(recordOf(2, { span: { parentId: spanOf(9).spanId } }), '')
    const body = 'x'.repeat(900)
    for (let i = 100; store.oldest <= 3; i++)
      store.add(recordOf(i, { span: { attributes: ['body', body + i] } }), '')
    store.add(recordOf(1, { span: { attributes: ['late', 'yes'] } }), '')
    for (const text of [
      '@order=ref-1',
      '@n:1..2',
      '-@body',
      '@late @order',
      'is:kept',
      '-is:kept @n'
    ])
      expect(await found(store, text), text).toEqual(await found(decodeAll(store), text))
    expect(await found(store, '@n:1..2')).toMatchObject({ ids: [traceIdOf(2), traceIdOf(1)] })
  })

  it('decodes nothing of what it passes over', async () => {
    const store = open()
    for (let i = 1; i <= 300; i++) store.add(recordOf(i, { span: { attributes: ['n', i] } }), '')
    let decoded = 0
    const records = store.recordsInParts.bind(store)
    store.recordsInParts = (id) => {
      decoded++
      return records(id)
    }
    expect(await found(store, '@n:77')).toMatchObject({ searched: { traces: 300, complete: true } })
    expect(decoded).toBe(1)
  })

  it('sees what is in flight of a stored trace', async () => {
    const store = open()
    const { open: traces, start } = openTracing(store)
    const root = start('GET /')
    const late = start('mail', root)
    root.end()
    late.setAttribute('to', 'ann')
    const routes = { figures: () => [] }
    const reader = createReader({ store, open: traces, routes, now: () => 0 })
    expect((await reader.list({ query: '@to:ann', limit: 9 })).traces).toHaveLength(1)
    late.end()
    traces.close()
  })
})
