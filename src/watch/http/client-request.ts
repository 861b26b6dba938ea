import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Guard } from '../../base/safely.ts'
import type { Context } from '../../context/context.ts'
import type { Span } from '../../span/span.ts'
import { setCancelled, setFailed, setFailure, setSize, setStatusCode } from './http-span.ts'
import { overlayMethod } from '../patch.ts'
import type { Resends } from './resends.ts'

export interface RequestCall {
  readonly span: Span
  readonly context: Context
  readonly url: string
  readonly resends: number
}

/**
 * Follows one client request to its end. By wrapping `emit`, not by listeners: a 'response' listener keeps Node from discarding a body that
 * nobody reads, an 'error' listener keeps an error from being uncaught.
 */
export function followRequest(
  request: ClientRequest,
  call: RequestCall,
  resends: Resends,
  guard: Guard
): void {
  const follower = new Follower(request, call, resends, guard)
  overlayMethod(request, 'emit', (emit, self, args) => {
    if (!follower.done) guard(() => follower.before(args[0], args[1]))
    const heard = Reflect.apply(emit, self, args)
    if (!follower.done && args[0] === 'response' && heard === false) guard(() => follower.unread())
    return heard
  })
  // Only here can "the host gave up" be told from "the other side hung up": both end in the same ECONNRESET.
  overlayMethod(request, 'destroy', (destroy, self, args) => {
    if (!follower.done) guard(() => follower.destroying(args[0]))
    return Reflect.apply(destroy, self, args)
  })
}

class Follower {
  done = false
  readonly #request: ClientRequest
  readonly #call: RequestCall
  readonly #resends: Resends
  readonly #guard: Guard
  #response: IncomingMessage | undefined
  #timedOut = false
  #destroyed = false
  #error: unknown

  constructor(request: ClientRequest, call: RequestCall, resends: Resends, guard: Guard) {
    this.#request = request
    this.#call = call
    this.#resends = resends
    this.#guard = guard
  }

  before(event: unknown, value: unknown): void {
    if (event === 'response') this.#answered(value as IncomingMessage)
    else if (event === 'upgrade' || event === 'connect') this.#switched(value as IncomingMessage)
    else if (event === 'timeout') this.#timedOut = true
    else if (event === 'error') this.#failed(value)
    else if (event === 'close') this.finish()
  }

  destroying(error: unknown): void {
    if (this.#destroyed || this.#request.destroyed) return
    this.#destroyed = true
    this.#error ??= error
  }

  #answered(response: IncomingMessage): void {
    const { span, context, url, resends } = this.#call
    this.#response = response
    const status = response.statusCode ?? 0
    setStatusCode(span, status)
    span.setAttribute('network.protocol.version', response.httpVersion)
    setSize(span, 'http.request.body.size', this.#request.getHeader('content-length'))
    setSize(span, 'http.response.body.size', response.headers['content-length'])
    this.#resends.note(context, url, resends, status, response.headers.location)
    // First of all 'end' listeners, so that what the host starts in its own comes after the span. It neither starts the flow nor
    // takes part in the question whether anybody reads.
    response.prependOnceListener('end', () => this.#guard(() => this.finish()))
  }

  /** The connection now speaks another protocol: the HTTP exchange is over. */
  #switched(response: IncomingMessage): void {
    this.#response = response
    setStatusCode(this.#call.span, response.statusCode ?? 0)
    this.#end()
  }

  #failed(error: unknown): void {
    if (!this.#destroyed) this.#error ??= error
    // Without a response nothing else is to come; after one, 'close' tells whether it was complete.
    if (this.#response === undefined) this.finish()
  }

  finish(): void {
    const { span } = this.#call
    const response = this.#response
    const error = this.#error
    if (response?.complete === true) this.#end()
    else if (this.#timedOut && this.#destroyed) setFailed(span, 'timeout', 'timed out')
    else if (error !== undefined) setFailure(span, error)
    else if (this.#destroyed) setCancelled(span)
    else if (response?.errored) setFailure(span, response.errored)
    else if (response?.destroyed === true) setCancelled(span)
    else setFailed(span, 'ECONNRESET', 'the connection closed before the response was complete')
    this.#end()
  }

  /** Nobody listens for the response: Node reads its body into the void, and the headers were all there was to see. */
  unread(): void {
    this.#end()
  }

  #end(): void {
    this.done = true
    this.#call.span.end()
  }
}
