import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Report } from '../base/report.ts'
import { readBody } from './body.ts'
import type { Refusal } from './gate.ts'
import { sendJson } from './respond.ts'

/** Takes the spans of one body. `rejected` of them were not kept, for the reason that `message` says; `error` when it is no OTLP at all. */
export type Ingest = (body: Buffer, peer: string) => IngestResult

export type IngestResult =
  | { readonly rejected: number; readonly message: string; readonly spans: number }
  | { readonly error: string }

export interface IngestSetup {
  readonly ingest: Ingest
  readonly report: Report
  /** Milliseconds that a body may take to arrive. @default 10000 */
  readonly bodyMs?: number
}

const maxAtOnce = 4
const requestsPerSecond = 50
const spansPerSecond = 20_000

/** `POST v1/traces`: OTLP/HTTP in, bounded in bytes, depth, time and rate. Answers as OTLP 1.x says, so that exporters know what to send again. */
export class IngestDoor {
  readonly #setup: IngestSetup
  readonly #requests = new Bucket(requestsPerSecond)
  readonly #spans = new Bucket(spansPerSecond)
  #running = 0

  constructor(setup: IngestSetup) {
    this.#setup = setup
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const refusal = this.#refuses(req)
    if (refusal !== undefined) return this.refuse(req, res, refusal)
    this.#running++
    try {
      const body = await readBody(req, this.#setup.bodyMs ?? 10_000)
      if (!Buffer.isBuffer(body)) return this.refuse(req, res, body)
      this.#take(req, res, body)
    } finally {
      this.#running--
    }
  }

  /** An error as OTLP exporters read it (`message`) and as the rest of the API says it. */
  refuse(req: IncomingMessage, res: ServerResponse, { status, error, hint }: Refusal): void {
    this.#setup.report.drop('ingest refused')
    if (status === 405) res.setHeader('Allow', 'POST')
    if (status === 429) res.setHeader('Retry-After', '1')
    // What is left of the body would have to be read before the connection could serve again.
    if ((status === 413 || status === 408) && req.httpVersionMajor === 1)
      res.setHeader('Connection', 'close')
    const message = hint === '' ? error : `${error}: ${hint}`
    sendJson(req, res, status, hint === '' ? { message, error } : { message, error, hint })
  }

  #refuses(req: IncomingMessage): Refusal | undefined {
    if (req.method !== 'POST') return refuse(405, 'spans are sent by POST')
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
    if (type === 'application/x-protobuf')
      return refuse(
        415,
        'OTLP is taken as JSON for now',
        'set OTEL_EXPORTER_OTLP_PROTOCOL=http/json'
      )
    if (type !== 'application/json')
      return refuse(415, 'this content type is not taken', 'send application/json')
    if (this.#running >= maxAtOnce || this.#spans.empty || !this.#requests.take(1))
      return refuse(429, 'spans come faster than they can be kept')
    return undefined
  }

  #take(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
    const result = this.#setup.ingest(body, req.socket.remoteAddress ?? '')
    if ('error' in result) return this.refuse(req, res, refuse(400, result.error))
    this.#spans.take(result.spans)
    const { rejected, message } = result
    // A 64-bit number is a string in protobuf's JSON.
    const partialSuccess = { rejectedSpans: String(rejected), errorMessage: message }
    sendJson(req, res, 200, rejected > 0 || message !== '' ? { partialSuccess } : {})
  }
}

/** So many a second, and as many at once. May be overdrawn: how many spans a body holds is known only afterwards. */
class Bucket {
  readonly #perSecond: number
  #left: number
  #at = performance.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
    this.#left = perSecond
  }

  get empty(): boolean {
    const now = performance.now()
    const gained = ((now - this.#at) / 1000) * this.#perSecond
    this.#left = Math.min(this.#perSecond, this.#left + gained)
    this.#at = now
    return this.#left <= 0
  }

  take(count: number): boolean {
    if (this.empty || (count === 1 && this.#left < 1)) return false
    this.#left -= count
    return true
  }
}

function refuse(status: number, error: string, hint = ''): Refusal {
  return { ok: false, status, error, hint }
}
