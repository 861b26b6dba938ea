import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ImportResult, maxImportBytes } from '../wire/files.ts'
import { type BodyLimits, readBody } from './body.ts'
import { sendError, sendJson } from './respond.ts'

/** Takes in the traces of a file; the bytes may be written to. */
export type ImportFile = (file: Buffer) => Promise<ImportResult>

/** Somebody waits for it, and may sit behind a slow line. */
const bodyMs = 60_000
const limits: BodyLimits = {
  plain: maxImportBytes,
  gzipped: maxImportBytes,
  inflated: 2 * maxImportBytes
}

/** `POST api/import`: a file as the body, whatever its content type says. */
export class ImportDoor {
  readonly #importFile: ImportFile
  // A second file at the same time would need the memory of the first once more.
  #running = false

  constructor(importFile: ImportFile) {
    this.#importFile = importFile
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (this.#running) {
      res.setHeader('Retry-After', '1')
      return sendError(req, res, 503, 'another file is being read', 'try again')
    }
    this.#running = true
    try {
      const body = await readBody(req, bodyMs, limits)
      if (Buffer.isBuffer(body)) return sendJson(req, res, 200, await this.#importFile(body))
      // What is left of the body would have to be read before the connection could serve again.
      if ((body.status === 413 || body.status === 408) && req.httpVersionMajor === 1)
        res.setHeader('Connection', 'close')
      sendError(req, res, body.status, body.error, body.hint)
    } finally {
      this.#running = false
    }
  }
}
