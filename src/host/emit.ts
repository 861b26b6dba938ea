import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { Span } from '../span/span.ts'
import { decide, type Emit, type Exchange, exchangeOf } from './exchange.ts'

/**
 * How an exchange sees its end and keeps its context, without adding a listener: listeners are counted by hosts, and one for `'error'`
 * changes what Node does. So `emit` of the request and of the response is replaced on the very objects. Two shared functions, not a
 * closure for each request; not enumerable, so that a printed or copied request looks as ever.
 *
 * The context has to be entered anew because the parser emits `data` and `end` outside the listener's context (Node 20, 22 and 24), and
 * `enterWith` mends it only up to 22.
 */
export function follow(exchange: Exchange, req: IncomingMessage, res: ServerResponse): void {
  exchange.res = res
  exchange.requestEmit = emitOf(req)
  exchange.responseEmit = emitOf(res)
  decide(req, exchange)
  decide(res, exchange)
  Object.defineProperty(req, 'emit', requestEmit)
  Object.defineProperty(res, 'emit', responseEmit)
  if (res.socket === null) queue(exchange, req)
  if (exchange.span instanceof Span) exchange.span.alive = aliveOf(req, res)
}

const requestEmit: PropertyDescriptor = {
  value: function emit(this: IncomingMessage, ...args: unknown[]): boolean {
    const exchange = exchangeOf(this)
    if (exchange === undefined) return plainEmit(this, args)
    const type = args[0]
    if (type === 'aborted' || type === 'close') requestClosed(exchange, this)
    return emitIn(exchange, exchange.requestEmit, this, args)
  },
  writable: true,
  configurable: true
}

const responseEmit: PropertyDescriptor = {
  value: function emit(this: ServerResponse, ...args: unknown[]): boolean {
    const exchange = exchangeOf(this)
    if (exchange === undefined) return plainEmit(this, args)
    const type = args[0]
    if (type === 'finish') exchange.end(!wasReset(this))
    else if (type === 'close') exchange.end(this.writableFinished && !wasReset(this))
    return emitIn(exchange, exchange.responseEmit, this, args)
  },
  writable: true,
  configurable: true
}

// Registered, so that two copies of the package know each other's function.
const mark = Symbol.for('spanlight.emit')
for (const { value } of [requestEmit, responseEmit]) Object.defineProperty(value, mark, {})

/** Whether any copy of this package follows the request. */
export function isFollowed(req: IncomingMessage): boolean {
  return mark in emitOf(req)
}

function emitIn(
  exchange: Exchange,
  emit: Emit | undefined,
  target: object,
  args: unknown[]
): boolean {
  if (emit === undefined) return plainEmit(target, args)
  if (!exchange.lost) return Reflect.apply(emit, target, args)
  return contextStorage.run(exchange.context, Reflect.apply, emit, target, args) as boolean
}

function plainEmit(target: object, args: unknown[]): boolean {
  return Reflect.apply(emitOf(EventEmitter.prototype), target, args)
}

// To be called with an emitter as `this`.
function emitOf(emitter: { emit: unknown }): Emit {
  return emitter.emit as Emit
}

// A pipelined request whose client leaves before its turn: its response was never given the socket, and emits neither 'finish' nor
// 'close' on Node 20. If it has been read already, the request emits nothing either, so it hangs on to the one before it.
function queue(exchange: Exchange, req: IncomingMessage): void {
  const { _httpMessage: current } = (req.socket ?? {}) as { readonly _httpMessage?: unknown }
  let last = typeof current === 'object' && current !== null ? exchangeOf(current) : undefined
  while (last?.next !== undefined) last = last.next
  if (last !== undefined) last.next = exchange
}

// Where the response has its socket, it tells: the request closes as soon as it has been read, long before the answer.
function requestClosed(exchange: Exchange, req: IncomingMessage): void {
  if (exchange.ended || exchange.res?.socket || 'stream' in req) return
  if (req.socket?.destroyed) exchange.end(false)
}

interface StreamHolder {
  readonly stream?: { readonly rstCode?: number; readonly destroyed?: boolean }
}

// HTTP/2's response emits 'finish' for a stream that the client reset, too.
function wasReset(res: ServerResponse): boolean {
  const code = (res as StreamHolder).stream?.rstCode
  return code !== undefined && code !== 0
}

function aliveOf(req: IncomingMessage, res: ServerResponse): () => boolean {
  const holder = (res as StreamHolder).stream ?? req.socket
  return () => holder?.destroyed === false
}
