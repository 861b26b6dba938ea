import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Block,
  explain,
  type Explained,
  type RuntimeActivity
} from '../../src/wire/runtime.ts'

const me = 'a'.repeat(32)
const other = 'b'.repeat(32)
const third = 'c'.repeat(32)

const by = (traceId: string) => ({ traceId, spanId: '1'.repeat(16), name: `GET /${traceId[0]}` })

function block(from: number, to: number, traceId?: string, rest: Partial<Block> = {}): Block {
  return {
    from,
    to,
    kind: 'cpu',
    by: traceId === undefined ? null : by(traceId),
    certain: true,
    ...rest
  }
}

/** `samples`: end, microseconds of work and requests in flight of each. */
function activity(
  parts: Partial<Omit<RuntimeActivity, 'samples'>>,
  samples: [to: number, busy: number, inFlight?: number][] = [[1000, 0]]
): RuntimeActivity {
  return {
    traceId: me,
    start: 0,
    known: 'all',
    since: 0,
    blocks: [],
    collections: [],
    poolWaits: [],
    explained: null,
    ...parts,
    samples: {
      to: samples.map(([to]) => to),
      busy: samples.map(([, busy]) => busy),
      delay: samples.map(() => 0),
      heap: samples.map(() => 0),
      inFlight: samples.map(([, , inFlight = 1]) => inFlight)
    }
  }
}

/** The parts that are not zero. */
function parts(found: Explained): Record<string, unknown> {
  const spent = Object.entries(found).filter(([name, time]) => name !== 'blockedBy' && time !== 0)
  return Object.fromEntries(spent)
}

describe('a stretch of time', () => {
  const cases: [string, RuntimeActivity, Record<string, number>][] = [
    ['is waiting when nothing ran', activity({}), { waiting: 600 }],
    [
      'is blocked by another trace',
      activity({ blocks: [block(100, 400, other)] }),
      { blocked: 200, waiting: 400 }
    ],
    [
      'is blocked by what no span stands beside',
      activity({ blocks: [block(300, 400)] }),
      { blocked: 100, waiting: 500 }
    ],
    ['is its own work', activity({ blocks: [block(0, 1000, me)] }), { own: 600 }],
    [
      'is nobody’s while the process did not run',
      activity({ blocks: [block(300, 500, undefined, { kind: 'stopped' })] }),
      { stopped: 200, waiting: 400 }
    ],
    [
      'is the collector’s even where somebody was on the CPU',
      activity({
        blocks: [block(200, 500, other)],
        collections: [{ from: 300, to: 450, kind: 'major' }]
      }),
      { blocked: 150, gc: 150, waiting: 300 }
    ],
    [
      'is waiting for a pool where nobody was on the CPU',
      activity({ blocks: [block(200, 500, other)], poolWaits: [{ from: 400, to: 700 }] }),
      { blocked: 300, poolWait: 200, waiting: 100 }
    ],
    ['is its own work when it was alone', activity({}, [[1000, 1000]]), { own: 600 }],
    ['is shared work when it was not', activity({}, [[1000, 1000, 2]]), { shared: 600 }],
    [
      'is partly unknown where a sample reaches beyond it',
      activity({}, [
        [400, 300, 2],
        [1000, 0]
      ]),
      // Of 400 us 300 were work, and 200 lie within: 100 at least, 200 at most.
      { shared: 100, unknown: 100, waiting: 400 }
    ],
    [
      'is unknown before anything was recorded',
      activity({ since: 500 }, [[1000, 0]]),
      { unknown: 300, waiting: 300 }
    ],
    ['is unknown after the last sample', activity({}, [[500, 0]]), { unknown: 300, waiting: 300 }],
    ['is unknown when nothing is known', activity({ known: 'none' }, []), { unknown: 600 }],
    [
      'does not count a pause twice that lies in a busy sample',
      activity({ collections: [{ from: 300, to: 400, kind: 'minor' }] }, [[1000, 100]]),
      { gc: 100, waiting: 500 }
    ]
  ]
  it.each(cases)('%s', (_title, given, expected) => {
    expect(parts(explain(given, 200, 800))).toEqual(expected)
  })

  it('names who blocked it, the longest first, each once', () => {
    const given = activity({
      blocks: [
        block(0, 100, other),
        block(100, 150, third, { certain: false }),
        block(200, 300, other),
        block(300, 320)
      ]
    })
    expect(
      explain(given, 0, 1000).blockedBy.map((one) => [one.by?.name, one.certain, one.time])
    ).toEqual([
      ['GET /b', true, 200],
      ['GET /c', false, 50],
      [undefined, true, 20]
    ])
  })

  it('adds up to its length, and no part is negative, whatever happened', () => {
    const stretches = fc
      .array(fc.nat(1000), { maxLength: 20 })
      .map((ends) => [...new Set(ends)].sort((a, b) => a - b))
      .map((ends) => ends.slice(1).flatMap((to, i) => (i % 2 ? [] : [{ from: ends[i], to }])))
    const samples = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(200), fc.integer({ min: 0, max: 3 })),
      { maxLength: 10 }
    )
    const trace = fc.constantFrom(me, other, undefined)
    const kind = fc.constantFrom('cpu', 'sync', 'stopped')
    fc.assert(
      fc.property(
        stretches,
        stretches,
        stretches,
        samples,
        fc.integer({ min: -100, max: 900 }),
        fc.array(fc.tuple(trace, kind), { minLength: 10, maxLength: 10 }),
        fc.tuple(fc.integer({ min: -200, max: 1200 }), fc.nat(800)),
        (blocks, pauses, waits, lengths, since, whose, [from, length]) => {
          let to = since
          const given = activity(
            {
              since,
              blocks: blocks.map((one, i) =>
                block(one.from, one.to, whose[i]?.[0], { kind: whose[i]?.[1] ?? 'cpu' })
              ),
              collections: pauses.map((one) => ({ ...one, kind: 'minor' })),
              poolWaits: waits
            },
            lengths.map(([long, busy, flying]) => [(to += long), Math.min(long, busy), flying])
          )
          const found = explain(given, from, from + length)
          const { blockedBy, ...times } = found
          const sum = Object.values(times).reduce((all, time) => all + time, 0)
          expect(sum).toBeCloseTo(length, 6)
          expect(Math.min(0, ...Object.values(times))).toBe(0)
          const named = blockedBy.reduce((all, one) => all + one.time, 0)
          expect(named).toBeCloseTo(found.blocked, 6)
        }
      )
    )
  })
})
