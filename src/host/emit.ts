import { type IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import { read } from './read.ts'

type Emit = (this: unknown, ...args: unknown[]) => boolean

/**
 * How exchanges see their end and keep their context, without adding a listener: listeners are counted by hosts, and one for `'error'`
 * changes what Node does. So `emit` is replaced: of responses once, on the prototype they share; on the very objects for a request with a
 * body and for a response that shares none (HTTP/2, emulated), not enumerable, so that a printed or copied one looks as ever. On each
 * response it took 3 us a request with Express: V8 copies the object's hidden class for the new property.
 *
 * The context has to be entered anew because the parser emits `data` and `end` outside the listener's context (Node 20, 22 and 24), and
 * `enterWith` mends it only up to 22.
 */
export function follow(exchange: Exchange, hasBody: boolean): void {
  const { req, res } = exchange
  if (!(res instanceof ServerResponse) || read(res, 'req') !== req)
    define(
      res,
      responseEmit(emitOf(res), () => exchange)
    )
  const queued = exchange.stream === undefined && read(res, 'socket') === null
  if (queued) queue(exchange)
  if (hasBody || queued) followRequest(exchange)
}

/** Replaces `emit` on the prototype of all responses of HTTP/1. Gives the way back. */
export function followResponses(): () => void {
  const shared = ServerResponse.prototype
  const own = Object.getOwnPropertyDescriptor(shared, 'emit')
  const emit = responseEmit(emitOf(shared), (res) => exchangeOf(read(res, 'req')))
  define(shared, emit)
  return () => {
    // Wrapped over by another since: ours stays beneath it, and finds no exchange any more.
    if (shared.emit !== emit) return
    if (own === undefined) Reflect.deleteProperty(shared, 'emit')
    else Object.defineProperty(shared, 'emit', own)
  }
}

function responseEmit(
  original: Emit,
  exchangeFor: (res: ServerResponse) => Exchange | undefined
): Emit {
  return function emit(this: unknown, ...args) {
    const res = this as ServerResponse
    const exchange = exchangeFor(res)
    if (exchange === undefined) return Reflect.apply(original, res, args)
    const type = args[0]
    if ((type === 'finish' || type === 'close') && !exchange.ended)
      exchange.end(type === 'finish' || res.writableFinished)
    return emitIn(exchange, original, res, args)
  }
}

// Only where a body comes: without one a request emits nothing of interest but when its client leaves, and the property that takes costs
// 1 us with Express.
function followRequest(exchange: Exchange): void {
  const { req } = exchange
  const original = emitOf(req)
  define(req, function emit(this: unknown, ...args) {
    const type = args[0]
    if (type === 'data') exchange.bodies?.request(args[1])
    if ((type === 'aborted' || type === 'close') && !exchange.ended) requestClosed(exchange, req)
    return emitIn(exchange, original, this, args)
  })
}

// To be called with an emitter as `this`.
function emitOf(emitter: { readonly emit: unknown }): Emit {
  return emitter.emit as Emit
}

function define(emitter: object, emit: Emit): void {
  Object.defineProperty(emitter, 'emit', { value: emit, writable: true, configurable: true })
}

function emitIn(exchange: Exchange, emit: Emit, target: unknown, args: unknown[]): boolean {
  if (!exchange.lost) return Reflect.apply(emit, target, args)
  const { context } = exchange.layer ?? exchange
  return contextStorage.run(context, Reflect.apply, emit, target, args) as boolean
}

// A pipelined request whose client leaves before its turn: its response was never given the socket, and emits neither 'finish' nor
// 'close' on Node 20. If it has been read already, the request emits nothing either, so it hangs on to the one whose turn it is. A set, because a client may
// send ever so many.
function queue(exchange: Exchange): void {
  const { req } = exchange
  const { _httpMessage: current } = (req.socket ?? {}) as { readonly _httpMessage?: ServerResponse }
  const first = current?.req === undefined ? undefined : exchangeOf(current.req)
  if (first === undefined) return
  exchange.pipeline = first.pipeline ??= new Set()
  exchange.pipeline.add(exchange)
}

// Where the response has its socket, it tells: the request closes as soon as it has been read, long before the answer.
function requestClosed(exchange: Exchange, req: IncomingMessage): void {
  if (exchange.stream !== undefined || exchange.res.socket) return
  if (req.socket?.destroyed) exchange.end(false)
}
