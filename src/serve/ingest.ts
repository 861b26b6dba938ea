import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Report } from '../base/report.ts'
import { readBody } from './body.ts'
import type { Refusal } from './gate.ts'
import { type IngestFormat, type IngestProtocol, ingestProtocols } from './ingest-protocols.ts'
import type { Intake } from './intake.ts'

export interface IngestSetup {
  readonly report: Report
  /** Milliseconds that a body may take to arrive. @default 10000 */
  readonly bodyMs?: number
}

/** Spans in, over HTTP. Answers as the sender's protocol says, so that exporters know what to send again. */
export class IngestDoor {
  readonly #setup: IngestSetup
  readonly #intake: Intake

  constructor(intake: Intake, setup: IngestSetup) {
    this.#intake = intake
    this.#setup = setup
  }

  /** `path` is one of `ingestProtocols`. */
  async handle(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const protocol = ingestProtocols.get(path) as IngestProtocol
    if (protocol.refusal !== undefined) return answerRefused(req, res, protocol, protocol.refusal)
    const format = formatOf(req, protocol)
    if (req.method !== 'POST')
      return this.refuse(req, res, path, refuse(405, 'spans are sent by POST'))
    if (format === undefined) return this.refuse(req, res, path, unknownType(protocol))
    const { bodyMs = 10_000 } = this.#setup
    const taken = await this.#intake.take(format, () => readBody(req, bodyMs))
    if ('status' in taken) answerRefused(req, res, protocol, taken)
    else protocol.sendTaken(req, res, format, taken)
  }

  /** An error as the protocol's senders read it and as the rest of the API says it. */
  refuse(req: IncomingMessage, res: ServerResponse, path: string, refusal: Refusal): void {
    this.#setup.report.drop('ingest refused')
    answerRefused(req, res, ingestProtocols.get(path) as IngestProtocol, refusal)
  }
}

function answerRefused(
  req: IncomingMessage,
  res: ServerResponse,
  protocol: IngestProtocol,
  refusal: Refusal
): void {
  const { status } = refusal
  if (status === 405) res.setHeader('Allow', 'POST')
  if (status === 429) res.setHeader('Retry-After', '1')
  // What is left of the body would have to be read before the connection could serve again.
  if ((status === 413 || status === 408) && req.httpVersionMajor === 1)
    res.setHeader('Connection', 'close')
  protocol.sendRefused(req, res, formatOf(req, protocol), refusal)
}

function formatOf(req: IncomingMessage, { formats }: IngestProtocol): IngestFormat | undefined {
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0] as string
  return formats.get(type.trim().toLowerCase())
}

function unknownType({ formats }: IngestProtocol): Refusal {
  const hint = `send ${[...formats.keys()].join(' or ')}`
  return refuse(415, 'this content type is not taken', hint)
}

function refuse(status: number, error: string, hint = ''): Refusal {
  return { ok: false, status, error, hint }
}
