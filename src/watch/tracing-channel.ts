import { type TracingChannelSubscribers, tracingChannel } from 'node:diagnostics_channel'
import { type Context, contextStorage } from '../context/context.ts'
import { claim, type WatchSetup } from './watch.ts'

/** What is recorded of one call that a library tells of. */
export interface FollowedCall {
  /** What the library's own work runs in. @default the caller's context */
  readonly context?: Context | undefined
  /** Is told that the call has returned and goes on elsewhere. */
  pending?(): void
  /** Is told the result, unless the call failed. */
  succeed(result: unknown): void
  /** Is told the error, unless the call succeeded. */
  fail(error: unknown): void
}

/** Looks at the message of a call that begins, in its caller's context; undefined when nothing of it is recorded. */
export type Begin<Message extends object> = (message: Message) => FollowedCall | undefined

/** A library that tells of its calls itself, on TracingChannels: nothing has to be handed over. */
export interface Published {
  /** Its package. */
  readonly name: string
  /** The first version that does. */
  readonly since: string
  follow(setup: WatchSetup, on: On): void
}

export type On = <Message extends object>(channel: string, begin: Begin<Message>) => void

interface Entry {
  /** Undefined outside of any. */
  readonly caller: Context | undefined
  call: FollowedCall | undefined
}

/**
 * Follows the calls that a library publishes on a TracingChannel of Node's. Gives the way back; undefined when another copy of the package
 * follows it already.
 */
export function followChannel<Message extends object>(
  setup: Pick<WatchSetup, 'guard'>,
  name: string,
  begin: Begin<Message>
): (() => void) | undefined {
  const release = claim(`channel ${name}`)
  if (release === undefined) return undefined
  const channel = tracingChannel<Context, Message>(name)
  const follower = new Follower(setup, begin)
  const listeners = {
    error: (message: object) => follower.failed(message),
    asyncStart: (message: object) => follower.settled(message),
    end: (message: object) => follower.returned(message)
  } as unknown as TracingChannelSubscribers<Message>
  channel.start.bindStore(contextStorage, (message) => follower.starts(message) as Context)
  channel.asyncStart.bindStore(contextStorage, (message) => follower.callsBack(message) as Context)
  channel.subscribe(listeners)
  return () => {
    channel.start.unbindStore(contextStorage)
    channel.asyncStart.unbindStore(contextStorage)
    channel.unsubscribe(listeners)
    release()
  }
}

/** Every method is called by a channel: an exception in one would become an uncaught exception of the host. */
class Follower<Message extends object> {
  readonly #guard: WatchSetup['guard']
  readonly #begin: Begin<Message>
  // In the message, which is one object for all that is told of a call and takes results and errors from Node, too. A WeakMap costs a command of a
  // cache 1.3 us, most of it in the garbage collector.
  readonly #key = Symbol('spanlight')

  constructor({ guard }: Pick<WatchSetup, 'guard'>, begin: Begin<Message>) {
    this.#guard = guard
    this.#begin = begin
  }

  /** The store for the library's work; as it is, none included, where there is nothing to change. */
  starts(message: Message): Context | undefined {
    const caller = contextStorage.getStore()
    const call = this.#guard(() => {
      // A channel is anybody's in the process.
      if (typeof message !== 'object' || message === null) return undefined
      const entry: Entry = { caller, call: undefined }
      ;(message as Noted)[this.#key] = entry
      entry.call = this.#begin(message)
      return entry.call
    })
    return call?.context ?? caller
  }

  /**
   * The store for the host's callback. What waited in a queue would be called back in the context of whoever made room: its caller's is right, also
   * when nothing of the call is recorded.
   */
  callsBack(message: object): Context | undefined {
    const entry = this.#guard(() => this.#entry(message))
    return entry === undefined ? contextStorage.getStore() : entry.caller
  }

  failed(message: object): void {
    this.#guard(() => this.#settle(message)?.fail((message as Outcome).error))
  }

  /** A callback is about to be called, or a promise has been settled. */
  settled(message: object): void {
    this.#guard(() => this.#settle(message)?.succeed((message as Outcome).result))
  }

  /** The call itself has returned. A result is there only when it has no more to do. */
  returned(message: object): void {
    this.#guard(() => {
      const entry = this.#entry(message)
      if (entry === undefined) return
      if ('result' in message) this.#settle(message)?.succeed(message.result)
      else entry.call?.pending?.()
    })
  }

  #entry(message: object | null | undefined): Entry | undefined {
    return (message as Noted | null | undefined)?.[this.#key]
  }

  #settle(message: object): FollowedCall | undefined {
    const entry = this.#entry(message)
    const call = entry?.call
    if (entry !== undefined) entry.call = undefined
    return call
  }
}

interface Noted {
  [key: symbol]: Entry | undefined
}

interface Outcome {
  readonly error?: unknown
  readonly result?: unknown
}
