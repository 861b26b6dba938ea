import type { IncomingMessage, ServerResponse } from 'node:http'
import { StatusCode } from '../base/span-data.ts'
import { type Context, contextStorage } from '../context/context.ts'
import { readError } from '../span/exception.ts'
import type { NonRecordingSpan } from '../context/non-recording.ts'
import { Span } from '../span/span.ts'
import type { Tracer } from '../span/tracer.ts'
import { type Connection, findInProgress, type InProgress } from './connection.ts'
import type { Inspection } from '../inspect/inspections.ts'
import { Bodies } from './bodies.ts'
import type { OpenLayer } from './layers.ts'
import { describeResponse, headersOf } from './response.ts'
import { isRouted, Routing } from './route.ts'
import type { Recorder } from './setup.ts'

/** The exchange of a request, while it is in progress. */
export function exchangeOf(req: object): Exchange | undefined {
  return findInProgress(req) as Exchange | undefined
}

/** The parts of an HTTP/2 stream that are read. */
export interface StreamState {
  readonly rstCode?: number
  readonly destroyed?: boolean
}

/** One request, its response and their server span, from the first byte of the head to the end of the answer. */
export class Exchange implements InProgress {
  readonly context: Context
  readonly span: Span | NonRecordingSpan
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Of HTTP/2. */
  stream: StreamState | undefined
  /** Those that wait for the socket behind this one: as long as they do, nothing tells them that the client is gone. */
  pipeline: Set<Exchange> | undefined
  /** What goes by of its bodies, when somebody wants to know. */
  bodies: Bodies | undefined
  #inspection: Inspection | undefined
  /** The innermost layer of the framework that the request is in. */
  layer: OpenLayer | undefined
  /** What the router gave the route that was entered last to go on by: Express. */
  routeNext: unknown
  readonly #recorder: Recorder
  readonly #connection: Connection
  /** As the span was named. */
  readonly #method: string
  #routing: Routing | undefined
  #error: unknown
  #errorType = ''
  /** The last error that a layer has recorded. */
  #met: unknown
  #ended = false

  constructor(
    recorder: Recorder,
    connection: Connection,
    context: Context,
    span: Span | NonRecordingSpan,
    req: IncomingMessage,
    res: ServerResponse,
    method: string
  ) {
    this.#recorder = recorder
    this.#connection = connection
    this.#method = method
    this.context = context
    this.span = span
    this.req = req
    this.res = res
    // Found by its request until it ends, and let go of then: a keep-alive socket must not keep what was answered from the collector.
    connection.add(this)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Made when somebody has something to say about the route; undefined when the span is not recorded. */
  get routing(): Routing | undefined {
    if (this.#routing === undefined && this.span instanceof Span)
      this.#routing = new Routing(this.span, this.#method, this.#recorder)
    return this.#routing
  }

  /** Starts the spans of layers; undefined where they are not recorded. */
  get layers(): Tracer | undefined {
    const { guard, layers } = this.#recorder
    return this.#ended || !guard.on ? undefined : layers
  }

  /** True when the running code is in no context, or in that of another trace: an emitter's or a socket's. */
  get lost(): boolean {
    const store = contextStorage.getStore()
    if (store === this.context) return false
    const { span } = this
    if (store?.span instanceof Span && span instanceof Span && store.span.trace === span.trace)
      return false
    try {
      return store?.span?.spanContext().traceId !== this.span.spanContext().traceId
    } catch {
      return true
    }
  }

  /** Looks at this one more closely. */
  inspect(inspection: Inspection): void {
    this.#inspection = inspection
    if (!inspection.bodies) return
    this.bodies = new Bodies(this.#recorder.guard)
    this.bodies.follow(this.res)
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

  /** Whether a layer is the first that this error comes to: it passes all those around, too. */
  meets(error: unknown): boolean {
    if (this.#ended || error === this.#met) return false
    this.#met = error
    return true
  }

  /** Ends the span, once. `complete` is false when the connection went before the answer did. */
  end(complete: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#connection.remove(this)
    this.#recorder.ended()
    const { span, stream, pipeline } = this
    for (let { layer } = this; layer !== undefined; layer = layer.outer) layer.span.end()
    this.layer = undefined
    // HTTP/2's response emits 'finish' for a stream that the client reset, too.
    const whole = complete && !((stream?.rstCode ?? 0) > 0)
    if (span instanceof Span) {
      this.#describe(span, whole)
      this.#finish(span)
    }
    this.#error = undefined
    this.#met = undefined
    if (pipeline === undefined) return
    pipeline.delete(this)
    if (complete) return
    const waiting = [...pipeline]
    pipeline.clear()
    for (const exchange of waiting) exchange.end(false)
  }

  #describe(span: Span, complete: boolean): void {
    const { guard } = this.#recorder
    if (!guard.on) return
    try {
      const error = this.#errorType === '' ? undefined : readError(this.#error)
      if (this.#routing !== undefined || isRouted(this.req))
        this.routing?.settle(this.req, this.res)
      const outcome = { complete, head: this.#method === 'HEAD', error: error?.type }
      // An error's message says what no status code does; a bare 500 needs no second description.
      if (
        describeResponse(span, this.res, outcome, this.#recorder) &&
        span.status === StatusCode.unset
      )
        span.setStatus({ code: StatusCode.error, message: error?.message })
      this.bodies?.describe(span, this.req, headersOf(this.res), this.#recorder.redactor)
    } catch (error) {
      guard.failed(error)
    }
  }

  // Outside of the guard: a part that was switched off must not leave the spans open that it began.
  #finish(span: Span): void {
    const inspection = this.#inspection
    if (inspection !== undefined) {
      const { name, spanId, trace } = span
      this.#recorder.guard(() => inspection.end({ name, spanId, traceId: trace.traceId }))
    }
    span.alive = undefined
    span.end()
  }
}
