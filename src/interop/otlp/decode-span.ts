import type { Attributes } from '../../base/attributes.ts'
import { readSpanId, readTraceId, type SpanId } from '../../base/ids.ts'
import {
  type Scope,
  type Severity,
  type SpanEvent,
  SpanKind,
  type SpanLink,
  type SpanLog,
  type StatusCode
} from '../../base/span-data.ts'
import { addHttp } from '../../trace/older-http.ts'
import {
  droppedSpansKey,
  logBody,
  logEvent,
  logSeverity,
  negativeKey,
  severities
} from '../../trace/own-names.ts'
import type { AttributeRules } from '../../trace/received-attributes.ts'
import {
  after,
  type Movable,
  type MovableSpan,
  type ReadSpan,
  type SpanIdentity
} from '../../trace/received.ts'
import { count, enumOf, field, list, nanos, text } from '../../base/fields.ts'
import { hasIsRemote, isRemote, kindNames, statusNames } from './names.ts'
import { readAttributes } from './values.ts'

// W3C Trace Context asks for 512 characters at least; a longer one is left out whole, as half of one means something else.
const maxTraceState = 512

/** Undefined when it has no valid ids or no start. */
export function readIdentity(raw: unknown): SpanIdentity | undefined {
  const traceId = readTraceId(field(raw, 'traceId'))
  const spanId = readSpanId(field(raw, 'spanId'))
  const start = nanos(field(raw, 'startTimeUnixNano'))
  if (traceId === undefined || spanId === undefined || start === undefined) return undefined
  return { traceId, spanId, start }
}

/** One Span of OTLP, its times after `epoch`, in nanoseconds since 1970. It holds nothing of `raw`, which can go before all others are read. */
export function readSpan(
  raw: unknown,
  { spanId, start }: SpanIdentity,
  epoch: bigint,
  scope: Scope,
  rules: AttributeRules
): ReadSpan {
  const { limits, redactor } = rules
  // An end of 0 is one that was never set.
  const end = nanos(field(raw, 'endTimeUnixNano')) || start
  const own = readOwn(field(raw, 'attributes'), end < start, rules)
  const flags = count(field(raw, 'flags'))
  const status = field(raw, 'status')
  const { events, logs, dropped } = readEvents(field(raw, 'events'), start, epoch, rules)
  const links = readLinks(field(raw, 'links'), rules)
  const parentId = readSpanId(field(raw, 'parentSpanId'))
  const kind = Math.max(0, enumOf(field(raw, 'kind'), kindNames) - 1) as SpanKind
  const span: MovableSpan = {
    spanId,
    parentId,
    parentRemote: (flags & hasIsRemote) !== 0 ? (flags & isRemote) !== 0 : isCalled(parentId, kind),
    name: redactor.text(text(field(raw, 'name')), limits.nameLength),
    kind,
    start: after(epoch, start),
    duration: end < start ? 0 : after(start, end),
    open: false,
    status: enumOf(field(status, 'code'), statusNames) as StatusCode,
    statusMessage: redactor.text(text(field(status, 'message')), limits.messageLength),
    traceState: traceStateOf(field(raw, 'traceState'), rules),
    flags: flags & 0xff,
    scope,
    attributes: own.attributes,
    events,
    links: links.kept,
    logs,
    droppedAttributes: own.dropped + count(field(raw, 'droppedAttributesCount')),
    droppedEvents: dropped + count(field(raw, 'droppedEventsCount')),
    droppedLinks: links.dropped + count(field(raw, 'droppedLinksCount'))
  }
  return { span, droppedSpans: own.droppedSpans }
}

// SDKs of before 2024 do not tell: who serves or takes a message was called by another process.
function isCalled(parentId: SpanId | undefined, kind: SpanKind): boolean {
  return parentId !== undefined && (kind === SpanKind.server || kind === SpanKind.consumer)
}

// Most spans have none of some list: one array for all of them.
const none: readonly never[] = []

interface ReadEvents {
  readonly events: readonly Movable<SpanEvent>[]
  readonly logs: readonly Movable<SpanLog>[]
  readonly dropped: number
}

const noEvents: ReadEvents = { events: none, logs: none, dropped: 0 }

function readEvents(
  value: unknown,
  start: bigint,
  epoch: bigint,
  rules: AttributeRules
): ReadEvents {
  const items = list(value)
  if (items.length === 0) return noEvents
  const { limits, redactor } = rules
  const events: Movable<SpanEvent>[] = []
  const logs: Movable<SpanLog>[] = []
  let dropped = 0
  for (const raw of items) {
    const time = after(epoch, nanos(field(raw, 'timeUnixNano')) ?? start)
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

interface ReadLinks {
  readonly kept: readonly SpanLink[]
  readonly dropped: number
}

const noLinks: ReadLinks = { kept: none, dropped: 0 }

function readLinks(value: unknown, rules: AttributeRules): ReadLinks {
  const items = list(value)
  if (items.length === 0) return noLinks
  const kept: SpanLink[] = []
  let dropped = 0
  for (const raw of items) {
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
  // A copy, as one that has grown is twice as large, until the body is stored.
  const kept = attributes.slice(0, rules.limits.attributes * 2)
  const excess = (attributes.length - kept.length) / 2
  addHttp(kept, rules)
  if (negative || wasNegative) kept.push(negativeKey, true)
  return { attributes: kept, dropped: dropped + excess, droppedSpans }
}

function take(attributes: Attributes, key: string): unknown {
  for (let i = 0; i < attributes.length; i += 2)
    if (attributes[i] === key) return attributes.splice(i, 2)[1]
  return undefined
}
