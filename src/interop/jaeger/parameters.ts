import { readTraceId, type TraceId } from '../../base/ids.ts'
import type { TimeRange } from '../../query/types.ts'

/** A parameter that cannot be understood. Its message names it, and quotes nothing of what was sent. */
export class BadParameter extends Error {
  constructor(name: string, reason: string) {
    super(`malformed parameter ${name}: ${reason}`)
  }
}

/** The first of these that is there; Jaeger has renamed many of its parameters and takes the old names, too. */
export interface Given {
  readonly name: string
  readonly value: string
}

export function first(params: URLSearchParams, ...names: string[]): Given | undefined {
  for (const name of names) {
    const value = params.get(name)
    if (value !== null && value !== '') return { name, value }
  }
  return undefined
}

export function whole(given: Given | undefined): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d{1,18}$/.test(given.value)) throw new BadParameter(given.name, 'this is no whole number')
  return Number(given.value)
}

/** Epoch milliseconds from microseconds. */
export function micros(given: Given | undefined): number | undefined {
  const value = whole(given)
  return value === undefined ? undefined : value / 1000
}

/** Epoch milliseconds from RFC 3339. */
export function instant(given: Given | undefined): number | undefined {
  if (given === undefined) return undefined
  // Grafana does not escape the plus sign of an offset, and a plus sign is a space.
  const text = given.value.replace(/ (?=\d\d:\d\d$)/, '+')
  const time = text.length <= 64 ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new BadParameter(given.name, 'this is no time, like 2026-01-31T00:00:00Z')
  return time
}

const defaultLookback = 86_400_000

/** When the traces begin that dependencies are drawn from, by the classic API's parameters, in epoch milliseconds. */
export function dependencyTime(params: URLSearchParams): TimeRange {
  const to = whole(first(params, 'endTs')) ?? Date.now()
  return { from: to - (whole(first(params, 'lookback')) ?? defaultLookback), to }
}

const units: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['\u00b5s', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000]
])

/** Milliseconds from Go's durations, `1m30s`, and the days and weeks that Jaeger's user interface adds to them. */
export function duration(given: Given | undefined): number | undefined {
  if (given === undefined) return undefined
  const { name, value } = given
  const valid =
    value.length <= 64 && /^(?:\d{1,15}(?:\.\d{1,9})?(?:[nu\u00b5m]?s|[mhdw]))+$/.test(value)
  if (!valid) throw new BadParameter(name, 'this is no duration, like 1.2s or 300ms')
  let sum = 0
  for (const [, number, unit] of value.matchAll(/([\d.]+)([^\d.]+)/g))
    sum += Number(number) * (units.get(unit as string) as number)
  return sum
}

/** Jaeger writes ids without the zeros that they begin with. */
export function traceIdOf(text: string): TraceId | undefined {
  return text === '' || text.length > 32 ? undefined : readTraceId(text.padStart(32, '0'))
}

/** A part of an address; undefined when its escapes are broken. */
export function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** Tags that a search asks for, from a JSON object of texts. */
export function tagMap(given: Given | undefined): [string, string][] {
  if (given === undefined) return []
  const bad = new BadParameter(given.name, 'this is no JSON object of texts')
  let parsed: unknown
  try {
    parsed = JSON.parse(given.value)
  } catch {
    throw bad
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad
  const entries: [string, unknown][] = Object.entries(parsed)
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw bad
  return entries
}
