import { describe, expect, it } from 'vitest'
import type { Block, Explained, RuntimeActivity } from '../../../src/wire/runtime.ts'
import { blockText, reasonsOf, reasonText, shifted } from '../../../ui/trace/reasons.ts'

const nothing: Explained = {
  own: 0,
  blocked: 0,
  gc: 0,
  poolWait: 0,
  stopped: 0,
  shared: 0,
  waiting: 0,
  unknown: 0,
  blockedBy: []
}

const by = (n: number, name: string) => ({
  traceId: String(n).repeat(32),
  spanId: '1'.repeat(16),
  name
})

const words = (explained: Partial<Explained>) =>
  reasonsOf({ ...nothing, ...explained }).map((reason) => [reason.time, reasonText(reason)])

describe('what time was spent on', () => {
  it('is said with the longest first and without what is not known', () => {
    expect(words({ own: 5, gc: 7, waiting: 9, unknown: 100 })).toEqual([
      [9, 'waiting, nothing ran'],
      [7, 'garbage collection'],
      [5, 'its own work on the CPU']
    ])
  })

  it('names who kept the event loop, and how sure that is', () => {
    const import_ = by(2, 'POST /import')
    const report = by(3, 'GET /report')
    expect(
      words({
        blocked: 60,
        blockedBy: [
          { by: import_, certain: true, kind: 'cpu', time: 30 },
          { by: report, certain: false, kind: 'sync', time: 20 },
          { by: null, certain: false, kind: 'cpu', time: 10 }
        ]
      })
    ).toEqual([
      [30, 'POST /import was on the CPU'],
      [20, 'probably GET /report was in a synchronous call'],
      [10, 'code with no span beside it, such as a timer, was on the CPU']
    ])
  })

  it('counts the requests of one name, which each took a little', () => {
    const blockedBy = [1, 2, 3].map((n) => ({
      by: by(n, 'GET /small'),
      certain: true,
      kind: 'cpu' as const,
      time: 8
    }))
    expect(words({ blocked: 24, blockedBy })).toEqual([[24, '3 × GET /small were on the CPU']])
  })

  it('calls a trace that is not in memory any more by its id', () => {
    const blockedBy = [{ by: by(2, ''), certain: true, kind: 'cpu' as const, time: 8 }]
    expect(words({ blocked: 8, blockedBy })).toEqual([[8, 'trace 22222222 was on the CPU']])
  })

  it('is no answer when the trace only waited', () => {
    const reasons = reasonsOf({ ...nothing, waiting: 9, poolWait: 5 })
    expect(reasons.map(({ telling }) => telling)).toEqual([false, true])
  })
})

describe('a block', () => {
  const block: Block = { from: 0, to: 180_000, kind: 'cpu', by: by(2, 'GET /a'), certain: true }
  it.each([
    [block, 'GET /a was on the CPU for 180 ms'],
    [{ ...block, certain: false }, 'probably GET /a was on the CPU for 180 ms'],
    [{ ...block, kind: 'stopped', by: null }, 'the process did not run for 180 ms']
  ] satisfies [Block, string][])('is said in words', (given, text) => {
    expect(blockText(given)).toBe(text)
  })
})

describe('the times of a process', () => {
  it('are told from the start of the trace, which may be in another one', () => {
    const activity: RuntimeActivity = {
      traceId: '2'.repeat(32),
      start: 1000.5,
      known: 'all',
      since: -10,
      blocks: [{ from: 5, to: 9, kind: 'cpu', by: null, certain: false }],
      collections: [{ from: 1, to: 2, kind: 'minor' }],
      poolWaits: [{ from: 3, to: 4 }],
      samples: { to: [7], busy: [1], delay: [2], heap: [3], inFlight: [4] },
      explained: null
    }
    expect(shifted(activity, 1000)).toEqual({
      ...activity,
      start: 1000,
      since: 490,
      blocks: [{ ...activity.blocks[0], from: 505, to: 509 }],
      collections: [{ from: 501, to: 502, kind: 'minor' }],
      poolWaits: [{ from: 503, to: 504 }],
      samples: { ...activity.samples, to: [507] }
    })
  })
})
