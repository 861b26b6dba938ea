import { type Attributes, getAttribute } from '../../base/attributes.ts'
import { field, list } from '../../base/fields.ts'
import type { Severity, SpanEvent, SpanLog } from '../../base/span-data.ts'
import { severities } from '../../trace/own-names.ts'
import { after, type Movable } from '../../trace/received.ts'
import type { AttributeRules } from '../../trace/received-attributes.ts'
import { readTags } from './decode-tags.ts'
import { readTime } from './identity.ts'
import { lineEvent, logFields } from './tags.ts'

export interface ReadLogs {
  readonly events: readonly Movable<SpanEvent>[]
  readonly logs: readonly Movable<SpanLog>[]
  readonly dropped: number
}

/** The logs of a span: events, and lines that an application logged. */
export function readLogs(
  value: unknown,
  start: bigint,
  epoch: bigint,
  rules: AttributeRules
): ReadLogs {
  const { limits, redactor } = rules
  const events: Movable<SpanEvent>[] = []
  const logs: Movable<SpanLog>[] = []
  let dropped = 0
  for (const raw of list(value)) {
    if (events.length >= limits.events && logs.length >= limits.logs) {
      dropped++
      continue
    }
    const time = after(epoch, readTime(field(raw, 'timestamp')) ?? start)
    const { event, line, attributes } = readFields(field(raw, 'fields'), rules)
    if (line !== undefined && logs.length < limits.logs) {
      const body = redactor.text(line.body, limits.messageLength)
      logs.push({ time, severity: line.severity, body, attributes })
    } else if (line === undefined && events.length < limits.events) {
      events.push({ time, name: redactor.text(event, limits.nameLength), attributes })
    } else dropped++
  }
  return { events, logs, dropped }
}

interface ReadFields {
  readonly event: string
  readonly line: { readonly severity: Severity; readonly body: string } | undefined
  readonly attributes: Attributes
}

/** What an OpenTracing application calls the parts of an error, and OpenTelemetry those of an exception. */
const errorFields: readonly (readonly [string, string])[] = [
  ['error.kind', 'exception.type'],
  ['message', 'exception.message'],
  ['stack', 'exception.stacktrace']
]

function readFields(value: unknown, rules: AttributeRules): ReadFields {
  const taken = new Map<string, string>()
  const { attributes } = readTags(value, rules, (key, value) => {
    const isOwn =
      (key === logFields.event || key === logFields.level || key === logFields.message) &&
      typeof value === 'string' &&
      !taken.has(key)
    if (isOwn) taken.set(key, value)
    return isOwn
  })
  const event = taken.get(logFields.event)
  const level = taken.get(logFields.level)
  const message = taken.get(logFields.message)
  const put = (key: string, value: string | undefined): void => {
    if (value === undefined) return
    const clean = rules.redactor.attribute(key, value)
    if (clean !== undefined && getAttribute(attributes, key) === undefined)
      attributes.push(key, clean)
  }
  const severity = severityOf(level)
  const body = message ?? (severity === undefined ? undefined : event)
  const isLine = severity !== undefined || event === undefined || event === lineEvent
  if (isLine && body !== undefined) {
    if (severity === undefined) put(logFields.level, level)
    if (message !== undefined && event !== lineEvent) put(logFields.event, event)
    return { event: '', line: { severity: severity ?? 'info', body }, attributes }
  }
  put(logFields.level, level)
  put(logFields.message, message)
  if (event !== 'error') return { event: event ?? '', line: undefined, attributes }
  return { event: 'exception', line: undefined, attributes: asException(attributes) }
}

function severityOf(level: string | undefined): Severity | undefined {
  const name = level?.toLowerCase()
  return severities.find((one) => one === (name === 'warning' ? 'warn' : name))
}

function asException(attributes: Attributes): Attributes {
  for (const [from, to] of errorFields) {
    const at = attributes.findIndex((item, i) => i % 2 === 0 && item === from)
    if (at >= 0 && getAttribute(attributes, to) === undefined) attributes[at] = to
  }
  return attributes
}
