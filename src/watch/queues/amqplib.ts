import { activeContext, bindTo, isSuppressed } from '../../context/context.ts'
import { get } from '../../span/exception.ts'
import { Deliveries, destinationOf } from './amqplib-deliveries.ts'
import { followCall } from '../call.ts'
import { filesOf, handedModule } from '../loaded.ts'
import {
  headersOf,
  isPlain,
  type MessagingCall,
  startReceiving,
  startSending
} from './messaging.ts'
import { ownerOf, type StandIn, wrapMethod } from '../patch.ts'
import { claimObject, notWatched, type Watch, type WatchSetup, watchedElsewhere } from '../watch.ts'

type Callback = (...args: unknown[]) => unknown

interface Class {
  readonly prototype: object
}

/** The two files of amqplib that hold channels: of its promise API and of its callback API. */
interface Model {
  readonly Channel: Class
  readonly ConfirmChannel: Class
}

const models = ['lib/channel_model.js', 'lib/callback_model.js']

/**
 * Watches the channels of the `amqplib` module that the user hands over, of its promise and its callback API alike: a span for each message that is
 * published, processed or got. Its classes are in files of its own, which it does not export.
 * @throws TypeError when the value is not the amqplib module
 */
export function wrapAmqplib(setup: WatchSetup, module: unknown): Watch {
  const amqplib = handedModule<{ connect: unknown; credentials: unknown }>(
    module,
    ({ connect, credentials }) => typeof connect === 'function' && typeof credentials === 'object'
  )
  if (amqplib === undefined)
    throw new TypeError(
      "instrument.amqplib must be the amqplib module: import amqplib from 'amqplib'"
    )
  const classes = setup.guard(() => {
    const load = filesOf(amqplib)
    return load && models.map((path) => load(path) as Model)
  })
  const first = classes?.[0]?.Channel.prototype
  if (classes === undefined || first === undefined)
    return notWatched(
      'amqplib',
      'amqplib is bundled into another file: its channels cannot be found'
    )
  const release = claimObject(first)
  if (release === undefined) return watchedElsewhere('amqplib')
  const undo = setup.guard(() => classes.flatMap((model) => wrapModel(setup, model))) ?? []
  return {
    instrumented: { name: 'amqplib', on: true, how: 'instrument: { amqplib }' },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

function wrapModel(setup: WatchSetup, model: Model): ((() => void) | undefined)[] {
  const channel = model.Channel.prototype
  const confirming = model.ConfirmChannel.prototype
  const deliveries = new Deliveries(setup)
  // A confirm channel's publish calls the one of all channels.
  const isConfirming = (self: unknown): boolean =>
    Object.prototype.isPrototypeOf.call(confirming, self as object)
  const settle =
    (name: string, all: boolean): StandIn =>
    (original, self, args) => {
      setup.guard(() => {
        if (all) deliveries.settleAll(self as object, name)
        else deliveries.settle(self as object, name, args[0], args[1] === true)
      })
      return Reflect.apply(original, self, args)
    }
  return [
    wrapMethod(channel, 'publish', (original, self, args) =>
      isConfirming(self)
        ? Reflect.apply(original, self, args)
        : publish(setup, original, self, args, false)
    ),
    wrapMethod(confirming, 'publish', (original, self, args) =>
      publish(setup, original, self, args, true)
    ),
    wrapMethod(channel, 'consume', (original, self, args) =>
      Reflect.apply(
        original,
        self,
        setup.guard(() => deliveries.consume(self as object, args)) ?? args
      )
    ),
    wrapMethod(channel, 'get', (original, self, args) => receive(setup, original, self, args)),
    wrapMethod(channel, 'ack', settle('ack', false)),
    wrapMethod(channel, 'ackAll', settle('ack', true)),
    wrapMethod(channel, 'nack', settle('nack', false)),
    wrapMethod(channel, 'nackAll', settle('nack', true)),
    wrapMethod(channel, 'reject', (original, self, args) => {
      setup.guard(() => deliveries.settle(self as object, 'reject', args[0], false))
      return Reflect.apply(original, self, args)
    }),
    wrapMethod(ownerOf(channel, 'toClosed') ?? channel, 'toClosed', (original, self, args) => {
      setup.guard(() => deliveries.closed(self as object))
      return Reflect.apply(original, self, args)
    }),
    () => deliveries.stop()
  ]
}

function publish(
  setup: WatchSetup,
  original: Callback,
  self: unknown,
  args: unknown[],
  confirmed: boolean
): unknown {
  const begun = setup.guard(() => {
    const [exchange, routingKey, content, options, callback, ...rest] = args
    const messageId = get(options, 'messageId')
    const sending = startSending(setup, {
      ...destinationOf(exchange, routingKey, undefined),
      operation: 'publish',
      messageId
    })
    if (sending === undefined) return undefined
    if (typeof routingKey === 'string' && routingKey !== '')
      sending.span.setAttribute('messaging.rabbitmq.destination.routing_key', routingKey)
    const carried =
      options === undefined || options === null || isPlain(options)
        ? withHeaders(options, headersOf(setup, sending))
        : options
    const caller = activeContext()
    // The broker's word on a message is its end; where nobody waits for it, it is the call's.
    const answered = (error: unknown, ...more: unknown[]): void => {
      setup.guard(() => (error ? sending.fail(error) : sending.end()))
      if (typeof callback === 'function') bindTo(caller, callback as Callback)(error, ...more)
    }
    const changed: unknown[] = [exchange, routingKey, content, carried]
    if (confirmed) changed.push(answered, ...rest)
    return { sending, args: changed }
  })
  if (begun === undefined) return Reflect.apply(original, self, args)
  const { sending } = begun
  const following = {
    done: () => (confirmed ? undefined : sending.end()),
    failed: (error: unknown) => sending.fail(error)
  }
  return followCall(setup.guard, following, () => Reflect.apply(original, self, begun.args))
}

// amqplib takes the properties of headers from their prototypes, too, and so must a copy that stands before them.
function withHeaders(options: unknown, headers: Record<string, string>): object {
  const before = (options ?? {}) as { readonly headers?: object | null }
  return { ...before, headers: Object.assign(Object.create(before.headers ?? null), headers) }
}

/** `channel.get`: a message that is asked for, by promise or by callback. */
function receive(setup: WatchSetup, original: Callback, self: unknown, args: unknown[]): unknown {
  const context = activeContext()
  const began = performance.now()
  const [queue, options, callback] = args
  const failed = (error: unknown): void => {
    if (context.span === undefined || isSuppressed(context)) return
    const at = { carrier: undefined, context, began }
    startReceiving(setup, { ...destinationOf('', queue, queue), operation: 'get' }, at).fail(error)
  }
  const done = (message: unknown): void => {
    // A loop that asks an empty queue again and again is nothing to be told of.
    if (isSuppressed(context) || (message === false && context.span === undefined)) return
    const fields = get(message, 'fields')
    const properties = get(message, 'properties')
    const call: MessagingCall = {
      ...destinationOf(get(fields, 'exchange'), get(fields, 'routingKey') ?? queue, queue),
      operation: 'get',
      messageId: get(properties, 'messageId')
    }
    const carrier = get(properties, 'headers')
    startReceiving(setup, call, { carrier, context, began }).end()
  }
  if (typeof callback !== 'function')
    return followCall(setup.guard, { done, failed }, () => Reflect.apply(original, self, args))
  const heard = bindTo(context, (error: unknown, message: unknown) => {
    setup.guard(() => (error ? failed(error) : done(message)))
    return (callback as Callback)(error, message)
  })
  return Reflect.apply(original, self, [queue, options, heard])
}
