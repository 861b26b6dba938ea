import { expect, it } from 'vitest'
import { inSlices } from '../../src/base/time-slices.ts'

it('work in slices lets the host go on every five milliseconds, and only then', async () => {
  let ms = 0
  let turns = 0
  const spent: number[] = []
  const count = (): void => {
    turns++
    spent.push(ms)
    turn = setImmediate(count)
  }
  let turn = setImmediate(count)
  function* work(): Generator<undefined, string> {
    for (let i = 0; i < 100; i++) {
      ms += 0.5
      yield
    }
    return 'done'
  }
  expect(await inSlices(work(), () => ms)).toBe('done')
  clearImmediate(turn)
  expect(turns).toBeGreaterThanOrEqual(9)
  expect(spent.slice(1, 9)).toEqual([10, 15, 20, 25, 30, 35, 40, 45])
})

it('work in slices that fails rejects', async () => {
  // oxlint-disable-next-line require-yield
  function* work(): Generator<undefined, string> {
    throw new Error('a fault')
  }
  await expect(inSlices(work(), () => 0)).rejects.toThrow('a fault')
})
