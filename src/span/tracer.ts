import { newSpanId, newTraceId, type TraceId } from '../base/ids.ts'
import { randomFlag, sampledFlag, type SpanContext } from '../base/span-context.ts'
import { type Scope, SpanKind } from '../base/span-data.ts'
import { activeContext, type Context, isSuppressed } from '../context/context.ts'
import type { Sampler } from './sampler.ts'
import { type AttributesInput, type LinkInput, nameOf, readParent } from './input.ts'
import { Span, type SpanRules, type TraceBuffer } from './span.ts'
import { offsetOf, type TimeInput } from './time.ts'
import { NonRecordingSpan } from '../context/non-recording.ts'

export interface SpanOptions {
  readonly kind?: SpanKind | undefined
  readonly attributes?: AttributesInput | undefined
  readonly links?: readonly LinkInput[] | undefined
  readonly startTime?: TimeInput | undefined
  /** Starts a new trace whatever the context says. */
  readonly root?: boolean | undefined
  readonly scope?: Scope | undefined
}

export interface TracerSetup extends SpanRules {
  readonly sampler: Sampler
  /** The open trace of that id; a new one when there is none. Undefined when no more may be opened. */
  openTrace(traceId: TraceId): OpenTraceBuffer | undefined
}

/** A trace buffer that takes new spans. */
export interface OpenTraceBuffer extends TraceBuffer {
  /** False when the trace holds as many spans as it may; the span is then counted and not kept. */
  add(span: Span): boolean
}

export const ownScope: Scope = { name: 'spanlight', version: '' }

/** Starts spans. The one place that decides about ids, parents, sampling and the recording of a span. */
export class Tracer {
  readonly #setup: TracerSetup

  constructor(setup: TracerSetup) {
    this.#setup = setup
  }

  start(
    name: string,
    options: SpanOptions = {},
    context: Context = activeContext()
  ): Span | NonRecordingSpan {
    const parent = options.root === true ? undefined : parentOf(context)
    if (isSuppressed(context)) return new NonRecordingSpan(parent ?? newSpanContext())
    const traceId = parent?.traceId ?? newTraceId()
    if (!this.#records(parent, context.span, traceId))
      return new NonRecordingSpan(childContext(traceId, parent, false))
    const trace = this.#setup.openTrace(traceId)
    if (trace === undefined) return new NonRecordingSpan(childContext(traceId, parent, true))
    return this.#create(name, options, trace, parent)
  }

  // A span whose parent in this process is not recorded is not recorded either; the sampled flag of a stranger never forces anything.
  #records(parent: SpanContext | undefined, span: object | undefined, traceId: TraceId): boolean {
    if (span instanceof NonRecordingSpan && parent?.isRemote !== true) return false
    return this.#setup.sampler(traceId)
  }

  #create(
    name: string,
    options: SpanOptions,
    trace: OpenTraceBuffer,
    parent: SpanContext | undefined
  ): Span | NonRecordingSpan {
    const { limits, redactor, now } = this.#setup
    const span = new Span(this.#setup, trace, {
      spanId: newSpanId(),
      parentId: parent?.spanId,
      parentRemote: parent?.isRemote === true,
      kind: kindOf(options.kind),
      name: redactor.text(nameOf(name), limits.nameLength),
      start: offsetOf(options.startTime, trace, now),
      flags: flagsOf(parent, true),
      scope: options.scope ?? ownScope,
      traceState: parent?.traceState
    })
    if (!trace.add(span)) return new NonRecordingSpan(span.spanContext())
    if (options.attributes !== undefined) span.setAttributes(options.attributes)
    if (options.links !== undefined) span.addLinks(options.links)
    return span
  }
}

// Our own spans' contexts are right by construction; only a stranger's has to be looked at.
function parentOf({ span }: Context): SpanContext | undefined {
  const own = span instanceof Span || span instanceof NonRecordingSpan
  return own ? span.spanContext() : readParent(span)
}

function kindOf(kind: SpanKind | undefined): SpanKind {
  return kind === 1 || kind === 2 || kind === 3 || kind === 4 ? kind : SpanKind.internal
}

function flagsOf(parent: SpanContext | undefined, sampled: boolean): number {
  const random = parent === undefined ? randomFlag : parent.traceFlags & randomFlag
  return sampled ? random | sampledFlag : random
}

function childContext(
  traceId: TraceId,
  parent: SpanContext | undefined,
  sampled: boolean
): SpanContext {
  return {
    traceId,
    spanId: newSpanId(),
    traceFlags: flagsOf(parent, sampled),
    traceState: parent?.traceState
  }
}

function newSpanContext(): SpanContext {
  return { traceId: newTraceId(), spanId: newSpanId(), traceFlags: randomFlag }
}
