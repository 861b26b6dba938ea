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
  // Nothing in the turn that it begins in, then a slice a turn.
  expect(spent.slice(0, 9)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40])
})

it('works of one turn do not share the next, but take one after another', async () => {
  let ms = 0
  let longest = 0
  let before = 0
  const look = (): void => {
    longest = Math.max(longest, ms - before)
    before = ms
    turn = setImmediate(look)
  }
  let turn = setImmediate(look)
  function* work(): Generator<undefined, void> {
    for (let i = 0; i < 40; i++) {
      ms++
      yield
    }
  }
  await Promise.all(Array.from({ length: 10 }, () => inSlices(work(), () => ms)))
  clearImmediate(turn)
  expect([ms, longest]).toEqual([400, 5])
})

it('work in slices that fails rejects', async () => {
  // oxlint-disable-next-line require-yield
  function* work(): Generator<undefined, string> {
    throw new Error('a fault')
  }
  await expect(inSlices(work(), () => 0)).rejects.toThrow('a fault')
})
