import type { TailPolicies } from './interop/export/tail/policies.ts'
import { known, millisecondsOf, oneOf, ratioOf, wrong } from './option-values.ts'

/** Which traces are exported; everything is recorded and shown all the same. */
export interface TailSamplingOptions {
  /** Traces with a span that failed. @default true */
  errors?: boolean | undefined
  /** From which duration on a trace leaves for being slow; false for none. @default what the option `slow` says */
  slow?: number | string | false | undefined
  /** Share of all other traces, 0 to 1, chosen by the trace id: services with the same ratio choose the same traces. @default 0 */
  ratio?: number | undefined
  /** What holds for a route instead: '/orders', '/api/*', 'POST /orders'; the first that matches. @default {} */
  routes?: Readonly<Record<string, RouteSampling>> | undefined
  /** Traces with a span that has one of these values: `{ 'enduser.id': ['u7'] }`. @default {} */
  attributes?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined
  /** However many are chosen, no more leave. @default no bound */
  tracesPerSecond?: number | undefined
}

export interface RouteSampling {
  slow?: number | string | false | undefined
  ratio?: number | undefined
}

const option = 'tailSampling'

/** Undefined without the option: then everything leaves. */
export function tailSamplingOf(
  value: TailSamplingOptions | undefined,
  slowMs: number
): TailPolicies | undefined {
  if (value === undefined) return undefined
  const names = ['errors', 'slow', 'ratio', 'routes', 'attributes', 'tracesPerSecond']
  const {
    errors = true,
    slow,
    ratio = 0,
    routes = {},
    attributes = {},
    tracesPerSecond
  } = known(option, value, names)
  return {
    errors: oneOf(`${option}.errors`, errors, [true, false]),
    slowMs: slowOf(`${option}.slow`, slow) ?? slowMs,
    ratio: ratioOf(ratio, `${option}.ratio`),
    routes: entriesOf(`${option}.routes`, routes).map(([pattern, own]) => routeOf(pattern, own)),
    attributes: entriesOf(`${option}.attributes`, attributes).map(([key, values]) => {
      if (!Array.isArray(values))
        wrong(`${option}.attributes['${key}']`, 'a list of values', values)
      return [key, values]
    }),
    tracesPerSecond: rateOf(tracesPerSecond)
  }
}

function entriesOf<T>(name: string, value: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(known(name, value, Object.keys(value ?? {})))
}

function routeOf(pattern: string, own: RouteSampling): TailPolicies['routes'][number] {
  const name = `${option}.routes['${pattern}']`
  const { slow, ratio } = known(name, own, ['slow', 'ratio'])
  return {
    pattern,
    slowMs: slowOf(`${name}.slow`, slow),
    ratio: ratio === undefined ? undefined : ratioOf(ratio, `${name}.ratio`)
  }
}

function slowOf(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  return value === false ? Number.POSITIVE_INFINITY : millisecondsOf(value, name)
}

function rateOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  return typeof value === 'number' && value > 0 && value <= 1e6
    ? value
    : wrong(`${option}.tracesPerSecond`, 'a number above 0', value)
}
