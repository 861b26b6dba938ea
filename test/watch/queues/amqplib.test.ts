import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeContext, rootContext, runIn, suppressed } from '../../../src/context/context.ts'
import { wrapAmqplib } from '../../../src/watch/queues/amqplib.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { library } from '../../libraries/library.js'
import { describeWith } from '../../servers/describe.ts'
import { startRabbitmq } from '../../servers/rabbitmq.ts'
import { type Kept, type Recorder, record } from '../setup.ts'

interface Message {
  content: Buffer
  fields: { deliveryTag: number; consumerTag: string }
  properties: { headers: Record<string, unknown> }
}

type Listener = (message: Message | null) => unknown

interface Channel {
  on(event: string, listener: (error: Error) => void): void
  assertQueue(name: string, options?: object): Promise<{ queue: string }>
  assertExchange(name: string, type: string, options?: object): Promise<unknown>
  bindQueue(queue: string, exchange: string, pattern: string): Promise<unknown>
  publish(exchange: string, key: string, content: Buffer, ...rest: unknown[]): boolean
  sendToQueue(queue: string, content: Buffer, ...rest: unknown[]): boolean
  consume(queue: string, listener: Listener, options?: object): Promise<{ consumerTag: string }>
  get(queue: string, options?: object): Promise<Message | false>
  cancel(tag: string): Promise<unknown>
  prefetch(count: number): Promise<unknown>
  ack(message: Message, allUpTo?: boolean): void
  nack(message: Message, allUpTo?: boolean, requeue?: boolean): void
  nackAll(requeue?: boolean): void
  ackAll(): void
  reject(message: Message, requeue?: boolean): void
  waitForConfirms(): Promise<void>
  deleteQueue(name: string): Promise<unknown>
  close(): Promise<void>
}

interface Connection {
  on(event: string, listener: (error: Error) => void): void
  createChannel(): Promise<Channel>
  createConfirmChannel(): Promise<Channel>
  close(): Promise<void>
}

interface Amqplib {
  connect(url: string): Promise<Connection>
  readonly credentials: object
}

/** The same by callbacks, as far as the tests go. */
interface CallbackApi {
  connect(url: string, done: (error: unknown, connection: CallbackConnection) => void): void
}

interface CallbackConnection {
  createConfirmChannel(done: (error: unknown, channel: CallbackChannel) => void): void
  close(done: () => void): void
}

interface CallbackChannel extends Pick<Channel, 'ack' | 'sendToQueue'> {
  assertQueue(name: string, options: object, done: () => void): void
  consume(queue: string, listener: Listener, options: object, done: () => void): void
  get(queue: string, options: object, done: (e: unknown, m: Message | false) => void): void
}

for (const name of ['amqplib', 'amqplib-0'])
  await describeWith(startRabbitmq, name, (server) => {
    const amqplib = library(name) as Amqplib
    let recorder: Recorder
    let watch: Watch
    let connection: Connection
    let channel: Channel
    let queue: string
    let queues = 0

    beforeEach(async () => {
      recorder = record()
      watch = wrapAmqplib(recorder.setup, amqplib)
      connection = await amqplib.connect(server.url)
      connection.on('error', () => {})
      channel = await connection.createChannel()
      channel.on('error', () => {})
      queue = `orders-${++queues}`
      await channel.assertQueue(queue)
    })

    afterEach(async () => {
      await connection.close().catch(() => {})
      watch.stop()
      recorder.close()
    })

    const send = (headers?: object, text = 'x'): Promise<void> =>
      recorder.inRequest('request', async () => {
        channel.sendToQueue(queue, Buffer.from(text), headers && { headers, messageId: 'm-1' })
      })
    const pair = async (): Promise<[Kept, Kept]> => {
      const [sent] = await recorder.wait(`publish ${queue}`)
      const [processed] = await recorder.wait(`process ${queue}`)
      return [sent as Kept, processed as Kept]
    }

    test('a message is a producer span, and its processing goes on with its trace', async () => {
      await send({ own: 'header' })
      const seen = new Promise<Message>((resolve) => {
        void channel.consume(queue, (message) => {
          resolve(message as Message)
          channel.ack(message as Message)
        })
      })
      expect((await seen).properties.headers).toMatchObject({ own: 'header' })
      const [sent, processed] = await pair()
      expect(sent).toMatchObject({
        kind: 3,
        attributes: {
          'messaging.system': 'rabbitmq',
          'messaging.operation.type': 'send',
          'messaging.operation.name': 'publish',
          'messaging.destination.name': queue,
          'messaging.rabbitmq.destination.routing_key': queue,
          'messaging.message.id': 'm-1'
        }
      })
      expect(processed).toMatchObject({
        kind: 4,
        traceId: sent.traceId,
        parentId: sent.spanId,
        attributes: {
          'messaging.operation.type': 'process',
          'messaging.operation.name': 'process',
          'messaging.destination.name': queue,
          'messaging.message.id': 'm-1'
        }
      })
    })

    test('what a consumer does happens in the span of its message', async () => {
      await send()
      const active = new Promise<string | undefined>((resolve) => {
        void channel.consume(
          queue,
          async () => {
            await Promise.resolve()
            resolve(activeContext().span?.spanContext().spanId)
          },
          { noAck: true }
        )
      })
      const spanId = await active
      expect((await pair())[1].spanId).toBe(spanId)
    })

    test('the span lasts until the message is settled, whoever does it', async () => {
      await send()
      let kept: Message | undefined
      await channel.consume(queue, (message) => {
        kept = message as Message
      })
      await expect.poll(() => kept).toBeDefined()
      await new Promise((resolve) => setTimeout(resolve, 30))
      expect(recorder.spans.some((span) => span.kind === 4)).toBe(false)
      channel.ack(kept as Message)
      expect((await pair())[1].duration).toBeGreaterThan(25e6)
    })

    test('an ack of all up to a message ends the spans of those before it, and of no other', async () => {
      for (const text of ['1', '2', '3']) await send(undefined, text)
      const messages: Message[] = []
      await channel.consume(queue, (message) => messages.push(message as Message))
      await expect.poll(() => messages.length).toBe(3)
      channel.ack(messages[1] as Message, true)
      await recorder.wait(`process ${queue}`, 2)
      expect(recorder.spans.filter((span) => span.kind === 4)).toHaveLength(2)
      channel.ackAll()
      await recorder.wait(`process ${queue}`, 3)
    })

    test.each([
      ['nack', () => channel.nackAll(false)],
      ['nack', (message: Message) => channel.nack(message, false, false)],
      ['reject', (message: Message) => channel.reject(message, false)]
    ] as const)('a message that is not taken says so: %s', async (how, settle) => {
      await send()
      await channel.consume(queue, (message) => settle(message as Message))
      const [, processed] = await pair()
      expect(processed.attributes).toMatchObject({ 'spanlight.settled': how })
      expect(processed.status).toBe(0)
    })

    test('a message that is open when its channel closes is an error', async () => {
      await send()
      const given = new Promise((resolve) => void channel.consume(queue, resolve))
      await given
      await channel.close()
      const [, processed] = await pair()
      expect(processed).toMatchObject({ status: 2, attributes: { 'error.type': 'Error' } })
    })

    test('what an asynchronous consumer throws is recorded, and stays unhandled', async () => {
      const unhandled = new Promise((resolve) => {
        const before = process.listeners('unhandledRejection')
        process.removeAllListeners('unhandledRejection')
        process.once('unhandledRejection', (reason) => {
          for (const listener of before) process.on('unhandledRejection', listener)
          resolve(reason)
        })
      })
      await send()
      const error = new RangeError('bad order')
      await channel.consume(queue, () => Promise.reject(error))
      expect(await unhandled).toBe(error)
      const [, processed] = await pair()
      expect(processed).toMatchObject({
        status: 2,
        statusMessage: 'bad order',
        events: ['exception'],
        attributes: { 'error.type': 'RangeError' }
      })
    })

    test('a message that is got is a part of the request that asks, with a link to its sender', async () => {
      await send()
      await recorder.inRequest('asking', async () => {
        await expect.poll(async () => Boolean(await channel.get(queue, { noAck: true }))).toBe(true)
        expect(await channel.get(queue)).toBe(false)
      })
      const [asking] = await recorder.wait('asking')
      const [sent] = await recorder.wait(`publish ${queue}`)
      const [got, empty] = await recorder.wait(`get ${queue}`, 2)
      expect(got).toMatchObject({
        kind: 2,
        parentId: asking?.spanId,
        attributes: { 'messaging.operation.type': 'receive' }
      })
      expect(got?.links).toEqual([sent?.spanId])
      expect(empty?.links).toEqual([])
    })

    test('outside of any request it goes on with the trace of its sender, and asking in vain is nothing', async () => {
      expect(await channel.get(queue)).toBe(false)
      await send()
      await expect.poll(async () => Boolean(await channel.get(queue, { noAck: true }))).toBe(true)
      const [sent] = await recorder.wait(`publish ${queue}`)
      const found = await recorder.wait(`get ${queue}`)
      expect(found.map((span) => span.parentId)).toEqual([sent?.spanId])
    })

    test('a confirm channel ends the span of a message when the broker has it', async () => {
      const confirming = await connection.createConfirmChannel()
      confirming.on('error', () => {})
      await recorder.inRequest('request', async (span) => {
        await new Promise<void>((resolve, reject) => {
          confirming.sendToQueue(queue, Buffer.from('a'), {}, (error: unknown) => {
            if (activeContext().span === span) resolve()
            else reject(new Error(`not in the request: ${String(error)}`))
          })
        })
        confirming.publish('', queue, Buffer.from('b'))
        await confirming.waitForConfirms()
      })
      const sent = await recorder.wait(`publish ${queue}`, 2)
      expect(sent.map((span) => span.status)).toEqual([0, 0])
      expect(recorder.spans).toHaveLength(3)
    })

    test('what a closed channel refuses is thrown as it was and is an error', async () => {
      await channel.close()
      const refused = (): boolean => channel.publish('', queue, Buffer.from('a'))
      expect(() => runIn(rootContext, refused)).toThrow('Channel closed')
      const [sent] = await recorder.wait(`publish ${queue}`)
      expect(sent).toMatchObject({
        status: 2,
        attributes: { 'error.type': 'IllegalOperationError' }
      })
    })

    test('an exchange, its key and the queue make the destination', async () => {
      await channel.assertExchange('events', 'topic', { durable: false })
      await channel.bindQueue(queue, 'events', 'order.*')
      channel.publish('events', 'order.paid', Buffer.from('x'))
      await channel.consume(queue, (message) => channel.ack(message as Message))
      const [processed] = await recorder.wait(`process events:order.paid:${queue}`)
      const [sent] = await recorder.wait('publish events:order.paid')
      expect(processed?.parentId).toBe(sent?.spanId)
    })

    test('a queue that the broker has named lends its name to no span', async () => {
      const made = await channel.assertQueue('', { exclusive: true })
      channel.sendToQueue(made.queue, Buffer.from('x'))
      const [sent] = await recorder.wait('publish (anonymous)')
      expect(sent?.attributes).toMatchObject({
        'messaging.destination.name': made.queue,
        'messaging.destination.anonymous': true
      })
    })

    test('options and headers of the caller stay as they are', async () => {
      const headers = Object.create({ inherited: 'yes' }) as Record<string, string>
      headers['own'] = '1'
      const options = Object.freeze({ headers: Object.freeze(headers), persistent: true })
      channel.sendToQueue(queue, Buffer.from('x'), options)
      expect(Object.keys(headers)).toEqual(['own'])
      const message = await new Promise<Message | null>((resolve) => {
        void channel.consume(queue, resolve, { noAck: true })
      })
      expect(message?.properties.headers).toMatchObject({ own: '1', inherited: 'yes' })
      expect(message?.properties.headers['traceparent']).toMatch(/^00-/)
    })

    test('headers of strangers never keep a message from its consumer', async () => {
      const odd: unknown[] = [{ a: 1 }, 'x'.repeat(20_000), 12, null, [], ['00-1'], true]
      const seen: unknown[] = []
      await channel.consume(queue, (message) => seen.push(message?.content.toString()), {
        noAck: true
      })
      watch.stop()
      for (const [i, traceparent] of odd.entries())
        channel.sendToQueue(queue, Buffer.from(`${i}`), { headers: { traceparent } })
      await expect.poll(() => seen.length).toBe(odd.length)
      watch = wrapAmqplib(recorder.setup, amqplib)
      const tag = await channel.consume(queue, (message) => seen.push(message), { noAck: true })
      for (const traceparent of odd) {
        // As a publisher that nobody watches would send them.
        runIn(suppressed(rootContext), () =>
          channel.sendToQueue(queue, Buffer.from('x'), { headers: { traceparent } })
        )
      }
      await expect.poll(() => seen.length).toBe(odd.length * 2)
      await channel.cancel(tag.consumerTag)
      expect(recorder.spans.every((span) => span.parentId === undefined)).toBe(true)
      expect(recorder.said).toEqual([])
    })

    test('where no trace is to be continued, the sender is linked', async () => {
      watch.stop()
      watch = wrapAmqplib({ ...recorder.setup, trustIncoming: false }, amqplib)
      await send()
      await channel.consume(queue, () => {}, { noAck: true })
      const [sent, processed] = await pair()
      expect(processed).toMatchObject({ parentId: undefined, links: [sent.spanId] })
      expect(processed.traceId).not.toBe(sent.traceId)
    })

    test('a consumer that the broker cancels hears of it as ever', async () => {
      const heard = new Promise((resolve) => void channel.consume(queue, resolve))
      await channel.deleteQueue(queue)
      expect(await heard).toBe(null)
    })

    test('the callback API is watched alike', async () => {
      const api = library(`${name}/callback_api`) as CallbackApi
      const found = await new Promise<CallbackConnection>((resolve, reject) => {
        api.connect(server.url, (error, made) => (error ? reject(error as Error) : resolve(made)))
      })
      const own = await new Promise<CallbackChannel>((resolve) => {
        found.createConfirmChannel((_error, made) => resolve(made))
      })
      await recorder.inRequest('request', async (span) => {
        await new Promise((resolve) => own.sendToQueue(queue, Buffer.from('1'), {}, resolve))
        await new Promise<void>((resolve) => {
          own.get(queue, { noAck: true }, () => {
            expect(activeContext().span).toBe(span)
            resolve()
          })
        })
        own.sendToQueue(queue, Buffer.from('2'))
      })
      own.consume(
        queue,
        (message) => own.ack(message as Message),
        {},
        () => {}
      )
      await recorder.wait(`publish ${queue}`, 2)
      await recorder.wait(`get ${queue}`)
      await recorder.wait(`process ${queue}`)
      await new Promise<void>((resolve) => found.close(resolve))
    })

    test('everything is put back, and consumers that are there go on', async () => {
      const prototype = Object.getPrototypeOf(channel) as Channel
      const wrapped = prototype.publish
      const seen: unknown[] = []
      await channel.consume(queue, (message) => seen.push(message), { noAck: true })
      watch.stop()
      expect(prototype.publish).not.toBe(wrapped)
      expect(prototype.publish.name).toBe('publish')
      expect(wrapped.length).toBe(prototype.publish.length)
      channel.sendToQueue(queue, Buffer.from('x'))
      await expect.poll(() => seen.length).toBe(1)
      expect(recorder.spans).toEqual([])
    })
  })

test('anything else than the module is refused by name', () => {
  const recorder = record()
  for (const wrong of [undefined, null, 'amqplib', {}, { connect() {} }])
    expect(() => wrapAmqplib(recorder.setup, wrong)).toThrow(
      new TypeError("instrument.amqplib must be the amqplib module: import amqplib from 'amqplib'")
    )
  recorder.close()
})

test('a module whose files cannot be found is said to be unwatched', () => {
  const recorder = record()
  const bundled = { connect() {}, credentials: {} }
  const watch = wrapAmqplib(recorder.setup, { default: bundled })
  expect(watch.instrumented).toMatchObject({ name: 'amqplib', on: false })
  watch.stop()
  recorder.close()
})
