import type { SpanId, TraceId } from './base/ids.ts'
import type { TraceRecord } from './base/span-data.ts'
import { inSlices } from './base/time-slices.ts'
import { decodeChrome } from './interop/chrome/decode.ts'
import { readFile, type ReadFileSetup } from './interop/files/read-file.ts'
import { decodeJaeger } from './interop/jaeger/decode.ts'
import { decode } from './interop/otlp/decode.ts'
import { decodeZipkin } from './interop/zipkin/decode.ts'
import type { TraceStore } from './store/types.ts'
import { summarise } from './trace/summary.ts'
import type { ReceiveSetup } from './trace/received.ts'
import type { ImportProblem, ImportResult } from './wire/files.ts'

const readers: ReadFileSetup['readers'] = {
  otlp: (body, setup) => decode(body, 'json', setup),
  jaeger: decodeJaeger,
  zipkin: decodeZipkin,
  chrome: decodeChrome
}

/** What somebody hands in by hand may be one large trace; how large, its file's bytes decide. */
const spansPerTrace = 100_000

interface ImportingSetup extends ReceiveSetup {
  readonly redact: (record: TraceRecord) => TraceRecord
  readonly keep: (record: TraceRecord) => void
  /** Ids of the spans that are in memory of a trace, in parts between which the host may go on. */
  readonly known: (traceId: TraceId) => Iterable<readonly SpanId[]>
  readonly now: () => number
}

const mostProblems = 100
/** They come nearly in order. A file of 64 MiB may have twenty million, one in each line. */
const mostSorted = 10_000
const mostIds = 100

/** Takes in the traces of a file, as `POST api/import` and the command line do. The bytes may be written to. */
export function createImporting(setup: ImportingSetup): (file: Buffer) => Promise<ImportResult> {
  const reading: ReadFileSetup = {
    ...setup,
    limits: { ...setup.limits, spansPerTrace },
    maxSpans: spansPerTrace,
    readers,
    readProtobuf: (body, own) => decode(body, 'protobuf', own)
  }
  function* takeIn(file: Buffer): Generator<undefined, ImportResult> {
    const traces = new Map<TraceId, Set<SpanId>>()
    const problems: ImportProblem[] = []
    let [spans, known, more] = [0, 0, 0]
    for (const item of readFile(file, reading)) {
      if (item !== undefined && 'why' in item) {
        if (problems.length < mostSorted) problems.push(item)
        else more++
      } else if (item !== undefined) {
        let seen = traces.get(item.traceId)
        if (seen === undefined) {
          traces.set(item.traceId, (seen = new Set()))
          for (const ids of setup.known(item.traceId)) {
            for (const id of ids) seen.add(id)
            yield
          }
        }
        spans += item.spans.length
        for (const part of partsOf(item)) {
          const fresh = part.spans.filter(({ spanId }) => !seen.has(spanId))
          for (const { spanId } of fresh) seen.add(spanId)
          known += part.spans.length - fresh.length
          if (fresh.length > 0) setup.keep(setup.redact({ ...part, spans: fresh }))
          yield
        }
      }
      yield
    }
    if (spans === 0 && problems.length === 0)
      problems.push({ line: 1, column: 1, why: 'there is no span in this file' })
    problems.sort((a, b) => a.line - b.line || a.column - b.column)
    return {
      traces: traces.size,
      spans,
      known,
      problems: problems.slice(0, mostProblems),
      moreProblems: Math.max(0, problems.length - mostProblems) + more,
      ids: [...traces.keys()].slice(0, mostIds)
    }
  }
  return (file) => inSlices(takeIn(file), setup.now)
}

/** So many spans are encoded in two milliseconds. */
const spansPerPart = 512

function* partsOf(record: TraceRecord): Generator<TraceRecord> {
  for (let from = 0; from < record.spans.length; from += spansPerPart) {
    const spans = record.spans.slice(from, from + spansPerPart)
    yield { ...record, spans, droppedSpans: from === 0 ? record.droppedSpans : 0 }
  }
}

/** Keeps what is imported in a store. It is of another time: no figure of what goes on now counts it. */
export function importInto(
  store: Pick<TraceStore, 'add' | 'recordsInParts'>
): Pick<ImportingSetup, 'keep' | 'known'> {
  return {
    keep(record) {
      const summary = summarise(record)
      store.add(record, summary.errors > 0 ? 'error' : '', summary)
    },
    *known(traceId) {
      for (const { spans } of store.recordsInParts(traceId)) yield spans.map(({ spanId }) => spanId)
    }
  }
}
