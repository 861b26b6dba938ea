import type { Resource, SpanData, TraceRecord } from '../../base/span-data.ts'
import { byTrace } from '../../trace/by-trace.ts'
import { belowServerHalves } from '../../trace/shared-spans.ts'
import { spanOf } from './encode-span.ts'
import { tagsOf } from './tags.ts'

// This many spans take about half a millisecond.
const spansPerPart = 64

/** Traces as a file that Jaeger's user interface opens, in pieces between which the host may go on. */
export function jsonParts(records: Iterable<TraceRecord>): Generator<string> {
  return envelopeParts(byTrace(records))
}

/** Traces as Jaeger's API answers with them. One of which nothing is in memory (any more) is left out. */
export function* envelopeParts(
  traces: Iterable<Iterable<TraceRecord>>,
  errors: readonly object[] = [],
  indent: number = 0
): Generator<string> {
  let before = '{"data":['
  for (const records of traces) {
    for (const part of traceParts(records, indent)) {
      yield before + part
      before = ''
    }
    if (before === '') before = ','
  }
  const head = before === ',' ? '' : before
  const last = errors.length === 0 ? 'null' : JSON.stringify(errors)
  yield `${head}],"total":0,"limit":0,"offset":0,"errors":${last}}\n`
}

function* traceParts(records: Iterable<TraceRecord>, indent: number): Generator<string> {
  const processes = new Processes()
  const warnings: string[] = []
  let before = ''
  for (const record of belowServerHalves(records)) {
    if (before === '') before = `{"traceID":"${record.traceId}","spans":[`
    if (record.droppedSpans > 0)
      warnings.push(
        `${record.droppedSpans} spans of ${record.resource.service} were beyond the limit of a trace`
      )
    const processId = processes.idOf(record.resource)
    for (let from = 0; from < record.spans.length; from += spansPerPart) {
      const spans = record.spans.slice(from, from + spansPerPart)
      const texts = spans.map((span: SpanData) =>
        JSON.stringify(spanOf(span, record, processId), undefined, indent)
      )
      yield before + texts.join(',')
      before = ','
    }
  }
  if (before === '') return
  const rest = { processes: processes.all, warnings: warnings.length === 0 ? null : warnings }
  yield `],${JSON.stringify(rest, undefined, indent).slice(1)}`
}

/** The services of a trace by the short names that its spans call them by. */
class Processes {
  readonly all: Record<string, object> = {}
  readonly #ids = new Map<string, string>()

  idOf({ service, attributes }: Resource): string {
    const key = JSON.stringify([service, attributes])
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = `p${this.#ids.size + 1}`
      this.#ids.set(key, id)
      this.all[id] = { serviceName: service, tags: tagsOf(attributes) }
    }
    return id
  }
}
