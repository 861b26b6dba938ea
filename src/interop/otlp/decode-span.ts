import type { Attributes } from '../../base/attributes.ts'
import { readSpanId, readTraceId, type TraceId } from '../../base/ids.ts'
import type {
  Scope,
  Severity,
  SpanData,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanLog,
  StatusCode
} from '../../base/span-data.ts'
import { count, enumOf, field, list, nanos, text } from './fields.ts'
import {
  droppedSpansKey,
  hasIsRemote,
  isRemote,
  kindNames,
  logBody,
  logEvent,
  logSeverity,
  negativeKey,
  severities,
  statusNames
} from './names.ts'
import { type AttributeRules, readAttributes } from './values.ts'

/** A span that was read, before its times can be counted from its record's epoch. */
export interface ReadSpan {
  readonly traceId: TraceId
  /** Nanoseconds since 1970. */
  readonly start: bigint
  readonly isError: boolean
  readonly isRoot: boolean
  /** Spans of the trace that its sender left out. */
  readonly droppedSpans: number
  readonly spanId: string
  /** The span with its times after `epoch`, in nanoseconds since 1970. */
  at(epoch: bigint): SpanData
}

// W3C Trace Context asks for 512 characters at least; a longer one is left out whole, as half of one means something else.
const maxTraceState = 512

/** One Span of OTLP; undefined when it has no valid ids or no start. */
export function readSpan(raw: unknown, scope: Scope, rules: AttributeRules): ReadSpan | undefined {
  const traceId = readTraceId(field(raw, 'traceId'))
  const spanId = readSpanId(field(raw, 'spanId'))
  const start = nanos(field(raw, 'startTimeUnixNano'))
  if (traceId === undefined || spanId === undefined || start === undefined) return undefined
  const { limits, redactor } = rules
  // An end of 0 is one that was never set.
  const end = nanos(field(raw, 'endTimeUnixNano')) || start
  const own = readOwn(field(raw, 'attributes'), end < start, rules)
  const flags = count(field(raw, 'flags'))
  const status = field(raw, 'status')
  const code = enumOf(field(status, 'code'), statusNames) as StatusCode
  const parentId = readSpanId(field(raw, 'parentSpanId'))
  const events = readEvents(field(raw, 'events'), start, rules)
  const links = readLinks(field(raw, 'links'), rules)
  const name = redactor.text(text(field(raw, 'name')), limits.nameLength)
  const statusMessage = redactor.text(text(field(status, 'message')), limits.messageLength)
  const traceState = traceStateOf(field(raw, 'traceState'), rules)
  return {
    traceId,
    spanId,
    start,
    isError: code === 2,
    isRoot: parentId === undefined,
    droppedSpans: own.droppedSpans,
    // Written out: spreading prepared objects took five times as long as all the rest.
    at: (epoch) => ({
      spanId,
      parentId,
      parentRemote: (flags & hasIsRemote) !== 0 && (flags & isRemote) !== 0,
      name,
      kind: Math.max(0, enumOf(field(raw, 'kind'), kindNames) - 1) as SpanKind,
      start: after(epoch, start),
      duration: end < start ? 0 : after(start, end),
      open: false,
      status: code,
      statusMessage,
      traceState,
      flags: flags & 0xff,
      scope,
      attributes: own.attributes,
      events: events.events.map((event) => ({ ...event, time: after(epoch, event.time) })),
      links: links.kept,
      logs: events.logs.map((log) => ({ ...log, time: after(epoch, log.time) })),
      droppedAttributes: own.dropped + count(field(raw, 'droppedAttributesCount')),
      droppedEvents: events.dropped + count(field(raw, 'droppedEventsCount')),
      droppedLinks: links.dropped + count(field(raw, 'droppedLinksCount'))
    })
  }
}

// Stored times are whole numbers within 2^53, and a start plus a duration too: 52 days each way.
const furthest = 2 ** 52

function after(epoch: bigint, time: bigint): number {
  return Math.max(-furthest, Math.min(furthest, Number(time - epoch)))
}

interface Timed {
  readonly time: bigint
}

interface ReadEvents {
  readonly events: readonly (Omit<SpanEvent, 'time'> & Timed)[]
  readonly logs: readonly (Omit<SpanLog, 'time'> & Timed)[]
  readonly dropped: number
}

function readEvents(value: unknown, start: bigint, rules: AttributeRules): ReadEvents {
  const { limits, redactor } = rules
  const events: ReadEvents['events'][number][] = []
  const logs: ReadEvents['logs'][number][] = []
  let dropped = 0
  for (const raw of list(value)) {
    const time = nanos(field(raw, 'timeUnixNano')) ?? start
    const log = readLog(raw)
    if (log !== undefined && logs.length < limits.logs) {
      logs.push({
        time,
        severity: log.severity,
        body: redactor.text(log.body, limits.messageLength),
        attributes: readAttributes(log.rest, rules).attributes
      })
    } else if (log === undefined && events.length < limits.events) {
      const name = redactor.text(text(field(raw, 'name')), limits.nameLength)
      const { attributes } = readAttributes(field(raw, 'attributes'), rules)
      events.push({ name, time, attributes })
    } else dropped++
  }
  return { events, logs, dropped }
}

/** A log line among the events: its attributes begin with severity and body, as `encodeJson` writes them. */
function readLog(
  raw: unknown
): { severity: Severity; body: string; rest: readonly unknown[] } | undefined {
  if (field(raw, 'name') !== logEvent) return undefined
  const [first, second, ...rest] = list(field(raw, 'attributes'))
  if (field(first, 'key') !== logSeverity || field(second, 'key') !== logBody) return undefined
  const severity = text(field(field(first, 'value'), 'stringValue')) as Severity
  const body = field(field(second, 'value'), 'stringValue')
  return severities.includes(severity) && typeof body === 'string'
    ? { severity, body, rest }
    : undefined
}

function readLinks(value: unknown, rules: AttributeRules): { kept: SpanLink[]; dropped: number } {
  const kept: SpanLink[] = []
  let dropped = 0
  for (const raw of list(value)) {
    const traceId = readTraceId(field(raw, 'traceId'))
    const spanId = readSpanId(field(raw, 'spanId'))
    if (traceId === undefined || spanId === undefined || kept.length >= rules.limits.links) {
      dropped++
      continue
    }
    const traceState = traceStateOf(field(raw, 'traceState'), rules)
    const { attributes } = readAttributes(field(raw, 'attributes'), rules)
    kept.push({ traceId, spanId, traceState, attributes })
  }
  return { kept, dropped }
}

function traceStateOf(value: unknown, rules: AttributeRules): string {
  const state = text(value)
  return state.length <= maxTraceState ? rules.redactor.text(state, maxTraceState) : ''
}

interface OwnAttributes {
  readonly attributes: Attributes
  readonly dropped: number
  readonly droppedSpans: number
}

/** A span's attributes; what travels under our own names is taken out and does not count to the limit. */
function readOwn(value: unknown, negative: boolean, rules: AttributeRules): OwnAttributes {
  const { attributes, dropped } = readAttributes(value, rules, 2)
  const droppedSpans = count(take(attributes, droppedSpansKey))
  const wasNegative = take(attributes, negativeKey) === true
  const excess = attributes.splice(rules.limits.attributes * 2).length / 2
  if (negative || wasNegative) attributes.push(negativeKey, true)
  return { attributes, dropped: dropped + excess, droppedSpans }
}

function take(attributes: Attributes, key: string): unknown {
  for (let i = 0; i < attributes.length; i += 2)
    if (attributes[i] === key) return attributes.splice(i, 2)[1]
  return undefined
}
