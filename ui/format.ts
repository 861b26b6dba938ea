import type { AttributeEntry } from '../src/wire/trace.ts'

/** A time zone the page can write times in: the reader's own, or UTC. */
export type Zone = 'local' | 'utc'

/**
 * A duration in three significant digits and one unit: `820 µs`, `83.6 ms`, `1.24 s`, `2 min 05 s`.
 * Zeros at the end stay, so that a column of durations does not flicker in width.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms < 0) return `-${formatDuration(-ms)}`
  if (ms === 0) return '0 ms'
  // The borders are where rounding to three digits would print 1000 or 60.0 of the smaller unit.
  if (ms < 0.9995) return `${ms < 0.001 ? '<1' : Math.round(ms * 1000)} µs`
  if (ms < 999.5) return `${digits(ms)} ms`
  if (ms < 59_950) return `${digits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  const minutes = Math.round(ms / 60_000)
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
}

/** `+1.24 s`, `-3.00 ms`: after or before a moment that is known. */
export function formatOffset(ms: number): string {
  return `${ms < 0 ? '' : '+'}${formatDuration(ms)}`
}

/** `14:03:10.492`, for columns whose heading names the zone. */
export function formatTime(epochMs: number, zone: Zone): string {
  const date = dateOf(epochMs)
  if (!date) return '–'
  return zone === 'utc'
    ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${three(date.getUTCMilliseconds())}`
    : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${three(date.getMilliseconds())}`
}

/** `2026-11-22 14:03:10.492 UTC`, or the reader's zone as an offset: a moment that stands alone. */
export function formatMoment(epochMs: number, zone: Zone): string {
  const date = dateOf(epochMs)
  if (!date) return '–'
  const day =
    zone === 'utc'
      ? `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
      : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${formatTime(epochMs, zone)} ${zoneName(zone, epochMs)}`
}

/** `UTC`, `UTC+2`, `UTC-3:30`: an offset says more than an abbreviation that two countries share. */
export function zoneName(zone: Zone, epochMs: number = Date.now()): string {
  const date = dateOf(epochMs)
  const offset = zone === 'utc' || !date ? 0 : -date.getTimezoneOffset()
  if (offset === 0) return 'UTC'
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return `UTC${offset < 0 ? '-' : '+'}${hours}${minutes ? `:${two(minutes)}` : ''}`
}

/** The form to copy: ISO 8601 in UTC, whatever the page shows. */
export function isoTime(epochMs: number): string {
  return dateOf(epochMs)?.toISOString() ?? '–'
}

/** `5 s`, `6 min`, `3 h`, `2 days`: how long ago, in the largest unit that says it. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}

/** `18 MB`; a megabyte is 1024 kilobytes, as in the `memory` option. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes / 1024, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${value < 9.95 ? value.toFixed(1).replace('.0', '') : Math.round(value)} ${units[unit]}`
}

const counts = new Intl.NumberFormat('en-US')

/** `4,078`. */
export function formatCount(count: number): string {
  return counts.format(count)
}

/** `1 trace`, `4,078 traces`. */
export function formatMany(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** The value of an attribute as text; a list by its items. */
export function printed(value: AttributeEntry[1]): string {
  return Array.isArray(value) ? value.join(', ') : String(value)
}

/**
 * Foreign text with what cannot be seen made visible. Names come from strangers: a right-to-left override or a
 * zero-width character in a route would let one trace dress up as another.
 */
export function visible(text: string): string {
  return text.replace(unseen, (char) => {
    const code = char.codePointAt(0) ?? 0
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** The same for text of several lines, such as a logged stack: line breaks stay, tabs become spaces. */
export function visibleLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => visible(line.replaceAll('\t', '  ')))
    .join('\n')
}

const unseen =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g

function digits(value: number): string {
  if (value < 9.995) return value.toFixed(2)
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0)
}

function dateOf(epochMs: number): Date | undefined {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? undefined : date
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

function three(value: number): string {
  return String(value).padStart(3, '0')
}
