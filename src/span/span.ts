import type { AttributeValue, Attributes } from '../base/attributes.ts'
import type { SpanId } from '../base/ids.ts'
import type { SpanContext, TraceState } from '../base/span-context.ts'
import {
  type Scope,
  type Severity,
  type SpanData,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanLog,
  StatusCode
} from '../base/span-data.ts'
import { get, readError } from './exception.ts'
import {
  type AttributesInput,
  isTimeInput,
  keysOf,
  type LinkInput,
  nameOf,
  readLink
} from './input.ts'
import type { SpanRules, SpanSeed, TraceBuffer } from './setting.ts'
import { offsetOf, type TimeInput } from './time.ts'

const none: readonly never[] = Object.freeze([])

/**
 * A live span: OpenTelemetry's Span interface over the very fields that the codec reads, so that ending a span copies nothing. After the
 * end every setter is a silent no-op, as the API demands.
 */
export class Span implements SpanData {
  readonly spanId: SpanId
  readonly parentId: SpanId | undefined
  readonly parentRemote: boolean
  readonly kind: SpanKind
  readonly start: number
  readonly traceState: string
  readonly flags: number
  readonly scope: Scope
  name: string
  attributes: Attributes = []
  events: readonly SpanEvent[] = none
  links: readonly SpanLink[] = none
  logs: readonly SpanLog[] = none
  status: StatusCode = StatusCode.unset
  statusMessage = ''
  droppedAttributes = 0
  droppedEvents = 0
  droppedLinks = 0
  readonly trace: TraceBuffer
  /** Tells whether what the span stands for still goes on (a connection is open); asked before a long open span is given up. */
  alive: (() => boolean) | undefined
  readonly #rules: SpanRules
  readonly #state: TraceState | undefined
  #context: SpanContext | undefined
  #duration = -1

  constructor(rules: SpanRules, trace: TraceBuffer, seed: SpanSeed) {
    this.#rules = rules
    this.#state = seed.traceState
    this.trace = trace
    this.spanId = seed.spanId
    this.parentId = seed.parentId
    this.parentRemote = seed.parentRemote
    this.kind = seed.kind
    this.name = seed.name
    this.start = seed.start
    this.flags = seed.flags
    this.scope = seed.scope
    this.traceState = seed.shownState
  }

  get open(): boolean {
    return this.#duration < 0
  }

  /** Nanoseconds; of an open span, up to now. */
  get duration(): number {
    return this.#duration < 0 ? Math.max(0, this.#offset(undefined) - this.start) : this.#duration
  }

  spanContext(): SpanContext {
    return (this.#context ??= {
      traceId: this.trace.traceId,
      spanId: this.spanId,
      traceFlags: this.flags,
      traceState: this.#state
    })
  }

  isRecording(): boolean {
    return this.#duration < 0
  }

  /** Sets an attribute of unknown origin: redacted, clipped, refused when it is no attribute value. */
  setAttribute(key: string, value: unknown): this {
    if (this.#duration >= 0 || typeof key !== 'string' || key === '') return this
    const clean = this.#rules.redactor.attribute(key, value)
    if (clean !== undefined) this.put(key, clean)
    return this
  }

  setAttributes(attributes: AttributesInput): this {
    if (this.#duration >= 0) return this
    return this.#safely(() => {
      for (const key of keysOf(attributes)) this.setAttribute(key, get(attributes, key))
    })
  }

  /** Gives a new span its first attributes, of our own making: no key twice, each value already safe to store. */
  begin(attributes: Attributes): void {
    // Where it was called from is known by now.
    if (this.attributes.length > 0) attributes.push(...this.attributes)
    const most = this.#rules.limits.attributes * 2
    if (attributes.length > most) this.droppedAttributes += attributes.splice(most).length >> 1
    this.attributes = attributes
  }

  /** Sets an attribute of our own making, whose value is already safe to store. */
  put(key: string, value: AttributeValue): void {
    if (this.#duration >= 0) return
    const attributes = this.attributes
    for (let i = 0; i < attributes.length; i += 2) {
      if (attributes[i] === key) {
        attributes[i + 1] = value
        return
      }
    }
    if (attributes.length < this.#rules.limits.attributes * 2) attributes.push(key, value)
    else this.droppedAttributes++
  }

  addEvent(name: string, attributesOrTime?: AttributesInput | TimeInput, time?: TimeInput): this {
    if (this.#duration >= 0) return this
    if (this.events.length >= this.#rules.limits.events) {
      this.droppedEvents++
      return this
    }
    return this.#safely(() => {
      const timed = isTimeInput(attributesOrTime)
      push(this, 'events', {
        name: this.#rules.redactor.text(nameOf(name), this.#rules.limits.nameLength),
        time: this.#offset(timed ? attributesOrTime : time),
        attributes: timed ? none : this.#clean(attributesOrTime)
      })
    })
  }

  addLink(link: LinkInput): this {
    if (this.#duration >= 0) return this
    return this.#safely(() => {
      const target = this.links.length < this.#rules.limits.links ? readLink(link) : undefined
      if (target === undefined) this.droppedLinks++
      else {
        const traceState = this.#rules.redactor.text(target.traceState, target.traceState.length)
        const attributes = this.#clean(get(link, 'attributes'))
        push(this, 'links', { ...target, traceState, attributes })
      }
    })
  }

  addLinks(links: readonly LinkInput[]): this {
    if (Array.isArray(links)) for (const link of links as readonly LinkInput[]) this.addLink(link)
    return this
  }

  setStatus(status: { readonly code: number; readonly message?: string | undefined }): this {
    // Ok is final (OpenTelemetry trace API, "Set Status"): a later error of an instrumentation must not overrule the user.
    if (this.#duration >= 0 || this.status === StatusCode.ok) return this
    return this.#safely(() => {
      const code = get(status, 'code')
      if (code !== StatusCode.ok && code !== StatusCode.error) return
      this.status = code
      const message = code === StatusCode.error ? get(status, 'message') : undefined
      this.statusMessage =
        typeof message === 'string'
          ? this.#rules.redactor.text(message, this.#rules.limits.messageLength)
          : ''
    })
  }

  updateName(name: string): this {
    if (this.#duration >= 0) return this
    return this.#safely(() => {
      this.name = this.#rules.redactor.text(nameOf(name), this.#rules.limits.nameLength)
    })
  }

  /** Adds an `exception` event with type, message, stack and the chain of causes. */
  recordException(exception: unknown, time?: TimeInput): void {
    if (this.#duration >= 0) return
    this.#safely(() => {
      const error = readError(exception)
      this.addEvent('exception', error.attributes, time)
    })
  }

  /** Adds a line that the host logged while this span was active. */
  addLog(severity: Severity, body: string, attributes?: AttributesInput): boolean {
    if (this.#duration >= 0 || this.logs.length >= this.#rules.limits.logs) return false
    push(this, 'logs', {
      time: this.#offset(undefined),
      severity,
      body: this.#rules.redactor.text(body, this.#rules.limits.messageLength),
      attributes: this.#clean(attributes)
    })
    return true
  }

  end(time?: TimeInput): void {
    if (this.#duration >= 0) return
    try {
      const now = this.#rules.now()
      this.#duration = Math.max(0, offsetOf(time, this.trace, now) - this.start)
      this.trace.ended(this, now)
    } catch (error) {
      if (this.#duration < 0) this.#duration = 0
      this.#rules.failed?.(error)
    }
  }

  /** Lets go of everything but the ids, once the codec has read it: a socket of the host may hold this span for ever. */
  release(): void {
    this.attributes = none as unknown as Attributes
    this.events = this.links = this.logs = none
    this.statusMessage = ''
    this.alive = undefined
  }

  // An error of ours must not come out of a call of the host's.
  #safely(work: () => void): this {
    try {
      work()
    } catch (error) {
      this.#rules.failed?.(error)
    }
    return this
  }

  #offset(time: TimeInput | undefined): number {
    return offsetOf(time, this.trace, this.#rules.now())
  }

  #clean(attributes: unknown): Attributes | readonly never[] {
    const keys = keysOf(attributes)
    if (keys.length === 0) return none
    const clean: Attributes = []
    for (const key of keys) {
      if (clean.length >= this.#rules.limits.attributes * 2) break
      const value =
        key === '' ? undefined : this.#rules.redactor.attribute(key, get(attributes, key))
      if (value !== undefined) clean.push(key, value)
    }
    return clean
  }
}

// Most spans have no event, link or log: the lists are made when the first one comes.
function push<K extends 'events' | 'links' | 'logs'>(
  span: Span,
  list: K,
  item: Span[K][number]
): void {
  if (span[list].length === 0) span[list] = [item] as unknown as Span[K]
  else (span[list] as unknown[]).push(item)
}
