import type { IncomingHttpHeaders } from 'node:http'
import type { SpanContext } from '../../base/span-context.ts'
import { SpanKind, StatusCode } from '../../base/span-data.ts'
import { activeContext, type Context, isSuppressed, rootContext } from '../../context/context.ts'
import type { NonRecordingSpan } from '../../context/non-recording.ts'
import { get, readError } from '../../span/exception.ts'
import { namesRead } from '../../span/propagation.ts'
import type { Span } from '../../span/span.ts'
import { followCall } from '../call.ts'
import type { WatchSetup } from '../watch.ts'

/** What is done with messages: OpenTelemetry's messaging conventions, `messaging.*`. */
export interface MessagingCall {
  /** `rabbitmq`, `kafka`, `bullmq`. */
  readonly system: string
  /** What the library calls it: `publish`, `send`, `process`. */
  readonly operation: string
  /** The queue, topic or exchange; '' where there are several. */
  readonly destination: string
  /** The destination's name was made up by the broker and is no name for a span. */
  readonly anonymous?: boolean | undefined
  /** How many messages, where it can be more than one. */
  readonly messages?: number | undefined
  readonly messageId?: unknown
  readonly group?: string | undefined
}

/** The headers of one message, as they came: texts, bytes, lists of these, or anything at all. */
export type Carrier = unknown

/** Characters of a header of a message that are read: what is longer is no trace context. */
const maxHeader = 8192

/** A span of messages. Ends once: what comes later is ignored. */
export class MessagingSpan {
  readonly span: Span | NonRecordingSpan
  /** Holds the span: what processes the messages runs in it. */
  readonly context: Context

  constructor(span: Span | NonRecordingSpan, context: Context) {
    this.span = span
    this.context = context.withSpan(span)
  }

  end(): void {
    this.span.end()
  }

  /** Ends it with the error that the library gave. */
  fail(error: unknown): void {
    this.#setError(error)
    this.span.end()
  }

  /** Notes what the host's own code has thrown, with its stack. */
  thrown(error: unknown): void {
    this.span.recordException(error)
    this.#setError(error)
  }

  #setError(error: unknown): void {
    const { type, message, attributes } = readError(error)
    this.span.setAttribute('error.type', attributes['exception.code'] ?? type)
    this.span.setStatus({ code: StatusCode.error, message: message || type })
  }
}

/** Whether a copy of an object says what the object says: one of a class has getters that would be left behind, and goes as it is. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Starts the span of messages that are sent. */
export function startSending(setup: WatchSetup, call: MessagingCall): MessagingSpan | undefined {
  const context = activeContext()
  if (isSuppressed(context)) return undefined
  return start(setup, call, { context, kind: SpanKind.producer, type: 'send' })
}

/** The headers that carry a span on with its messages. */
export function headersOf(setup: WatchSetup, { context }: MessagingSpan): Record<string, string> {
  const headers: Record<string, string> = {}
  setup.propagation.inject(context, (name, value) => {
    headers[name] = value
  })
  return headers
}

/**
 * Starts the span of the processing of one message: it goes on with the trace of whoever sent it. What is active here says nothing, as it is what
 * was active when the connection was made. With `trustIncoming: false` the sender is linked instead.
 */
export function startProcessing(
  setup: WatchSetup,
  call: MessagingCall,
  carrier: Carrier
): MessagingSpan {
  const carried = extract(setup, carrier)
  const sender = carried.span?.spanContext()
  const trusted = setup.trustIncoming !== false
  const messaging = start(setup, call, {
    context: trusted ? carried : rootContext,
    kind: SpanKind.consumer,
    type: 'process'
  })
  if (!trusted && sender !== undefined) messaging.span.addLink({ context: sender })
  return messaging
}

/** Starts the span of the processing of many messages at once: a trace of its own, with a link to each sender's span. */
export function startBatch(
  setup: WatchSetup,
  call: MessagingCall,
  carriers: Iterable<Carrier>
): MessagingSpan {
  const messaging = start(setup, call, {
    context: rootContext,
    kind: SpanKind.consumer,
    type: 'process'
  })
  const seen = new Set<string>()
  for (const carrier of carriers) {
    const sender = extract(setup, carrier).span?.spanContext()
    // What was sent together has one sender.
    if (sender === undefined || seen.has(sender.spanId)) continue
    seen.add(sender.spanId)
    messaging.span.addLink({ context: sender })
  }
  return messaging
}

/**
 * The span of a message that was asked for, once it is there. Inside of other work it is a part of that, and its sender is linked; else it goes on
 * with the sender's trace.
 */
export function startReceiving(
  setup: WatchSetup,
  call: MessagingCall,
  { carrier, context, began }: { carrier: Carrier; context: Context; began: number }
): MessagingSpan {
  const carried = extract(setup, carrier)
  const sender: SpanContext | undefined = carried.span?.spanContext()
  const links = context.span !== undefined || setup.trustIncoming === false
  const messaging = start(setup, call, {
    context: links ? context : carried,
    kind: SpanKind.client,
    type: 'receive',
    startTime: began
  })
  if (links && sender !== undefined) messaging.span.addLink({ context: sender })
  return messaging
}

/** Makes the host's call that sends messages; their span ends with it. */
export function runSending(
  { guard }: WatchSetup,
  sending: MessagingSpan,
  call: () => unknown
): unknown {
  const failed = (error: unknown): void => sending.fail(error)
  return followCall(guard, { done: () => sending.end(), failed }, call)
}

/** Runs the host's code that processes messages in the context of their span, which ends with it. */
export function runProcessing(
  { guard }: WatchSetup,
  processing: MessagingSpan | undefined,
  call: () => unknown
): unknown {
  if (processing === undefined) return call()
  const done = (): void => processing.end()
  const failed = (error: unknown): void => {
    processing.thrown(error)
    processing.end()
  }
  return followCall(guard, { context: processing.context, done, failed }, call)
}

interface Start {
  readonly context: Context
  readonly kind: SpanKind
  readonly type: 'send' | 'receive' | 'process'
  readonly startTime?: number
}

function start(setup: WatchSetup, call: MessagingCall, { type, ...at }: Start): MessagingSpan {
  const { operation, destination, messages, messageId, group } = call
  const shown = call.anonymous === true ? '(anonymous)' : destination
  const name = shown === '' ? operation : `${operation} ${shown}`
  const span = setup.tracer.start(name, { kind: at.kind, startTime: at.startTime }, at.context)
  span.put('messaging.system', call.system)
  span.put('messaging.operation.type', type)
  span.put('messaging.operation.name', operation)
  if (destination !== '') span.setAttribute('messaging.destination.name', destination)
  if (call.anonymous === true) span.put('messaging.destination.anonymous', true)
  if (messages !== undefined) span.put('messaging.batch.message_count', messages)
  if (typeof messageId === 'string') span.setAttribute('messaging.message.id', messageId)
  if (group) span.setAttribute('messaging.consumer.group.name', group)
  return new MessagingSpan(span, at.context)
}

function extract({ propagation }: WatchSetup, carrier: Carrier): Context {
  const headers: IncomingHttpHeaders = {}
  for (const name of namesRead(propagation, () => Object.keys(carrier ?? {}))) {
    const value = textOf(get(carrier, name))
    if (value !== undefined) headers[name.toLowerCase()] = value
  }
  return propagation.extract(headers, rootContext)
}

// A broker hands headers on as bytes, and a header that was set twice as a list.
function textOf(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value
  if (typeof one === 'string') return one.length <= maxHeader ? one : undefined
  return Buffer.isBuffer(one) && one.length <= maxHeader ? one.toString('latin1') : undefined
}
