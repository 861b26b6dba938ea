import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutProfile } from '../../src/inspect/cpu-profile.ts'

// 1 is the root, 2 and 3 its children, 4 below 3; a sample each 10 us from 100 on.
const profile = {
  nodes: [
    { id: 1, hitCount: 0, children: [2, 3] },
    { id: 2, hitCount: 3 },
    { id: 3, hitCount: 0, children: [4] },
    { id: 4, hitCount: 2 }
  ],
  startTime: 100,
  endTime: 150,
  samples: [2, 2, 4, 4, 2],
  timeDeltas: [0, 10, 10, 10, 10]
}

describe('a profile that is cut', () => {
  it('has the samples of that time and what they stand on', () => {
    expect(cutProfile(profile, 115, 135)).toEqual({
      nodes: [
        { id: 1, hitCount: 0, children: [3] },
        { id: 3, hitCount: 0, children: [4] },
        { id: 4, hitCount: 2, children: [] }
      ],
      startTime: 115,
      endTime: 135,
      samples: [4, 4],
      timeDeltas: [5, 10]
    })
  })

  it('keeps its root where nothing else is left', () => {
    expect(cutProfile(profile, 900, 950)).toMatchObject({
      nodes: [{ id: 1, children: [] }],
      samples: []
    })
  })

  it('never tells of more than there was, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 90, max: 160 }), fc.nat(80), (from, length) => {
        const cut = cutProfile(profile, from, from + length)
        expect(cut.samples.length).toBe(cut.timeDeltas.length)
        expect(cut.timeDeltas.every((delta) => delta >= 0)).toBe(true)
        expect(cut.timeDeltas.reduce((sum, delta) => sum + delta, 0)).toBeLessThanOrEqual(length)
        expect(cut.nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0)).toBe(
          cut.samples.length
        )
      })
    )
  })
})
