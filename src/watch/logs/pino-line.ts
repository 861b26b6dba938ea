import type { Span } from '../../span/span.ts'
import { LogFields } from './log-fields.ts'
import { onPinoScale, severityOf } from './log-level.ts'
import type { LogLine } from './log-lines.ts'
import type { WatchSetup } from '../watch.ts'

/** What pino's `asJson` was called with, and the line that it made. */
export interface PinoCall {
  readonly logger: object
  readonly message: unknown
  readonly level: unknown
  readonly line: string
}

// Reading a line takes about as long as writing it did; one of megabytes is known by its message.
const maxLine = 32_768

// Known of every line: the level and the time are the log's own, the process and its host stand in the resource.
const usual: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname'])

/**
 * Reads the line as it was printed, not the objects that it was made of: so what the host's own serializers, formatters and redaction do holds
 * here, too, and child loggers, mixins and nested keys need no knowledge of ours.
 */
export function readPinoLine(
  { redactor, limits }: Pick<WatchSetup, 'redactor' | 'limits'>,
  { logger, message, level, line }: PinoCall,
  span: Span
): LogLine {
  const number = typeof level === 'number' ? level : 30
  const label = labelOf(logger, number)
  const severity = severityOf(label, () => onPinoScale(number))
  const printed = line.length > maxLine ? undefined : parsed(line)
  const said = typeof message === 'string' ? message : ''
  if (printed === undefined) return { severity, body: said }
  const key = messageKeyOf(logger)
  const text = Object.hasOwn(printed, key) ? printed[key] : undefined
  const fields = new LogFields(redactor, limits)
  if (label !== '' && label !== severity) fields.add('level', label)
  for (const [name, value] of Object.entries(printed))
    if (name !== key && !usual.has(name) && !isIdOf(span, name, printed)) fields.add(name, value)
  return { severity, body: shown(text), attributes: fields.attributes }
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(line) as unknown
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function shown(text: unknown): string {
  if (text === undefined || text === null) return ''
  return typeof text === 'string' ? text : JSON.stringify(text)
}

function labelOf(logger: object, number: number): string {
  const { levels } = logger as { levels?: { labels?: Record<number, unknown> } }
  const label = levels?.labels?.[number]
  return typeof label === 'string' ? label : ''
}

/** The ids that `traceFields` offers would only repeat where the line stands. */
export function isIdOf(
  span: Span,
  name: string,
  fields: Readonly<Record<string, unknown>>
): boolean {
  if (name !== 'trace_id' && name !== 'span_id' && name !== 'trace_flags') return false
  return fields['trace_id'] === span.trace.traceId
}

const messageKeys = new WeakMap<object, string>()

/** `messageKey` stands under a symbol of the copy of pino that made the logger; a child inherits it. */
function messageKeyOf(logger: object): string {
  let root = logger
  for (let up = root; up !== null; up = Object.getPrototypeOf(up) as object) {
    const known = messageKeys.get(up)
    if (known !== undefined) return known
    const symbol = Object.getOwnPropertySymbols(up).find(
      ({ description }) => description === 'pino.messageKey'
    )
    if (symbol === undefined) continue
    root = up
    const key = Reflect.get(up, symbol) as unknown
    messageKeys.set(root, typeof key === 'string' ? key : 'msg')
    break
  }
  return messageKeys.get(root) ?? 'msg'
}
