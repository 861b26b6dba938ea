import { severities } from '../../src/wire/query-logs.ts'
import type { TraceLog } from '../../src/wire/trace.ts'
import { isoTime, printed } from '../format.ts'

export interface LogFilter {
  /** Levels to show; all of them when empty. */
  levels: ReadonlySet<string>
  text: string
}

/** The levels that occur, most severe first, each with its number of lines. */
export function countLevels(logs: readonly TraceLog[]): { level: string; count: number }[] {
  const counts = new Map<string, number>()
  for (const { severity } of logs) counts.set(severity, (counts.get(severity) ?? 0) + 1)
  const place = (level: string) => (severities as readonly string[]).indexOf(level)
  return [...counts]
    .map(([level, count]) => ({ level, count }))
    .sort((a, b) => place(b.level) - place(a.level))
}

/** Lines of the levels that hold the text: in the message, a field's name or value, the service, or the name of the span. */
export function filterLogs<T extends TraceLog>(
  logs: readonly T[],
  { levels, text }: LogFilter,
  nameOf: (spanId: string) => string
): readonly T[] {
  const wanted = text.toLowerCase()
  if (levels.size === 0 && wanted === '') return logs
  const holds = (part: string) => part.toLowerCase().includes(wanted)
  return logs.filter(
    (log) =>
      (levels.size === 0 || levels.has(log.severity)) &&
      (wanted === '' ||
        holds(log.body) ||
        holds(log.service) ||
        log.attributes.some(([key, value]) => holds(key) || holds(printed(value))) ||
        holds(nameOf(log.spanId)))
  )
}

/** The lines to paste somewhere: time, level, service, span, message and fields, each line on its own. */
export function asText(logs: readonly TraceLog[], nameOf: (spanId: string) => string): string {
  return logs
    .map(({ time, severity, service, spanId, body, attributes }) => {
      const fields = attributes.map(([key, value]) => `${key}=${quotedIf(printed(value))}`)
      const name = nameOf(spanId)
      const head = `${isoTime(time)} ${severity.toUpperCase().padEnd(5)} ${service}`
      return [head, ...(name === '' ? [] : [`[${name}]`]), body, ...fields].join(' ')
    })
    .join('\n')
}

function quotedIf(text: string): string {
  return /^[\w@./:-]+$/.test(text) ? text : JSON.stringify(text)
}
