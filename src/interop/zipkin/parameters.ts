import { readTraceId, type TraceId } from '../../base/ids.ts'

/** A parameter that cannot be understood. Its message names it, and quotes nothing of what was sent. */
export class BadParameter extends Error {
  constructor(name: string, reason: string) {
    super(`${name}: ${reason}`)
  }
}

/** Undefined where it is absent or empty, as Zipkin's page sends what was not filled in. */
export function textOf(params: URLSearchParams, name: string): string | undefined {
  return params.get(name) || undefined
}

export function needed(params: URLSearchParams, name: string): string {
  const value = textOf(params, name)
  if (value === undefined) throw new BadParameter(name, 'this parameter is needed')
  return value
}

export function wholeOf(params: URLSearchParams, name: string): number | undefined {
  const value = textOf(params, name)
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) throw new BadParameter(name, 'this is no whole number')
  return Number(value)
}

const defaultLookback = 86_400_000

/** When the traces that are asked for begin, in epoch milliseconds. */
export function timeOf(params: URLSearchParams): { readonly from: number; readonly to: number } {
  const to = wholeOf(params, 'endTs') ?? Date.now()
  return { from: to - (wholeOf(params, 'lookback') ?? defaultLookback), to }
}

/** Ids of 64 bits are kept with zeros in front. */
export function traceIdOf(text: string): TraceId {
  const id = text.length <= 32 ? readTraceId(text.padStart(32, '0')) : undefined
  if (id === undefined) throw new BadParameter('traceId', 'a trace id is up to 32 hex digits')
  return id
}
