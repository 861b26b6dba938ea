import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '../../../src/base/attributes.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { decodeChrome } from '../../../src/interop/chrome/decode.ts'
import { chromeParts } from '../../../src/interop/chrome/encode.ts'
import type { Received } from '../../../src/trace/received.ts'
import { epochMs, record as recordOf, request, span, spanId } from '../../query/fixtures.ts'
import { bytes, decodeSetup, normal, record } from '../otlp/setup.ts'

function decoded(body: unknown, setup = decodeSetup()): Received | { error: string } {
  const work = decodeChrome(Buffer.isBuffer(body) ? body : bytes(body), setup)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}
const read = (body: unknown): readonly TraceRecord[] => {
  const result = decoded(body) as Received
  expect(result).toMatchObject({ rejected: 0, message: '' })
  return result.records
}
const encoded = (records: Iterable<TraceRecord>): string => [...chromeParts(records)].join('')

interface TraceEvent {
  name: string
  ph: string
  ts: number
  dur: number
  pid: number
  tid: number
  id: number
  args: { span_id: string; parent_id?: string; name: string }
}
const events = (records: Iterable<TraceRecord>): TraceEvent[] =>
  (JSON.parse(encoded(records)) as { traceEvents: TraceEvent[] }).traceEvents

/** Attributes as JSON keeps them: keys in an order of its own, and no number that is none. */
function inJson(attributes: ReadonlyAttributes): ReadonlyAttributes {
  const strange = (item: unknown): boolean => typeof item === 'number' && !Number.isFinite(item)
  const valueOf = (value: AttributeValue): AttributeValue => {
    if (Array.isArray(value) && value.some(strange)) return value.map(String)
    if (strange(value)) return String(value)
    return JSON.parse(JSON.stringify(value)) as AttributeValue
  }
  const pairs: [string, AttributeValue][] = []
  for (let i = 0; i < attributes.length; i += 2)
    pairs.push([attributes[i] as string, valueOf(attributes[i + 1])])
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1)).flat() as ReadonlyAttributes
}

function inFile(one: TraceRecord): TraceRecord {
  const moments = <T extends { time: number; attributes: ReadonlyAttributes }>(
    items: readonly T[]
  ) =>
    items
      .map((item) => ({ ...item, attributes: inJson(item.attributes) }))
      .sort((a, b) => a.time - b.time)
  const spans = one.spans.map((span): SpanData => ({
    ...span,
    attributes: inJson(span.attributes),
    events: moments(span.events),
    logs: moments(span.logs),
    links: span.links.map((link) => ({ ...link, attributes: inJson(link.attributes) }))
  }))
  const resource = { ...one.resource, attributes: inJson(one.resource.attributes) }
  return normal({ ...one, resource, spans, droppedSpans: 0 })
}

describe('a file of trace events', () => {
  it('gives back what was recorded', () => {
    fc.assert(
      fc.property(record, (given) => {
        expect(read(encoded([given])).map((one) => inFile(normal(one)))).toEqual([inFile(given)])
      }),
      { numRuns: 150 }
    )
  })

  it('keeps traces apart that are in one file, the newest first', () => {
    const distinct = fc.uniqueArray(record, {
      minLength: 2,
      maxLength: 4,
      selector: (one) => one.traceId
    })
    fc.assert(
      fc.property(distinct, (given) => {
        const near = given.map((one, i) => ({ ...one, epochMs: epochMs - i * 60_000 }))
        const file = [...chromeParts(near, { ids: near })].join('')
        const { traceEvents } = JSON.parse(file) as { traceEvents: TraceEvent[] }
        expect(
          Math.min(...traceEvents.flatMap(({ ph, ts }) => (ph === 'M' ? [] : [ts])))
        ).toBeGreaterThanOrEqual(0)
        const processes = traceEvents.filter(
          ({ name, ph }) => name === 'process_name' && ph === 'M'
        )
        expect(new Set(processes.map(({ pid }) => pid)).size).toBe(given.length)
        expect(read(file).map((one) => inFile(normal(one)))).toEqual(near.map(inFile))
      }),
      { numRuns: 30 }
    )
  })

  it('is one without events where nothing is in memory', () => {
    expect(JSON.parse(encoded([]))).toEqual({ traceEvents: [], displayTimeUnit: 'ms' })
  })

  it('draws in one lane only what lies within each other or apart, below what it was called by', () => {
    const tree = fc.array(
      fc.record({ parent: fc.nat(9), start: fc.nat(20), duration: fc.nat(20), far: fc.boolean() }),
      { minLength: 1, maxLength: 30 }
    )
    fc.assert(
      fc.property(tree, (seeds) => {
        const spans = seeds.map(({ parent, start, duration }, i) =>
          span({
            id: i + 1,
            parent: i === 0 ? undefined : (parent % i) + 1,
            start: start * 1000,
            duration: duration * 1000
          })
        )
        const of = (far: boolean): SpanData[] => spans.filter((_one, i) => seeds[i].far === far)
        const records = [
          recordOf(of(false), { service: 'near' }),
          recordOf(of(true), { service: 'far' })
        ].filter((one) => one.spans.length > 0)
        const drawn = events(records).filter(({ ph }) => ph === 'X')
        expect(drawn).toHaveLength(seeds.length)
        const parents = new Map(drawn.map(({ args }) => [args.span_id, args.parent_id]))
        const isAbove = (above: string, id: string): boolean => {
          for (let at = parents.get(id); at !== undefined; at = parents.get(at))
            if (at === above) return true
          return false
        }
        for (const a of drawn) {
          for (const b of drawn) {
            const apart = a.ts + a.dur <= b.ts || b.ts + b.dur <= a.ts
            if (a === b || a.pid !== b.pid || a.tid !== b.tid || apart) continue
            const [outer, inner] = isAbove(a.args.span_id, b.args.span_id) ? [a, b] : [b, a]
            expect(isAbove(outer.args.span_id, inner.args.span_id)).toBe(true)
            expect(outer.ts).toBeLessThanOrEqual(inner.ts)
            expect(outer.ts + outer.dur).toBeGreaterThanOrEqual(inner.ts + inner.dur)
          }
        }
      }),
      { numRuns: 200 }
    )
  })

  it('names services and lanes, and points from a call to what it called', () => {
    const children = [
      span({ id: 2, parent: 1000, start: 1e6, duration: 4e6 }),
      span({ id: 3, parent: 1000, start: 2e6, duration: 4e6 })
    ]
    const served = span({ id: 5, parent: 2, parentRemote: true, kind: 1, start: 2e6 })
    const all = events([
      request({ trace: 1, children }),
      recordOf([served], { service: 'storage', epochMs: epochMs + 1 })
    ])
    const names = all.filter(({ name }) => name === 'process_name')
    expect(names.map(({ pid, args }) => [pid, args.name])).toEqual([
      [1, 'api'],
      [2, 'storage']
    ])
    const drawn = new Map(all.filter(({ ph }) => ph === 'X').map((one) => [one.args.span_id, one]))
    const place = (id: number): number[] => {
      const { pid, tid, ts } = drawn.get(spanId(id)) as TraceEvent
      return [pid, tid, ts]
    }
    expect([place(1000), place(2), place(3), place(5)]).toEqual([
      [1, 1, 0],
      [1, 1, 1000],
      [1, 2, 2000],
      [2, 1, 3000]
    ])
    const arrows = all.filter(({ ph }) => ph === 's' || ph === 'f')
    expect(arrows.map(({ ph, id, pid, tid, ts }) => [ph, id, pid, tid, ts])).toEqual([
      ['s', 2 ** 21 + 2, 1, 1, 3000],
      ['f', 2 ** 21 + 2, 2, 1, 3000]
    ])
    expect(all.filter(({ name }) => name === 'thread_name')).toHaveLength(3)
  })
})

describe('trace events of other programs', () => {
  const x = (name: string, ts: number, dur: number, rest: object = {}): object => ({
    ph: 'X',
    name,
    ts,
    dur,
    pid: 7,
    tid: 1,
    cat: 'v8',
    ...rest
  })
  const outline = (records: readonly TraceRecord[]): string[] =>
    records.flatMap(({ spans }) => {
      const names = new Map(spans.map((one) => [one.spanId, one.name]))
      return spans.map(({ name, parentId }) => `${name} < ${names.get(parentId as never) ?? ''}`)
    })

  it('become spans that lie in each other, of one trace, the same each time', () => {
    const file = [
      { ph: 'M', name: 'process_name', pid: 7, args: { name: 'bundler' } },
      { ph: 'M', name: 'thread_name', pid: 7, tid: 1, args: { name: 'main' } },
      x('inner', 10, 5),
      x('build', 0, 100, { args: { files: 3, data: { url: 'u', deep: { er: true } } } }),
      x('other thread', 10, 5, { tid: 2 }),
      x('same begin', 0, 50)
    ]
    const records = read(file)
    expect(outline(records).sort()).toEqual([
      'build < ',
      'inner < same begin',
      'other thread < ',
      'same begin < build'
    ])
    const [one] = records
    expect(one.resource).toEqual({ service: 'bundler', attributes: ['process.pid', 7] })
    const build = one.spans.find(({ name }) => name === 'build') as SpanData
    expect(build).toMatchObject({ duration: 100_000, scope: { name: 'v8', version: '' }, kind: 0 })
    expect(build.attributes).toEqual([
      'files',
      3,
      'data.url',
      'u',
      'data.deep.er',
      true,
      'thread.name',
      'main'
    ])
    const again = read(file)
    expect(again[0].traceId).toBe(one.traceId)
    expect(again[0].spans.map((each) => each.spanId)).toEqual(one.spans.map((each) => each.spanId))
    const wall = one.epochMs + 100 / 1000
    expect(Math.abs(Date.now() - wall)).toBeLessThan(60_000)
  })

  it('become spans from their begin and end, of threads and of asynchronous work', () => {
    const at = (ph: string, name: string, ts: number, rest: object = {}): object => ({
      ph,
      name,
      ts,
      pid: 1,
      tid: 1,
      ...rest
    })
    const records = read({
      traceEvents: [
        at('B', 'outer', 0, { args: { a: 1 } }),
        at('B', 'inner', 1),
        at('i', 'tick', 2, { args: { n: 1 } }),
        at('E', 'inner', 3),
        at('E', 'outer', 9, { args: { b: 2 } }),
        at('E', 'nothing', 10),
        at('b', 'fetch', 1, { id: '0x1', cat: 'net' }),
        at('b', 'dns', 2, { id: '0x1', cat: 'net' }),
        at('e', 'dns', 4, { id: '0x1', cat: 'net' }),
        at('n', 'answer', 3, { id: '0x1', cat: 'net' }),
        at('b', 'endless', 5, { id2: { local: 7 } }),
        at('C', 'counter', 6),
        at('e', 'fetch', 20, { id: '0x1', cat: 'net' })
      ],
      metadata: { anything: [1, 2] }
    })
    expect(outline(records).sort()).toEqual([
      'dns < fetch',
      'endless < ',
      'fetch < ',
      'inner < outer',
      'outer < '
    ])
    const spans = new Map(records[0].spans.map((one) => [one.name, one]))
    expect(spans.get('outer')?.attributes).toEqual(['a', 1, 'b', 2])
    expect(spans.get('inner')?.events).toMatchObject([{ name: 'tick', attributes: ['n', 1] }])
    expect(spans.get('fetch')?.events).toMatchObject([{ name: 'answer' }])
    expect(spans.get('endless')?.duration).toBe(15_000)
    expect(spans.get('fetch')?.duration).toBe(19_000)
  })

  it('keep times of day, and are refused where they have none', () => {
    const [one] = read([x('now', 1_700_000_000_000_000.5, 1)])
    expect([one.epochMs, one.spans[0].start]).toEqual([1_700_000_000_000, 500])
    const setup = decodeSetup()
    const broken = [x('a', Number.NaN, 1), x('b', 1, 1, { ts: 'x' }), x('c', 1, 1)]
    expect(decoded(broken, setup)).toMatchObject({
      spans: 1,
      rejected: 2,
      message: '2 without a valid ts, or nested too deep'
    })
    expect(setup.report.drops.get('ingest invalid')).toBe(2)
    const many = Array.from({ length: 5002 }, (_, i) => x(`s${i}`, i, 0, { pid: i % 3 }))
    expect(decoded(many)).toMatchObject({ rejected: 2 })
  })

  it('refuses what is no file of trace events, with the reason', () => {
    for (const body of ['', '{', '7', '{}', '{"traceEvents":{}}', '{"data":[]}', '[{'])
      expect(decoded(body)).toHaveProperty('error')
    expect(decoded(`[${'{},'.repeat(70_000)}{}]`)).toHaveProperty('error')
    expect(decoded('[]')).toMatchObject({ spans: 0, records: [] })
  })

  it('of any shape give spans or a reason', () => {
    const json = fc.jsonValue({ maxDepth: 1 })
    const names = ['ph', 'name', 'ts', 'dur', 'pid', 'tid', 'id', 'cat', 'args', 'trace_id']
    const phase = fc.constantFrom('X', 'B', 'E', 'b', 'e', 'n', 'i', 'M', 's')
    const event = fc
      .tuple(fc.dictionary(fc.constantFrom(...names), json), phase, fc.integer())
      .map(([fields, ph, ts]) => ({ ts, ph, ...fields }))
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (traceEvents) => {
        const result = decoded({ traceEvents })
        expect('error' in result || Array.isArray(result.records)).toBe(true)
      }),
      { numRuns: 100 }
    )
    const body = bytes(encoded(fc.sample(record, { seed: 3, numRuns: 2 }).slice(0, 1)))
    const change = fc.tuple(fc.nat(body.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const broken = Buffer.from(body)
        for (const [at, byte] of changes) broken[at] = byte
        const result = decoded(broken)
        expect('error' in result || Array.isArray(result.records)).toBe(true)
      }),
      { numRuns: 200 }
    )
  })
})
