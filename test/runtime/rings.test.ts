import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Recent } from '../../src/runtime/recent.ts'
import { Samples } from '../../src/runtime/samples.ts'

const sample = (to: number) => ({ to, busy: 1, delay: 2, heap: 3, inFlight: 4 })

describe('the newest samples', () => {
  it('are those that have a part in the stretch, whatever was forgotten', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(200),
        fc.nat(100),
        (lengths, capacity, from, length) => {
          const samples = new Samples(0, capacity)
          let to = 0
          const all = lengths.map((one) => ({ begin: to, to: (to += one) }))
          for (const one of all) samples.add(sample(one.to))
          const kept = all.slice(-capacity)
          const wanted = kept.filter((one) => one.to > from && one.begin < from + length)
          const read = samples.between(from, from + length)
          expect(samples.since).toBe(kept[0]?.begin ?? 0)
          // One that begins at the very end of the stretch may be among them.
          expect(read.samples.slice(0, wanted.length).map((one) => one.to)).toEqual(
            wanted.map((one) => one.to)
          )
          expect(read.samples.length).toBeLessThanOrEqual(wanted.length + 1)
          if (wanted.length > 0) expect(read.begin).toBe(wanted[0].begin)
        }
      )
    )
  })

  it('give back what was put in', () => {
    const samples = new Samples(0, 4)
    samples.add(sample(5))
    expect(samples.between(0, 9).samples).toEqual([sample(5)])
  })
})

describe('what happened last', () => {
  it('is read backwards as far as it reaches into the stretch', () => {
    const recent = new Recent<{ from: number; to: number }>(3)
    for (let i = 0; i < 5; i++) recent.add({ from: i * 10, to: i * 10 + 5 })
    expect([...recent.backwards(0, 100)].map(({ from }) => from)).toEqual([40, 30, 20])
    expect([...recent.backwards(25, 40)].map(({ from }) => from)).toEqual([30])
    expect(recent.newest?.from).toBe(40)
  })

  it('knows since when it knows all', () => {
    const recent = new Recent<{ from: number; to: number }>(2)
    expect(recent.since).toBe(Number.NEGATIVE_INFINITY)
    for (const from of [0, 10, 20]) recent.add({ from, to: from + 5 })
    expect(recent.since).toBe(5)
  })

  it('is nothing at first', () => {
    expect(new Recent(2).newest).toBeUndefined()
  })
})
