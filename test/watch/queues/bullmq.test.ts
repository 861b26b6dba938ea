import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  activeContext,
  isSuppressed,
  rootContext,
  runIn,
  suppressed
} from '../../../src/context/context.ts'
import { wrapBullmq } from '../../../src/watch/queues/bullmq.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { library } from '../../libraries/library.js'
import { describeWith } from '../../servers/describe.ts'
import { startRedis } from '../../servers/redis.ts'
import { type Recorder, record } from '../setup.ts'

interface Job {
  readonly id: string
  readonly name: string
  readonly opts: { readonly telemetry?: { readonly metadata?: string } }
  moveToDelayed(until: number, token?: string): Promise<void>
}

interface Queue {
  add(name: string, data: unknown, options?: object): Promise<Job>
  addBulk(jobs: readonly object[]): Promise<Job[]>
  close(): Promise<void>
}

interface Closeable {
  close(): Promise<void>
}

interface FlowProducer extends Closeable {
  add(flow: object): Promise<unknown>
  addBulk(flows: readonly object[]): Promise<unknown>
}

interface Bullmq {
  readonly Queue: new (name: string, options: object) => Queue
  readonly Worker: new (
    name: string,
    work: (job: Job, token?: string) => Promise<unknown>,
    options: object
  ) => Closeable
  readonly FlowProducer: new (options: object) => FlowProducer
  readonly DelayedError: new () => Error
}

for (const name of ['bullmq', 'bullmq-5'])
  await describeWith(startRedis, name, (server) => {
    const bullmq = library(name) as Bullmq
    const connection = { host: server.host, port: server.port }
    let recorder: Recorder
    let watch: Watch
    let queue: Queue
    let title: string
    let open: Closeable[]
    let queues = 0

    beforeEach(() => {
      recorder = record()
      watch = wrapBullmq(recorder.setup, bullmq)
      title = `mail-${++queues}`
      queue = new bullmq.Queue(title, { connection })
      open = [queue]
    })

    afterEach(async () => {
      for (const one of open) await one.close()
      watch.stop()
      recorder.close()
    })

    function work(
      run: (job: Job, token?: string) => Promise<unknown>,
      options: object = {},
      of: string = title
    ): void {
      open.unshift(new bullmq.Worker(of, run, { connection, ...options }))
    }

    const active = (): string | undefined => activeContext().span?.spanContext().spanId

    test('a job is a producer span, and its processing goes on with its trace', async () => {
      const job = await recorder.inRequest('request', () => queue.add('welcome', { to: 'ann' }))
      let inside: string | undefined
      work(async () => {
        await Promise.resolve()
        inside = active()
      })
      const [sent] = await recorder.wait(`add ${title}`)
      const [processed] = await recorder.wait(`process ${title}`)
      expect(sent).toMatchObject({
        kind: 3,
        attributes: {
          'messaging.system': 'bullmq',
          'messaging.operation.type': 'send',
          'messaging.operation.name': 'add',
          'messaging.destination.name': title
        }
      })
      expect(processed).toMatchObject({
        kind: 4,
        status: 0,
        spanId: inside,
        traceId: sent?.traceId,
        parentId: sent?.spanId,
        attributes: {
          'messaging.operation.type': 'process',
          'messaging.message.id': job.id,
          'bullmq.job.name': 'welcome'
        }
      })
    })

    test('the context stands where the telemetry of BullMQ itself looks for it', async () => {
      const job = await queue.add('welcome', {})
      const [sent] = await recorder.wait(`add ${title}`)
      expect(JSON.parse(job.opts.telemetry?.metadata ?? '')).toEqual({
        traceparent: `00-${sent?.traceId}-${sent?.spanId}-03`
      })
    })

    test('what the user says of the context of a job is left as it is', async () => {
      const metadata = JSON.stringify({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
      await queue.add('own', {}, { telemetry: { metadata } })
      await queue.add('none', {}, { telemetry: { omitContext: true } })
      work(() => Promise.resolve())
      const parents = (await recorder.wait(`process ${title}`, 2)).map((span) => span.parentId)
      expect(parents).toEqual(['b'.repeat(16), undefined])
    })

    test('jobs that are added together have one sender', async () => {
      await queue.addBulk([
        { name: 'a', data: 1 },
        { name: 'b', data: 2, opts: { attempts: 2 } }
      ])
      work(() => Promise.resolve())
      const [sent] = await recorder.wait(`addBulk ${title}`)
      expect(sent?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
      const processed = await recorder.wait(`process ${title}`, 2)
      expect(processed.map((span) => span.parentId)).toEqual([sent?.spanId, sent?.spanId])
    })

    test('every job of a flow goes on with the trace of its flow', async () => {
      const flows = new bullmq.FlowProducer({ connection })
      open.push(flows)
      const child = { name: 'child', queueName: `${title}-child`, data: 1 }
      await flows.add({ name: 'parent', queueName: title, data: 1, children: [child] })
      await flows.addBulk([{ name: 'alone', queueName: title, data: 1 }])
      work(() => Promise.resolve())
      work(() => Promise.resolve(), {}, `${title}-child`)
      const [one] = await recorder.wait(`add ${title}`)
      const [other] = await recorder.wait('addBulk')
      const [ofChild] = await recorder.wait(`process ${title}-child`)
      const parents = (await recorder.wait(`process ${title}`, 2)).map((span) => span.parentId)
      expect(ofChild?.parentId).toBe(one?.spanId)
      expect(new Set(parents)).toEqual(new Set([one?.spanId, other?.spanId]))
    })

    test('what a processor throws is recorded, and each attempt is a span of its own', async () => {
      await queue.add('welcome', {}, { attempts: 2 })
      let attempts = 0
      work(async () => {
        if (++attempts === 1) throw new RangeError('no such address')
      })
      const [first, second] = await recorder.wait(`process ${title}`, 2)
      expect(first).toMatchObject({
        status: 2,
        statusMessage: 'no such address',
        events: ['exception'],
        attributes: { 'error.type': 'RangeError' }
      })
      expect(second).toMatchObject({ status: 0, events: [], parentId: first?.parentId })
      expect(second?.attributes).toMatchObject({ 'bullmq.job.attempts.made': 1 })
    })

    test('a job that is put off has not failed', async () => {
      await queue.add('later', {})
      let attempts = 0
      work(async (job, token) => {
        if (++attempts > 1) return
        await job.moveToDelayed(Date.now() + 1, token)
        throw new bullmq.DelayedError()
      })
      const processed = await recorder.wait(`process ${title}`, 2)
      expect(processed.map((span) => span.status)).toEqual([0, 0])
    })

    test('a job that cannot be added is an error, which the caller gets', async () => {
      await expect(queue.add('welcome', {}, { jobId: '0' })).rejects.toThrow("cannot be '0'")
      const [sent] = await recorder.wait(`add ${title}`)
      expect(sent).toMatchObject({ status: 2, attributes: { 'error.type': 'Error' } })
    })

    test('foreign metadata never keeps a job from its processor', async () => {
      const odd: unknown[] = ['no JSON', '[1]', 'null', '{"traceparent":1}', 7, { a: 1 }]
      for (const metadata of [...odd, `"${'x'.repeat(100_000)}"`])
        await queue.add('odd', {}, { telemetry: { metadata } })
      work(() => Promise.resolve())
      const processed = await recorder.wait(`process ${title}`, odd.length + 1)
      expect(new Set(processed.map((span) => span.parentId))).toEqual(new Set([undefined]))
      expect(recorder.said).toEqual([])
    })

    test('a queue with a telemetry of its own is left to it', async () => {
      const spans: string[] = []
      const span = { setSpanOnContext: () => {}, setAttributes() {}, end() {} }
      const telemetry = {
        tracer: { startSpan: (name: string) => (spans.push(name), span) },
        contextManager: {
          active() {},
          getMetadata: () => '',
          with: (_c: unknown, f: () => unknown) => f()
        }
      }
      const own = new bullmq.Queue(title, { connection, telemetry })
      open.push(own)
      await own.add('welcome', {})
      expect(spans).toEqual([`add ${title}.welcome`])
      expect(recorder.spans).toEqual([])
    })

    test('nothing is recorded or sent on where nothing is to be', async () => {
      const job = await runIn(suppressed(rootContext), () => queue.add('quiet', {}))
      expect(job.opts.telemetry).toBeUndefined()
      expect(recorder.spans).toEqual([])
    })

    // Older ones come with a Redis client that tells of no command.
    if (name === 'bullmq')
      test('what a worker asks for by itself is recorded nowhere, what a job does is', async () => {
        await queue.add('welcome', {})
        const waits: boolean[] = []
        const asked = (message: unknown): void => {
          if ((message as { command: string }).command === 'bzpopmin')
            waits.push(isSuppressed(activeContext()))
        }
        subscribe('tracing:ioredis:command:start', asked)
        let quiet: boolean | undefined
        work(async () => void (quiet = isSuppressed(activeContext())))
        await recorder.wait(`process ${title}`)
        await expect.poll(() => waits.length).toBeGreaterThan(0)
        unsubscribe('tracing:ioredis:command:start', asked)
        expect(waits).not.toContain(false)
        expect(quiet).toBe(false)
      })

    test('everything is put back', async () => {
      const { prototype } = bullmq.Queue as unknown as { prototype: Queue }
      const wrapped = prototype.add
      watch.stop()
      expect(prototype.add).not.toBe(wrapped)
      expect([wrapped.name, wrapped.length]).toEqual([prototype.add.name, prototype.add.length])
      await queue.add('welcome', {})
      expect(recorder.spans).toEqual([])
    })
  })

test('anything else than the module is refused by name', () => {
  const recorder = record()
  for (const wrong of [undefined, {}, { Queue: Date, Worker: Date }])
    expect(() => wrapBullmq(recorder.setup, wrong)).toThrow(/^instrument\.bullmq must be/)
  recorder.close()
})
