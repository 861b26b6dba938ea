import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Consumer } from '../tracing/child.ts'
import {
  ask,
  type Cluster,
  type Connection,
  eventually,
  everyWorker,
  meetingPoints,
  startCluster
} from './setup.ts'

interface Status {
  readonly pid: number
  readonly bootId: string
  readonly workers: { readonly role: string; readonly workers: { readonly pid: number }[] }
}

let consumer: Consumer
let cluster: Cluster
let connections: Connection[] = []

beforeAll(() => {
  consumer = new Consumer()
})
afterEach(async () => {
  for (const connection of connections) connection.close()
  connections = []
  cluster.child.kill('SIGTERM')
  await cluster.child.ended
})
afterAll(() => consumer.remove())

async function start(options: Parameters<typeof startCluster>[1] = {}): Promise<void> {
  cluster = await startCluster(consumer, options)
  connections = await everyWorker(cluster.port, options.workers ?? 4)
}

/** A request to each worker; gives the names of their traces. */
async function workEverywhere(name: string): Promise<string[]> {
  await Promise.all(connections.map((one, index) => one.ask(`/work/${name}${index}`)))
  return connections.map((_, index) => `${name}${index}`)
}

async function pathsOf(connection: Connection, query = 'work'): Promise<string[]> {
  const { traces } = await connection.json<{ traces: { traceId: string }[] }>(
    `traces?limit=500&q=${query}`
  )
  const paths = await Promise.all(
    traces.map(async ({ traceId }) => {
      const text = (await connection.ask(`/_traces/api/traces/${traceId}?format=otlp`)).text
      return /"\/work\/(\w+)"/.exec(text)?.[1] ?? ''
    })
  )
  return paths.filter((path) => path !== '').sort()
}

function status(connection: Connection): Promise<Status> {
  return connection.json<Status>('status')
}

async function familyOf(count: number): Promise<Status> {
  let found: Status | undefined
  await eventually(async () => {
    found = await status(connections[0] as Connection)
    return found.workers.role === 'keeper' && found.workers.workers.length === count
  })
  return found as Status
}

function byNumber(a: number, b: number): number {
  return a - b
}

/** What a worker tells the others of by itself, it does within half a second; nothing shows that it has. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}

describe.each(['express', 'koa'] as const)('the page of a cluster with %s', (framework) => {
  it('shows the traces of all workers, whichever answers', async () => {
    await start({ framework })
    await familyOf(4)
    const names = await workEverywhere('a')
    const seen = await Promise.all(connections.map((one) => pathsOf(one)))
    for (const paths of seen) expect(paths).toEqual(names)
    const states = await Promise.all(connections.map(status))
    expect(new Set(states.map(({ bootId }) => bootId)).size).toBe(1)
    const pids = states[0]?.workers.workers.map(({ pid }) => pid).sort(byNumber)
    expect(pids).toEqual(connections.map(({ pid }) => pid).sort(byNumber))
  })
})

describe('the page of a cluster', () => {
  it('says of each span which process it is of', async () => {
    await start({ workers: 2 })
    await familyOf(2)
    await workEverywhere('a')
    const [one] = connections as [Connection]
    const { traces } = await one.json<{ traces: { traceId: string }[] }>('traces?q=work')
    const texts = await Promise.all(
      traces.map(({ traceId }) => one.ask(`/_traces/api/traces/${traceId}?format=otlp`))
    )
    const pids = texts.map(({ text }) =>
      Number(/"key":"process.pid","value":\{"intValue":"(\d+)"/.exec(text)?.[1])
    )
    expect(pids.sort(byNumber)).toEqual(connections.map(({ pid }) => pid).sort(byNumber))
  })

  it('shows requests in flight of all workers', async () => {
    await start({ workers: 3 })
    await familyOf(3)
    const slow = connections.map(({ port }) => ask(port, '/slow').catch(() => undefined))
    await eventually(async () => {
      const lists = await Promise.all(
        connections.map((one) =>
          one.json<{ traces: { inFlight: boolean; spans: number }[] }>('traces?q=is:inflight')
        )
      )
      return lists.every(({ traces }) => traces.filter((one) => one.inFlight).length === 3)
    })
    cluster.child.kill('SIGTERM')
    await Promise.all(slow)
  })

  it('streams the traces of all workers through a WebSocket of any', async () => {
    await start()
    await familyOf(4)
    for (const one of connections) await one.ask('/_traces/')
    const { port } = cluster
    const sockets = Array.from(
      { length: 4 },
      () =>
        new WebSocket(`ws://127.0.0.1:${port}/_traces/live`, 'spanlight.v1', {
          origin: `http://127.0.0.1:${port}`
        })
    )
    const seen = sockets.map((socket) => {
      const ids = new Set<string>()
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as {
          type: string
          seq?: number
          rows?: [traceId: string, seq: number, name: string][]
        }
        if (message.type === 'hello')
          socket.send(JSON.stringify({ type: 'since', seq: message.seq }))
        for (const [traceId, , name] of message.rows ?? [])
          if (name.includes('work')) ids.add(traceId)
      })
      return ids
    })
    await Promise.all(sockets.map((socket) => new Promise((open) => socket.on('message', open))))
    await workEverywhere('live')
    await eventually(async () => seen.every((ids) => ids.size === 4))
    sockets.forEach((socket) => socket.close())
  })

  it('takes spans through any worker', async () => {
    await start({ workers: 2 })
    await familyOf(2)
    const statuses: number[] = []
    for (const [index, one] of connections.entries()) {
      const id = String(index + 1)
      const span = {
        traceId: id.repeat(32),
        spanId: id.repeat(16),
        name: `sent ${id}`,
        startTimeUnixNano: '1700000000000000000',
        endTimeUnixNano: '1700000000001000000'
      }
      const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
      const headers = { 'content-type': 'application/json' }
      statuses.push((await one.ask('/_traces/v1/traces', { method: 'POST', headers, body })).status)
    }
    expect(statuses).toEqual([200, 200])
    for (const one of connections) {
      const { traces } = await one.json<{ traces: { name: string }[] }>('traces?q=sent')
      expect(traces.map(({ name }) => name).sort()).toEqual(['sent 1', 'sent 2'])
    }
  })

  it('clears what all workers have', async () => {
    await start({ workers: 2 })
    const { pid } = await familyOf(2)
    await workEverywhere('a')
    const member = connections.find((one) => one.pid !== pid) as Connection
    expect(await pathsOf(member)).toHaveLength(2)
    await member.ask('/_traces/api/clear', { method: 'POST', headers: { 'x-spanlight': '1' } })
    expect(await pathsOf(member)).toEqual([])
    process.kill(pid, 'SIGKILL')
    await eventually(async () => (await status(member)).workers.role === 'keeper')
    expect(await pathsOf(member)).toEqual([])
  })

  it('is each worker its own with workers: false', async () => {
    await start({ workers: 2, options: 'workers: false' })
    await workEverywhere('a')
    const seen = await Promise.all(connections.map((one) => pathsOf(one)))
    expect(seen.map((paths) => paths.length)).toEqual([1, 1])
  })
})

describe('a keeper that is gone', () => {
  it('is followed by another worker, and nothing recent is lost', async () => {
    await start()
    const { pid } = await familyOf(4)
    const before = await workEverywhere('before')
    await eventually(async () => (await pathsOf(connections[0] as Connection)).length === 4)
    const left = connections.filter((one) => one.pid !== pid)
    await aMoment()
    process.kill(pid, 'SIGKILL')
    await eventually(async () => {
      const { workers } = await status(left[0] as Connection)
      return workers.role === 'keeper' && workers.workers.length >= 3
    })
    for (const one of left) expect(await pathsOf(one)).toEqual(before)
    connections = left
    const after = await workEverywhere('after')
    for (const one of left) expect(await pathsOf(one)).toEqual([...after, ...before].sort())
  })

  it('keeps what workers have recorded that were replaced, one after the other', async () => {
    await start({ workers: 3 })
    await familyOf(3)
    const names = await workEverywhere('old')
    connections.forEach((one) => one.close())
    cluster.child.kill('SIGUSR2')
    await cluster.child.prints(/restarted/)
    connections = await everyWorker(cluster.port, 3)
    await familyOf(3)
    for (const one of connections) expect(await pathsOf(one)).toEqual(names)
  })
})

describe('a keeper that hangs', () => {
  it('hurts nobody: the others answer by themselves, then one of them keeps', async () => {
    await start({ workers: 3 })
    const { pid } = await familyOf(3)
    await workEverywhere('a')
    await aMoment()
    const left = connections.filter((one) => one.pid !== pid) as [Connection, Connection]
    process.kill(pid, 'SIGSTOP')
    try {
      const alone = await status(left[0])
      expect(alone.workers.role).not.toBe('keeper')
      expect(await pathsOf(left[0])).toContain(`a${connections.indexOf(left[0])}`)
      await eventually(async () => {
        const states = await Promise.all(left.map(status))
        return states.every((one) => one.workers.role === 'keeper' && one.pid !== pid)
      })
      for (const one of left) expect(await pathsOf(one)).toHaveLength(3)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await familyOf(3)
    for (const one of connections) expect(await pathsOf(one)).toHaveLength(3)
  })

  it('loses nothing when the one with the copy hangs, too, and another one is faster', async () => {
    await start({ workers: 3 })
    const { pid, workers } = await familyOf(3)
    const names = await workEverywhere('a')
    await aMoment()
    // The first that came was made the deputy.
    const deputy = workers.workers.find((one) => one.pid !== pid)?.pid as number
    const third = connections.find((one) => ![pid, deputy].includes(one.pid)) as Connection
    process.kill(pid, 'SIGSTOP')
    process.kill(deputy, 'SIGSTOP')
    try {
      await eventually(async () => (await status(third)).workers.role === 'keeper')
      expect(await pathsOf(third)).toHaveLength(1)
      process.kill(deputy, 'SIGCONT')
      await eventually(async () => (await pathsOf(third)).length === 3)
      expect((await status(third)).pid).toBe(deputy)
      expect(await pathsOf(third)).toEqual(names)
    } finally {
      process.kill(deputy, 'SIGCONT')
      process.kill(pid, 'SIGCONT')
    }
    await familyOf(3)
    for (const one of connections) expect(await pathsOf(one)).toEqual(names)
  })

  it('is found out without anybody asking', async () => {
    await start({ workers: 3 })
    const { pid } = await familyOf(3)
    process.kill(pid, 'SIGSTOP')
    try {
      const left = connections.filter((one) => one.pid !== pid) as [Connection, Connection]
      // Only the one is asked; what the other has done arrives all the same.
      await left[1].ask('/work/b')
      await eventually(async () => (await pathsOf(left[0])).includes('b'))
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })
})

describe('the end of a cluster', () => {
  it('leaves no file behind', async () => {
    await start({ workers: 2 })
    await familyOf(2)
    expect(meetingPoints(consumer)).toHaveLength(1)
    cluster.child.kill('SIGTERM')
    await cluster.child.ended
    expect(meetingPoints(consumer)).toEqual([])
  })

  it('by force leaves a socket that the next start removes', async () => {
    await start({ workers: 2 })
    await familyOf(2)
    for (const { pid } of connections) process.kill(pid, 'SIGSTOP')
    cluster.child.kill('SIGKILL')
    for (const { pid } of connections) process.kill(pid, 'SIGKILL')
    await cluster.child.ended
    const [left] = meetingPoints(consumer)
    expect(left).toBeDefined()
    await start({ workers: 2 })
    await familyOf(2)
    await eventually(async () => !meetingPoints(consumer).includes(left as string))
    expect(meetingPoints(consumer)).toHaveLength(1)
  })
})
