import type { IncomingMessage, ServerResponse } from 'node:http'
import { createTimeSlices } from '../base/time-slices.ts'
import type { ApiError } from '../wire/status.ts'
import type { Refusal } from './gate.ts'
import { setDataHeaders } from './headers.ts'
import { encodeJson } from './json-stream.ts'

const jsonType = 'application/json; charset=utf-8'

/** An answer of few bytes, as JSON. */
export function sendJson(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  value: object
): void {
  setDataHeaders(res)
  res.setHeader('Content-Type', jsonType)
  sendBody(req, res, status, JSON.stringify(value))
}

/** An answer of any size, as JSON. */
export async function streamJson(
  req: IncomingMessage,
  res: ServerResponse,
  value: object
): Promise<void> {
  await streamPieces(req, res, encodeJson(value))
}

/** Text, most often JSON, that is made piece by piece while it is sent, so that neither the event loop nor the socket's buffer is ever full of it. */
export async function streamPieces(
  req: IncomingMessage,
  res: ServerResponse,
  pieces: Iterable<string>,
  contentType: string = jsonType
): Promise<void> {
  setDataHeaders(res)
  res.setHeader('Content-Type', contentType)
  res.statusCode = 200
  if (req.method === 'HEAD') return void res.end()
  const slices = createTimeSlices(() => performance.now(), Infinity)
  for (const piece of pieces) {
    if (res.destroyed) return
    if (piece !== '' && !res.write(piece)) await drained(res)
    if (slices.due) await slices.pause()
  }
  res.end()
}

/** An error of the API. Neither text may hold anything that the request brought. */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  error: string,
  hint = ''
): void {
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer')
  if (status === 429 && !res.hasHeader('Retry-After')) res.setHeader('Retry-After', '60')
  const body: ApiError = hint === '' ? { error } : { error, hint }
  sendJson(req, res, status, body)
}

/** What to do when answering has thrown. */
export function sendFailure(req: IncomingMessage, res: ServerResponse): void {
  try {
    if (res.headersSent || res.destroyed) res.destroy()
    else sendError(req, res, 500, 'this failed on our side', 'the server printed why')
  } catch {
    res.destroy()
  }
}

/** A refusal of the gate: for a person at the page, for a program at the rest. */
export function sendRefusal(
  req: IncomingMessage,
  res: ServerResponse,
  refusal: Refusal,
  asText: boolean
): void {
  const { status, error, hint } = refusal
  if (asText) sendText(req, res, status, hint === '' ? `${error}\n` : `${error}\n${hint}\n`)
  else sendError(req, res, status, error, hint)
}

export function sendText(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  text: string
): void {
  setDataHeaders(res)
  res.setHeader('Content-Type', 'text/plain; charset=utf-8')
  sendBody(req, res, status, text)
}

export function sendBody(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  body: string | Buffer
): void {
  res.statusCode = status
  res.setHeader('Content-Length', Buffer.byteLength(body))
  if (req.method === 'HEAD') res.end()
  else res.end(body)
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.once('drain', done)
    res.once('close', done)
  })
}

export const tooManyPages: Refusal = {
  ok: false,
  status: 503,
  error: 'too many pages are connected',
  hint: 'close one of them'
}
