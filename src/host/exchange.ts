import type { ServerResponse } from 'node:http'
import { StatusCode } from '../base/span-data.ts'
import { type Context, contextStorage } from '../context/context.ts'
import { readError } from '../span/exception.ts'
import type { NonRecordingSpan } from '../context/non-recording.ts'
import { Span } from '../span/span.ts'
import { describeResponse } from './response.ts'
import { Routing } from './route.ts'
import type { Recorder } from './setup.ts'

// A property kept outside of the request: each one added to it costs 1.3 us once Express has changed its prototype (V8 then copies the
// object's whole map), this 0.2.
const exchanges = new WeakMap<object, Exchange | 'ignored'>()

/** The exchange of a request or of a response. */
export function exchangeOf(message: object): Exchange | undefined {
  const found = exchanges.get(message)
  return found === 'ignored' ? undefined : found
}

/** Whether it was decided about the request already, at another mount of ours. */
export function isDecided(req: object): boolean {
  return exchanges.has(req)
}

export function decide(message: object, exchange: Exchange | 'ignored'): void {
  exchanges.set(message, exchange)
}

export type Emit = (...args: unknown[]) => boolean

/** One request, its response and their server span, from the first byte of the head to the end of the answer. */
export class Exchange {
  readonly context: Context
  readonly span: Span | NonRecordingSpan
  /** Undefined when the span is not recorded. */
  readonly routing: Routing | undefined
  requestEmit: Emit | undefined
  responseEmit: Emit | undefined
  /** Held while the exchange lasts; a keep-alive socket must not keep an answered response from the garbage collector. */
  res: ServerResponse | undefined
  /** The next one of a pipeline: as long as its response waits for the socket, nothing tells it that the client is gone. */
  next: Exchange | undefined
  readonly #recorder: Recorder
  #error: unknown
  #errorType = ''
  #ended = false

  constructor(recorder: Recorder, context: Context, span: Span | NonRecordingSpan) {
    this.#recorder = recorder
    this.context = context
    this.span = span
    this.routing = span instanceof Span ? new Routing(span, recorder.routes) : undefined
  }

  get ended(): boolean {
    return this.#ended
  }

  /** True when the running code is in no context, or in that of another trace: an emitter's or a socket's. */
  get lost(): boolean {
    const store = contextStorage.getStore()
    if (store === this.context) return false
    try {
      return store?.span?.spanContext().traceId !== this.span.spanContext().traceId
    } catch {
      return true
    }
  }

  /** Records an error that is on its way to fail the request; the same one is met at every layer that it passes. */
  failed(error: unknown): void {
    const { span } = this
    if (this.#ended || !(span instanceof Span)) return
    if (this.#errorType !== '' && error === this.#error) return
    this.#recorder.guard(() => {
      this.#error = error
      this.#errorType = readError(error).type
      span.recordException(error)
    })
  }

  /** Runs what must not fail the host's own code. */
  safely(fn: () => void): void {
    this.#recorder.guard(fn)
  }

  /** Ends the span, once. `complete` is false when the connection went before the answer did. */
  end(complete: boolean): void {
    if (this.#ended) return
    this.#ended = true
    const { span, res } = this
    if (span instanceof Span) this.#recorder.guard(() => this.#close(span, res, complete))
    const { next } = this
    this.res = this.next = this.#error = undefined
    if (!complete) next?.end(false)
  }

  #close(span: Span, res: ServerResponse | undefined, complete: boolean): void {
    try {
      if (res === undefined) return
      const error = this.#errorType === '' ? undefined : readError(this.#error)
      this.routing?.settle(res)
      const failed = describeResponse(span, res, complete, error?.type, this.#recorder)
      // An error's message says what no status code does; a bare 500 needs no second description.
      if (failed && span.status === StatusCode.unset)
        span.setStatus({ code: StatusCode.error, message: error?.message })
    } finally {
      span.alive = undefined
      span.end()
    }
  }
}
