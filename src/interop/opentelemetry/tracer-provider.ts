import type { SpanId, TraceId } from '../../base/ids.ts'
import { clip, defaultLimits } from '../../base/limits.ts'
import type { Guard } from '../../base/safely.ts'
import type { SpanContext } from '../../base/span-context.ts'
import type { Scope } from '../../base/span-data.ts'
import { activeContext, type Context, runIn } from '../../context/context.ts'
import { NonRecordingSpan } from '../../context/non-recording.ts'
import type { Span } from '../../span/span.ts'
import type { SpanOptions, Tracer } from '../../span/tracer.ts'
import { adopt, type ApiContext } from './adopt.ts'
import { readGlobal } from './global.ts'

/** What a started span is to a user of the API: recording or not, one interface. */
export type ApiSpan = Span | NonRecordingSpan

export interface ProviderSetup {
  readonly tracer: Tracer
  readonly guard: Guard
  /** Told the name of each tracer that is asked for. */
  readonly onTracer?: ((name: string) => void) | undefined
}

/** OpenTelemetry's TracerProvider: every tracer of it feeds the one recorder. */
export class TracerProvider {
  readonly #setup: ProviderSetup
  #on = true

  constructor(setup: ProviderSetup) {
    this.#setup = setup
  }

  getTracer(name: string, version?: string, _options?: { schemaUrl?: string }): ApiTracer {
    const scope = { name: textOf(name), version: textOf(version) }
    this.#setup.guard(() => this.#setup.onTracer?.(scope.name))
    return new ApiTracer(this, scope)
  }

  get on(): boolean {
    return this.#on
  }

  /** From now on tracers, those already handed out included, record nothing here and hand on to whoever is registered then. */
  stop(): void {
    this.#on = false
  }

  /** For `ApiTracer` only: a scope as it may be stored. */
  scope({ name, version }: Scope): Scope {
    return this.#setup.tracer.scope(name, version)
  }

  /** For `ApiTracer` only. Never throws. */
  start(name: string, options: SpanOptions, context: Context): ApiSpan {
    const begin = (): ApiSpan => this.#setup.tracer.start(name, options, context)
    return (this.#on ? this.#setup.guard(begin) : undefined) ?? carryOn(context)
  }
}

/** OpenTelemetry's Tracer. */
export class ApiTracer {
  readonly #provider: TracerProvider
  readonly #scope: Scope
  readonly #stored: Scope

  constructor(provider: TracerProvider, scope: Scope) {
    this.#provider = provider
    this.#scope = scope
    this.#stored = provider.scope(scope)
  }

  startSpan(name: string, options?: SpanOptions, context?: ApiContext): ApiSpan {
    const successor = this.#successor()
    if (successor !== undefined) return successor.startSpan(name, options, context)
    return this.#start(name, options, contextOr(context))
  }

  startActiveSpan<R>(name: string, fn: (span: ApiSpan) => R): R
  startActiveSpan<R>(name: string, options: SpanOptions, fn: (span: ApiSpan) => R): R
  startActiveSpan<R>(
    name: string,
    options: SpanOptions,
    context: ApiContext,
    fn: (span: ApiSpan) => R
  ): R
  startActiveSpan(name: string, ...rest: readonly unknown[]): unknown {
    const successor = this.#successor()
    if (successor !== undefined)
      return successor.startActiveSpan(name, ...(rest as [SpanOptions, () => unknown]))
    const fn = rest[Math.min(rest.length, 3) - 1]
    if (typeof fn !== 'function') return undefined
    const context = contextOr(rest.length > 2 ? rest[1] : undefined)
    const span = this.#start(name, rest.length > 1 ? (rest[0] as SpanOptions) : {}, context)
    return runIn(context.withSpan(span), fn as (span: ApiSpan) => unknown, span)
  }

  #start(name: string, options: SpanOptions | undefined, context: Context): ApiSpan {
    return this.#provider.start(name, { ...options, scope: this.#stored }, context)
  }

  // Libraries keep the tracer they once got; when another provider has taken our place, their spans are its spans.
  #successor(): ApiTracer | undefined {
    if (this.#provider.on) return undefined
    const registered = readGlobal()?.trace as TracerProvider | undefined
    const tracer = registered?.getTracer(this.#scope.name, this.#scope.version)
    return tracer instanceof ApiTracer && !tracer.#provider.on ? undefined : tracer
  }
}

function contextOr(context: unknown): Context {
  return context === undefined || context === null ? activeContext() : adopt(context)
}

function textOf(text: unknown): string {
  return typeof text === 'string' ? clip(text, defaultLimits.nameLength) : ''
}

/** The API's "invalid span context": what it gives to users while nothing is registered. */
const invalid: SpanContext = {
  traceId: '0'.repeat(32) as TraceId,
  spanId: '0'.repeat(16) as SpanId,
  traceFlags: 0
}

function carryOn(context: Context): NonRecordingSpan {
  try {
    return new NonRecordingSpan(context.span?.spanContext() ?? invalid)
  } catch {
    return new NonRecordingSpan(invalid)
  }
}
