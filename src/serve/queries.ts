import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendError, sendJson, streamJson, streamPieces } from './respond.ts'

/** The reading half of another system's API, as its own user interface and dashboards ask it. */
export interface QueryApi {
  /** What its addresses begin with, below the mount path: `api/v2/`. */
  readonly prefix: string
  /** The answer to a GET of `path`, which follows the prefix; undefined where that system has no such address. Parameters are foreign: never throws for them. */
  answer(path: string, params: URLSearchParams): Promise<QueryAnswer | undefined>
}

export interface QueryAnswer {
  /** @default 200 */
  readonly status?: number
  /** JSON: a value, or its text in pieces, for a writer that lets the host go on in between. */
  readonly body: object | PiecesOfJson
}

export interface PiecesOfJson {
  readonly pieces: Iterable<string>
}

// A browser asks six things at once; Zipkin's page five when it opens a search, and gives up on one that is refused.
const maxAtOnce = 12

/** Answers what other systems' interfaces ask. They only read. */
export class Queries {
  readonly #apis: readonly QueryApi[]
  #running = 0

  constructor(apis: readonly QueryApi[]) {
    this.#apis = apis
  }

  has(path: string): boolean {
    return this.#apis.some(({ prefix }) => path.startsWith(prefix))
  }

  async handle(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    query: string
  ): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return sendError(req, res, 405, 'this method is not for this address', 'use GET')
    }
    if (this.#running >= maxAtOnce) {
      res.setHeader('Retry-After', '1')
      return sendError(req, res, 503, 'too many requests are being answered', 'try again')
    }
    this.#running++
    try {
      await this.#answer(req, res, path, new URLSearchParams(query))
    } finally {
      this.#running--
    }
  }

  async #answer(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    params: URLSearchParams
  ): Promise<void> {
    const api = this.#apis.find(({ prefix }) => path.startsWith(prefix)) as QueryApi
    const answer = await api.answer(path.slice(api.prefix.length), params)
    if (answer === undefined)
      return sendError(req, res, 404, 'no such address', 'see docs/interoperability.md')
    const { status = 200, body } = answer
    if ('pieces' in body) return streamPieces(req, res, body.pieces)
    if (status !== 200) return sendJson(req, res, status, body)
    await streamJson(req, res, body)
  }
}
