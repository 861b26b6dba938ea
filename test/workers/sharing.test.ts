import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InspectState } from '../../src/wire/inspect.ts'
import type { RuntimeActivity } from '../../src/wire/runtime.ts'
import type { Status } from '../../src/wire/status.ts'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import { Consumer } from '../tracing/child.ts'
import { ask, type Cluster, Connection, eventually, everyWorker, startCluster } from './setup.ts'

const count = 3
const marked = { method: 'POST', headers: { 'x-spanlight': '1' } }

let consumer: Consumer
let cluster: Cluster
/** To the keeper, and to the others. */
let keeper: Connection
let members: [Connection, Connection]

beforeAll(() => {
  consumer = new Consumer()
})
afterAll(() => consumer.remove())

async function start(): Promise<void> {
  cluster = await startCluster(consumer, { workers: count })
  const all = await everyWorker(cluster.port, count)
  await eventually(async () => {
    const { pid, workers } = await (all[0] as Connection).json<Status>('status')
    keeper = all.find((one) => one.pid === pid) as Connection
    members = all.filter((one) => one.pid !== pid) as [Connection, Connection]
    return workers?.role === 'keeper' && workers.workers.length === count
  })
}

async function stop(): Promise<void> {
  for (const one of [keeper, ...members]) one.close()
  cluster.child.kill('SIGTERM')
  await cluster.child.ended
}

const state = (one: Connection): Promise<InspectState> => one.json('inspect')

/**
 * The state as each worker's page has it. A member asks whether the keeper is awake before it hands a request on, so what the keeper has told
 * it before, it knows by now.
 */
const states = (): Promise<InspectState[]> => Promise.all([keeper, ...members].map(state))

async function traces(query: string): Promise<Summary[]> {
  return (await keeper.json<TraceList>(`traces?q=${encodeURIComponent(query)}`)).traces
}

/** The trace of a request that was answered a moment ago. */
async function traceOf(query: string): Promise<Summary> {
  let found: Summary | undefined
  await eventually(async () => {
    found = (await traces(query)).find(({ inFlight }) => !inFlight)
    return found !== undefined
  })
  return found as Summary
}

describe('any worker', () => {
  beforeAll(start)
  afterAll(stop)

  it('grants a wish for bodies, and one of them alone', async () => {
    const path = '/_traces/api/inspect?kind=bodies&method=GET&route=/busy/:n&count=1'
    expect((await members[0].ask(path, marked)).status).toBe(200)
    for (const { wishes } of await states()) expect(wishes).toMatchObject([{ remaining: 1 }])
    await members[1].ask('/busy/1')
    await eventually(async () => (await states()).every(({ wishes }) => wishes.length === 0))
    for (const one of [keeper, ...members]) await one.ask('/busy/2')
    await eventually(async () => (await traces('route:/busy/:n -is:inflight')).length === 4)
    const [kept, ...more] = await traces('@http.response.body.content:redacted')
    expect(more).toEqual([])
    const text = (await keeper.ask(`/_traces/api/traces/${kept?.traceId}?format=otlp`)).text
    expect(text).toContain(`{\\"pid\\":${members[1].pid},\\"password\\":\\"[redacted]\\"}`)
  })

  it('grants a wish for a profile, which the pages of all get from it', async () => {
    const path = '/_traces/api/inspect?kind=profile&method=GET&route=/busy/:n'
    expect((await keeper.ask(path, marked)).status).toBe(200)
    for (const { wishes } of await states()) expect(wishes).toHaveLength(1)
    await members[0].ask('/busy/1')
    await eventually(async () => (await states()).every(({ wishes }) => wishes.length === 0))
    for (const one of [keeper, ...members]) await one.ask('/busy/2')
    const { traceId } = await traceOf('@url.path:/busy/1')
    for (const { profiles } of await states())
      expect(profiles).toMatchObject([{ traceId, name: 'GET /busy/:n' }])
    for (const one of [keeper, ...members]) {
      const { nodes } = await one.json<{ nodes: unknown[] }>(`traces/${traceId}/profile`)
      expect(nodes.length).toBeGreaterThan(1)
    }
  })

  it('takes a wish back when another one does', async () => {
    for (const route of ['/work/:n', '/busy/:n'])
      await keeper.ask(`/_traces/api/inspect?kind=bodies&method=GET&route=${route}`, marked)
    const [{ wishes }] = (await states()) as [InspectState]
    await members[0].ask(`/_traces/api/inspect/cancel?id=${wishes[0]?.id}`, marked)
    for (const one of await states()) expect(one.wishes).toMatchObject([{ route: '/busy/:n' }])
  })

  it('tells what it was doing during a trace of its own', async () => {
    for (const one of [keeper, ...members]) {
      await one.ask(`/busy/at-${one.pid}`)
      const { traceId } = await traceOf(`@url.path:/busy/at-${one.pid}`)
      for (const page of [keeper, ...members]) {
        const activity = await page.json<RuntimeActivity>(`traces/${traceId}/runtime`)
        expect(activity.known).not.toBe('none')
        const longest = Math.max(...activity.blocks.map(({ from, to }) => to - from))
        expect(longest).toBeGreaterThan(40_000)
      }
    }
  })
})

describe('a proxy that one worker has seen', () => {
  beforeAll(start)
  afterAll(stop)

  it('ends local mode in all of them, and in those that come later', async () => {
    const bearer = { authorization: `Bearer ${'?'.repeat(40)}` }
    await members[0].ask('/work/1', { headers: { 'x-forwarded-for': '203.0.113.7' } })
    await eventually(async () => {
      const answers = await Promise.all(
        [keeper, ...members].map((one) => one.ask('/_traces/api/status'))
      )
      return answers.every(({ status }) => status === 401)
    })
    expect((await members[1].ask('/_traces/api/status', { headers: bearer })).status).toBe(401)
    process.kill(keeper.pid, 'SIGKILL')
    let fresh: Connection | undefined
    await eventually(async () => {
      const one = await Connection.open(cluster.port)
      if ([keeper, ...members].every(({ pid }) => pid !== one.pid)) fresh = one
      else one.close()
      return fresh !== undefined
    })
    const late = fresh as Connection
    await eventually(async () => (await late.ask('/_traces/api/status')).status === 401)
    const file = join(consumer.folder, 'node_modules', '.cache', 'spanlight', 'token')
    const right = { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` }
    const { mode, why } = await late.json<Status>('status', { headers: right })
    expect([mode, why]).toEqual(['token', 'a proxy was seen (x-forwarded-for)'])
    late.close()
  })
})

describe('a keeper that is killed', () => {
  beforeAll(start)
  afterAll(stop)

  it('leaves what was pinned and what is waited for to the next, and that one, too', async () => {
    await keeper.ask('/work/1')
    await members[0].ask('/work/2')
    const ids = [await traceOf('@url.path:/work/1'), await traceOf('@url.path:/work/2')].map(
      ({ traceId }) => traceId
    )
    for (const id of ids) await members[1].ask(`/_traces/api/traces/${id}/pin`, marked)
    await keeper.ask('/_traces/api/inspect?kind=bodies&method=GET&route=/busy/:n&count=1', marked)
    for (let killed = 0; killed < 2; killed++) {
      const { pid } = await now<Status>('status')
      await copied()
      process.kill(pid, 'SIGKILL')
      await eventually(async () => {
        const { pid: next, workers } = await now<Status>('status')
        return next !== pid && workers?.role === 'keeper' && workers.workers.length === count
      })
      const { traces: pinned } = await now<TraceList>('traces?q=is:pinned')
      expect(pinned.map(({ traceId }) => traceId).sort()).toEqual(ids.toSorted())
      const { wishes } = await now<InspectState>('inspect')
      expect(wishes).toMatchObject([{ route: '/busy/:n', remaining: 1 }])
    }
    await ask(cluster.port, '/busy/1')
    await eventually(async () => (await now<InspectState>('inspect')).wishes.length === 0)
  })
})

/** By whichever worker answers. */
async function now<T>(path: string): Promise<T> {
  return JSON.parse((await ask(cluster.port, `/_traces/api/${path}`)).text) as T
}

/** A copy is sent within a fraction of a second; nothing shows that it was. */
function copied(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}
