import { tracingChannel } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchPublished } from '../../../src/watch/published.ts'
import { library } from '../../libraries/library.js'
import { freePort, host } from '../../servers/home.ts'
import { type Recorder, record } from '../setup.ts'

interface Producer {
  send(options: { messages: readonly { topic: string; value: Buffer }[] }): Promise<unknown>
  close(): Promise<void>
}

interface Kafka {
  readonly Producer: new (options: object) => Producer
}

let recorder: Recorder
let stop: () => void

beforeEach(() => {
  recorder = record()
  stop = watchPublished(recorder.setup, () => {})
})

afterEach(() => {
  stop()
  recorder.close()
})

// As the library publishes it, which itself wants a newer Node than the oldest that we run on.
function send(options: unknown, error: Error | null = null): void {
  const work = (done: (error: Error | null) => void): void => done(error)
  const channel = tracingChannel<unknown, object>('plt:kafka:producer:sends')
  channel.traceCallback(work as never, 0, { operation: 'send', options }, undefined, () => {})
}

test('what is sent is a producer span', async () => {
  await recorder.inRequest('request', async () => send({ messages: [{ topic: 'orders' }] }))
  const [request] = await recorder.wait('request')
  const [sent] = await recorder.wait('send orders')
  expect(sent).toMatchObject({
    kind: 3,
    status: 0,
    parentId: request?.spanId,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders'
    }
  })
})

test('several messages are counted, several topics are no name', async () => {
  send({ messages: [{ topic: 'a' }, { topic: 'b' }] })
  const [sent] = await recorder.wait('send')
  expect(sent?.attributes).toMatchObject({ 'messaging.batch.message_count': 2 })
})

test('what cannot be sent is an error', async () => {
  send({ messages: [{ topic: 'a' }] }, new RangeError('no'))
  const [sent] = await recorder.wait('send a')
  expect(sent).toMatchObject({ status: 2, attributes: { 'error.type': 'RangeError' } })
})

test('messages of no sense do no harm', async () => {
  for (const options of [undefined, null, 1, { messages: 1 }, { messages: [null, { topic: {} }] }])
    send(options)
  await recorder.wait('send', 5)
  expect(recorder.said).toEqual([])
})

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 6) || (major === 22 && minor >= 22))
  test('the library itself tells of what it sends', async () => {
    const { Producer } = library('@platformatic/kafka') as Kafka
    const bootstrapBrokers = [`${host}:${await freePort()}`]
    const producer = new Producer({ clientId: 'test', bootstrapBrokers, retries: 0 })
    const messages = [{ topic: 'orders', value: Buffer.from('x') }]
    await expect(producer.send({ messages })).rejects.toThrow()
    const [sent] = await recorder.wait('send orders')
    expect(sent).toMatchObject({ kind: 3, status: 2 })
    await producer.close()
  })
