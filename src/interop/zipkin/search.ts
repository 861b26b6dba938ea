import type { TraceId } from '../../base/ids.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import { inSlices } from '../../base/time-slices.ts'
import type { ListRequest, Reader } from '../../query/types.ts'
import { maxQueryLength, maxTerms } from '../../wire/query.ts'
import { encodeZipkin, type ZipkinSpan } from './encode.ts'
import { remoteEndpoint } from './endpoints.ts'
import { BadParameter, textOf, timeOf, wholeOf } from './parameters.ts'

const defaultLimit = 10
export const maxTraces = 250

// Traces of a page are few where each of them is looked at, and after so many milliseconds no other page is begun.
const pageSize = 100
const budgetMs = 2000

// Addresses may stand for services, a new one in each trace.
const maxNames = 1000

type Read = Pick<Reader, 'list' | 'records'>

/**
 * Ids of the traces that a search of Zipkin finds, newest first. Where it asks for several things, any span of the service may have each of
 * them, not one span all (`QueryRequest.test`): so the list is asked for the first, and the spans for the rest.
 */
export async function search(
  reader: Read,
  params: URLSearchParams,
  now: () => number
): Promise<TraceId[]> {
  const limit = Math.min(maxTraces, wholeOf(params, 'limit') || defaultLimit)
  const { request, wishes } = readSearch(params)
  const size = wishes.tests.length === 0 ? limit : pageSize
  const found: TraceId[] = []
  for await (const traceId of listed(reader, { ...request, limit: size }, now)) {
    if (wishes.tests.length === 0 || (await inSlices(fits(reader.records(traceId), wishes), now)))
      found.push(traceId)
    if (found.length >= limit) break
  }
  return found
}

/** Whom a service calls, by the names that a search for `remoteServiceName` knows them by. */
export async function remoteServices(
  reader: Read,
  service: string,
  now: () => number
): Promise<string[]> {
  const names = new Set<string>()
  const request = { query: '', limit: pageSize, span: { service } }
  for await (const traceId of listed(reader, request, now))
    await inSlices(noteRemotes(reader.records(traceId), service, names), now)
  return [...names].sort()
}

function* noteRemotes(
  records: Iterable<TraceRecord>,
  service: string,
  names: Set<string>
): Generator<void, void> {
  for (const { resource, spans } of records) {
    if (resource.service !== service) continue
    for (const span of spans) {
      const name = remoteEndpoint(span)?.serviceName
      if (name !== undefined && names.size < maxNames) names.add(name)
    }
    yield
  }
}

/** Page after page, until the time is over. */
async function* listed(
  reader: Read,
  request: ListRequest,
  now: () => number
): AsyncGenerator<TraceId, void> {
  const until = now() + budgetMs
  let before: string | undefined
  do {
    const page = await reader.list({ ...request, before })
    for (const { traceId } of page.traces) {
      yield traceId as TraceId
      if (now() >= until) return
    }
    before = page.next
  } while (before !== undefined)
}

type SpanTest = (span: ZipkinSpan) => boolean

interface Wishes {
  readonly service: string | undefined
  /** For each there must be a span of the service that passes. */
  readonly tests: readonly SpanTest[]
}

function readSearch(params: URLSearchParams): {
  request: Omit<ListRequest, 'limit'>
  wishes: Wishes
} {
  const service = textOf(params, 'serviceName')
  // Zipkin's page once sent this for any.
  const given = textOf(params, 'spanName')
  const name = given === 'all' ? undefined : given
  const remote = textOf(params, 'remoteServiceName')
  const min = wholeOf(params, 'minDuration')
  const max = wholeOf(params, 'maxDuration')
  const annotations = readAnnotations(textOf(params, 'annotationQuery') ?? '')
  const { from, to } = timeOf(params)

  const tests: SpanTest[] = annotations.map(testOf)
  if (name !== undefined) tests.push((span) => span.name === name)
  if (remote !== undefined) tests.push((span) => span.remoteEndpoint?.serviceName === remote)
  if (min !== undefined || max !== undefined)
    tests.push(({ duration = 0 }) => duration >= (min ?? 0) && duration <= (max ?? Infinity))

  const query = annotations.map(termOf).find((term) => term !== '') ?? ''
  // Of what the list compares with one and the same span, only one thing.
  const span = { service, ...(query === '' ? { name } : {}) }
  return { request: { query, from, to, span }, wishes: { service, tests } }
}

interface Annotation {
  readonly key: string
  /** Undefined where it is enough that there is such a tag or annotation. */
  readonly value: string | undefined
}

/** `error and http.method=GET`. */
function readAnnotations(text: string): Annotation[] {
  const parts = text.split(' and ', maxTerms + 1).filter((part) => part.trim() !== '')
  if (text.length > maxQueryLength || parts.length > maxTerms)
    throw new BadParameter('annotationQuery', 'this is too long')
  return parts.map((part) => {
    const equals = part.indexOf('=')
    return equals < 1
      ? { key: part.trim(), value: undefined }
      : { key: part.slice(0, equals).trim(), value: part.slice(equals + 1).trim() || undefined }
  })
}

function testOf({ key, value }: Annotation): SpanTest {
  if (value !== undefined) return ({ tags }) => tags[key] === value
  return ({ tags, annotations }) =>
    tags[key] !== undefined || annotations?.some((one) => one.value === key) === true
}

/** A term of our query language that holds wherever the annotation is found; '' where there is none. */
function termOf({ key, value }: Annotation): string {
  if (key === 'error' && value === undefined) return 'has:error'
  // Tags that are no attributes here, and lists, which are text there.
  if (value === undefined || /^(?:otel\.|error$|spanlight\.)/.test(key) || value.startsWith('['))
    return ''
  return /^[^\s":=<>!,@]+$/.test(key) ? `@${key}="${value.replace(/["\\]/g, '\\$&')}"` : ''
}

function* fits(
  records: Iterable<TraceRecord>,
  { service, tests }: Wishes
): Generator<void, boolean> {
  let open = tests
  for (const record of records) {
    if (open.length === 0) return true
    if (service !== undefined && record.resource.service !== service) continue
    for (const span of record.spans) {
      if (open.length === 0) return true
      const encoded = encodeZipkin(span, record)
      open = open.filter((test) => !test(encoded))
    }
    yield
  }
  return open.length === 0
}
