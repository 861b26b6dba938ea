import { visible } from '../base/report.ts'
import type { Summary } from '../wire/summary.ts'
import type { Colour, Terminal } from './terminal.ts'

// Time, status, duration, figures and the spaces between; services and the id take what they need.
const otherColumns = 60
const idColumns = 33
const usualTitle = 44
const longestServices = 200

/** One trace as a line of the terminal. What others named may hold anything: control characters are shown, not obeyed. */
export function traceLine(summary: Summary, { paint, columns }: Terminal): string {
  const { start, duration, spans, errors, services, traceId } = summary
  const showsId = columns === undefined || columns >= otherColumns + idColumns + 30
  const room =
    columns === undefined
      ? usualTitle
      : Math.max(20, Math.min(60, columns - otherColumns - (showsId ? idColumns : 0)))
  return [
    paint('dim', clock(start)),
    paint(statusColour(summary), statusOf(summary).padStart(3)),
    fitted(title(summary), room),
    durationText(duration).padStart(8),
    paint('dim', many(spans, 'span').padStart(9)),
    errors > 0 ? paint('red', many(errors, 'error').padEnd(9)) : ' '.repeat(9),
    paint('cyan', cut(visible(services.join(', ')), longestServices)),
    ...(showsId ? [paint('dim', visible(traceId))] : [])
  ].join(' ')
}

function title({ name, method, route }: Summary): string {
  return method !== '' && route !== '' ? `${method.padEnd(4)} ${route}` : name
}

function statusOf({ httpStatus, status }: Summary): string {
  if (httpStatus > 0) return String(httpStatus)
  return status === 'error' ? 'err' : 'ok'
}

function statusColour({ httpStatus, status, errors }: Summary): Colour {
  if (httpStatus >= 500 || status === 'error') return 'red'
  return httpStatus >= 400 || errors > 0 ? 'yellow' : 'green'
}

function clock(epochMs: number): string {
  const date = new Date(epochMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

export function durationText(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} us`
  if (ms < 100) return `${ms.toFixed(1)} ms`
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

function many(count: number, one: string): string {
  return `${Number(count)} ${one}${count === 1 ? '' : 's'}`
}

/** Text in so many columns. */
export function fitted(text: string, room: number): string {
  return cut(visible(text), room).padEnd(room)
}

function cut(text: string, room: number): string {
  return text.length > room ? `${text.slice(0, room - 3)}...` : text
}
