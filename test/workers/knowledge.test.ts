import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Question } from '../../src/workers/knowledge.ts'
import { type Relative, Relatives } from './relatives.ts'
import { eventually } from './setup.ts'

let relatives: Relatives
let keeper: Relative

beforeEach(async () => {
  relatives = new Relatives()
  keeper = relatives.join()
  await eventually(async () => keeper.role === 'keeper')
})
afterEach(() => relatives.remove())

async function members(count: number): Promise<Relative[]> {
  const all = Array.from({ length: count }, () => relatives.join())
  await eventually(async () => keeper.family.state.workers.length === count + 1)
  return all
}

const wish = { id: 3, kind: 'bodies', method: 'GET', route: '/a', remaining: 2, forMs: 5 } as const
const question: Question = { about: 'profiles' }

describe('what all workers must know', () => {
  it('is told to each that joins, and when it changes', async () => {
    keeper.common = { proxy: '', wishes: [wish] }
    const [one, two] = await members(2)
    await eventually(async () => one?.common.wishes.length === 1 && two?.common.wishes.length === 1)
    keeper.common = { proxy: 'via', wishes: [] }
    keeper.family.share()
    await eventually(async () => one?.common.proxy === 'via' && two?.common.proxy === 'via')
    expect([one?.common, two?.common]).toEqual([keeper.common, keeper.common])
  })

  it('is found out by any of them', async () => {
    const [one, two] = await members(2)
    one?.family.share({ type: 'granted', id: 3 })
    one?.family.share({ type: 'proxy', sign: 'via' })
    await eventually(async () => two?.common.proxy === 'via')
    expect(keeper.heard).toEqual([
      { type: 'granted', id: 3 },
      { type: 'proxy', sign: 'via' }
    ])
  })

  it('is told by one that has found it out before it joined', async () => {
    const [one] = await members(1)
    const late = relatives.join()
    late.common = { proxy: 'forwarded', wishes: [] }
    await eventually(async () => one?.common.proxy === 'forwarded')
    expect(keeper.common.proxy).toBe('forwarded')
  })
})

describe('a question', () => {
  it('is answered by all members, or by the one that is meant', async () => {
    for (const one of await members(2)) one.answers = async () => [one.pid]
    expect(new Set((await keeper.family.ask(question)).flat())).toEqual(new Set([1002, 1003]))
    const resource = { service: 'api', attributes: ['process.pid', 1003] }
    expect(await keeper.family.ask(question, resource)).toEqual([[1003]])
  })

  it('is asked by the keeper alone', async () => {
    const [one] = await members(1)
    expect(await one?.family.ask(question)).toEqual([])
    expect(keeper.asked).toEqual([])
  })

  it('has no answer of one that fails to give any, or ends meanwhile', async () => {
    const [failing, ending, answering] = await members(3)
    if (!failing || !ending || !answering) throw new Error('not all have joined')
    failing.answers = () => Promise.reject(new Error('no'))
    ending.answers = () => {
      ending.family.close()
      return new Promise(() => {})
    }
    answering.answers = async () => 'this'
    expect(await keeper.family.ask(question)).toEqual(['this'])
  })
})
