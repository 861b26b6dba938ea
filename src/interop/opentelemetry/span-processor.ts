import { getString } from '../../base/attributes.ts'
import type { Limits } from '../../base/limits.ts'
import type { Report } from '../../base/report.ts'
import { createGuard, type Guard } from '../../base/safely.ts'
import { type Resource, type Scope, SpanKind } from '../../base/span-data.ts'
import { askElsewhere, type Context, rootContext } from '../../context/context.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { get } from '../../span/exception.ts'
import { keysOf, type LinkInput } from '../../span/input.ts'
import type { Span } from '../../span/span.ts'
import type { Tracer } from '../../span/tracer.ts'
import { adopt, type ApiContext } from './adopt.ts'
import { readGlobal } from './global.ts'
import type { SdkResource, SdkSpan, SpanProcessor } from './sdk-span.ts'

export type { SpanProcessor } from './sdk-span.ts'

export interface SdkSetup {
  readonly tracer: Tracer
  readonly redactor: Redactor
  readonly limits: Limits
  readonly report: Report
  /** Of the page, whose own requests are not shown, wherever it is mounted. */
  readonly path: string
  /** Other requests that are not shown, nor anything they do. */
  readonly ignore: (method: string, path: string) => boolean
  /** Told of each instrumentation that spans come from. */
  readonly onScope: (name: string) => void
  /** Told of the SDK's resource: from then on it is who makes the spans of this process. */
  readonly onResource: (resource: Resource) => void
}

export interface SdkSpans {
  readonly processor: SpanProcessor
  stop(): void
}

/** Where nothing is recorded. */
export const idleProcessor: SpanProcessor = {
  onStart() {},
  onEnd() {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve()
}

/** Takes in the spans of an SDK in this process. Log lines find the span that they belong to by the SDK's own context. */
export function receiveSdkSpans(setup: SdkSetup): SdkSpans {
  const mirror = new Mirror(setup)
  askElsewhere(() => mirror.active())
  const stop = (): void => {
    mirror.on = false
    askElsewhere(undefined)
  }
  const { guard } = mirror
  return {
    stop,
    processor: {
      onStart: (span) => guard(() => mirror.started(span)),
      onEnd: (span) => guard(() => mirror.ended(span)),
      // What has ended is kept already.
      forceFlush: () => Promise.resolve(),
      shutdown() {
        stop()
        return Promise.resolve()
      }
    }
  }
}

/** For each span of the SDK one of ours, under the same ids: open while theirs is, so that it is seen in flight. */
class Mirror {
  on = true
  readonly guard: Guard
  readonly #setup: SdkSetup
  readonly #spans = new WeakMap<object, Span>()
  readonly #scopes = new WeakMap<object, Scope>()
  // Ids of the open spans that are not shown: what is done below them is not, either.
  readonly #ignored = new Set<string>()
  #resource: SdkResource | undefined

  constructor(setup: SdkSetup) {
    this.guard = createGuard('OpenTelemetry SDK', setup.report)
    this.#setup = setup
  }

  started(theirs: SdkSpan): void {
    if (!this.on || this.#spans.has(theirs)) return
    const ids = { context: theirs.spanContext(), parent: theirs.parentSpanContext }
    if (this.#ignores(theirs, get(ids.parent, 'spanId'))) {
      // Those that never end would add up.
      if (this.#ignored.size >= this.#setup.limits.openTraces) this.#ignored.clear()
      this.#ignored.add(String(get(ids.context, 'spanId')))
      return
    }
    const { kind, attributes, startTime } = theirs
    const scope = this.#scope(theirs)
    const options = { kind: kind as SpanKind, attributes, startTime, scope }
    const ours = this.#setup.tracer.adopt(theirs.name, options, ids)
    if (ours !== undefined) this.#spans.set(theirs, ours)
  }

  ended(theirs: SdkSpan): void {
    const ours = this.#spans.get(theirs)
    if (ours === undefined) {
      if (this.#ignored.size > 0) this.#ignored.delete(String(get(theirs.spanContext(), 'spanId')))
      return
    }
    this.#spans.delete(theirs)
    try {
      this.#readResource(theirs.resource)
      copy(theirs, ours)
    } finally {
      ours.end(theirs.endTime)
    }
  }

  /** The running code's context with the SDK, as one of ours: with the span that stands for theirs. */
  active(): Context {
    const manager = readGlobal()?.context as { active?(): ApiContext } | undefined
    const theirs = this.guard(() => adopt(manager?.active?.()).span)
    const ours = theirs && this.#spans.get(theirs)
    return ours === undefined ? rootContext : rootContext.withSpan(ours)
  }

  #ignores({ kind, attributes }: SdkSpan, parentId: unknown): boolean {
    if (this.#ignored.size > 0 && this.#ignored.has(String(parentId))) return true
    if (kind !== SpanKind.server) return false
    // The stable conventions, then those before.
    const method = attributes['http.request.method'] ?? attributes['http.method']
    const target = attributes['url.path'] ?? attributes['http.target']
    const path = typeof target === 'string' ? (target.split('?', 1)[0] as string) : ''
    const isPage = `${path}/`.includes(`${this.#setup.path}/`)
    return isPage || this.#setup.ignore(typeof method === 'string' ? method : '', path)
  }

  #scope({ instrumentationScope }: SdkSpan): Scope {
    let scope = this.#scopes.get(instrumentationScope)
    if (scope === undefined) {
      const { name, version = '' } = instrumentationScope
      scope = this.#setup.tracer.scope(name, version)
      this.#setup.onScope(scope.name)
      this.#scopes.set(instrumentationScope, scope)
    }
    return scope
  }

  #readResource(resource: SdkResource): void {
    if (resource === this.#resource || resource.asyncAttributesPending === true) return
    this.#resource = resource
    const { redactor, limits } = this.#setup
    const all = keysOf(resource.attributes)
      .slice(0, limits.attributes)
      .flatMap((key) => {
        const shown = redactor.attribute(key, get(resource.attributes, key))
        return shown === undefined ? [] : [key, shown]
      })
    const service = getString(all, 'service.name') || 'unknown_service'
    const attributes = all.filter((_item, i) => all[i - (i % 2)] !== 'service.name')
    this.#setup.onResource({ service, attributes })
  }
}

/** What theirs has become. */
function copy(theirs: SdkSpan, ours: Span): void {
  ours.updateName(theirs.name)
  ours.setAttributes(theirs.attributes)
  for (const { name, attributes, time } of theirs.events) ours.addEvent(name, attributes, time)
  ours.addLinks(theirs.links as readonly LinkInput[])
  ours.setStatus(theirs.status)
  ours.droppedAttributes += count(theirs.droppedAttributesCount)
  ours.droppedEvents += count(theirs.droppedEventsCount)
  ours.droppedLinks += count(theirs.droppedLinksCount)
}

function count(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0
}
