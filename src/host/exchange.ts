import type { IncomingMessage, ServerResponse } from 'node:http'
import { StatusCode } from '../base/span-data.ts'
import { type Context, contextStorage } from '../context/context.ts'
import { readError } from '../span/exception.ts'
import type { NonRecordingSpan } from '../context/non-recording.ts'
import { Span } from '../span/span.ts'
import { describeResponse } from './response.ts'
import { Routing } from './route.ts'
import type { Recorder } from './setup.ts'

/** Marks a request that was decided about; registered, so that two copies of the package agree. */
export const exchangeKey: unique symbol = Symbol.for('spanlight.exchange') as never

/** A request or a response that may carry our mark. */
export type Exchanged<T = IncomingMessage> = T & { [exchangeKey]?: Exchange | 'ignored' }

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
    this.res = this.#error = undefined
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
