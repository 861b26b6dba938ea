import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Report } from '../base/report.ts'
import { readBody } from './body.ts'
import type { Refusal } from './gate.ts'
import { type IngestFormat, type IngestProtocol, ingestProtocols } from './ingest-protocols.ts'

/** Takes the spans of one body. `rejected` of them were not kept, for the reason that `message` says; `error` when it is not of that format. */
export type Ingest = (body: Buffer, format: IngestFormat) => Promise<IngestResult>

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

/** Spans in, bounded in bytes, depth, time and rate. Answers as the sender's protocol says, so that exporters know what to send again. */
export class IngestDoor {
  readonly #setup: IngestSetup
  readonly #requests = new Bucket(requestsPerSecond)
  readonly #spans = new Bucket(spansPerSecond)
  #running = 0
  // Bodies are taken one after the other: each lets the host go on after a few milliseconds, and four would take as many each in between.
  #last: Promise<unknown> = Promise.resolve()

  constructor(setup: IngestSetup) {
    this.#setup = setup
  }

  /** `path` is one of `ingestProtocols`. */
  async handle(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const protocol = ingestProtocols.get(path) as IngestProtocol
    const format = this.#admit(req, protocol)
    if (typeof format === 'object') return this.refuse(req, res, path, format)
    this.#running++
    try {
      const body = await readBody(req, this.#setup.bodyMs ?? 10_000)
      if (!Buffer.isBuffer(body)) return this.refuse(req, res, path, body)
      const taken = this.#last.then(() => this.#setup.ingest(body, format))
      this.#last = taken.catch(() => {})
      const result = await taken
      if ('error' in result) return this.refuse(req, res, path, refuse(400, result.error))
      this.#spans.take(result.spans)
      protocol.sendTaken(req, res, format, result)
    } finally {
      this.#running--
    }
  }

  /** An error as the protocol's senders read it and as the rest of the API says it. */
  refuse(req: IncomingMessage, res: ServerResponse, path: string, refusal: Refusal): void {
    const { status } = refusal
    this.#setup.report.drop('ingest refused')
    if (status === 405) res.setHeader('Allow', 'POST')
    if (status === 429) res.setHeader('Retry-After', '1')
    // What is left of the body would have to be read before the connection could serve again.
    if ((status === 413 || status === 408) && req.httpVersionMajor === 1)
      res.setHeader('Connection', 'close')
    const protocol = ingestProtocols.get(path) as IngestProtocol
    protocol.sendRefused(req, res, formatOf(req, protocol), refusal)
  }

  #admit(req: IncomingMessage, protocol: IngestProtocol): IngestFormat | Refusal {
    const format = formatOf(req, protocol)
    if (req.method !== 'POST') return refuse(405, 'spans are sent by POST')
    if (format === undefined)
      return refuse(
        415,
        'this content type is not taken',
        `send ${[...protocol.formats.keys()].join(' or ')}`
      )
    if (this.#running >= maxAtOnce || this.#spans.empty || !this.#requests.take(1))
      return refuse(429, 'spans come faster than they can be kept')
    return format
  }
}

function formatOf(req: IncomingMessage, { formats }: IngestProtocol): IngestFormat | undefined {
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0] as string
  return formats.get(type.trim().toLowerCase())
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
