import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from './gate.ts'
import { sendRefused, sendTaken } from './otlp-answer.ts'
import { sendText } from './respond.ts'

/** How a body that holds spans is written. */
export type IngestFormat = 'otlp-json' | 'otlp-protobuf' | 'zipkin' | 'xray'

export interface Taken {
  readonly rejected: number
  readonly message: string
}

/** What its senders expect of an address that takes spans. */
export interface IngestProtocol {
  /** By content type; each is named in the answer to another one. */
  readonly formats: ReadonlyMap<string, IngestFormat>
  readonly sendTaken: (
    req: IncomingMessage,
    res: ServerResponse,
    format: IngestFormat,
    taken: Taken
  ) => void
  /** `format` is undefined where the request does not tell. */
  readonly sendRefused: (
    req: IncomingMessage,
    res: ServerResponse,
    format: IngestFormat | undefined,
    refusal: Refusal
  ) => void
}

const otlp: IngestProtocol = {
  formats: new Map([
    ['application/x-protobuf', 'otlp-protobuf'],
    ['application/json', 'otlp-json']
  ]),
  sendTaken,
  sendRefused
}

/** Spans that are refused one by one are not told to the sender, who has no way to hear of it. */
const zipkin: IngestProtocol = {
  formats: new Map([['application/json', 'zipkin']]),
  sendTaken: (req, res) => sendText(req, res, 202, ''),
  sendRefused(req, res, _format, { status, error, hint }) {
    sendText(req, res, status, hint === '' ? error : `${error}: ${hint}`)
  }
}

/** By path below the mount path. */
export const ingestProtocols: ReadonlyMap<string, IngestProtocol> = new Map([
  ['v1/traces', otlp],
  ['api/v2/spans', zipkin]
])
