import { activeContext, runIn } from './context/context.ts'
import { NonRecordingSpan } from './context/non-recording.ts'
import { StatusCode } from './base/span-data.ts'
import type { Span as LiveSpan } from './span/span.ts'
import type { SpanOptions } from './span/tracer.ts'
import { currentTracing } from './process-wide.ts'

/** OpenTelemetry's Span interface, the same object that `@opentelemetry/api` hands out. */
export type Span = Pick<
  LiveSpan,
  | 'spanContext'
  | 'setAttribute'
  | 'setAttributes'
  | 'addEvent'
  | 'addLink'
  | 'addLinks'
  | 'setStatus'
  | 'updateName'
  | 'recordException'
  | 'isRecording'
  | 'end'
>

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
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest
  if (typeof fn !== 'function')
    throw new TypeError('spanlight: withSpan(name, fn) needs a function as its last argument')
  const context = activeContext()
  const span = currentTracing()?.tracer.start(name, options, context) ?? nowhere()
  let result: T
  try {
    result = runIn(context.withSpan(span), fn, span as Span)
  } catch (error) {
    fail(span as Span, error)
    throw error
  }
  if (!isThenable(result)) {
    span.end()
    return result
  }
  return result.then(
    (value) => {
      span.end()
      return value
    },
    (error: unknown) => {
      fail(span as Span, error)
      throw error
    }
  ) as T
}

/** The span that is active where this is called: of the request, of `withSpan`, or of an instrumentation; undefined outside any. */
export function activeSpan(): Span | undefined {
  return activeContext().span as Span | undefined
}

function fail(span: Span, error: unknown): void {
  span.recordException(error)
  span.setStatus({ code: StatusCode.error, message: error instanceof Error ? error.message : '' })
  span.end()
}

const nothing = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }

function nowhere(): NonRecordingSpan {
  return new NonRecordingSpan(nothing as ConstructorParameters<typeof NonRecordingSpan>[0])
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
