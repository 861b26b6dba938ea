import { activeContext, runIn } from './context/context.ts'
import { NonRecordingSpan } from './context/non-recording.ts'
import type { TraceState } from './base/span-context.ts'
import { StatusCode } from './base/span-data.ts'
import { readError } from './span/exception.ts'
import type { AttributesInput, LinkInput } from './span/input.ts'
import type { TimeInput } from './span/time.ts'
import type { SpanOptions } from './span/tracer.ts'
import { currentTracing } from './places.ts'

/** Where nothing records. */
const own = { active: activeContext, run: runIn }

/** OpenTelemetry's Span interface, the same object that `@opentelemetry/api` hands out; after its end every call does nothing. */
export interface Span {
  spanContext(): {
    /** 32 hex digits. */
    traceId: string
    /** 16 hex digits. */
    spanId: string
    traceFlags: number
    isRemote?: boolean
    traceState?: TraceState
  }
  /** Texts, numbers, booleans and lists of one kind of these; anything else is left out. */
  setAttribute(key: string, value: unknown): this
  setAttributes(attributes: AttributesInput): this
  addEvent(name: string, attributesOrTime?: AttributesInput | TimeInput, time?: TimeInput): this
  addLink(link: LinkInput): this
  addLinks(links: readonly LinkInput[]): this
  /** Codes: 1 is ok, which is final, and 2 an error. */
  setStatus(status: { readonly code: number; readonly message?: string | undefined }): this
  updateName(name: string): this
  /** An `exception` event with type, message, stack and the chain of causes. */
  recordException(exception: unknown, time?: TimeInput): void
  isRecording(): boolean
  end(time?: TimeInput): void
}

/**
 * Runs `fn` inside a new span, a child of the active one, and ends the span when `fn` returns or its promise settles. What is thrown is
 * recorded on the span, sets its status to error, and is thrown on untouched. Where nothing records, `fn` runs all the same.
 *
 * @param name what is done, of low cardinality: 'price order', not 'price order 4711'
 */
export function withSpan<T>(name: string, fn: (span: Span) => T): T
export function withSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T
export function withSpan<T>(
  name: string,
  ...rest: [(span: Span) => T] | [SpanOptions, (span: Span) => T]
): T {
  const [options, fn] = rest.length === 1 ? [undefined, rest[0]] : rest
  if (typeof fn !== 'function')
    throw new TypeError('spanlight: withSpan(name, fn) needs a function as its last argument')
  const { tracer, contexts = own } = currentTracing() ?? {}
  const context = contexts.active()
  const span = tracer?.start(name, options ?? undefined, context) ?? nowhere()
  return contexts.run(context.withSpan(span), run<T>, span as Span, fn)
}

function run<T>(span: Span, fn: (span: Span) => T): T {
  let result: T
  let then: PromiseLike<unknown>['then'] | undefined
  try {
    result = fn(span)
    then = thenOf(result)
  } catch (error) {
    fail(span, error)
    throw error
  }
  if (then === undefined) {
    span.end()
    return result
  }
  // In the context still: a lazy thenable (a query builder) does its work when it is asked for the result.
  return Reflect.apply(then, result, [
    (value: unknown) => {
      span.end()
      return value
    },
    (error: unknown) => {
      fail(span, error)
      throw error
    }
  ]) as T
}

/** The span that is active where this is called: of the request, of `withSpan`, or of an instrumentation; undefined outside any. */
export function activeSpan(): Span | undefined {
  return (currentTracing()?.contexts ?? own).active().span as Span | undefined
}

function fail(span: Span, error: unknown): void {
  try {
    const { type, message } = readError(error)
    span.recordException(error)
    span.setAttribute('error.type', type)
    span.setStatus({ code: StatusCode.error, message })
  } catch {
    // What cannot be read must not be thrown in place of the host's own error.
  }
  span.end()
}

const nothing = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }

function nowhere(): NonRecordingSpan {
  return new NonRecordingSpan(nothing as ConstructorParameters<typeof NonRecordingSpan>[0])
}

function thenOf(value: unknown): PromiseLike<unknown>['then'] | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  const { then } = value as { then?: unknown }
  return typeof then === 'function' ? (then as PromiseLike<unknown>['then']) : undefined
}
