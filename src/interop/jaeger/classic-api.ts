import type { TraceId } from '../../base/ids.ts'
import type { Reader, TimeRange } from '../../query/types.ts'
import { spanKinds } from '../../wire/trace.ts'
import { type Answer, envelope, failure, notFound } from './answer.ts'
import { envelopeParts } from './encode.ts'
import { decoded, dependencyTime, traceIdOf } from './parameters.ts'
import { classicSearch } from './search.ts'

/** What of the reader Jaeger's API tells. */
export type ReadTraces = Pick<Reader, 'list' | 'summary' | 'records' | 'operations' | 'map'>

/** The API that Jaeger's user interface up to 2.18 asks alone, newer ones in part, and Grafana: `GET api/...`. */
export async function classicAnswer(
  reader: ReadTraces,
  path: string,
  params: URLSearchParams,
  now: number
): Promise<Answer | undefined> {
  const [first, id = '', ...rest] = path.split('/', 3)
  if (path === 'traces') return traces(reader, params, now)
  if (path === 'services') return envelope(await services(reader))
  if (path === 'operations') return operations(reader, params)
  if (path === 'dependencies') return envelope(await dependencies(reader, dependencyTime(params)))
  // As Jaeger says it where no metrics are stored: its interface then leaves their page out.
  if (first === 'metrics') return failure(501, 'metrics querying is currently disabled')
  if (first === 'traces' && rest.length === 0) return trace(reader, id, params)
  // Grafana does not escape a name that has slashes of its own.
  const service = /^services\/(.+)\/operations$/.exec(path)
  return service === null ? undefined : operationNames(reader, service[1] as string)
}

async function traces(reader: ReadTraces, params: URLSearchParams, now: number): Promise<Answer> {
  const ids = params.getAll('traceID')
  if (ids.length > 0) return tracesById(reader, ids)
  const found = await reader.list(classicSearch(params, now))
  return streamed(
    reader,
    found.traces.map(({ traceId }) => traceId as TraceId)
  )
}

const maxIds = 100

function tracesById(reader: ReadTraces, given: readonly string[]): Answer {
  if (given.length > maxIds) return failure(400, `more than ${maxIds} traces are asked for`)
  const ids = given.map(traceIdOf)
  const known = ids.filter((id) => id !== undefined && reader.summary(id) !== undefined)
  const errors = ids
    .filter((id) => !known.includes(id))
    .map((id) =>
      id === undefined ? { msg: 'this is no trace id' } : { msg: notFound, traceID: id }
    )
  return streamed(reader, known as TraceId[], errors)
}

function trace(reader: ReadTraces, text: string, params: URLSearchParams): Answer {
  const id = traceIdOf(text)
  if (id === undefined) return failure(400, 'a trace id is up to 32 hex digits')
  if (reader.summary(id) === undefined) return failure(404, notFound)
  return streamed(reader, [id], [], params.get('prettyPrint') === 'true' ? 4 : 0)
}

function streamed(
  reader: ReadTraces,
  ids: readonly TraceId[],
  errors: readonly object[] = [],
  indent: number = 0
): Answer {
  return { body: { pieces: envelopeParts(recordsOf(reader, ids), errors, indent) } }
}

function* recordsOf(
  reader: ReadTraces,
  ids: readonly TraceId[]
): Generator<ReturnType<ReadTraces['records']>> {
  for (const id of ids) yield reader.records(id)
}

export async function services(reader: ReadTraces): Promise<string[]> {
  return [...new Set((await reader.operations()).map(({ service }) => service))]
}

async function operationNames(reader: ReadTraces, service: string): Promise<Answer> {
  const wanted = decoded(service)
  const of = (await reader.operations()).filter((one) => one.service === wanted)
  return envelope([...new Set(of.map(({ name }) => name))])
}

async function operations(reader: ReadTraces, params: URLSearchParams): Promise<Answer> {
  const service = params.get('service')
  if (service === null || service === '') return failure(400, "parameter 'service' is required")
  return envelope(await operationsOf(reader, service, params.get('spanKind')))
}

export async function operationsOf(
  reader: ReadTraces,
  service: string,
  kind: string | null
): Promise<{ name: string; spanKind: string }[]> {
  const all = await reader.operations()
  return all
    .filter((one) => one.service === service)
    .map((one) => ({ name: one.name, spanKind: spanKinds[one.kind] as string }))
    .filter(({ spanKind }) => kind === null || kind === '' || spanKind === kind)
}

/** Which service calls which. */
export async function dependencies(
  reader: ReadTraces,
  range: TimeRange
): Promise<{ parent: string; child: string; callCount: number }[]> {
  const { nodes, edges } = await reader.map(range)
  const services = new Set(nodes.filter(({ kind }) => kind === 'service').map(({ name }) => name))
  return edges
    .filter(({ to }) => services.has(to))
    .map(({ from, to, calls }) => ({ parent: from, child: to, callCount: calls }))
}
