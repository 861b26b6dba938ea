import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from './gate.ts'
import { sendRefused, sendTaken } from './otlp-answer.ts'
import { sendText } from './respond.ts'

/** How a body that holds spans is written. */
export type IngestFormat =
  | 'otlp-json'
  | 'otlp-protobuf'
  | 'zipkin-json'
  | 'zipkin-protobuf'
  | 'xray'

export interface Taken {
  readonly rejected: number
  readonly message: string
}

/** What its senders expect of an address that takes spans. */
export interface IngestProtocol {
  /** By content type; each is named in the answer to another one. */
  readonly formats: ReadonlyMap<string, IngestFormat>
  /** Of an address that senders know and that takes nothing here: what they are told. */
  readonly refusal?: Refusal
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
  formats: new Map([
    ['application/json', 'zipkin-json'],
    ['application/x-protobuf', 'zipkin-protobuf']
  ]),
  sendTaken: (req, res) => sendText(req, res, 202, ''),
  sendRefused(req, res, _format, { status, error, hint }) {
    sendText(req, res, status, hint === '' ? error : `${error}: ${hint}`)
  }
}

function notTaken(protocol: IngestProtocol, error: string, hint: string): IngestProtocol {
  return { ...protocol, refusal: { ok: false, status: 404, error, hint } }
}

/** By path below the mount path. */
export const ingestProtocols: ReadonlyMap<string, IngestProtocol> = new Map([
  ['v1/traces', otlp],
  ['v1/metrics', notTaken(otlp, 'metrics are not taken', 'set OTEL_METRICS_EXPORTER=none')],
  ['v1/logs', notTaken(otlp, 'logs are not taken', 'set OTEL_LOGS_EXPORTER=none')],
  ['api/v2/spans', zipkin],
  [
    'api/v1/spans',
    notTaken(zipkin, "spans of Zipkin's version 1 are not taken", 'send version 2, to api/v2/spans')
  ]
])
