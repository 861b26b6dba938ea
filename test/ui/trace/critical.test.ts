import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spanFlag } from '../../../src/wire/trace.ts'
import { indexPath, isOnPath, joined, pathStretches } from '../../../ui/trace/critical.ts'
import { createModel } from '../../../ui/trace/model.ts'
import { exceptionNear } from '../../../ui/trace/path.ts'
import { shares } from '../../../ui/trace/shares.ts'
import { columnsOf, type Row } from './fixture.ts'

const flat = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ depth: i === 0 ? 0 : 1, start: i, duration: 1 }))

describe('the critical path by row', () => {
  it('gives for any rows in a row exactly their parts, in time order', () => {
    const part = fc.record({ row: fc.nat(7), from: fc.nat(100), length: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(part), fc.nat(7), fc.nat(8), (parts, a, b) => {
        const columns = columnsOf(
          flat(8),
          parts.map(({ row, from, length }) => [row, from, from + length])
        )
        const index = indexPath(columns)
        const [first, end] = [Math.min(a, b), Math.max(a, b)]
        const wanted = parts.filter(({ row }) => row >= first && row < end)
        const found = pathStretches(columns, index, first, end)
        expect(found.map(({ from }) => from)).toEqual(
          wanted.map(({ from }) => from).sort((x, y) => x - y)
        )
        for (let row = 0; row < 8; row++)
          expect(isOnPath(index, row)).toBe(parts.some((one) => one.row === row))
      })
    )
  })

  it('joins what is too close to be told apart and leaves out what is not shown', () => {
    const stretches = [
      { from: 0, to: 10 },
      { from: 11, to: 20 },
      { from: 30, to: 40 },
      { from: 90, to: 95 }
    ]
    expect(joined(stretches, { from: 5, to: 50 }, 5)).toEqual([
      { from: 0, to: 20 },
      { from: 30, to: 40 }
    ])
    expect(joined(stretches, { from: 0, to: 100 }, -Infinity)).toEqual(stretches)
    expect(stretches[0]).toEqual({ from: 0, to: 10 })
  })

  it('never draws more stretches than can be told apart', () => {
    const list = fc.array(fc.tuple(fc.nat(1000), fc.nat(30)), { maxLength: 400 })
    fc.assert(
      fc.property(list, (pairs) => {
        const stretches = pairs
          .map(([from, length]) => ({ from, to: from + length }))
          .sort((a, b) => a.from - b.from)
        expect(joined(stretches, { from: 0, to: 1000 }, 10).length).toBeLessThanOrEqual(101)
      })
    )
  })
})

describe('the shares of a trace', () => {
  const columns = columnsOf(
    [
      { depth: 0, start: 0, duration: 100, service: 'web', category: 0 },
      { depth: 1, start: 10, duration: 80, service: 'db', category: 1, flags: spanFlag.error },
      { depth: 1, start: 20, duration: 5, service: 'web', category: 7 }
    ],
    [
      [0, 0, 10],
      [1, 10, 90],
      [0, 90, 100]
    ]
  )

  it('say who took part, how long the response waited for each, and who failed, the longest first', () => {
    expect(shares(createModel(columns), 'service')).toEqual([
      { of: 1, colour: 0, spans: 1, errors: 1, time: 80 },
      { of: 0, colour: 1, spans: 2, errors: 0, time: 20 }
    ])
    expect(shares(createModel(columns), 'kind').map(({ of, time }) => [of, time])).toEqual([
      [1, 80],
      [0, 20],
      [7, 0]
    ])
  })

  it('count time of its own where nothing is on the path yet', () => {
    const open = { ...columns, critical: { row: [], from: [], to: [] } }
    expect(shares(createModel(open), 'service').map(({ time }) => time)).toEqual([80, 20])
  })
})

describe('the exception that explains a failure', () => {
  const { error, exception } = spanFlag
  const model = createModel(
    columnsOf([
      { depth: 0, start: 0, duration: 100, flags: error | exception },
      { depth: 1, start: 1, duration: 90, flags: error },
      { depth: 2, start: 2, duration: 80, flags: error | exception },
      { depth: 3, start: 3, duration: 10, flags: error },
      { depth: 1, start: 95, duration: 1 }
    ])
  )

  it('is below a call that failed in another service, and above a query that failed in its driver', () => {
    expect(exceptionNear(model, 1)).toBe(2)
    expect(exceptionNear(model, 3)).toBe(2)
    expect(exceptionNear(model, 4)).toBe(0)
  })

  it('is nowhere when nothing was thrown, or no span is given', () => {
    const quiet = createModel(columnsOf([{ depth: 0, start: 0, duration: 1, flags: error }]))
    expect(exceptionNear(quiet, 0)).toBe(-1)
    expect(exceptionNear(quiet, -1)).toBe(-1)
  })
})
