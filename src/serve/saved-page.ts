import type { TraceId } from '../base/ids.ts'
import type { Reader } from '../query/types.ts'
import { type SavedPage, savedPageId, savedTraceId } from '../wire/saved.ts'
import type { FileFormat } from './files.ts'
import { encodeJson } from './json-stream.ts'

export interface SavedPageSetup {
  readonly reader: Pick<Reader, 'summary' | 'whole' | 'details'>
  readonly service: string
  readonly version: string
  readonly slowMs: number
  /** The built page with a gap for its data, as what comes before and after it; undefined where it was not built. */
  readonly template: () => readonly [before: string, after: string] | undefined
}

/**
 * The page itself with its traces in it, as one file that asks for nothing. The data are those of the API, which are redacted since they
 * were recorded; lines of source files are not among them.
 */
export function savedPage(setup: SavedPageSetup): FileFormat {
  return {
    extension: 'html',
    contentType: 'text/html; charset=utf-8',
    get available() {
      return setup.template() !== undefined
    },
    *write(_records, { ids, left }) {
      const [before, after] = setup.template() ?? ['', '']
      const { reader, service, version, slowMs } = setup
      const traces = ids.flatMap((id) => reader.summary(id) ?? [])
      const page: SavedPage = { savedAt: Date.now(), service, version, slowMs, traces, left }
      yield before
      yield* block(savedPageId, encodeJson(page))
      for (const { traceId } of traces)
        yield* block(savedTraceId(traceId), savedTrace(setup, traceId as TraceId))
      yield after
    }
  }
}

/** A `SavedTrace`, or null when it has left the memory since it was chosen; in pieces, some of them empty. */
function* savedTrace({ reader }: SavedPageSetup, traceId: TraceId): Generator<string> {
  const steps = reader.whole(traceId)
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) yield ''
  if (step.value === undefined) return yield 'null'
  yield '{"spans":['
  let comma = ''
  for (const span of reader.details(traceId)) {
    yield comma + JSON.stringify(span)
    comma = ','
  }
  yield ']'
  for (const [name, part] of Object.entries(step.value)) {
    yield `,"${name}":`
    yield* encodeJson(part)
  }
  yield '}'
}

// A script that is no script is inert, and ends at what spells its end: without `<` nothing in it does, nor begins a comment.
function* block(id: string, json: Iterable<string>): Generator<string> {
  yield `<script type="application/json" id="${id}">`
  for (const piece of json) yield piece.replaceAll('<', String.raw`\u003c`)
  yield '</script>\n'
}
