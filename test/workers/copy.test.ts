import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flat, span } from '../query/fixtures.ts'
import { type Relative, Relatives } from './relatives.ts'
import { eventually } from './setup.ts'

let relatives: Relatives
let keeper: Relative
let deputy: Relative
let third: Relative

beforeEach(async () => {
  relatives = new Relatives()
  keeper = relatives.join()
  await eventually(async () => keeper.role === 'keeper')
  deputy = await member()
  third = await member()
})
afterEach(() => relatives.remove())

async function member(): Promise<Relative> {
  const before = keeper.family.state.workers.length
  const one = relatives.join()
  await eventually(async () => keeper.family.state.workers.length === before + 1)
  return one
}

/** Every trace as often as it is there. */
function tracesOf({ store }: Relative): string[] {
  return [...store.recordsAfter(0, 'all')].map(({ record }) => record.traceId).sort()
}

/** Each records some, in turns of different length. */
async function work(turns: number): Promise<string[]> {
  const ids: string[] = []
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, one] of [keeper, deputy, third].entries())
      for (let n = 0; n <= (turn * 7 + index) % 5; n++) {
        const trace = ++last
        ids.push(one.record(trace))
      }
    await new Promise((resolve) => setTimeout(resolve, (turn * 37) % 60))
  }
  return ids.sort()
}

let last = 0

describe('the copy of what all have recorded', () => {
  it('has every record once, whoever recorded it, and goes on so', async () => {
    const all = await work(20)
    await eventually(async () =>
      [keeper, deputy].every((one) => tracesOf(one).length >= all.length)
    )
    expect(tracesOf(keeper)).toEqual(all)
    expect(tracesOf(deputy)).toEqual(all)
    keeper.family.close()
    await eventually(
      async () => deputy.role === 'keeper' && deputy.family.state.workers.length === 2
    )
    const fresh = third.record(++last)
    await eventually(async () => deputy.store.has(fresh))
    expect(tracesOf(deputy)).toEqual([...all, fresh].sort())
  })

  it('is not read from the ring where another worker has sent it', async () => {
    const first = third.record(++last)
    await eventually(async () => deputy.store.has(first))
    let read = 0
    const { store } = keeper
    const recordsAfter = store.recordsAfter.bind(store)
    vi.spyOn(store, 'recordsAfter').mockImplementation(function* (...given) {
      for (const one of recordsAfter(...given)) {
        read++
        yield one
      }
    })
    const ids = Array.from({ length: 50 }, () => third.record(++last))
    await eventually(async () => ids.every((id) => deputy.store.has(id)))
    expect(read).toBe(0)
    const own = keeper.record(++last)
    await eventually(async () => deputy.store.has(own))
    expect(read).toBe(1)
  })

  it('has a record that takes little room in a ring and much in a message', async () => {
    const event = {
      name: 'exception',
      time: 1,
      attributes: flat({ stack: 'at line\n'.repeat(1500) })
    }
    const children = Array.from({ length: 2000 }, (_, id) =>
      span({ id: 1_000_000 + id, parent: 1, events: [event] })
    )
    const large = third.record(++last, 0, children)
    expect(JSON.stringify(third.store.records(large)).length).toBeGreaterThan(20 * 2 ** 20)
    const next = third.record(++last)
    await eventually(async () => [keeper, deputy].every(({ store }) => store.has(next)))
    for (const { store } of [keeper, deputy])
      expect(store.records(large).flatMap(({ spans }) => spans)).toHaveLength(2001)
  })
})
