import type { Attributes, AttributeValue } from '../base/attributes.ts'
import type { Report } from '../base/report.ts'
import { createGuard } from '../base/safely.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../base/span-data.ts'
import type { HookKind, RedactHook } from './options.ts'

const failedMark = '[redacted: hook failed]'
const maxMeanMs = 5
const meanOver = 100

/**
 * The user's hook over whole records, before they are stored or shown. It fails closed: where it fails, or has been switched off, every
 * value is hidden, for nobody else knows which of them it would have hidden.
 */
export function createHook(
  hook: RedactHook,
  report: Report,
  clean: (key: string, value: unknown) => AttributeValue | undefined
): (record: TraceRecord) => TraceRecord {
  const guard = createGuard('redact.hook', report)
  let calls = 0
  let spentMs = 0
  let slow = false

  function call(attributes: ReadonlyAttributes, kind: HookKind): Attributes {
    const result = slow ? undefined : guard(() => checked(attributes, kind))
    return result ?? attributes.map((item, i) => (i % 2 === 0 ? item : failedMark))
  }

  function checked(attributes: ReadonlyAttributes, kind: HookKind): Attributes {
    const given = Object.create(null) as Record<string, AttributeValue>
    for (let i = 0; i < attributes.length; i += 2) {
      const value = attributes[i + 1] as AttributeValue
      given[attributes[i] as string] = Array.isArray(value) ? ([...value] as string[]) : value
    }
    const start = performance.now()
    const result: unknown = hook(given, kind)
    measure(performance.now() - start)
    if (typeof result !== 'object' || result === null || 'then' in result)
      throw new TypeError('redact.hook must return an object')
    const kept: Attributes = []
    for (const [key, value] of Object.entries(result)) {
      const safe = clean(key, value)
      if (safe !== undefined) kept.push(key, safe)
    }
    return kept
  }

  function measure(ms: number): void {
    spentMs += ms
    if (++calls % meanOver !== 0) return
    if (spentMs / meanOver > maxMeanMs) {
      slow = true
      report.say(
        'redact.hook takes more than 5 ms on average and is switched off; values are hidden'
      )
    }
    spentMs = 0
  }

  function item<T extends { readonly attributes: ReadonlyAttributes }>(
    kind: HookKind
  ): (of: T) => T {
    return (of) =>
      of.attributes.length === 0 ? of : { ...of, attributes: call(of.attributes, kind) }
  }

  // Field by field: a live span's are getters, which a spread would not copy.
  function span(of: SpanData): SpanData {
    return {
      spanId: of.spanId,
      parentId: of.parentId,
      parentRemote: of.parentRemote,
      name: of.name,
      kind: of.kind,
      start: of.start,
      duration: of.duration,
      open: of.open,
      status: of.status,
      statusMessage: of.statusMessage,
      traceState: of.traceState,
      flags: of.flags,
      scope: of.scope,
      attributes: of.attributes.length === 0 ? of.attributes : call(of.attributes, 'span'),
      events: of.events.map(item('event')),
      links: of.links.map(item('link')),
      logs: of.logs.map(item('log')),
      droppedAttributes: of.droppedAttributes,
      droppedEvents: of.droppedEvents,
      droppedLinks: of.droppedLinks
    }
  }

  return (record) => ({ ...record, spans: record.spans.map(span) })
}
