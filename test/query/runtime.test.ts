import { describe, expect, it } from 'vitest'
import { traceRuntime } from '../../src/query/runtime.ts'
import type { RuntimeReadings } from '../../src/query/types.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { epochMs, flat, record, span, spanId, traceId } from './fixtures.ts'

const other = traceId(9)

function readings(changes: Partial<RuntimeReadings> = {}): RuntimeReadings {
  return {
    since: epochMs - 1000,
    begin: epochMs - 10,
    blocks: [
      {
        from: epochMs + 20,
        to: epochMs + 80,
        kind: 'cpu',
        traceId: other,
        spanId: spanId(9),
        certain: true
      }
    ],
    collections: [{ from: epochMs + 30, to: epochMs + 40, kind: 'major' }],
    samples: [{ to: epochMs + 200, busy: 0, delay: 60, heap: 5e6, inFlight: 2 }],
    ...changes
  }
}

function runtimeOf(
  records: TraceRecord[],
  given: RuntimeReadings | undefined = readings(),
  asked: [number, number][] = []
) {
  const work = traceRuntime(traceId(1), records, {
    read(from, to) {
      asked.push([from, to])
      return given
    },
    nameOf: (id) => (id === other ? 'POST /import' : '')
  })
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value.activity
  }
}

const ms = 1e6
const root = span({ id: 1, kind: 1, start: 10 * ms, duration: 100 * ms })

describe('what the process was doing during a trace', () => {
  it('counts from the first span of the trace in this process', () => {
    const activity = runtimeOf([record([root])])
    expect(activity).toMatchObject({ start: epochMs + 10, known: 'all', since: -20_000 })
    expect(activity.blocks).toEqual([
      {
        from: 10_000,
        to: 70_000,
        kind: 'cpu',
        by: { traceId: other, spanId: spanId(9), name: 'POST /import' },
        certain: true
      }
    ])
    expect(activity.samples).toEqual({
      to: [190_000],
      busy: [0],
      delay: [60_000],
      heap: [5e6],
      inFlight: [2]
    })
    expect(activity.explained).toMatchObject({ blocked: 50_000, gc: 10_000, waiting: 40_000 })
  })

  it('leaves the spans of other processes out', () => {
    const asked: [number, number][] = []
    const ingested = record([span({ id: 2, start: 0, duration: 900 * ms })], { source: 'ingest' })
    runtimeOf([ingested, record([root])], readings(), asked)
    expect(asked).toEqual([[epochMs + 10, epochMs + 110]])
    expect(runtimeOf([ingested])).toMatchObject({ known: 'none', explained: null })
  })

  it('reaches to the end of what went on after the response', () => {
    const asked: [number, number][] = []
    const late = record([span({ id: 3, parent: 1, start: 300 * ms, duration: 50 * ms })])
    const { explained } = runtimeOf([record([root]), late], readings(), asked)
    expect(asked).toEqual([[epochMs + 10, epochMs + 350]])
    const times = Object.values(explained ?? {}).filter((time) => typeof time === 'number')
    expect(times.reduce((sum, time) => sum + time, 0)).toBe(100_000)
  })

  it('joins the waits for pools', () => {
    const wait = (id: number, start: number, duration: number) =>
      span({
        id,
        parent: 1,
        start: start * ms,
        duration: duration * ms,
        attributes: flat({ 'spanlight.wait': 'pool' })
      })
    const { poolWaits } = runtimeOf([
      record([root, wait(4, 60, 10), wait(5, 20, 10), wait(6, 25, 10)])
    ])
    expect(poolWaits).toEqual([
      { from: 10_000, to: 25_000 },
      { from: 50_000, to: 60_000 }
    ])
  })

  it('is partly known, or not at all, where it was forgotten', () => {
    expect(runtimeOf([record([root])], readings({ since: epochMs + 50 }))).toMatchObject({
      known: 'part',
      since: 40_000,
      explained: { unknown: 40_000 }
    })
    expect(runtimeOf([record([root])], readings({ since: epochMs + 500 })).known).toBe('none')
    expect(runtimeOf([]).known).toBe('none')
  })

  it('is not known where it is not watched', () => {
    const work = traceRuntime(traceId(1), [record([root])], undefined)
    let step = work.next()
    while (step.done !== true) step = work.next()
    expect(step.value.activity.known).toBe('none')
  })

  it('is asked of the worker that the trace began in', () => {
    const resource = { service: 'shop', attributes: flat({ 'process.pid': 7 }) }
    const spans = [span({ id: 2, start: 50 * ms, duration: 10 * ms })]
    const later = { ...record(spans, { relayed: true }), resource }
    const earlier = { ...later, epochMs: later.epochMs - 1000 }
    const asked = (records: TraceRecord[]) => {
      const work = traceRuntime(traceId(1), records, { read: () => readings(), nameOf: () => '' })
      let step = work.next()
      while (step.done !== true) step = work.next()
      return [step.value.elsewhere, step.value.activity.known]
    }
    expect(asked([later, record([root])])).toEqual([undefined, 'all'])
    expect(asked([record([root]), earlier])).toEqual([resource, 'none'])
  })

  it('has as many samples as a screen can show, with the worst of each', () => {
    const samples = Array.from({ length: 5000 }, (_, i) => ({
      to: epochMs + i,
      busy: 0.5,
      delay: i,
      heap: i,
      inFlight: i % 7
    }))
    const { samples: columns } = runtimeOf([record([root])], readings({ samples }))
    expect(columns.to.length).toBe(1000)
    expect(columns.delay.at(-1)).toBe(4_999_000)
    expect(columns.busy[0]).toBe(2500)
    expect(columns.inFlight[0]).toBe(4)
  })
})
