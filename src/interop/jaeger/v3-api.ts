import type { TraceId } from '../../base/ids.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import { inSlices } from '../../base/time-slices.ts'
import { belowServerHalves } from '../../trace/shared-spans.ts'
import { type Answer, gatewayFailure } from './answer.ts'
import { dependencies, operationsOf, type ReadTraces, services } from './classic-api.ts'
import { first, instant, traceIdOf } from './parameters.ts'
import { search } from './search.ts'
import { summaryOf } from './summaries.ts'

export interface V3Setup {
  readonly reader: ReadTraces
  /** Records as OTLP/JSON, `{ "resourceSpans": [...] }`, in pieces. */
  readonly otlp: (records: Iterable<TraceRecord>) => Iterable<string>
  /** Milliseconds of a clock that runs evenly. */
  readonly now: () => number
}

/** The API of Jaeger 2 and of its user interface from 2.19 on: `GET api/v3/...`. */
export async function v3Answer(
  setup: V3Setup,
  path: string,
  params: URLSearchParams
): Promise<Answer | undefined> {
  const { reader } = setup
  switch (path) {
    case 'services':
      return { body: { services: await services(reader) } }
    case 'operations': {
      const service = params.get('service') ?? ''
      const kind = first(params, 'spanKind', 'span_kind')?.value ?? null
      return { body: { operations: await operationsOf(reader, service, kind) } }
    }
    case 'dependencies': {
      const from = instant(first(params, 'startTime', 'start_time'))
      const to = instant(first(params, 'endTime', 'end_time'))
      const all = await dependencies(reader, { from, to })
      // An int64 is text in the JSON of protobuf.
      const texts = all.map((one) => ({ ...one, callCount: String(one.callCount) }))
      return { body: { dependencies: texts } }
    }
    case 'traces':
      return traces(setup, await found(reader, params))
    case 'trace-summaries':
      return { body: { summaries: await summaries(setup, await found(reader, params)) } }
  }
  const [folder, id = '', ...more] = path.split('/', 4)
  if (folder !== 'traces' || more.length > 0) return undefined
  const traceId = traceIdOf(id)
  if (traceId === undefined) return gatewayFailure(400, 'a trace id is up to 32 hex digits')
  return traces(setup, reader.summary(traceId) === undefined ? [] : [traceId])
}

async function found(reader: ReadTraces, params: URLSearchParams): Promise<TraceId[]> {
  return (await reader.list(search(params))).traces.map(({ traceId }) => traceId as TraceId)
}

function traces({ reader, otlp }: V3Setup, ids: readonly TraceId[]): Answer {
  if (ids.length === 0) return gatewayFailure(404, 'No traces found')
  return { body: { pieces: resultParts(otlp(recordsOf(reader, ids))) } }
}

// Protobuf's JSON writes these as text, which Jaeger's user interface refuses a trace for. A quote within a text is escaped, so that
// nothing else looks like it.
const strangeNumber = /"doubleValue":(?="(?:NaN|-?Infinity|-0)")/g

function* resultParts(parts: Iterable<string>): Generator<string> {
  yield '{"result":'
  for (const part of parts) yield part.replace(strangeNumber, '"stringValue":')
  yield '}\n'
}

function* recordsOf(reader: ReadTraces, ids: readonly TraceId[]): Generator<TraceRecord> {
  for (const id of ids) yield* belowServerHalves(reader.records(id))
}

async function summaries({ reader, now }: V3Setup, ids: readonly TraceId[]): Promise<object[]> {
  const lines: object[] = []
  for (const id of ids) {
    const line = await inSlices(summaryOf(reader.records(id)), now)
    if (line !== undefined) lines.push(line)
  }
  return lines
}
