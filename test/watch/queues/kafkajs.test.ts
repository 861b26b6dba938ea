import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { activeContext, rootContext, runIn, suppressed } from '../../../src/context/context.ts'
import { wrapKafkajs } from '../../../src/watch/queues/kafkajs.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { library } from '../../libraries/library.js'
import type { Server } from '../../servers/home.ts'
import { startKafka } from '../../servers/kafka.ts'
import { type Recorder, record } from '../setup.ts'

interface Message {
  readonly key?: unknown
  readonly value: unknown
  readonly headers?: Record<string, unknown>
}

interface Sends {
  send(request: { topic: string; messages: readonly Message[] }): Promise<unknown>
  sendBatch(request: {
    topicMessages: readonly { topic: string; messages: readonly Message[] }[]
  }): Promise<unknown>
}

interface Producer extends Sends {
  connect(): Promise<void>
  disconnect(): Promise<void>
  transaction(): Promise<Sends & { commit(): Promise<void>; abort(): Promise<void> }>
}

interface Consumer {
  connect(): Promise<void>
  disconnect(): Promise<void>
  subscribe(topics: { topics: string[]; fromBeginning: boolean }): Promise<void>
  run(config: {
    eachMessage?: (payload: { topic: string; message: Message }) => Promise<void>
    eachBatch?: (payload: { batch: { messages: Message[] } }) => Promise<void>
    autoCommit?: boolean
  }): Promise<void>
}

interface Kafka {
  producer(options?: object): Producer
  consumer(options: { groupId: string }): Consumer
}

interface Kafkajs {
  readonly Kafka: new (options: object) => Kafka
  readonly logLevel: { readonly NOTHING: number }
}

const kafkajs = library('kafkajs') as Kafkajs
process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

let server: Server
let recorder: Recorder
let watch: Watch
let kafka: Kafka
let producer: Producer
let topic: string
let topics = 0
const open: { disconnect(): Promise<void> }[] = []

beforeAll(async () => {
  server = await startKafka()
})

afterAll(() => server.stop())

beforeEach(async () => {
  recorder = record()
  watch = wrapKafkajs(recorder.setup, kafkajs)
  kafka = new kafkajs.Kafka({
    brokers: [server.url],
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 1, initialRetryTime: 10 }
  })
  producer = kafka.producer()
  await producer.connect()
  open.push(producer)
  topic = `orders-${++topics}`
})

afterEach(async () => {
  for (const one of open.splice(0)) await one.disconnect()
  watch.stop()
  recorder.close()
})

async function consume(
  config: Parameters<Consumer['run']>[0],
  of: string[] = [topic]
): Promise<void> {
  const consumer = kafka.consumer({ groupId: `group of ${topic}` })
  open.unshift(consumer)
  await consumer.connect()
  await consumer.subscribe({ topics: of, fromBeginning: true })
  await consumer.run(config)
}

test('a message is a producer span, and its processing goes on with its trace', async () => {
  await recorder.inRequest('request', () => producer.send({ topic, messages: [{ value: 'x' }] }))
  let inside: string | undefined
  let seen: Message | undefined
  await consume({
    async eachMessage({ message }) {
      await Promise.resolve()
      inside = activeContext().span?.spanContext().spanId
      seen = message
    }
  })
  const [sent] = await recorder.wait(`send ${topic}`)
  const [processed] = await recorder.wait(`process ${topic}`)
  expect(String(seen?.headers?.['traceparent'])).toBe(`00-${sent?.traceId}-${sent?.spanId}-03`)
  expect(sent).toMatchObject({
    kind: 3,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'send',
      'messaging.destination.name': topic
    }
  })
  expect(sent?.attributes['messaging.batch.message_count']).toBeUndefined()
  expect(processed).toMatchObject({
    kind: 4,
    spanId: inside,
    traceId: sent?.traceId,
    parentId: sent?.spanId,
    attributes: {
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.consumer.group.name': `group of ${topic}`
    }
  })
})

test('messages that are sent together have one sender, and keep their own headers', async () => {
  const own = Object.freeze({ own: '1' })
  const messages = Object.freeze([{ value: 'a', headers: own }, Object.freeze({ value: 'b' })])
  const seen: Message[] = []
  await producer.send({ topic, messages })
  await consume({ eachMessage: async ({ message }) => void seen.push(message) })
  const processed = await recorder.wait(`process ${topic}`, 2)
  const [sent] = await recorder.wait(`send ${topic}`)
  expect(sent?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
  expect(processed.map((span) => span.parentId)).toEqual([sent?.spanId, sent?.spanId])
  expect(String(seen[0]?.headers?.['own'])).toBe('1')
})

test('a batch is one span, with a link to each of its senders', async () => {
  for (const value of ['a', 'b']) await producer.send({ topic, messages: [{ value }] })
  await producer.send({ topic, messages: [{ value: 'c' }, { value: 'd' }] })
  await consume({ eachBatch: () => Promise.resolve() })
  const [batch] = await recorder.wait(`process ${topic}`)
  const sent = await recorder.wait(`send ${topic}`, 3)
  expect(batch).toMatchObject({
    parentId: undefined,
    links: sent.map((span) => span.spanId),
    attributes: {
      'messaging.batch.message_count': 4,
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': `group of ${topic}`
    }
  })
  expect(sent.map((span) => span.traceId)).not.toContain(batch?.traceId)
})

test('several topics at once are one span without a destination', async () => {
  const other = `${topic}-other`
  await producer.sendBatch({
    topicMessages: [
      { topic, messages: [{ value: 'a' }] },
      { topic: other, messages: [{ value: 'b' }] }
    ]
  })
  await consume({ eachMessage: () => Promise.resolve() }, [topic, other])
  const [sent] = await recorder.wait('send')
  expect(sent?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
  expect(sent?.attributes['messaging.destination.name']).toBeUndefined()
  for (const name of [topic, other]) {
    const [processed] = await recorder.wait(`process ${name}`)
    expect(processed?.parentId).toBe(sent?.spanId)
  }
})

test('what is sent in a transaction is watched alike', async () => {
  const transactional = kafka.producer({
    transactionalId: 't',
    maxInFlightRequests: 1,
    idempotent: true
  })
  open.push(transactional)
  await transactional.connect()
  const transaction = await transactional.transaction()
  await transaction.send({ topic, messages: [{ value: 'a' }] })
  await transaction.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'b' }] }] })
  await transaction.commit()
  expect(await recorder.wait(`send ${topic}`, 2)).toHaveLength(2)
})

test('what a handler throws is recorded, and KafkaJS tries again', async () => {
  await producer.send({ topic, messages: [{ value: 'a' }] })
  let attempts = 0
  await consume({
    async eachMessage() {
      if (++attempts === 1) throw new URIError('no such order')
    }
  })
  const [first, second] = await recorder.wait(`process ${topic}`, 2)
  expect(first).toMatchObject({
    status: 2,
    statusMessage: 'no such order',
    events: ['exception'],
    attributes: { 'error.type': 'URIError' }
  })
  expect(second).toMatchObject({ status: 0, parentId: first?.parentId })
})

test('what cannot be sent is an error, and the caller gets it', async () => {
  const refused = producer.send({ topic: '', messages: [{ value: 'a' }] })
  await expect(refused).rejects.toThrow('Invalid topic')
  const [sent] = await recorder.wait('send')
  expect(sent).toMatchObject({
    status: 2,
    attributes: { 'error.type': 'KafkaJSNonRetriableError' }
  })
})

test('requests of no sense are for KafkaJS to refuse, in its own words', async () => {
  const odd = [
    undefined,
    null,
    {},
    { topic },
    { topic, messages: [null] },
    { topicMessages: [null] }
  ]
  const said = async (made: Producer, request: unknown): Promise<string[]> => {
    const all = [made.send, made.sendBatch] as unknown as ((request: unknown) => Promise<unknown>)[]
    const results = await Promise.allSettled(all.map(async (send) => send(request)))
    return results.map((one) => (one.status === 'rejected' ? String(one.reason) : 'sent'))
  }
  const watched = []
  for (const request of odd) watched.push(await said(producer, request))
  watch.stop()
  const plain = kafka.producer()
  open.push(plain)
  await plain.connect()
  for (const [i, request] of odd.entries()) expect(await said(plain, request)).toEqual(watched[i])
  expect(recorder.said).toEqual([])
})

test('headers of strangers never keep a message from its handler', async () => {
  const odd = ['no trace', Buffer.alloc(20_000, 'x'), ['00-1', 'b'], Buffer.from([0xff])]
  await runIn(suppressed(rootContext), () =>
    producer.send({
      topic,
      messages: odd.map((traceparent) => ({ value: 'a', headers: { traceparent } }))
    })
  )
  await consume({ eachMessage: () => Promise.resolve() })
  const processed = await recorder.wait(`process ${topic}`, odd.length)
  expect(new Set(processed.map((span) => span.parentId))).toEqual(new Set([undefined]))
  expect(recorder.said).toEqual([])
})

test('where no trace is to be continued, the sender is linked', async () => {
  watch.stop()
  watch = wrapKafkajs({ ...recorder.setup, trustIncoming: false }, { default: kafkajs })
  producer = kafka.producer()
  open.push(producer)
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'a' }] })
  await consume({ eachMessage: () => Promise.resolve() })
  const [sent] = await recorder.wait(`send ${topic}`)
  const [processed] = await recorder.wait(`process ${topic}`)
  expect(processed).toMatchObject({ parentId: undefined, links: [sent?.spanId] })
})

test('everything is put back, and what was made before goes on unrecorded', async () => {
  const { prototype } = kafkajs.Kafka as unknown as { prototype: Kafka }
  const wrapped = prototype.producer
  let seen = 0
  await consume({ eachMessage: async () => void seen++ })
  watch.stop()
  expect(prototype.producer).not.toBe(wrapped)
  expect([wrapped.name, wrapped.length]).toEqual([
    prototype.producer.name,
    prototype.producer.length
  ])
  await producer.send({ topic, messages: [{ value: 'a' }] })
  await expect.poll(() => seen).toBe(1)
  expect(recorder.spans).toEqual([])
})

test('anything else than the module is refused by name', () => {
  for (const wrong of [undefined, 'kafkajs', {}, { Kafka: Date }])
    expect(() => wrapKafkajs(recorder.setup, wrong)).toThrow(/^instrument\.kafkajs must be/)
})
