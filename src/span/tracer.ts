import { layerType } from '../base/attributes.ts'
import type { CallSite } from '../base/call-site.ts'
import { newSpanId, newTraceId, type SpanId, type TraceId } from '../base/ids.ts'
import { randomFlag, sampledFlag, type SpanContext, type TraceState } from '../base/span-context.ts'
import { type Scope, SpanKind } from '../base/span-data.ts'
import type { CallSites } from '../code/call-sites.ts'
import { activeContext, type Context, isSuppressed } from '../context/context.ts'
import type { Beginning, Sampler } from './sampler.ts'
import { type AttributesInput, type LinkInput, nameOf, readIds, readParent } from './input.ts'
import type { SpanRules, TraceBuffer } from './setting.ts'
import { Span } from './span.ts'
import { beginningOf } from './propagation.ts'
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
  /** The name is of our own making and safe to store. */
  readonly named?: boolean | undefined
}

export interface TracerSetup extends SpanRules {
  readonly sampler: Sampler
  /** What a trace that begins here tells those after it, where nobody before it has; without it, that it is recorded. */
  readonly begin?: ((traceId: TraceId) => Beginning) | undefined
  /**
   * The open trace of that id; a new one when there is none. Undefined when no more may be opened. `now` is a reading of the clock; `fresh`
   * says that the id was made right now.
   */
  openTrace(traceId: TraceId, now: number, fresh: boolean): TraceBuffer | undefined
  /** Where in the host's code the running call comes from; undefined where that is not recorded. */
  readonly callSites?: Pick<CallSites, 'find'> | undefined
}

/** Contexts of a span that another SDK made, and of its parent; foreign. */
export interface AdoptedIds {
  readonly context: unknown
  readonly parent: unknown
}

interface Birth {
  readonly trace: TraceBuffer
  readonly parent: SpanContext | undefined
  readonly flags: number
  /** Of a trace that begins; any other has its parent's. */
  readonly traceState?: TraceState | undefined
  readonly now: number
  readonly spanId?: SpanId
}

export const ownScope: Scope = { name: 'spanlight', version: '' }

/** Starts spans. The one place that decides about ids, parents, sampling and the recording of a span. Never throws. */
export class Tracer {
  readonly #setup: TracerSetup
  // One list is shared by all spans of a trace, so it is read once.
  readonly #states = new WeakMap<TraceState, string>()

  constructor(setup: TracerSetup) {
    this.#setup = setup
  }

  start(
    name: string,
    options: SpanOptions = {},
    context: Context = activeContext()
  ): Span | NonRecordingSpan {
    try {
      const span = this.#start(name, options, context)
      const { callSites } = this.#setup
      // Here and not deeper: each function between here and the host's code is a frame more to look at.
      if (callSites !== undefined && span instanceof Span && isCalled(span, options)) {
        const site = callSites.find(span.name) ?? context.callSite
        if (site !== undefined) locate(span, site)
      }
      return span
    } catch (error) {
      this.#setup.failed?.(error)
      return new NonRecordingSpan(newSpanContext())
    }
  }

  /**
   * A span that another SDK has started, under the ids that it has there: what is set on it is kept and shown as if it were ours. Undefined when it is
   * not recorded.
   */
  adopt(name: string, options: SpanOptions, ids: AdoptedIds): Span | undefined {
    try {
      const own = readIds(ids.context)
      if (own === undefined || !this.#setup.sampler(own.traceId)) return undefined
      const now = this.#setup.now()
      const trace = this.#setup.openTrace(own.traceId, now, false)
      const parent = readIds(ids.parent)
      const { spanId, traceFlags } = own
      const birth = trace && { trace, parent, flags: traceFlags, now, spanId }
      const span = birth && this.#create(name, options, birth)
      return span instanceof Span ? span : undefined
    } catch (error) {
      this.#setup.failed?.(error)
      return undefined
    }
  }

  /** The context with the line that the running call comes from: for what starts later, when the host's code is no longer below it. */
  withCallSite(operation: string, context: Context): Context {
    const site = this.#setup.callSites?.find(operation)
    return site === undefined ? context : context.withCallSite(site)
  }

  #start(name: string, options: SpanOptions, context: Context): Span | NonRecordingSpan {
    const parent = options.root === true ? undefined : parentOf(context)
    if (isSuppressed(context)) return new NonRecordingSpan(parent ?? newSpanContext())
    // What begins here, a caller may have decided something of all the same.
    const begun = parent === undefined && options.root !== true ? beginningOf(context) : undefined
    const traceId = parent?.traceId ?? begun?.traceId ?? newTraceId()
    const records = this.#records(parent, context.span, traceId)
    const begins = records && parent === undefined && begun?.sampled === undefined
    const begin = begins ? this.#setup.begin?.(traceId) : undefined
    const sampled = begun?.sampled ?? begin?.sampled ?? records
    const flags = flagsOf(parent, sampled, begun?.traceId === undefined)
    if (!records) return new NonRecordingSpan(childContext(traceId, parent, flags))
    const now = this.#setup.now()
    const fresh = parent === undefined && begun?.traceId === undefined
    const trace = this.#traceOf(context.span, traceId) ?? this.#setup.openTrace(traceId, now, fresh)
    if (trace === undefined) return new NonRecordingSpan(childContext(traceId, parent, flags))
    return this.#create(name, options, { trace, parent, flags, traceState: begin?.traceState, now })
  }

  // A child's is nearly always its parent's.
  #traceOf(span: object | undefined, traceId: TraceId): TraceBuffer | undefined {
    if (!(span instanceof Span)) return undefined
    const { trace } = span
    return trace.left || trace.traceId !== traceId ? undefined : trace
  }

  /** The scope of an instrumentation, as it may be stored. */
  scope(name: string, version: string): Scope {
    const { limits, redactor } = this.#setup
    return {
      name: redactor.text(name, limits.nameLength),
      version: redactor.text(version, limits.nameLength)
    }
  }

  // A span whose parent in this process is not recorded is not recorded either; the sampled flag of a stranger never forces anything.
  #records(parent: SpanContext | undefined, span: object | undefined, traceId: TraceId): boolean {
    if (span instanceof NonRecordingSpan && parent?.isRemote !== true) return false
    return this.#setup.sampler(traceId)
  }

  #create(
    name: string,
    options: SpanOptions,
    { trace, parent, flags, traceState = parent?.traceState, now, spanId = newSpanId() }: Birth
  ): Span | NonRecordingSpan {
    const { limits, redactor } = this.#setup
    const span = new Span(this.#setup, trace, {
      spanId,
      parentId: parent?.spanId,
      parentRemote: parent?.isRemote === true,
      kind: kindOf(options.kind),
      name: options.named === true ? name : redactor.text(nameOf(name), limits.nameLength),
      start: offsetOf(options.startTime, trace, now),
      flags,
      scope: options.scope ?? ownScope,
      traceState,
      shownState: this.#shown(traceState)
    })
    if (!trace.add(span, now)) return new NonRecordingSpan(span.spanContext())
    if (options.attributes !== undefined) span.setAttributes(options.attributes)
    if (options.links !== undefined) span.addLinks(options.links)
    return span
  }

  // It is passed on as it came, and kept and shown like any text of a stranger.
  #shown(state: TraceState | undefined): string {
    if (state === undefined) return ''
    let shown = this.#states.get(state)
    if (shown === undefined) {
      shown = this.#setup.redactor.text(state.serialize(), maxTraceState)
      this.#states.set(state, shown)
    }
    return shown
  }
}

/** Whether a span starts where the host's code asks for something: a request, a middleware and a message from a queue are called by others. */
function isCalled({ kind, attributes }: Span, { named }: SpanOptions): boolean {
  const own = kind === SpanKind.internal && named !== true
  if (!own && kind !== SpanKind.client && kind !== SpanKind.producer) return false
  for (let i = 0; i < attributes.length; i += 2) {
    const key = String(attributes[i])
    // Who started it may know better, and the layers of OpenTelemetry's framework instrumentations are called by their framework.
    if (key.startsWith('code.') || (own && layerType.test(key))) return false
  }
  return true
}

function locate(span: Span, site: CallSite): void {
  span.put('code.file.path', site.path)
  span.put('code.line.number', site.line)
  span.put('code.column.number', site.column)
  if (site.function !== '') span.put('code.function.name', site.function)
}

/** Characters; W3C Trace Context asks to carry 512 at least. */
const maxTraceState = 512

// Our own spans' contexts are right by construction; only a stranger's has to be looked at.
function parentOf({ span }: Context): SpanContext | undefined {
  const own = span instanceof Span || span instanceof NonRecordingSpan
  return own ? span.spanContext() : readParent(span)
}

function kindOf(kind: SpanKind | undefined): SpanKind {
  return kind === 1 || kind === 2 || kind === 3 || kind === 4 ? kind : SpanKind.internal
}

/**
 * A parent's flags are handed on as they came. Whether a trace is sampled is decided once, where it begins: a service that records all for
 * its own page must not make those after it export what the first one chose not to.
 */
function flagsOf(parent: SpanContext | undefined, sampled: boolean, ownId: boolean): number {
  if (parent !== undefined) return parent.traceFlags & (sampledFlag | randomFlag)
  return (sampled ? sampledFlag : 0) | (ownId ? randomFlag : 0)
}

function childContext(
  traceId: TraceId,
  parent: SpanContext | undefined,
  traceFlags: number
): SpanContext {
  return {
    traceId,
    spanId: newSpanId(),
    traceFlags,
    traceState: parent?.traceState
  }
}

function newSpanContext(): SpanContext {
  return { traceId: newTraceId(), spanId: newSpanId(), traceFlags: randomFlag }
}
