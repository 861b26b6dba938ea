import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { type Exchange, exchangeOf } from './exchange.ts'

type Emit = (...args: unknown[]) => boolean

/**
 * How an exchange sees its end and keeps its context, without adding a listener: listeners are counted by hosts, and one for `'error'`
 * changes what Node does. So `emit` of the request and of the response is replaced on the very objects; not enumerable, so that a printed
 * or copied request looks as ever.
 *
 * The context has to be entered anew because the parser emits `data` and `end` outside the listener's context (Node 20, 22 and 24), and
 * `enterWith` mends it only up to 22.
 */
export function follow(
  exchange: Exchange,
  req: IncomingMessage,
  res: ServerResponse,
  hasBody: boolean
): void {
  const emitResponse = emitOf(res)
  define(res, function emit(this: unknown, ...args) {
    const type = args[0]
    if ((type === 'finish' || type === 'close') && !exchange.ended)
      exchange.end(type === 'finish' || res.writableFinished)
    return emitIn(exchange, emitResponse, this, args)
  })
  const queued = exchange.stream === undefined && res.socket === null
  if (queued) queue(exchange, req)
  if (hasBody || queued) followRequest(exchange, req)
}

// Only where a body comes: without one a request emits nothing of interest but when its client leaves, and the property that takes costs
// 2.5 us with Express.
function followRequest(exchange: Exchange, req: IncomingMessage): void {
  const emitRequest = emitOf(req)
  define(req, function emit(this: unknown, ...args) {
    const type = args[0]
    if ((type === 'aborted' || type === 'close') && !exchange.ended) requestClosed(exchange, req)
    return emitIn(exchange, emitRequest, this, args)
  })
}

function define(emitter: object, emit: (this: unknown, ...args: unknown[]) => boolean): void {
  Object.defineProperty(emitter, 'emit', { value: emit, writable: true, configurable: true })
}

// To be called with an emitter as `this`.
function emitOf(emitter: { emit: unknown }): Emit {
  return emitter.emit as Emit
}

function emitIn(exchange: Exchange, emit: Emit, target: unknown, args: unknown[]): boolean {
  if (!exchange.lost) return Reflect.apply(emit, target, args)
  return contextStorage.run(exchange.context, Reflect.apply, emit, target, args) as boolean
}

// A pipelined request whose client leaves before its turn: its response was never given the socket, and emits neither 'finish' nor
// 'close' on Node 20. If it has been read already, the request emits nothing either, so it hangs on to the one whose turn it is. A set, because a client may
// send ever so many.
function queue(exchange: Exchange, req: IncomingMessage): void {
  const { _httpMessage: current } = (req.socket ?? {}) as { readonly _httpMessage?: ServerResponse }
  const first = current?.req === undefined ? undefined : exchangeOf(current.req)
  if (first === undefined || first.ended) return
  exchange.pipeline = first.pipeline ??= new Set()
  exchange.pipeline.add(exchange)
}

// Where the response has its socket, it tells: the request closes as soon as it has been read, long before the answer.
function requestClosed(exchange: Exchange, req: IncomingMessage): void {
  if (exchange.stream !== undefined || exchange.res?.socket) return
  if (req.socket?.destroyed) exchange.end(false)
}
