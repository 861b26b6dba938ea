import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { planRings } from '../../src/store/plan.ts'
import { maxSegmentBytes } from '../../src/store/segment.ts'
import { createStore } from '../../src/store/store.ts'
import type { TraceStore } from '../../src/store/types.ts'
import { recordOf, silentReport, spanOf, tracesOf } from './arbitrary.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapUsed(): number {
  // What the first collection frees by finalizers, the second sees.
  for (let i = 0; i < 3; i++) collect()
  return process.memoryUsage().heapUsed
}

function checkBound({ recent, kept }: TraceStore['stats'], memory: number): void {
  expect(recent.bytes).toBeLessThanOrEqual(recent.capacity)
  expect(kept.bytes).toBeLessThanOrEqual(kept.capacity)
  expect(recent.capacity + kept.capacity).toBeLessThanOrEqual(memory)
}

const agents = Array.from(
  { length: 30 },
  (_, i) => `Mozilla/5.0 (X11; Linux x86_64) Chrome/${100 + i}.0.0.0 Safari/537.36`
)

function request(number: number) {
  const id = Math.imul(number, 0x9e3779b1) >>> 0
  return spanOf(number, {
    name: 'GET /api/orders/:id',
    attributes: [
      'http.request.method',
      'GET',
      'url.path',
      `/api/orders/${id}`,
      'http.route',
      '/api/orders/:id',
      'url.scheme',
      'http',
      'server.address',
      'localhost',
      'client.address',
      `10.${id & 255}.${(id >> 8) & 15}.1`,
      'client.port',
      1024 + (id % 60_000),
      'network.protocol.version',
      '1.1',
      'user_agent.original',
      agents[id % 30] ?? '',
      'http.response.status_code',
      200
    ]
  })
}

describe('the memory of a store', () => {
  it('is what was asked for, after a million spans, and none of it on the heap', () => {
    const memory = 8 * 2 ** 20
    const store = createStore({ memory, report: silentReport() })
    let number = 0
    const add = (records: number): void => {
      for (let i = 0; i < records; i++) {
        number++
        const spans = [request(number), request(number), request(number), request(number)]
        store.add(recordOf(number, { spans }), number % 50 === 0 ? 'error' : '')
      }
    }
    add(50_000)
    expect(store.stats.recent.evictedSpans).toBeGreaterThan(0)
    const before = heapUsed()
    add(200_000)
    const grown = heapUsed() - before
    const { recent, kept } = store.stats
    expect(recent.spans + recent.evictedSpans).toBe(1_000_000)
    expect(kept.spans + kept.evictedSpans).toBe(20_000)
    checkBound(store.stats, memory)
    // The tables of the segments being filled differ from moment to moment; an object per record would be 20 MB.
    expect(grown).toBeLessThan(1_500_000)
    // Reading everything leaves no more behind than its caches of fixed size.
    for (const trace of tracesOf(store)) store.records(trace.traceId)
    expect(heapUsed() - before).toBeLessThan(3_000_000)
  })

  it('holds a span of ten attributes in less than 80 bytes, its index included', () => {
    const store = createStore({ memory: 8 * 2 ** 20, report: silentReport() })
    for (let number = 1; store.stats.recent.evictedSpans === 0; number++)
      for (let i = 0; i < 100; i++)
        store.add(recordOf(number * 100 + i, { spans: [request(number * 100 + i)] }), '')
    const { bytes, spans } = store.stats.recent
    expect(bytes / spans).toBeLessThan(80)
  })

  it.each([1, 1.5, 2, 3, 8, 13, 32, 100, 512])(
    'of %s MiB is divided so that everything is within it',
    (mebibytes) => {
      const memory = mebibytes * 2 ** 20
      const { recent, kept } = planRings(memory)
      let sum = 0
      for (const ring of [recent, kept]) {
        expect(Number.isInteger(Math.log2(ring.buckets))).toBe(true)
        expect(Number.isInteger(Math.log2(ring.seenSlots))).toBe(true)
        expect(ring.segmentBytes % 8).toBe(0)
        expect(ring.segmentBytes).toBeLessThanOrEqual(maxSegmentBytes)
        // Segments, heads, texts seen once (place and id), places by id, and a segment's worth of texts in the map.
        sum += ring.segments * ring.segmentBytes + ring.buckets * 4
        sum += ring.seenSlots * 6 + (ring.maxTextIds + 1024) * 4 + ring.segmentBytes
      }
      expect(sum).toBeLessThanOrEqual(memory)
      expect(recent.segments + kept.segments).toBeGreaterThanOrEqual(16)
      expect(sum).toBeGreaterThan(memory * 0.75)
      const share = kept.segments / (recent.segments + kept.segments)
      expect(share).toBeGreaterThan(0.2)
      expect(share).toBeLessThan(0.3)
    }
  )
})
