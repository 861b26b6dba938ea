import type { TraceId } from '../../base/ids.ts'
import type { Reader, TimeRange } from '../../query/types.ts'
import { zipkinParts } from './encode.ts'
import { BadParameter, needed, timeOf, traceIdOf } from './parameters.ts'
import { maxTraces, remoteServices, search } from './search.ts'

/** What of the reader Zipkin's API tells. */
export type ReadTraces = Pick<Reader, 'list' | 'summary' | 'records' | 'operations' | 'map'>

export interface ZipkinSetup {
  readonly reader: ReadTraces
  readonly version: string
  /** Milliseconds of a clock that runs evenly. */
  readonly now: () => number
}

/** What a request is answered with; of the shape that whoever serves it asks for. */
interface Answer {
  /** @default 200 */
  readonly status?: number
  readonly body: object
}

interface Api {
  readonly prefix: string
  answer(path: string, params: URLSearchParams): Promise<Answer | undefined>
}

/**
 * Zipkin's API of version 2, where its senders and Grafana look for it, and below `zipkin/` with what its own page asks for beside it. That page
 * thinks to be at `/zipkin`.
 */
export function createZipkinApis(setup: ZipkinSetup): readonly Api[] {
  const v2: Api = { prefix: 'api/v2/', answer: (path, params) => answer(setup, path, params) }
  const page: Api = {
    prefix: 'zipkin/',
    async answer(path, params) {
      if (path.startsWith(v2.prefix)) return v2.answer(path.slice(v2.prefix.length), params)
      if (path === 'config.json') return { body: config }
      if (path === 'health') return { body: { status: 'UP', zipkin: { status: 'UP' } } }
      if (path === 'info') return { body: { spanlight: { version: setup.version } } }
      return undefined
    }
  }
  return [v2, page]
}

/** Zipkin's defaults; archives and logs are not there. */
const config = {
  environment: '',
  queryLimit: 10,
  defaultLookback: 900_000,
  searchEnabled: true,
  logsUrl: null,
  supportUrl: null,
  archivePostUrl: null,
  archiveUrl: null,
  dependency: { enabled: true, lowErrorRate: 0.5, highErrorRate: 0.75 }
}

async function answer(
  setup: ZipkinSetup,
  path: string,
  params: URLSearchParams
): Promise<Answer | undefined> {
  try {
    return await answered(setup, path, params)
  } catch (error) {
    if (!(error instanceof BadParameter)) throw error
    return { status: 400, body: { error: error.message } }
  }
}

async function answered(
  { reader, now }: ZipkinSetup,
  path: string,
  params: URLSearchParams
): Promise<Answer | undefined> {
  switch (path) {
    case 'services':
      return { body: distinct((await reader.operations()).map(({ service }) => service)) }
    case 'spans':
      return { body: await spanNames(reader, needed(params, 'serviceName')) }
    case 'remoteServices':
      return { body: await remoteServices(reader, needed(params, 'serviceName'), now) }
    case 'traces':
      return { body: { pieces: listOfTraces(reader, await search(reader, params, now)) } }
    case 'traceMany':
      return traceMany(reader, needed(params, 'traceIds'))
    case 'dependencies':
      needed(params, 'endTs')
      return { body: await dependencies(reader, timeOf(params)) }
    // Tags that a site offers for a choice; here none are set up.
    case 'autocompleteKeys':
      return { body: [] }
    case 'autocompleteValues':
      needed(params, 'key')
      return { body: [] }
    default:
      return path.startsWith('trace/') ? trace(reader, path.slice('trace/'.length)) : undefined
  }
}

function trace(reader: ReadTraces, text: string): Answer {
  const id = traceIdOf(text)
  if (reader.summary(id) === undefined) return { status: 404, body: { error: 'trace not found' } }
  return { body: { pieces: zipkinParts(reader.records(id)) } }
}

function traceMany(reader: ReadTraces, given: string): Answer {
  const texts = given.split(',', maxTraces + 1)
  if (texts.length > maxTraces)
    throw new BadParameter('traceIds', `more than ${maxTraces} traces are asked for`)
  const ids = distinct(texts.map((text) => traceIdOf(text.trim())))
  const known = ids.filter((id) => reader.summary(id) !== undefined)
  return { body: { pieces: listOfTraces(reader, known) } }
}

function* listOfTraces(reader: ReadTraces, ids: readonly TraceId[]): Generator<string> {
  let before = '['
  for (const id of ids) {
    // Gone since it was found.
    if (reader.summary(id) === undefined) continue
    yield before
    yield* zipkinParts(reader.records(id))
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

async function spanNames(reader: ReadTraces, wanted: string): Promise<string[]> {
  const operations = await reader.operations()
  return distinct(operations.filter(({ service }) => service === wanted).map(({ name }) => name))
}

async function dependencies(reader: ReadTraces, range: TimeRange): Promise<object[]> {
  const { edges } = await reader.map(range)
  return edges.map(({ from, to, calls, errors }) => ({
    parent: from,
    child: to,
    callCount: calls,
    ...(errors > 0 ? { errorCount: errors } : {})
  }))
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}
