import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TraceId } from '../../../src/base/ids.ts'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { UnfinishedSegments } from '../../../src/interop/xray/unfinished.ts'
import { createReader } from '../../../src/query/reader.ts'
import { createStore } from '../../../src/store/store.ts'
import { spanFlag } from '../../../src/wire/trace.ts'
import { bodyOf, least, named, plainTraceId, receive, xraySetup } from './setup.ts'

const id = (digit: string): string => digit.repeat(16)
const trace = plainTraceId as TraceId

/** A segment that has begun. */
const begun = { ...least, end_time: undefined, in_progress: true }
const sub = (digit: string, parent: string, rest: object = {}): object => ({
  ...least,
  id: id(digit),
  type: 'subsegment',
  parent_id: id(parent),
  name: `step ${digit}`,
  ...rest
})

/** What a hub makes of documents: stored, in flight, and read. */
function hub() {
  const setup = xraySetup()
  const store = createStore({ memory: 8 * 2 ** 20, report: setup.report })
  let now = 0
  let changes = 0
  const keep = (record: TraceRecord): void => void store.add(record, '')
  const segments = new UnfinishedSegments({
    ...setup,
    keep,
    stored: (traceId) => store.recordsInParts(traceId),
    onChange: () => changes++,
    now: () => now
  })
  const open = { get: () => undefined, ids: () => [], inFlight: () => [], size: 0 }
  const routes = { figures: () => [] }
  const reader = createReader({ store, open, elsewhere: segments, routes, now: () => now })
  return {
    reader,
    segments,
    store,
    report: setup.report,
    get changes() {
      return changes
    },
    wait: (ms: number) => (now += ms),
    send(...documents: object[]) {
      const read = receive(segments, bodyOf(documents), setup)
      if ('error' in read) throw new Error(read.error)
      read.records.forEach(keep)
      return read
    },
    /** Every span of the trace as it is read: service and name, and `...` after what is open. */
    get spans(): string[] {
      return [...reader.records(trace)]
        .flatMap(({ resource, spans }) =>
          spans.map(({ name, open }) => `${resource.service}: ${name}${open ? '...' : ''}`)
        )
        .sort()
    }
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe('a segment in progress', () => {
  it('is in flight, open, and as long as it has been going on', async () => {
    const own = hub()
    const start = Date.now() / 1000 - 5
    expect(own.send({ ...begun, start_time: start })).toMatchObject({ spans: 1, records: [] })
    expect(own.changes).toBe(1)
    expect(own.reader.inFlight(10)).toMatchObject({ rows: [{ traceId: trace, inFlight: true }] })
    const list = await own.reader.list({ query: 'is:live service:shop', limit: 10 })
    expect(list.traces).toMatchObject([{ traceId: trace, spans: 1, inFlight: true }])
    const columns = await own.reader.columns(trace)
    expect((columns?.spans.flags[0] ?? 0) & spanFlag.open).not.toBe(0)
    const detail = await own.reader.span(trace, id('a'))
    expect(detail).toMatchObject({ open: true, service: 'shop' })
    expect(detail?.duration).toBeGreaterThanOrEqual(5000)
    expect(detail?.duration).toBeLessThan(60_000)
  })

  it('is replaced by its ended document, and counted once', async () => {
    const own = hub()
    own.send({
      ...begun,
      subsegments: [sub('b', 'a'), sub('c', 'a', { end_time: undefined, in_progress: true })]
    })
    expect(own.spans).toEqual(['shop: shop...', 'shop: step b', 'shop: step c...'])
    own.send({ ...least, subsegments: [sub('b', 'a'), sub('c', 'a')] })
    expect(own.spans).toEqual(['shop: shop', 'shop: step b', 'shop: step c'])
    expect(own.reader.summary(trace)).toMatchObject({ spans: 3, inFlight: false })
    expect([...own.segments.ids()]).toEqual([])
  })

  it.each<[string, object[][]]>([
    ['with it', [[begun, least]]],
    ['before it, in one body', [[least, begun]]],
    ['before it', [[least], [begun]]],
    ['twice', [[begun], [begun], [least]]]
  ])('is the ended one where that comes %s', (_how, bodies) => {
    const own = hub()
    for (const body of bodies) own.send(...body)
    expect(own.spans).toEqual(['shop: shop'])
    expect(own.reader.summary(trace)).toMatchObject({ spans: 1, inFlight: false })
  })

  it('stays open where its end never comes, until everything is cleared', async () => {
    const own = hub()
    own.send(begun)
    own.wait(10 * 60_000)
    await vi.advanceTimersByTimeAsync(10 * 60_000)
    expect(own.spans).toEqual(['shop: shop...'])
    own.segments.clear()
    expect(own.spans).toEqual([])
  })

  it('may be a subsegment within a segment that has ended', () => {
    const own = hub()
    own.send({ ...least, subsegments: [sub('b', 'a', { ...begun, id: id('b'), name: 'slow' })] })
    expect(own.spans).toEqual(['shop: shop', 'shop: slow...'])
    own.send(sub('b', 'a', { name: 'slow' }))
    expect(own.spans).toEqual(['shop: shop', 'shop: slow'])
  })

  it('has no secret', () => {
    const own = hub()
    own.send({ ...begun, http: { request: { method: 'GET', url: 'https://h/?token=hunter2' } } })
    const [record] = [...own.reader.records(trace)]
    expect(named(record?.spans[0]?.attributes ?? [])).toMatchObject({ 'url.path': '/' })
    expect(JSON.stringify(record)).not.toContain('hunter2')
  })
})

describe('a subsegment that is sent alone', () => {
  it.each<[string, object[][]]>([
    ['ahead of it', [[sub('b', 'a')], [least]]],
    ['after it', [[least], [sub('b', 'a')]]],
    ['with it', [[sub('b', 'a'), least]]],
    ['while it is in progress', [[begun], [sub('b', 'a')], [least]]],
    [
      'as begun and as ended',
      [[sub('b', 'a', { ...begun, id: id('b'), name: 'step b' })], [sub('b', 'a')], [least]]
    ]
  ])('is its segment’s, %s', (_when, bodies) => {
    const own = hub()
    for (const body of bodies) own.send(...body)
    expect(own.spans).toEqual(['shop: shop', 'shop: step b'])
    expect(own.reader.summary(trace)).toMatchObject({
      services: ['shop'],
      spans: 2,
      inFlight: false
    })
  })

  it('is kept at once where its segment is in progress', () => {
    const own = hub()
    own.send(begun)
    expect(own.send(sub('b', 'a')).records).toHaveLength(1)
    expect(own.spans).toEqual(['shop: shop...', 'shop: step b'])
  })

  it('is of the segment that it hangs on, of several in the trace, by whatever is between', () => {
    const own = hub()
    own.send(sub('d', 'c'), sub('c', 'b'), sub('f', 'e'))
    own.send({ ...least, id: id('e'), name: 'stock', parent_id: id('d') })
    expect(own.spans).toEqual([
      'stock: step f',
      'stock: stock',
      'unknown_service: step c',
      'unknown_service: step d'
    ])
    own.send({ ...least, subsegments: [sub('b', 'a')] })
    expect(own.spans).toEqual([
      'shop: shop',
      'shop: step b',
      'shop: step c',
      'shop: step d',
      'stock: step f',
      'stock: stock'
    ])
  })

  it('is shown while it waits, and kept without a service after a minute', async () => {
    const own = hub()
    own.send(sub('b', 'a'), sub('c', 'b'))
    expect(own.spans).toEqual(['unknown_service: step b', 'unknown_service: step c'])
    expect(own.reader.summary(trace)).toMatchObject({ inFlight: true, incomplete: true })
    own.wait(59_000)
    await vi.advanceTimersByTimeAsync(59_000)
    expect(own.store.has(trace)).toBe(false)
    own.wait(7000)
    await vi.advanceTimersByTimeAsync(7000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(own.store.entries(trace)).toHaveLength(1))
    expect(own.spans).toEqual(['unknown_service: step b', 'unknown_service: step c'])
    expect(own.reader.summary(trace)).toMatchObject({ inFlight: false, spans: 2 })
  })

  it('is shown once where it came within a segment in progress, too', () => {
    const own = hub()
    own.send({ ...begun, subsegments: [sub('b', 'a')] })
    own.send(sub('b', 'a'))
    expect(own.spans).toEqual(['shop: shop...', 'shop: step b'])
    own.send({ ...begun, subsegments: [sub('b', 'a')] })
    expect(own.spans).toEqual(['shop: shop...', 'shop: step b'])
  })
})

it('what waits is bounded, and the first traces give way', async () => {
  vi.useRealTimers()
  const own = hub()
  const of = (i: number): object => ({ trace_id: `1-5759e988-${String(i).padStart(24, '0')}` })
  const metadata = { text: Array.from({ length: 60 }, () => 'x'.repeat(1000)) }
  for (let i = 1; i <= 100; i++)
    own.send({ ...begun, ...of(i), metadata }, sub('b', '9', { ...of(i), name: 'alone' }))
  const left = [...own.segments.ids()]
  expect(left.length).toBeGreaterThan(60)
  expect(left.length).toBeLessThan(70)
  expect(own.report.drops.get('segment in progress given up')).toBe(100 - left.length)
  // What had ended is kept, whose it may be.
  await vi.waitFor(() =>
    expect([...own.store.traces()].filter((one) => one !== undefined)).toHaveLength(
      100 - left.length
    )
  )
})

it('whatever the order, each span is there once and with its service', () => {
  const ids = ['b', 'c', 'd', 'e', 'f']
  const tree = fc.tuple(...ids.map((_, i) => fc.nat(i)))
  fc.assert(
    fc.property(tree, fc.infiniteStream(fc.nat()), fc.array(fc.boolean()), (parents, at, cuts) => {
      const documents: object[] = [begun, least]
      for (const [i, one] of ids.entries()) {
        const whole = sub(one, ['a', ...ids][parents[i] as number] as string)
        documents.push(whole, { ...whole, end_time: undefined, in_progress: true })
      }
      const bodies: object[][] = [[]]
      for (let left = documents; left.length > 0;) {
        const taken = (at.next().value as number) % left.length
        bodies.at(-1)?.push(left[taken] as object)
        left = left.toSpliced(taken, 1)
        if (cuts[left.length]) bodies.push([])
      }
      const own = hub()
      for (const body of bodies) if (body.length > 0) own.send(...body)
      expect(own.spans).toEqual(['shop: shop', ...ids.map((one) => `shop: step ${one}`)])
      expect(own.reader.summary(trace)).toMatchObject({ spans: 6, inFlight: false })
    }),
    { numRuns: 200 }
  )
})
