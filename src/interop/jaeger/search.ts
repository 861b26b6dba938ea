import { type SpanKind, StatusCode } from '../../base/span-data.ts'
import type { ListRequest, WantedSpan } from '../../query/types.ts'
import { maxQueryLength, maxTerms } from '../../wire/query.ts'
import { spanKinds } from '../../wire/trace.ts'
import { BadParameter, duration, first, instant, micros, tagMap, whole } from './parameters.ts'
import { statusNames, tagNames } from './tags.ts'

const defaultLimit = 100

/** `GET traces` of the classic API: a span that fits all of it, in a trace that began in that time. */
export function classicSearch(params: URLSearchParams, now: number): ListRequest {
  const tags = tagMap(first(params, 'tags'))
  for (const tag of params.getAll('tag')) {
    const colon = tag.indexOf(':')
    if (colon < 1) throw new BadParameter('tag', 'this is no key:value')
    tags.push([tag.slice(0, colon), tag.slice(colon + 1)])
  }
  const back = params.get('lookback') === 'custom' ? undefined : duration(first(params, 'lookback'))
  return request({
    service: params.get('service'),
    name: params.get('operation'),
    limit: whole(first(params, 'limit')),
    from: micros(first(params, 'start')) ?? (back === undefined ? undefined : now - back),
    to: micros(first(params, 'end')),
    minDuration: duration(first(params, 'minDuration')),
    maxDuration: duration(first(params, 'maxDuration')),
    tags
  })
}

/** `GET v3/traces` and `GET v3/trace-summaries`, by their names of today and those that versions before have. */
export function search(params: URLSearchParams): ListRequest {
  const given = (...names: string[]): ReturnType<typeof first> =>
    first(params, ...names.map((name) => `query.${name}`))
  const filter = given('filter')
  // An answer that leaves it out would look as if it had been applied.
  if (filter !== undefined)
    throw new BadParameter(filter.name, 'filter expressions are not supported')
  return request({
    service: given('serviceName', 'service_name')?.value ?? null,
    name: given('operationName', 'operation_name', 'spanName', 'span_name')?.value ?? null,
    limit: whole(given('searchDepth', 'search_depth', 'numTraces', 'num_traces')),
    from: instant(given('startTimeMin', 'start_time_min')),
    to: instant(given('startTimeMax', 'start_time_max')),
    minDuration: duration(given('durationMin', 'duration_min')),
    maxDuration: duration(given('durationMax', 'duration_max')),
    tags: tagMap(given('attributes'))
  })
}

interface Wishes {
  readonly service: string | null
  readonly name: string | null
  readonly limit: number | undefined
  readonly from: number | undefined
  readonly to: number | undefined
  readonly minDuration: number | undefined
  readonly maxDuration: number | undefined
  readonly tags: readonly (readonly [string, string])[]
}

function request(wishes: Wishes): ListRequest {
  const { service, name, limit = defaultLimit, from, to, minDuration, maxDuration } = wishes
  const span: { -readonly [K in keyof WantedSpan]: WantedSpan[K] } = {
    // Jaeger's user interface offers "all" operations, and old ones send it.
    name: name === '' || name === 'all' ? undefined : (name ?? undefined),
    service: service === '' ? undefined : (service ?? undefined),
    minDuration,
    maxDuration
  }
  const terms = wishes.tags.flatMap(([key, value]) => termOf(key, value, span))
  const query = terms.join(' ')
  if (terms.length > maxTerms || query.length > maxQueryLength)
    throw new BadParameter('tags', 'there are too many, or they are too long')
  return { query, limit, from, to, span }
}

/** A tag as a term of our query language, or what it says of the span. */
function termOf(
  key: string,
  value: string,
  span: { kind?: SpanKind | undefined; status?: StatusCode | undefined }
): string[] {
  const status = key === tagNames.status ? statusNames.indexOf(value as 'OK') : -1
  if (status > 0) span.status = status as StatusCode
  else if (key === tagNames.error && value === 'true') span.status = StatusCode.error
  else if (key === tagNames.kind && kinds.has(value)) span.kind = kinds.get(value)
  else {
    if (!/^[^\s":=<>!,]+$/.test(key)) throw new BadParameter('tags', 'no tag has such a name')
    return [`@${key}="${value.replace(/["\\]/g, '\\$&')}"`]
  }
  return []
}

const kinds: ReadonlyMap<string, SpanKind> = new Map(
  spanKinds.map((name, kind) => [name, kind as SpanKind])
)
