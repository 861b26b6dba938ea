import { types } from 'node:util'
import { readError } from '../../span/exception.ts'
import type { Span } from '../../span/span.ts'
import { formatLine } from './format.ts'
import { LogFields, stackTexts } from './log-fields.ts'
import { onNpmScale, severityOf } from './log-level.ts'
import type { LogLine } from './log-lines.ts'
import { isIdOf } from './pino-line.ts'
import type { WatchSetup } from '../watch.ts'

/** winston's record of one line, before and behind the logger's format. */
export type WinstonInfo = Readonly<Record<PropertyKey, unknown>>

// Registered symbols of the package triple-beam, by which winston's parts know the level and the arguments whatever a format made of them.
export const levelKey: symbol = Symbol.for('level')
const splatKey: symbol = Symbol.for('splat')

// The level and the time are the log's own.
const usual: ReadonlySet<string> = new Set(['level', 'message', 'timestamp', 'splat'])

/** The error that a line was written with; winston spreads its properties over the line, and formats replace it. */
export function errorOf(info: WinstonInfo): Error | undefined {
  if (types.isNativeError(info)) return info
  const { message, [splatKey]: splat } = info
  if (types.isNativeError(message)) return message
  return Array.isArray(splat) ? splat.find(types.isNativeError) : undefined
}

/** Reads what came out of the logger's format: the message with its arguments in it, and what a format has hidden or added. */
export function readWinstonLine(
  { redactor, limits }: Pick<WatchSetup, 'redactor' | 'limits'>,
  { info, error, levels }: { info: WinstonInfo; error: Error | undefined; levels: unknown },
  span: Span
): LogLine {
  const level = String(info[levelKey] ?? info['level'])
  const severity = severityOf(level, () => onNpmScale(numberOf(levels, level)))
  const fields = new LogFields(redactor, limits)
  if (level !== severity) fields.add('level', level)
  if (error !== undefined) fields.exception(readError(error).attributes)
  const { message, stack } = info
  for (const key of Object.keys(info)) {
    const value = Object.getOwnPropertyDescriptor(info, key)?.value as unknown
    // An error's own properties can hold a whole request.
    if (usual.has(key) || (error !== undefined && Object.hasOwn(error, key))) continue
    if (key === 'stack' && typeof stack === 'string') fields.exception(stackTexts(stack))
    else if (!isIdOf(span, key, info)) fields.add(key, value)
  }
  const body =
    typeof message === 'string'
      ? message
      : types.isNativeError(message)
        ? readError(message).message
        : message === undefined
          ? ''
          : formatLine([message], limits.messageLength, redactor)
  return { severity, body, attributes: fields.attributes }
}

function numberOf(levels: unknown, level: string): number {
  const number: unknown =
    typeof levels === 'object' && levels !== null ? Reflect.get(levels, level) : undefined
  return typeof number === 'number' ? number : 2
}
