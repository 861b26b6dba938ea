import { getAttribute, getString } from '../../../base/attributes.ts'
import { type SpanData, StatusCode, type TraceRecord } from '../../../base/span-data.ts'

/** What a route is to be measured by, where that is not what holds for all. */
export interface RoutePolicy {
  /** `/orders`, `/api/*`, `POST /orders`. */
  readonly pattern: string
  readonly slowMs?: number | undefined
  readonly ratio?: number | undefined
}

export type AttributeValues = readonly (string | number | boolean)[]

/** Which traces leave; the names are those of the OpenTelemetry Collector's tail sampling, where it has them. */
export interface TailPolicies {
  readonly errors: boolean
  /** Milliseconds; infinity where no trace is too slow. */
  readonly slowMs: number
  /** Share of all other traces, 0 to 1. */
  readonly ratio: number
  /** The first that matches counts. */
  readonly routes: readonly RoutePolicy[]
  readonly attributes: readonly (readonly [key: string, values: AttributeValues])[]
  /** However many are chosen. */
  readonly tracesPerSecond: number | undefined
}

/** Which policy lets a trace go, of those that look at what it did. */
export function policyOf(
  { spans }: TraceRecord,
  root: SpanData,
  policies: TailPolicies,
  route: RoutePolicy | undefined
): 'errors' | 'slow' | 'attributes' | undefined {
  if (policies.errors && spans.some(({ status }) => status === StatusCode.error)) return 'errors'
  if (root.duration / 1e6 >= (route?.slowMs ?? policies.slowMs)) return 'slow'
  return policies.attributes.some(([key, values]) => spans.some((span) => has(span, key, values)))
    ? 'attributes'
    : undefined
}

function has({ attributes }: SpanData, key: string, values: AttributeValues): boolean {
  const found = getAttribute(attributes, key)
  if (typeof found === 'object') return found.some((item) => values.includes(item))
  return found !== undefined && values.includes(found)
}

/** The policy for the route that the root answers; where no route is known, its path is one. */
export function routePolicyOf(
  { attributes }: SpanData,
  routes: readonly RoutePolicy[]
): RoutePolicy | undefined {
  if (routes.length === 0) return undefined
  const path = getString(attributes, 'http.route') || getString(attributes, 'url.path')
  const method = getString(attributes, 'http.request.method')
  return routes.find(({ pattern }) =>
    matches(pattern, pattern.startsWith('/') ? path : `${method} ${path}`)
  )
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}
