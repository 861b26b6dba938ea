import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import { traceColumns } from '../../src/query/columns.ts'
import { mergeSummary, summarise } from '../../src/trace/summary.ts'
import { categories, spanFlag, type TraceColumns } from '../../src/wire/trace.ts'
import { anySpans } from './arbitraries.ts'
import { epochMs, finish, flat, record, request, span, spanId } from './fixtures.ts'

function columns(records: readonly TraceRecord[]): TraceColumns {
  const summary = mergeSummary(records[0].traceId, records.map(summarise), false)
  const trace = finish(traceColumns(records, summary))
  if (trace === undefined) throw new Error('no columns')
  return trace
}

function hasFlag(trace: TraceColumns, id: number, flag: number): boolean {
  return (trace.spans.flags[trace.spans.id.indexOf(spanId(id))] & flag) !== 0
}

const query = span({
  id: 2,
  parent: 1000,
  name: 'SELECT orders',
  kind: 2,
  start: 2e6,
  duration: 4_000_600,
  attributes: flat({ 'db.system.name': 'postgresql' })
})

describe('traceColumns', () => {
  it('gives a trace as columns in microseconds after the root', () => {
    const stored = span({ id: 3, parent: 2, parentRemote: true, name: 'write', start: 1e6 })
    const trace = columns([
      request({ trace: 1, start: 1, children: [query] }),
      record([stored], { service: 'storage', source: 'ingest', epochMs: epochMs + 2 })
    ])
    expect(trace).toMatchObject({
      start: epochMs + 1,
      extent: 10_000,
      response: 10_000,
      services: ['api', 'storage'],
      names: ['GET /orders', 'SELECT orders', 'write'],
      sites: { lines: [], of: [] },
      dropped: 0,
      joined: false,
      clocks: [],
      clockOf: []
    })
    expect(trace.spans).toEqual({
      id: [spanId(1000), spanId(2), spanId(3)],
      service: [0, 0, 1],
      name: [0, 1, 2],
      start: [0, 1000, 2000],
      duration: [10_000, 4001, 1],
      self: [5999, 4000, 1],
      depth: [0, 1, 2],
      parent: [-1, 0, 1],
      kind: [1, 2, 0],
      category: ['http-in', 'db', 'internal'].map((name) => categories.indexOf(name as 'db')),
      flags: [0, 0, spanFlag.ingested]
    })
    expect(trace.critical).toEqual({
      row: [0, 1, 2, 1, 0],
      from: [0, 1000, 2000, 2001, 5001],
      to: [1000, 2000, 2001, 5001, 10_000]
    })
  })

  it('tells the spans of other workers from those of the one that it began in', () => {
    const by = (pid: number, one: TraceRecord): TraceRecord => ({
      ...one,
      resource: { ...one.resource, attributes: flat({ 'process.pid': pid }) }
    })
    const called = span({ id: 2, parent: 1000, start: 1e6, duration: 5e6 })
    const late = span({ id: 3, parent: 1000, start: 20e6, duration: 1e6 })
    const sent = span({ id: 4, parent: 2, start: 2e6, duration: 1e6 })
    const trace = columns([
      by(8, record([called], { relayed: true })),
      by(7, request({ trace: 1 })),
      by(7, record([late])),
      by(8, record([sent], { source: 'ingest' }))
    ])
    const { id } = trace.spans
    expect(
      id.map((_, row) => ((trace.spans.flags[row] as number) & spanFlag.elsewhere) !== 0)
    ).toEqual(id.map((one) => one === spanId(2)))
  })

  it('marks errors, exceptions, logs and what is open', () => {
    const failed = span({
      id: 2,
      parent: 1000,
      status: 2,
      events: [{ name: 'exception', time: 0, attributes: [] }],
      logs: [{ time: 0, severity: 'info', body: 'x', attributes: [] }]
    })
    const trace = columns([
      request({ trace: 1, children: [failed, span({ id: 3, parent: 1000, open: true })] })
    ])
    for (const flag of [spanFlag.error, spanFlag.exception, spanFlag.logs]) {
      expect(hasFlag(trace, 2, flag)).toBe(true)
      expect(hasFlag(trace, 3, flag)).toBe(false)
    }
    expect(hasFlag(trace, 3, spanFlag.open)).toBe(true)
  })

  it('marks what started or went on after the response', () => {
    const trace = columns([
      request({
        trace: 1,
        children: [
          span({ id: 2, parent: 1000, start: 9e6, duration: 1e6 }),
          span({ id: 3, parent: 1000, start: 9e6, duration: 1e6 + 1 }),
          span({ id: 4, parent: 1000, start: 20e6 })
        ]
      }),
      record(
        [
          span({ id: 5, parent: 1000, start: 9e6, duration: 5e6 }),
          span({ id: 6, parent: 1000, start: 11e6 })
        ],
        { service: 'other', source: 'ingest' }
      )
    ])
    const late = [1000, 2, 3, 4, 5, 6].filter((id) => hasFlag(trace, id, spanFlag.late))
    expect(late).toEqual([3, 4, 6])
    expect(trace.response).toBe(10_000)
    expect(trace.extent).toBe(20_001)
  })

  it('says which clocks it has corrected, and by how much', () => {
    const trace = columns([
      record([
        span({ id: 1, kind: 1, duration: 9e6 }),
        span({ id: 2, parent: 1, kind: 2, duration: 9e6 })
      ]),
      record(
        [span({ id: 3, parent: 2, parentRemote: true, kind: 1, start: -5e6, duration: 3e6 })],
        {
          service: 'other',
          source: 'ingest'
        }
      )
    ])
    expect(trace.clocks).toEqual([{ service: 1, offset: 8000 }])
    expect(trace.clockOf).toEqual([-1, -1, 0])
    expect(trace.spans.start[2]).toBe(3000)
  })

  it('has no response time while the root is open', () => {
    const trace = columns([
      record([
        span({ id: 1, open: true, duration: 5e6 }),
        span({ id: 2, parent: 1, start: 0, duration: 9e6 })
      ])
    ])
    expect(trace.response).toBe(-1)
    expect(hasFlag(trace, 2, spanFlag.late)).toBe(false)
  })

  it('says when the trace was joined from outside and what the limit dropped', () => {
    const entry = span({
      id: 1,
      parent: 77,
      parentRemote: true,
      kind: 1,
      attributes: ['spanlight.joined', true]
    })
    const trace = columns([
      record([entry], { droppedSpans: 3 }),
      record([span({ id: 2, parent: 1 })], { droppedSpans: 4 })
    ])
    expect(trace).toMatchObject({ joined: true, dropped: 7 })
    expect(hasFlag(trace, 1, spanFlag.orphan)).toBe(true)
  })

  it('shows where an outgoing request went beside its method, and leaves other names alone', () => {
    const to = flat({
      'http.request.method': 'GET',
      'server.address': 'storage',
      'server.port': 80
    })
    const trace = columns([
      record([
        span({ id: 1, name: 'root' }),
        span({ id: 2, parent: 1, kind: 2, name: 'GET', attributes: to }),
        span({ id: 3, parent: 1, kind: 2, name: 'GET /items/{id}', attributes: to }),
        span({
          id: 4,
          parent: 1,
          kind: 2,
          name: 'BEGIN',
          attributes: flat({ 'db.system.name': 'postgresql', 'server.address': 'db' })
        })
      ])
    ])
    expect(trace.names).toEqual(['root', 'GET storage:80', 'GET /items/{id}', 'BEGIN'])
  })

  it('takes no part of a name for one of the language', () => {
    const trace = columns([
      record([span({ id: 1, name: '__proto__' }), span({ id: 2, name: 'constructor' })])
    ])
    expect(trace.names).toEqual(['__proto__', 'constructor'])
  })

  it('knows the lines of code that spans were started from, each text once', () => {
    const at = (path: string, line: string | number) =>
      flat({ 'code.file.path': path, 'code.line.number': line })
    const trace = columns([
      record([
        span({ id: 1 }),
        span({ id: 2, parent: 1, attributes: at('src/a.ts', 7) }),
        span({ id: 3, parent: 1, attributes: at('src/a.ts', 7) }),
        span({ id: 4, parent: 1, attributes: at('src/b.ts', 1) }),
        span({ id: 5, parent: 1, attributes: at('src/b.ts', 'no number') })
      ])
    ])
    expect(trace.sites).toEqual({ lines: ['src/a.ts:7', 'src/b.ts:1'], of: [-1, 0, 0, 1, -1] })
  })

  it('stays consistent whatever the spans claim', () => {
    fc.assert(
      fc.property(anySpans, (spans) => {
        const scaled = spans.map((one) => ({ ...one, start: one.start * 500 }))
        expectConsistent(columns([record(scaled)]))
      }),
      { numRuns: 500 }
    )
  })

  const shapes: Record<string, SpanData[]> = {
    'a span that is its own parent': [span({ id: 1, parent: 1 })],
    'a circle of two': [span({ id: 1, parent: 2 }), span({ id: 2, parent: 1 })],
    'a circle of ten thousand': many(10_000, (i, n) => (i % n) + 1),
    'a chain of ten thousand': many(10_000, (i) => (i === 1 ? undefined : i - 1)),
    'a fan of a hundred thousand': many(100_000, (i) => (i === 1 ? undefined : 1)),
    'ids that all come twice': [...many(50, () => 1), ...many(50, () => 2)],
    'negative lengths': many(10, () => undefined).map((one) => ({ ...one, duration: -1e9 })),
    'orphans only': many(100, (i) => 1000 + i),
    'ten roots': many(10, () => undefined)
  }
  it.each(Object.entries(shapes))('survives %s', (_name, spans) => {
    const trace = columns([record(spans)])
    expect(trace.spans.id).toHaveLength(new Set(spans.map((one) => one.spanId)).size)
    expectConsistent(trace)
  })
})

function many(count: number, parentOf: (i: number, n: number) => number | undefined): SpanData[] {
  return Array.from({ length: count }, (_, i) =>
    span({ id: i + 1, parent: parentOf(i + 1, count), start: i, duration: 5000 })
  )
}

function expectConsistent(trace: TraceColumns): void {
  const { spans, critical } = trace
  const lengths = new Set(Object.values(spans).map((column) => column.length))
  expect(lengths.size).toBe(1)
  const wrong = spans.id.filter((_, row) => {
    const parent = spans.parent[row]
    const depth = parent < 0 ? 0 : spans.depth[parent] + 1
    return !(
      parent < row &&
      spans.depth[row] === depth &&
      spans.duration[row] >= 0 &&
      spans.self[row] >= 0 &&
      spans.self[row] <= spans.duration[row] &&
      spans.start[row] + spans.duration[row] <= trace.extent &&
      trace.names[spans.name[row]] !== undefined &&
      trace.services[spans.service[row]] !== undefined &&
      categories[spans.category[row]] !== undefined
    )
  })
  expect(wrong).toEqual([])
  for (const [i, to] of critical.to.slice(0, -1).entries()) expect(critical.from[i + 1]).toBe(to)
}
