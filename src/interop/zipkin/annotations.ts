import type { Attributes, AttributeValue } from '../../base/attributes.ts'
import { field, list, text } from '../../base/fields.ts'
import type {
  ReadonlyAttributes,
  Severity,
  SpanData,
  SpanEvent,
  SpanLog
} from '../../base/span-data.ts'
import { jsonValue } from '../../trace/json-value.ts'
import { logBody, logEvent, logSeverity, severities } from '../../trace/own-names.ts'
import { after, type Movable } from '../../trace/received.ts'
import { type AttributeRules, plainValue, putReceived } from '../../trace/received-attributes.ts'
import { microsOf, nanosOf } from './time.ts'

export interface Annotation {
  readonly timestamp: number
  readonly value: string
}

/** Zipkin's first version marked the ends of a span by these; those of today have a timestamp and a duration. */
const ends: ReadonlySet<string> = new Set(['cs', 'cr', 'ss', 'sr', 'ms', 'mr', 'ws', 'wr'])

/** The first moment that the annotations tell of, in nanoseconds since 1970. */
export function firstMoment(raw: unknown): bigint | undefined {
  let first: bigint | undefined
  for (const item of list(raw)) {
    const time = nanosOf(field(item, 'timestamp'))
    if (time !== undefined && (first === undefined || time < first)) first = time
  }
  return first
}

export interface ReadAnnotations {
  readonly events: readonly Movable<SpanEvent>[]
  readonly logs: readonly Movable<SpanLog>[]
  readonly dropped: number
}

const nothing: ReadAnnotations = { events: [], logs: [], dropped: 0 }

export function readAnnotations(
  raw: unknown,
  start: bigint,
  epoch: bigint,
  rules: AttributeRules
): ReadAnnotations {
  const items = list(raw)
  if (items.length === 0) return nothing
  const { limits, redactor } = rules
  const events: Movable<SpanEvent>[] = []
  const logs: Movable<SpanLog>[] = []
  let dropped = 0
  for (const item of items) {
    const value = text(field(item, 'value'))
    if (ends.has(value)) continue
    const time = after(epoch, nanosOf(field(item, 'timestamp')) ?? start)
    const { name, fields } = readValue(value)
    const severity = field(fields, logSeverity) as Severity
    const body = field(fields, logBody)
    const isLog = name === logEvent && severities.includes(severity) && typeof body === 'string'
    if (isLog && logs.length < limits.logs) {
      const { [logSeverity]: _severity, [logBody]: _body, ...rest } = fields
      logs.push({
        time,
        severity,
        body: redactor.text(body, limits.messageLength),
        attributes: attributesOf(rest, rules)
      })
    } else if (!isLog && value !== '' && events.length < limits.events) {
      const shown = redactor.text(name, limits.nameLength)
      events.push({ name: shown, time, attributes: attributesOf(fields, rules) })
    } else dropped++
  }
  return { events, logs, dropped }
}

interface Value {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}

// What is longer is read as text: it would be parsed in one piece, whatever it holds.
const maxValue = 65_536

/** `"name": {"key": "value"}` is an event with attributes, by OpenTelemetry's transformation; anything else a name. */
function readValue(value: string): Value {
  if (value.length > maxValue) return { name: value, fields: {} }
  const [, name, fields] = /^("(?:[^"\\]|\\.)*"): ?(\{.*\})$/su.exec(value) ?? []
  if (name === undefined || fields === undefined) return { name: value, fields: {} }
  try {
    return { name: JSON.parse(name) as string, fields: JSON.parse(fields) as Value['fields'] }
  } catch {
    return { name: value, fields: {} }
  }
}

function attributesOf(fields: Value['fields'], rules: AttributeRules): Attributes {
  const attributes: Attributes = []
  for (const key of Object.keys(fields)) {
    const value = plainValue(fields[key], rules.limits.arrayLength)
    if (value !== undefined) putReceived(attributes, rules.limits.attributes * 2, key, value, rules)
  }
  return attributes
}

/** Events and log lines of a span, in order of time. */
export function annotationsOf(
  { events, logs }: Pick<SpanData, 'events' | 'logs'>,
  epochMs: number
): Annotation[] | undefined {
  if (events.length === 0 && logs.length === 0) return undefined
  const all: Annotation[] = []
  for (const { time, name, attributes } of events)
    all.push({ timestamp: microsOf(epochMs, time), value: valueOf(name, attributes) })
  for (const { time, severity, body, attributes } of logs)
    all.push({
      timestamp: microsOf(epochMs, time),
      value: valueOf(logEvent, [logSeverity, severity, logBody, body, ...attributes])
    })
  return all.sort((a, b) => a.timestamp - b.timestamp)
}

// By hand, not through an object: a key may be `__proto__`, or a number, which would move to the front.
function valueOf(name: string, attributes: ReadonlyAttributes): string {
  if (attributes.length === 0) return name
  const pairs: string[] = []
  for (let i = 0; i < attributes.length; i += 2)
    pairs.push(
      `${JSON.stringify(attributes[i])}:${JSON.stringify(jsonValue(attributes[i + 1] as AttributeValue))}`
    )
  return `${JSON.stringify(name)}: {${pairs.join(',')}}`
}
