import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, Consumer } from '../tracing/child.ts'
import { Connection, eventually, meetingPoints, temporary } from './setup.ts'

let consumer: Consumer
let connection: Connection | undefined

beforeAll(() => {
  consumer = new Consumer()
})
afterAll(async () => {
  connection?.close()
  await consumer.remove()
})

// A server that has its jobs done by threads, which continue the request's trace from the headers that are handed over.
const program = (workers: string, exits: boolean): string => `
  import { Worker, isMainThread, parentPort } from 'node:worker_threads'
  import express from 'express'
  import { context, propagation } from '@opentelemetry/api'
  import { tracing, withSpan } from 'spanlight'
  if (isMainThread) {
    const app = express()
    app.use(tracing({ access: 'local', ${workers} }))
    const threads = ${exits} ? [] : [new Worker(new URL(import.meta.url)), new Worker(new URL(import.meta.url))]
    let next = 0
    app.get('/pid', (req, res) => res.json({ pid: process.pid }))
    app.get('/work/:n', (req, res) => {
      const thread = ${exits} ? new Worker(new URL(import.meta.url)) : threads[next++ % threads.length]
      const headers = {}
      propagation.inject(context.active(), headers)
      thread.postMessage(headers)
      thread.once('message', (answer) => res.json(answer))
    })
    app.get('/end', (req, res) => {
      res.json({})
      server.close()
      server.closeAllConnections()
      threads.forEach((thread) => thread.unref())
    })
    const server = app.listen(0, '127.0.0.1', () => console.log('ready', server.address().port))
  } else {
    tracing({ access: 'local' })
    parentPort.on('message', (headers) => {
      context.with(propagation.extract(context.active(), headers), () => withSpan('job', () => parentPort.postMessage({})))
      if (${exits}) parentPort.close()
    })
  }`

async function start(workers = '', exits = false): Promise<Child> {
  const child = consumer.run(program(workers, exits), { TMPDIR: temporary(consumer) })
  const [, port] = await child.prints(/ready (\d+)/)
  connection = await Connection.open(Number(port))
  return child
}

async function jobs(): Promise<{ spans: number; name: string }[]> {
  const { traces } = await (connection as Connection).json<{
    traces: { spans: number; name: string }[]
  }>('traces?q=job')
  return traces
}

describe('threads that do the work of a request', () => {
  it('have their spans in the trace of the request', async () => {
    const child = await start()
    const one = connection as Connection
    for (const n of [1, 2, 3, 4]) await one.ask(`/work/${n}`)
    await eventually(async () => (await jobs()).length === 4)
    for (const { name } of await jobs()) expect(name).toBe('GET /work/:n')
    const { workers } = await one.json<{ workers: { workers: { thread: number }[] } }>('status')
    expect(workers.workers.map(({ thread }) => thread).sort((a, b) => a - b)).toEqual([0, 1, 2])
    expect(meetingPoints(consumer)).toHaveLength(1)
    await one.ask('/end').catch(() => undefined)
    expect((await child.ended).code).toBe(0)
    expect(meetingPoints(consumer)).toEqual([])
  })

  it('have them there even where each lives for one job only', async () => {
    const child = await start('', true)
    const one = connection as Connection
    for (const n of [1, 2, 3]) await one.ask(`/work/${n}`)
    await eventually(async () => (await jobs()).length === 3)
    child.kill('SIGTERM')
    await child.ended
  })

  it('keep their traces to themselves with workers: false', async () => {
    const child = await start('workers: false')
    const one = connection as Connection
    await one.ask('/work/1')
    const { workers } = await one.json<{ workers?: unknown }>('status')
    expect(workers).toBeUndefined()
    expect(await jobs()).toEqual([])
    child.kill('SIGTERM')
    await child.ended
  })
})
