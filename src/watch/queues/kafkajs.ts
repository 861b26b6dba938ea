import { get } from '../../span/exception.ts'
import { handedModule } from '../loaded.ts'
import {
  headersOf,
  isPlain,
  type MessagingSpan,
  runProcessing,
  runSending,
  startBatch,
  startProcessing,
  startSending
} from './messaging.ts'
import { wrapMethod } from '../patch.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

type Callback = (...args: unknown[]) => unknown

interface TopicMessages {
  readonly topic?: unknown
  readonly messages?: unknown
}

const system = 'kafka'

/**
 * Watches the producers and consumers that are made of the `kafkajs` module that the user hands over, from then on: one span for each call that sends,
 * each message and each batch that is processed.
 * @throws TypeError when the value is not the kafkajs module
 */
export function wrapKafkajs(setup: WatchSetup, module: unknown): Watch {
  const kafkajs = handedModule<{ Kafka: { prototype: object } }>(
    module,
    ({ Kafka }) => typeof (Kafka?.prototype as { producer?: unknown })?.producer === 'function'
  )
  if (kafkajs === undefined)
    throw new TypeError(
      "instrument.kafkajs must be the kafkajs module: import kafkajs from 'kafkajs'"
    )
  const { prototype } = kafkajs.Kafka
  const release = claimObject(prototype)
  if (release === undefined) return watchedElsewhere('kafkajs')
  const watching = { ...setup, on: true }
  const undo = [
    wrapMethod(prototype, 'producer', (original, self, args) => {
      const producer = Reflect.apply(original, self, args) as object
      setup.guard(() => wrapProducer(watching, producer))
      return producer
    }),
    wrapMethod(prototype, 'consumer', (original, self, args) => {
      const consumer = Reflect.apply(original, self, args) as object
      setup.guard(() => wrapConsumer(watching, consumer, textOf(get(args[0], 'groupId'))))
      return consumer
    })
  ]
  return watchWrapped({
    name: 'kafkajs',
    on: undo[0] !== undefined,
    how: 'instrument: { kafkajs }',
    frozen: 'Kafka is frozen',
    undo,
    release() {
      watching.on = false
      release()
    }
  })
}

/** What producers and consumers that were made before the end ask for. */
interface Watching extends WatchSetup {
  on: boolean
}

function wrapProducer(watching: Watching, producer: object): void {
  wrapSends(watching, producer)
  wrapMethod(producer, 'transaction', (original, self, args) => {
    const found = Reflect.apply(original, self, args) as Promise<object>
    return found.then((transaction) => {
      watching.guard(() => wrapSends(watching, transaction))
      return transaction
    })
  })
}

// `send` and `sendBatch` are functions of their own: neither calls the other by its property.
function wrapSends(watching: Watching, producer: object): void {
  wrapMethod(producer, 'send', (original, self, args) => {
    const only = args[0] as TopicMessages | null | undefined
    const topics = (): TopicMessages[] => (only ? [only] : [])
    const changed = begin(watching, topics, ([carried]) => carried as object)
    return send(watching, changed, original, self, args)
  })
  wrapMethod(producer, 'sendBatch', (original, self, args) => {
    const topics = (): TopicMessages[] => {
      const list = get(args[0], 'topicMessages')
      return Array.isArray(list) ? (list as TopicMessages[]) : []
    }
    const changed = begin(watching, topics, (topicMessages) =>
      isPlain(args[0]) ? { ...args[0], topicMessages } : (args[0] as object)
    )
    return send(watching, changed, original, self, args)
  })
}

interface Begun {
  readonly sending: MessagingSpan
  readonly request: object
}

function begin(
  watching: Watching,
  topicsOf: () => readonly TopicMessages[],
  requestOf: (topics: TopicMessages[]) => object
): Begun | undefined {
  return watching.guard(() => {
    const topics = topicsOf()
    // Nothing to send: KafkaJS says so in its own words.
    if (!watching.on || topics.length === 0) return undefined
    const names = new Set(topics.map((one) => textOf(get(one, 'topic'))))
    const lists = topics.map((one) => get(one, 'messages'))
    const messages = lists.reduce<number>(
      (sum, list) => sum + (Array.isArray(list) ? list.length : 0),
      0
    )
    const sending = startSending(watching, {
      system,
      operation: 'send',
      destination: names.size === 1 ? ([...names][0] as string) : '',
      messages: messages === 1 ? undefined : messages
    })
    if (sending === undefined) return undefined
    const headers = headersOf(watching, sending)
    return { sending, request: requestOf(topics.map((one) => carrying(one, headers))) }
  })
}

function send(
  watching: Watching,
  begun: Begun | undefined,
  original: Callback,
  self: unknown,
  args: unknown[]
): unknown {
  if (begun === undefined) return Reflect.apply(original, self, args)
  const [, ...rest] = args
  return runSending(watching, begun.sending, () =>
    Reflect.apply(original, self, [begun.request, ...rest])
  )
}

/** The messages of a topic with our headers beside their own; what is no message is kafkajs's to refuse. */
function carrying(topic: TopicMessages, headers: Record<string, string>): TopicMessages {
  const messages = get(topic, 'messages')
  if (!Array.isArray(messages) || !isPlain(topic)) return topic
  return {
    ...topic,
    messages: messages.map((message: unknown) =>
      isPlain(message)
        ? { ...message, headers: { ...(get(message, 'headers') as object), ...headers } }
        : message
    )
  }
}

function wrapConsumer(watching: Watching, consumer: object, group: string): void {
  wrapMethod(consumer, 'run', (original, self, args) => {
    const [config, ...rest] = args
    const changed = watching.guard(() => {
      if (!isPlain(config)) return undefined
      const followed: Record<string, unknown> = { ...config }
      for (const [name, start] of [
        ['eachMessage', startMessage],
        ['eachBatch', startMessages]
      ] as const) {
        const handler = followed[name]
        if (typeof handler !== 'function') continue
        followed[name] = (payload: unknown, ...more: unknown[]): unknown => {
          const processing = watching.guard(() =>
            watching.on ? start(watching, group, payload) : undefined
          )
          return runProcessing(watching, processing, () => (handler as Callback)(payload, ...more))
        }
      }
      return followed
    })
    return Reflect.apply(original, self, changed === undefined ? args : [changed, ...rest])
  })
}

function startMessage(setup: WatchSetup, group: string, payload: unknown): MessagingSpan {
  const message = get(payload, 'message')
  const call = { system, operation: 'process', destination: textOf(get(payload, 'topic')), group }
  const processing = startProcessing(setup, call, get(message, 'headers'))
  const { span } = processing
  span.setAttribute('messaging.destination.partition.id', String(get(payload, 'partition')))
  // A text, as it may be beyond what a number holds; the conventions ask for a number.
  const offset = Number(get(message, 'offset'))
  if (Number.isSafeInteger(offset)) span.put('messaging.kafka.offset', offset)
  return processing
}

function startMessages(setup: WatchSetup, group: string, payload: unknown): MessagingSpan {
  const batch = get(payload, 'batch')
  const list = get(batch, 'messages')
  const messages = Array.isArray(list) ? (list as unknown[]) : []
  const processing = startBatch(
    setup,
    {
      system,
      operation: 'process',
      destination: textOf(get(batch, 'topic')),
      group,
      messages: messages.length
    },
    messages.map((message) => get(message, 'headers'))
  )
  processing.span.setAttribute(
    'messaging.destination.partition.id',
    String(get(batch, 'partition'))
  )
  return processing
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
