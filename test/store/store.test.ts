import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import { createReport } from '../../src/base/report.ts'
import type { SpanId, TraceId } from '../../src/base/ids.ts'
import { createStore } from '../../src/store/store.ts'
import type { StoredTrace, TraceStore } from '../../src/store/types.ts'
import { recordOf, silentReport, spanOf, traceIdOf, tracesOf } from './arbitrary.ts'

const open = (memory = 2 ** 20) => createStore({ memory, report: silentReport() })
const firsts = (traces: Iterable<StoredTrace>) => [...traces].map((trace) => trace.first)
const noise = (length: number) => randomBytes(length / 2).toString('hex')

// So many that nothing of before is left in the recent ring of the smallest store.
function flood(store: TraceStore): void {
  const from = store.newest
  for (let i = 1; store.oldest <= from; i++)
    store.add(recordOf(1e6 + from + i, { span: { attributes: ['body', noise(2000)] } }), '')
}

describe('a store', () => {
  it.each([2 ** 20 - 1, NaN, Infinity, '32MB' as never, null as never])(
    'does not open with a memory of %s',
    (memory) => {
      expect(() => open(memory)).toThrow(/^memory must be at least 1048576 bytes/)
    }
  )

  it('is empty at first', () => {
    const store = open()
    expect([store.newest, store.oldest]).toEqual([0, 1])
    expect([...store.traces(), ...store.changedSince(0)]).toEqual([])
    expect(store.stats.recent).toMatchObject({
      bytes: 0,
      spans: 0,
      records: 0,
      evictedSpans: 0,
      oldestMs: 0
    })
    expect(store.has(traceIdOf(1))).toBe(false)
    expect(store.pin(traceIdOf(1))).toBe(false)
  })

  it('numbers records from one on', () => {
    const store = open()
    expect([1, 2, 1].map((id) => store.add(recordOf(id), ''))).toEqual([1, 2, 3])
    expect(firsts(tracesOf(store))).toEqual([2, 1])
    expect(tracesOf(store)[1]).toMatchObject({ traceId: traceIdOf(1), first: 1, last: 3 })
    expect(store.stats.recent.oldestMs).toBe(1_750_000_000_001)
  })

  it('has nothing to say about what is no trace id', () => {
    const store = open()
    store.add(recordOf(1), '')
    for (const odd of [
      '',
      'x',
      traceIdOf(1).toUpperCase() + 'A',
      '0'.repeat(31),
      undefined,
      7,
      {}
    ] as never[]) {
      expect([store.has(odd), store.pin(odd), store.entries(odd), store.records(odd)]).toEqual([
        false,
        false,
        [],
        []
      ])
      expect(store.add({ ...recordOf(1), traceId: odd }, '')).toBe(0)
    }
    expect(store.add({ ...recordOf(1), spans: [] }, '')).toBe(0)
    expect(store.newest).toBe(1)
  })

  it('tells of every change, until it need not any more, whatever a listener does', () => {
    const store = createStore({ memory: 2 ** 20, report: createReport(() => {}) })
    const seen: number[] = []
    store.subscribe(() => {
      throw new Error('listener')
    })
    const stop = store.subscribe(() => seen.push(store.newest))
    store.add(recordOf(1), '')
    store.pin(traceIdOf(1))
    store.pin(traceIdOf(9))
    store.clear()
    stop()
    store.add(recordOf(2), '')
    expect(seen).toEqual([1, 1, 1])
  })

  it('forgets everything when cleared, and goes on counting', () => {
    const store = open()
    for (const keep of ['', 'error', 'slow'] as const) store.add(recordOf(1), keep)
    store.clear()
    expect(store.records(traceIdOf(1))).toEqual([])
    expect(tracesOf(store)).toEqual([])
    expect([store.newest, store.oldest]).toEqual([3, 4])
    expect(store.stats).toMatchObject({
      recent: { spans: 0, bytes: 0 },
      kept: { spans: 0, bytes: 0 }
    })
    expect(store.add(recordOf(1), 'error')).toBe(4)
    expect(firsts(tracesOf(store))).toEqual([4])
  })
})

describe('the kept ring', () => {
  it('has a failure still when the recent ring has long been washed out, and says why', () => {
    const store = open()
    const [failed, slow, plain] = [recordOf(1), recordOf(2), recordOf(3)]
    store.add(failed, 'error')
    store.add(slow, 'slow')
    store.add(plain, '')
    flood(store)
    expect(store.records(failed.traceId)).toStrictEqual([failed])
    expect(store.entries(slow.traceId)).toMatchObject([{ seq: 2, kept: 'slow' }])
    expect(store.has(plain.traceId)).toBe(false)
    expect(firsts(tracesOf(store)).slice(-3)).toEqual([store.oldest, 2, 1])
    expect(store.stats.kept).toMatchObject({ records: 2, spans: 2 })
    expect(store.stats.recent.evictedSpans).toBe(store.newest - store.stats.recent.spans)
  })

  it('takes the earlier records of a trace that fails late, and the later ones of one that has failed', () => {
    const store = open()
    const parts = [recordOf(1), recordOf(1), recordOf(1)]
    for (const [i, part] of parts.entries()) {
      store.add(part, i === 1 ? 'error' : '')
      store.add(recordOf(50 + i), '')
    }
    flood(store)
    expect(store.entries(traceIdOf(1)).map((entry) => [entry.seq, entry.kept])).toEqual([
      [1, 'error'],
      [3, 'error'],
      [5, 'error']
    ])
    expect(store.records(traceIdOf(1))).toStrictEqual(parts)
  })

  it('gives a trace that is in both rings once', () => {
    const store = open()
    store.add(recordOf(1), 'error')
    store.pin(traceIdOf(1))
    store.add(recordOf(1), 'slow')
    expect(store.entries(traceIdOf(1)).map((entry) => [entry.seq, entry.kept])).toEqual([
      [1, 'pinned'],
      [2, 'slow']
    ])
    expect(store.records(traceIdOf(1))).toHaveLength(2)
    expect(tracesOf(store)).toHaveLength(1)
    expect(store.stats.kept.records).toBe(2)
  })

  it('puts what was pinned late into its old place in the list', () => {
    const store = open()
    for (let i = 1; i <= 6; i++) store.add(recordOf(i), i === 5 ? 'error' : '')
    for (const id of [4, 2, 3]) expect(store.pin(traceIdOf(id))).toBe(true)
    flood(store)
    expect(firsts(tracesOf(store, store.oldest))).toEqual([5, 4, 3, 2])
    expect(firsts(tracesOf(store, 4))).toEqual([3, 2])
    expect(firsts(store.changedSince(2)).slice(0, 4)).toEqual([3, 4, 5, store.oldest])
    expect(store.pin(traceIdOf(2))).toBe(true)
    expect(store.stats.kept.records).toBe(4)
  })

  it('lists a trace by its oldest record, be that kept only', () => {
    const store = open()
    store.add(recordOf(1), 'error')
    flood(store)
    const last = store.add(recordOf(1), '')
    expect(tracesOf(store).filter((trace) => trace.traceId === traceIdOf(1))).toMatchObject([
      { first: 1, last }
    ])
    expect(firsts(tracesOf(store)).at(-1)).toBe(1)
    expect([...store.changedSince(last - 1)].map((trace) => trace.traceId)).toEqual([traceIdOf(1)])
  })

  it('loses its oldest in the end, and counts it', () => {
    const store = open()
    for (let i = 1; i <= 600; i++)
      store.add(recordOf(i, { span: { attributes: ['body', noise(2000)] } }), 'error')
    const { kept } = store.stats
    expect(kept.evictedSpans).toBeGreaterThan(0)
    expect(kept.spans + kept.evictedSpans).toBe(600)
    expect(kept.bytes).toBeLessThanOrEqual(kept.capacity)
  })
})

describe('the records of a trace', () => {
  const spanId = (number: number) => number.toString(16).padStart(16, '0') as SpanId

  it('have each span once: our own before what others say, the first before a later one', () => {
    const store = open()
    const from = (source: 'local' | 'ingest', name: string, ...ids: number[]) =>
      recordOf(1, {
        source,
        spans: ids.map((id) => spanOf(1, { spanId: spanId(id), name: `${name} ${id}` }))
      })
    store.add(from('ingest', 'a', 1, 2), '')
    store.add(from('local', 'b', 2, 3, 3), '')
    store.add(from('ingest', 'c', 3), '')
    store.add(from('local', 'd', 3, 4), '')
    const names = store.records(traceIdOf(1)).map((record) => record.spans.map((span) => span.name))
    expect(names).toEqual([['a 1'], ['b 2', 'b 3'], ['d 4']])
    expect(store.entries(traceIdOf(1))).toHaveLength(4)
  })

  it('are several when one does not fit into a segment, with every span', () => {
    const report = silentReport()
    const store = createStore({ memory: 2 ** 20, report })
    const root = spanOf(1)
    const rest = Array.from({ length: 199 }, () =>
      spanOf(1, { parentId: root.spanId, kind: 0, attributes: ['body', noise(1000)] })
    )
    const whole = recordOf(1, { spans: [root, ...rest], droppedSpans: 3 })
    const seq = store.add(whole, 'error')
    const found = store.records(traceIdOf(1))
    expect(found.length).toBeGreaterThan(1)
    expect(seq).toBe(found.length)
    expect(found.flatMap((record) => record.spans)).toStrictEqual(whole.spans)
    expect(found.map((record) => record.droppedSpans)).toEqual([3, ...found.slice(1).map(() => 0)])
    expect(report.drops.size).toBe(0)
    expect(store.entries(traceIdOf(1)).map((entry) => entry.root)).toEqual([
      'true root',
      ...found.slice(1).map(() => 'late')
    ])
  })

  it('are cut when a single span does not fit into a segment, and that is counted', () => {
    const report = silentReport()
    const store = createStore({ memory: 2 ** 20, report })
    const many = Array.from({ length: 64 }, (_, i) => [`key ${i}`, noise(2000)]).flat()
    const events = Array.from({ length: 64 }, (_, i) => ({
      name: `event ${i}`,
      time: i,
      attributes: many.slice(0, 40)
    }))
    const huge = recordOf(1, {
      span: {
        attributes: [...many, 'numbers', Array.from({ length: 1e5 }, (_, i) => i)],
        events,
        name: 'huge'
      }
    })
    expect(store.add(huge, '')).toBe(1)
    const [span] = store.records(traceIdOf(1))[0]?.spans ?? []
    expect(span).toMatchObject({ spanId: huge.spans[0]?.spanId, name: 'huge', start: 250_000 })
    expect(span?.attributes[0]).toBe('key 0')
    expect([...report.drops]).toEqual([['record larger than a segment', 1]])
  })

  it('survive a span of which nothing fits but its bones', () => {
    const store = open()
    const long = noise(100_000)
    const bones = recordOf(1, {
      resource: { service: long, attributes: [long, long] },
      span: {
        name: long,
        statusMessage: long,
        traceState: long,
        scope: { name: long, version: long },
        attributes: [long, [long]]
      }
    })
    expect(store.add(bones, '')).toBe(1)
    expect(store.records(traceIdOf(1))[0]?.spans[0]).toMatchObject({
      duration: 12_345_678,
      traceState: ''
    })
  })
})

describe('a record that cannot be read', () => {
  it.each([0, 1, 40])('is not there, and the %s before it and those after it are', (before) => {
    const store = open()
    const there = Array.from({ length: before + 3 }, (_, i) => recordOf(i + 1))
    for (const one of there.slice(0, before)) store.add(one, '')
    const broken = {
      ...spanOf(99, { attributes: ['only', 'here', 'http.route', '/orders/:id'] }),
      get events(): never {
        throw new Error('broken')
      }
    }
    expect(() => store.add(recordOf(99, { spans: [spanOf(99), broken] }), '')).toThrow('broken')
    for (const one of there.slice(before)) store.add(one, '')
    expect(store.has(traceIdOf(99))).toBe(false)
    for (const one of there) expect(store.records(one.traceId)).toStrictEqual([one])
    expect(store.stats.recent).toMatchObject({ spans: before + 3, records: before + 3 })
  })
})

describe('reading while the store changes', () => {
  it('goes on where it was, without what has been evicted, and gives no trace twice', () => {
    const store = open()
    for (let i = 1; i <= 300; i++)
      store.add(
        recordOf(i, { span: { attributes: ['body', noise(500)] } }),
        i % 10 === 0 ? 'error' : ''
      )
    const seen: number[] = []
    const ids = new Set<TraceId>()
    for (const trace of store.traces()) {
      if (trace === undefined) continue
      seen.push(trace.first)
      ids.add(trace.traceId)
      if (seen.length === 50) flood(store)
      if (seen.length === 60) for (let i = 0; i < 5; i++) store.add(recordOf(295 + i), '')
    }
    expect(seen.length).toBe(ids.size)
    expect(seen).toEqual([...seen].sort((a, b) => b - a))
    expect(seen.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => 300 - i))
    expect(seen.slice(50).every((seq) => seq % 10 === 0)).toBe(true)
    expect(seen.length).toBeGreaterThan(60)
  })

  it('follows changes that are made meanwhile', () => {
    const store = open()
    for (let i = 1; i <= 10; i++) store.add(recordOf(i), '')
    const seen: number[] = []
    for (const trace of store.changedSince(4)) {
      seen.push(trace.last)
      if (seen.length === 3) store.add(recordOf(8), '')
    }
    expect(seen).toEqual([5, 6, 7, 9, 10, 11])
  })

  it('keeps what it gave when the segment is reused', () => {
    const store = open()
    const one = recordOf(1)
    store.add(one, '')
    const [entry] = store.entries(one.traceId)
    const before = structuredClone(entry)
    const records = store.records(one.traceId)
    flood(store)
    expect(entry).toEqual(before)
    expect(records).toStrictEqual([one])
  })

  it('calls no listener before the change can be read', () => {
    const store = open()
    const read = vi.fn(() => store.records(traceIdOf(1)).length)
    store.subscribe(read)
    store.add(recordOf(1), 'error')
    expect(read).toHaveReturnedWith(1)
  })
})
