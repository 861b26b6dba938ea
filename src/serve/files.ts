import type { IncomingMessage, ServerResponse } from 'node:http'
import { readTraceId, type TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'
import type { Reader } from '../query/types.ts'
import { leftHeader } from '../wire/files.ts'
import type { Summary } from '../wire/summary.ts'
import { type BodyLimits, readBody } from './body.ts'
import { sendError, streamPieces } from './respond.ts'

/** Traces that go into one file. */
export interface Selection {
  readonly ids: readonly TraceId[]
  /** Traces that were asked for, too, and found no room or are no longer in memory. */
  readonly left: number
}

/** A trace, or several, as a file. */
export interface FileFormat {
  /** Of the file's name, without its dot: `otlp.json`. */
  readonly extension: string
  readonly contentType: string
  /** @default true */
  readonly available?: boolean
  /** In pieces, between which the host may go on; one may be empty. The records are those of the selection, trace by trace. */
  readonly write: (records: Iterable<TraceRecord>, selection: Selection) => Iterable<string>
}

export interface FilesSetup {
  readonly reader: Pick<Reader, 'list' | 'summary' | 'records'>
  /** Foreign formats by the name that `?format=` gives. */
  readonly formats: () => Promise<Readonly<Record<string, FileFormat>>>
}

const defaultTraces = 500
/** What one file may hold. Its text is made while it is sent, so the bound is for whoever opens it. */
const maxTraces = 5000
const maxSpans = 100_000
const maxQueryLength = 1024
/** As many ids as a file may hold traces, and what may stand between two of them. */
const idBytes = maxTraces * 34
const bodyLimits: BodyLimits = { plain: idBytes, gzipped: idBytes, inflated: idBytes }
const bodyMs = 10_000

/** One trace as a file. */
export async function sendTrace(
  req: IncomingMessage,
  res: ServerResponse,
  setup: FilesSetup,
  id: TraceId,
  format: string
): Promise<void> {
  const file = await formatOf(req, res, setup, format)
  if (file !== undefined) await send(req, res, setup, file, `trace-${id}`, { ids: [id], left: 0 })
}

/**
 * `api/export`: the traces that match `q`, newest first, or those that `ids` names. By POST the body is the ids: proxies refuse an address
 * that has a few hundred of them.
 */
export async function sendSelection(
  req: IncomingMessage,
  res: ServerResponse,
  setup: FilesSetup,
  params: URLSearchParams
): Promise<void> {
  const file = await formatOf(req, res, setup, params.get('format') ?? 'otlp')
  if (file === undefined) return
  const query = params.get('q') ?? ''
  if (query.length > maxQueryLength)
    return sendError(req, res, 400, `the query is longer than ${maxQueryLength} characters`)
  const ids = req.method === 'POST' ? await readBody(req, bodyMs, bodyLimits) : params.get('ids')
  if (ids !== null && typeof ids === 'object' && !Buffer.isBuffer(ids))
    return sendError(req, res, ids.status, ids.error, ids.hint)
  const limit = Math.trunc(
    Number(params.get('limit') ?? (ids === null ? defaultTraces : maxTraces))
  )
  if (!(limit >= 1 && limit <= maxTraces))
    return sendError(req, res, 400, `limit is a number from 1 to ${maxTraces}`)
  const chosen =
    ids === null ? fitting(await matching(setup, query), limit) : named(setup, String(ids), limit)
  if (chosen.ids.length === 0)
    return sendError(
      req,
      res,
      404,
      'no such trace is in memory',
      'see api/traces for those that are'
    )
  await send(req, res, setup, file, `traces-${chosen.ids.length}`, chosen)
}

async function formatOf(
  req: IncomingMessage,
  res: ServerResponse,
  setup: FilesSetup,
  name: string
): Promise<FileFormat | undefined> {
  const formats = await setup.formats()
  const file = Object.hasOwn(formats, name) ? formats[name] : undefined
  if (file === undefined) {
    sendError(req, res, 400, 'no such format', `there is: ${Object.keys(formats).join(', ')}`)
    return undefined
  }
  if (file.available !== false) return file
  sendError(req, res, 503, 'the page was not built', 'in a checkout of spanlight: npm run build')
  return undefined
}

// `name` is of our own making: nothing foreign stands in a header.
async function send(
  req: IncomingMessage,
  res: ServerResponse,
  { reader }: FilesSetup,
  file: FileFormat,
  name: string,
  selection: Selection
): Promise<void> {
  res.setHeader('Content-Disposition', `attachment; filename="${name}.${file.extension}"`)
  if (selection.left > 0) res.setHeader(leftHeader, String(selection.left))
  const pieces = file.write(recordsOf(reader, selection.ids), selection)
  await streamPieces(req, res, pieces, file.contentType)
}

function* recordsOf(
  reader: FilesSetup['reader'],
  ids: readonly TraceId[]
): Generator<TraceRecord, void> {
  for (const id of ids) yield* reader.records(id)
}

async function matching({ reader }: FilesSetup, query: string): Promise<Summary[]> {
  const found: Summary[] = []
  let before: string | undefined
  do {
    const page = await reader.list({ query, limit: maxTraces, before })
    found.push(...page.traces)
    before = page.next
  } while (before !== undefined)
  return found
}

/** Those of the named traces that are in memory; one that has left it is left out, as one that finds no room. */
function named({ reader }: FilesSetup, ids: string, limit: number): Selection {
  const asked = new Set(ids.split(',', maxTraces).flatMap((id) => readTraceId(id.trim()) ?? []))
  const found = [...asked].flatMap((id) => reader.summary(id) ?? [])
  const chosen = fitting(found, limit)
  return { ...chosen, left: asked.size - chosen.ids.length }
}

function fitting(found: readonly Summary[], limit: number): Selection {
  const ids: TraceId[] = []
  let spans = 0
  for (const summary of found) {
    spans += summary.spans
    // One that is larger than a file may be is a file of its own.
    if (ids.length >= limit || (spans > maxSpans && ids.length > 0)) break
    ids.push(summary.traceId as TraceId)
  }
  return { ids, left: found.length - ids.length }
}
