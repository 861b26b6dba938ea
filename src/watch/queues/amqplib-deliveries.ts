import { get } from '../../span/exception.ts'
import { followCall } from '../call.ts'
import { type MessagingCall, type MessagingSpan, startProcessing } from './messaging.ts'
import type { WatchSetup } from '../watch.ts'

/** The messages that channels were given and have not settled: each is a span from its delivery to its ack, nack or reject. */
export class Deliveries {
  readonly #setup: WatchSetup
  // By delivery tags, which count up within a channel.
  readonly #open = new WeakMap<object, Map<number, MessagingSpan>>()
  #on = true

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  /** The arguments of `consume`, with a callback that is followed. */
  consume(channel: object, args: unknown[]): unknown[] {
    const [queue, callback, options, ...rest] = args
    if (typeof callback !== 'function') return args
    const { guard } = this.#setup
    const settles = get(options, 'noAck') !== true
    const followed = (message: unknown, ...more: unknown[]): unknown => {
      const call = (): unknown => Reflect.apply(callback, undefined, [message, ...more]) as unknown
      // The broker tells by no message that it has cancelled the consumer.
      if (!this.#on || message === null) return call()
      const processing = guard(() => this.#begin(channel, queue, message, settles))
      if (processing === undefined) return call()
      const following = {
        context: processing.context,
        done: () => (settles ? undefined : processing.end()),
        failed(error: unknown) {
          processing.thrown(error)
          processing.end()
        }
      }
      return followCall(guard, following, call)
    }
    return [queue, followed, options, ...rest]
  }

  /** The host settles a message, or all of its channel up to it. */
  settle(channel: object, how: string, message: unknown, upTo: boolean): void {
    const tag = get(get(message, 'fields'), 'deliveryTag')
    const open = this.#open.get(channel)
    if (open === undefined || typeof tag !== 'number') return
    for (const delivered of upTo ? open.keys() : [tag]) {
      if (delivered > tag) break
      end(open, delivered, how)
    }
  }

  settleAll(channel: object, how: string): void {
    const open = this.#open.get(channel)
    for (const tag of open?.keys() ?? []) end(open, tag, how)
  }

  /** What a closed channel has not settled goes back to the queue. */
  closed(channel: object): void {
    for (const processing of this.#open.get(channel)?.values() ?? [])
      processing.fail(new Error('the channel closed before the message was settled'))
    this.#open.delete(channel)
  }

  /** Consumers that are there already are left alone from now on. */
  stop(): void {
    this.#on = false
  }

  #begin(channel: object, queue: unknown, message: unknown, settles: boolean): MessagingSpan {
    const fields = get(message, 'fields')
    const properties = get(message, 'properties')
    const routingKey = get(fields, 'routingKey')
    const processing = startProcessing(
      this.#setup,
      {
        ...destinationOf(get(fields, 'exchange'), routingKey, queue),
        operation: 'process',
        messageId: get(properties, 'messageId')
      },
      get(properties, 'headers')
    )
    const { span } = processing
    if (typeof routingKey === 'string' && routingKey !== '')
      span.setAttribute('messaging.rabbitmq.destination.routing_key', routingKey)
    if (get(fields, 'redelivered') === true)
      span.put('messaging.rabbitmq.message.redelivered', true)
    const tag = get(fields, 'deliveryTag')
    if (settles && typeof tag === 'number') this.#keep(channel, tag, processing)
    return processing
  }

  #keep(channel: object, tag: number, processing: MessagingSpan): void {
    let open = this.#open.get(channel)
    if (open === undefined) this.#open.set(channel, (open = new Map()))
    open.set(tag, processing)
    // A consumer that never settles: its oldest spans end as abandoned.
    if (open.size > this.#setup.limits.openTraces) open.delete(open.keys().next().value as number)
  }
}

function end(open: Map<number, MessagingSpan> | undefined, tag: number, how: string): void {
  const processing = open?.get(tag)
  open?.delete(tag)
  if (how !== 'ack') processing?.span.put('spanlight.settled', how)
  processing?.end()
}

/** RabbitMQ's conventions: exchange, routing key and queue, as far as they say something. */
export function destinationOf(
  exchange: unknown,
  routingKey: unknown,
  queue: unknown
): Pick<MessagingCall, 'system' | 'destination' | 'anonymous'> {
  const parts = [exchange, routingKey, queue].filter(
    (part): part is string => typeof part === 'string' && part !== ''
  )
  const destination = [...new Set(parts)].join(':')
  const anonymous = /(?:^|:)amq\.(?:gen-|rabbitmq\.reply-to)/.test(destination) || undefined
  return { system: 'rabbitmq', destination, anonymous }
}
