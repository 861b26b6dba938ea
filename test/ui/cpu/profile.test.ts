import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CpuProfile, readProfile } from '../../../ui/cpu/profile.ts'

const frame = (functionName: string, url = '', lineNumber = 0) => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 0
})

// root -> listen (node) -> route (package) -> handler (own) -> hash (node); the collector and idle beside it.
const nodes: CpuProfile['nodes'] = [
  { id: 1, callFrame: frame('(root)'), children: [2, 6, 7] },
  { id: 2, callFrame: frame('listen', 'node:http', 9), children: [3] },
  {
    id: 3,
    callFrame: frame('route', 'file:///app/node_modules/router/index.js', 4),
    children: [4]
  },
  { id: 4, callFrame: frame('handler', 'file:///app/src/api.js', 20), children: [5] },
  { id: 5, callFrame: frame('hash') },
  { id: 6, callFrame: frame('(garbage collector)') },
  { id: 7, callFrame: frame('(idle)') }
]

const profile: CpuProfile = {
  nodes,
  startTime: 1000,
  endTime: 1100,
  samples: [7, 4, 5, 5, 6, 4, 7],
  timeDeltas: [0, 10, 10, 10, 10, 10, 10]
}

describe('a CPU profile', () => {
  it('is read as stretches of time, the samples that agree as one', () => {
    const { rows, duration, busy } = readProfile(profile, false)
    expect([duration, busy]).toEqual([100, 50])
    expect(rows.map((row) => row.map(({ fn, from, to }) => [fn.name, from, to]))).toEqual([
      [
        ['handler', 10, 40],
        ['(garbage collector)', 40, 50],
        ['handler', 50, 60]
      ],
      [['hash', 20, 40]]
    ])
  })

  it('shows what stands above the own code when asked', () => {
    const { rows, depth } = readProfile(profile, true)
    expect(depth).toBe(4)
    expect(rows[0]?.map(({ fn }) => fn.name)).toEqual(['listen', '(garbage collector)', 'listen'])
  })

  it('adds up by function, and says whose it is', () => {
    const { functions } = readProfile(profile, false)
    expect(
      functions.map(({ name, origin, self, total, place }) => [name, origin, self, total, place])
    ).toEqual([
      ['handler', 'own', 20, 40, 'api.js:21'],
      ['hash', 'node', 20, 20, ''],
      ['(garbage collector)', 'gc', 10, 10, '']
    ])
    const all = readProfile({ ...profile, recorder: 'file:///app/src/' }, true).functions
    expect(all.find(({ name }) => name === 'handler')?.origin).toBe('package')
  })

  it('counts a function that calls itself once', () => {
    const deep: CpuProfile = {
      nodes: [
        { id: 1, callFrame: frame('walk', 'file:///a.js'), children: [2] },
        { id: 2, callFrame: frame('walk', 'file:///a.js') }
      ],
      startTime: 0,
      endTime: 10,
      samples: [2],
      timeDeltas: [0]
    }
    expect(readProfile(deep, false).functions).toMatchObject([{ self: 10, total: 10 }])
  })

  it('never tells of more time than there was, whatever the samples', () => {
    const sample = fc.record({ id: fc.integer({ min: 0, max: 9 }), delta: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 40 }), fc.boolean(), (samples, outer) => {
        const flame = readProfile(
          {
            ...profile,
            samples: samples.map(({ id }) => id),
            timeDeltas: samples.map(({ delta }) => delta)
          },
          outer
        )
        const self = flame.functions.reduce((sum, fn) => sum + fn.self, 0)
        expect(self).toBe(flame.busy)
        expect(flame.busy).toBeLessThanOrEqual(flame.duration)
        for (const row of flame.rows)
          for (const [i, { from, to }] of row.entries()) {
            expect(to).toBeGreaterThanOrEqual(from)
            expect(from).toBeGreaterThanOrEqual(row[i - 1]?.to ?? 0)
          }
      })
    )
  })
})
