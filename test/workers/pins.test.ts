import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Relatives, type Relative } from './relatives.ts'
import { eventually } from './setup.ts'

let relatives: Relatives

beforeEach(() => {
  relatives = new Relatives()
})
afterEach(() => relatives.remove())

async function keeper(): Promise<Relative> {
  const one = relatives.join()
  await eventually(async () => one.role === 'keeper')
  return one
}

async function member(of: Relative): Promise<Relative> {
  const before = of.family.state.workers.length
  const one = relatives.join()
  await eventually(async () => of.family.state.workers.length === before + 1)
  return one
}

describe('a trace that is pinned', () => {
  it('is pinned in the copy, whether that had it before or not', async () => {
    const first = await keeper()
    const second = await member(first)
    const old = first.record(1)
    await eventually(async () => second.kept(old) === '')
    first.pin(old)
    const fresh = first.record(2)
    first.pin(fresh)
    await eventually(async () => second.kept(old) === 'pinned' && second.kept(fresh) === 'pinned')
  })

  it('comes to a copy that is made later, though newer traces have taken its place', async () => {
    const first = await keeper()
    const pinned = first.record(1)
    first.record(2)
    first.pin(pinned)
    let last = pinned
    for (let n = 3; first.store.oldest < 3; n++) last = first.record(n, 5000)
    const second = await member(first)
    await eventually(async () => second.store.has(last))
    expect(second.kept(pinned)).toBe('pinned')
    expect(second.store.records(pinned)).toEqual(
      first.store.records(pinned).map((one) => ({ ...one, relayed: true }))
    )
    first.family.close()
    await eventually(async () => second.role === 'keeper')
    const third = await member(second)
    await eventually(async () => third.kept(pinned) === 'pinned')
  })

  it('is not pinned any more when everything was cleared', async () => {
    const first = await keeper()
    const second = await member(first)
    const pinned = first.record(1)
    first.pin(pinned)
    await eventually(async () => second.kept(pinned) === 'pinned')
    first.store.clear()
    first.family.clear()
    const next = first.record(2)
    await eventually(async () => second.store.has(next))
    expect([...second.store.pinned()]).toEqual([])
    expect(second.store.stats.recent.records).toBe(1)
  })
})
