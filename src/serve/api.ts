import type { IncomingMessage, ServerResponse } from 'node:http'
import { readSpanId, readTraceId, type TraceId } from '../base/ids.ts'
import type { Reader } from '../query/types.ts'
import type { SpanCode } from '../code/sources.ts'
import type { TraceStore } from '../store/types.ts'
import type { SpanSource } from '../wire/source.ts'
import type { Status } from '../wire/status.ts'
import { type FilesSetup, sendSelection, sendTrace } from './files.ts'
import { ImportDoor, type ImportFile } from './import.ts'
import { addWish, cancelWish, type InspectSetup, sendProfile, sendState } from './inspect-api.ts'
import { sendError, sendJson, streamJson } from './respond.ts'

export interface ApiSetup extends FilesSetup {
  readonly reader: Reader
  readonly store: Pick<TraceStore, 'pin' | 'clear' | 'stats'>
  readonly status: () => Promise<Status>
  readonly inspect: InspectSetup
  readonly importFile: ImportFile
  /** Finds lines of source files; undefined where none are ever shown. */
  readonly source?: ((code: SpanCode) => Promise<SpanSource>) | undefined
}

type Answer = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>

interface Route {
  /** Methods, as the `Allow` header names them. */
  readonly allowed: string
  readonly answer: Answer
}

const maxQueryLength = 1024
const defaultRows = 100
const maxRows = 500
const maxAtOnce = 10

/** The JSON API below `api/`. Every number that a request brings is clamped here; no answer repeats what the request said. */
export class Api {
  readonly #setup: ApiSetup
  readonly #imports: ImportDoor
  #running = 0

  constructor(setup: ApiSetup) {
    this.#setup = setup
    this.#imports = new ImportDoor(setup.importFile)
  }

  /**
   * `path` is what follows `api/`, without the query string; `query` is the query string without its mark. `local`: who asks is on this
   * machine, in local mode.
   */
  async handle(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    query: string,
    local: boolean
  ): Promise<void> {
    const route = this.#route(path, new URLSearchParams(query), local)
    if (route === undefined) return sendError(req, res, 404, 'no such address', 'see docs/api.md')
    const { allowed } = route
    if (!allowed.split(', ').includes(req.method ?? '')) {
      res.setHeader('Allow', allowed)
      return sendError(req, res, 405, 'this method is not for this address', `use ${allowed}`)
    }
    if (this.#running >= maxAtOnce) {
      res.setHeader('Retry-After', '1')
      return sendError(req, res, 503, 'too many requests are being answered', 'try again')
    }
    this.#running++
    try {
      await route.answer(req, res)
    } finally {
      this.#running--
    }
  }

  #route(path: string, params: URLSearchParams, local: boolean): Route | undefined {
    const { reader, status, inspect } = this.#setup
    switch (path) {
      case 'traces':
        return get((req, res) => this.#list(req, res, params))
      case 'export':
        return {
          allowed: 'GET, HEAD, POST',
          answer: (req, res) => sendSelection(req, res, this.#setup, params)
        }
      case 'import':
        return post((req, res) => this.#imports.handle(req, res))
      case 'routes':
        return get((req, res) => streamJson(req, res, reader.routes()))
      case 'map':
        return get(async (req, res) => streamJson(req, res, await reader.map()))
      case 'status':
        return get(async (req, res) => sendJson(req, res, 200, await status()))
      case 'clear':
        return post((req, res) => this.#clear(req, res))
      case 'inspect':
        return {
          allowed: 'GET, HEAD, POST',
          answer: (req, res) =>
            req.method === 'POST'
              ? addWish(req, res, inspect, params)
              : sendState(req, res, inspect)
        }
      case 'inspect/cancel':
        return post((req, res) => cancelWish(req, res, inspect, params))
    }
    const [first, id = '', part = '', spanId = '', last, ...more] = path.split('/', 7)
    if (first !== 'traces' || id === '' || more.length > 0) return undefined
    const trace = readTraceId(id)
    if (part === 'spans' && spanId !== '' && last === 'source')
      return get((req, res) => this.#source(req, res, trace, spanId, local))
    if (last !== undefined) return undefined
    if (part === '') return get((req, res) => this.#trace(req, res, trace, params.get('format')))
    if (part === 'spans' && spanId !== '')
      return get((req, res) => this.#span(req, res, trace, spanId))
    if (spanId !== '') return undefined
    if (part === 'find') return get((req, res) => this.#find(req, res, trace, params.get('text')))
    if (part === 'logs') return get((req, res) => this.#logs(req, res, trace))
    if (part === 'pin') return post((req, res) => this.#pin(req, res, trace))
    if (part === 'profile' && trace !== undefined)
      return get((req, res) => sendProfile(req, res, inspect, trace))
    if (part === 'runtime') return get((req, res) => this.#runtime(req, res, trace))
    return undefined
  }

  async #list(req: IncomingMessage, res: ServerResponse, params: URLSearchParams): Promise<void> {
    const query = params.get('q') ?? ''
    if (query.length > maxQueryLength)
      return sendError(req, res, 400, `the query is longer than ${maxQueryLength} characters`)
    const before = params.get('before') ?? ''
    const list = await this.#setup.reader.list({
      query,
      limit: clamp(params.get('limit'), 1, maxRows, defaultRows),
      before: before === '' || before.length > 128 ? undefined : before
    })
    await streamJson(req, res, list)
  }

  async #trace(
    req: IncomingMessage,
    res: ServerResponse,
    id: TraceId | undefined,
    format: string | null
  ): Promise<void> {
    if (format !== null && id !== undefined && this.#setup.reader.summary(id) !== undefined)
      return sendTrace(req, res, this.#setup, id, format)
    const columns = id === undefined ? undefined : await this.#setup.reader.columns(id)
    if (columns === undefined) return this.#unknown(req, res)
    await streamJson(req, res, columns)
  }

  async #span(
    req: IncomingMessage,
    res: ServerResponse,
    id: TraceId | undefined,
    span: string
  ): Promise<void> {
    const spanId = readSpanId(span)
    if (id === undefined || spanId === undefined) return this.#unknown(req, res)
    const detail = await this.#setup.reader.span(id, spanId)
    if (detail === undefined) return this.#unknown(req, res)
    sendJson(req, res, 200, detail)
  }

  async #source(
    req: IncomingMessage,
    res: ServerResponse,
    id: TraceId | undefined,
    span: string,
    local: boolean
  ): Promise<void> {
    const { source, reader } = this.#setup
    if (source === undefined || !local)
      return sendError(req, res, 403, 'source is shown on this machine in local mode only')
    const spanId = readSpanId(span)
    const code = id && spanId && (await reader.code(id, spanId))
    if (!code) return this.#unknown(req, res)
    if (code === 'elsewhere')
      return sendError(req, res, 404, 'this span came from another process', 'ask that one')
    await streamJson(req, res, await source(code))
  }

  async #find(
    req: IncomingMessage,
    res: ServerResponse,
    id: TraceId | undefined,
    text: string | null
  ): Promise<void> {
    if (text === null || text === '' || text.length > maxQueryLength)
      return sendError(req, res, 400, `text must have 1 to ${maxQueryLength} characters`)
    const spanIds = id === undefined ? undefined : await this.#setup.reader.find(id, text)
    if (spanIds === undefined) return this.#unknown(req, res)
    await streamJson(req, res, { spanIds })
  }

  async #logs(req: IncomingMessage, res: ServerResponse, id: TraceId | undefined): Promise<void> {
    const logs = id === undefined ? undefined : await this.#setup.reader.logs(id)
    if (logs === undefined) return this.#unknown(req, res)
    await streamJson(req, res, logs)
  }

  async #runtime(
    req: IncomingMessage,
    res: ServerResponse,
    id: TraceId | undefined
  ): Promise<void> {
    const activity = id === undefined ? undefined : await this.#setup.reader.runtime(id)
    if (activity === undefined) return this.#unknown(req, res)
    await streamJson(req, res, activity)
  }

  #pin(req: IncomingMessage, res: ServerResponse, id: TraceId | undefined): void {
    if (id === undefined || !this.#setup.store.pin(id)) return this.#unknown(req, res)
    sendJson(req, res, 200, { pinned: true })
  }

  #clear(req: IncomingMessage, res: ServerResponse): void {
    this.#setup.store.clear()
    sendJson(req, res, 200, { cleared: true })
  }

  // What was evicted and what never was cannot be told apart: remembering evicted ids would need the memory that eviction frees.
  #unknown(req: IncomingMessage, res: ServerResponse): void {
    const { recent, kept } = this.#setup.store.stats
    const evicted = recent.evictedSpans + kept.evictedSpans > 0
    sendError(
      req,
      res,
      404,
      'this is not in memory',
      evicted
        ? 'older traces have made room for newer ones; more memory or a pin keeps them longer'
        : 'a trace id is 32 hex digits, a span id 16; traces do not outlive the process'
    )
  }
}

function get(answer: Answer): Route {
  return { allowed: 'GET, HEAD', answer }
}

function post(answer: Answer): Route {
  return { allowed: 'POST', answer }
}

function clamp(text: string | null, min: number, max: number, otherwise: number): number {
  const number = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isNaN(number) ? otherwise : Math.trunc(Math.min(max, Math.max(min, number)))
}
