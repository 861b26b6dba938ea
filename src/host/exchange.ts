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
// object's whole map), this a third. All copies of the package share it, so that a request is never followed twice.
const exchanges: WeakMap<object, unknown> = shared(Symbol.for('spanlight.exchanges'))

function shared(key: symbol): WeakMap<object, unknown> {
  const registry = globalThis as { [key: symbol]: WeakMap<object, unknown> | undefined }
  return (registry[key] ??= new WeakMap())
}

/** The exchange of a request, if it is one of this copy of the package. */
export function exchangeOf(req: object): Exchange | undefined {
  const found = exchanges.get(req)
  return found instanceof Exchange ? found : undefined
}

/** Whether it was decided about the request already, at another mount of ours. */
export function isDecided(req: object): boolean {
  return exchanges.has(req)
}

export function decide(req: object, exchange: Exchange | 'ignored'): void {
  exchanges.set(req, exchange)
}

/** The parts of an HTTP/2 stream that are read. */
export interface StreamState {
  readonly rstCode?: number
  readonly destroyed?: boolean
}

/** One request, its response and their server span, from the first byte of the head to the end of the answer. */
export class Exchange {
  readonly context: Context
  readonly span: Span | NonRecordingSpan
  /** Undefined when the span is not recorded. */
  readonly routing: Routing | undefined
  /** Held while the exchange lasts; a keep-alive socket must not keep an answered response from the garbage collector. */
  res: ServerResponse | undefined
  /** Of HTTP/2; held as long as the response. */
  stream: StreamState | undefined
  /** Those that wait for the socket behind this one: as long as they do, nothing tells them that the client is gone. */
  pipeline: Set<Exchange> | undefined
  readonly #recorder: Recorder
  readonly #method: string | undefined
  #error: unknown
  #errorType = ''
  #ended = false

  constructor(
    recorder: Recorder,
    context: Context,
    span: Span | NonRecordingSpan,
    res: ServerResponse,
    method: string | undefined
  ) {
    this.#recorder = recorder
    this.#method = method
    this.context = context
    this.span = span
    this.res = res
    this.routing =
      span instanceof Span ? new Routing(span, recorder.routes, recorder.paths) : undefined
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
    const { span, res, stream, pipeline } = this
    // HTTP/2's response emits 'finish' for a stream that the client reset, too.
    const whole = complete && !((stream?.rstCode ?? 0) > 0)
    if (span instanceof Span) {
      if (res !== undefined) this.#recorder.guard(() => this.#describe(span, res, whole))
      this.#finish(span)
    }
    this.res = this.stream = this.pipeline = this.#error = undefined
    pipeline?.delete(this)
    if (complete || pipeline === undefined) return
    const waiting = [...pipeline]
    pipeline.clear()
    for (const exchange of waiting) exchange.end(false)
  }

  #describe(span: Span, res: ServerResponse, complete: boolean): void {
    const error = this.#errorType === '' ? undefined : readError(this.#error)
    const head = this.#method === 'HEAD'
    this.routing?.settle(res)
    const outcome = { complete, head, error: error?.type }
    // An error's message says what no status code does; a bare 500 needs no second description.
    if (describeResponse(span, res, outcome, this.#recorder) && span.status === StatusCode.unset)
      span.setStatus({ code: StatusCode.error, message: error?.message })
  }

  // A part that was switched off must not leave the spans open that it began.
  #finish(span: Span): void {
    span.alive = undefined
    this.#recorder.guard(() => span.end())
    if (!span.open) return
    try {
      span.end()
    } catch {
      // Counted already.
    }
  }
}
