import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { createReport } from '../../../src/base/report.ts'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import type { Received as ReceivedBody } from '../../../src/trace/received.ts'
import type { Destination } from '../../../src/interop/export/destination.ts'
import {
  createExporter,
  type Exporter,
  type ExporterSetup
} from '../../../src/interop/export/exporter.ts'
import { encodeJson } from '../../../src/interop/otlp/encode.ts'
import { rejectedInJson } from '../../../src/interop/otlp/partial-success.ts'
import { decodeBody, decodeSetup } from '../otlp/setup.ts'

let number = 0
/** A record of a trace of its own with that many spans. */
export function traceOf(spans: number, name = 'work', text = ''): TraceRecord {
  number++
  return {
    traceId: number.toString(16).padStart(32, '0'),
    epochMs: 1_700_000_000_000,
    resource: { service: 'shop', attributes: [] },
    source: 'local',
    droppedSpans: 0,
    spans: Array.from({ length: spans }, (_, i) => ({
      spanId: (i + 1).toString(16).padStart(16, '0'),
      parentId: i === 0 ? undefined : '0000000000000001',
      parentRemote: false,
      name,
      kind: 0,
      start: i,
      duration: 5,
      open: false,
      status: 0,
      statusMessage: '',
      traceState: '',
      flags: 1,
      scope: { name: 'x', version: '' },
      attributes: text === '' ? [] : ['text', text],
      events: [],
      links: [],
      logs: [],
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0
    }))
  } as unknown as TraceRecord
}

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly records: TraceRecord[]
}

export type Answer = (res: ServerResponse, req: IncomingMessage, nth: number) => void

/** A collector on a port of its own that keeps what it gets and answers as it is told. */
export class Collector {
  answer: Answer = (res) => res.end('{}')
  readonly received: Received[] = []
  readonly connections = new Set<Socket>()
  #server = this.#create()
  #port = 0

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
    return this.url
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1/traces`
  }

  /** Ends as a killed process does: connections are cut. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.connections) socket.destroy()
    await closed
    this.#server = this.#create()
  }

  get names(): string[] {
    return this.received.flatMap(({ records }) =>
      records.flatMap((record) => record.spans.map((span) => span.name))
    )
  }

  #create() {
    const server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const sent = Buffer.concat(chunks)
        const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
        const { records } = decodeBody(body, decodeSetup()) as ReceivedBody
        this.received.push({ headers: req.headers, records })
        this.answer(res, req, this.received.length)
      })
    })
    server.on('connection', (socket) => {
      this.connections.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.connections.delete(socket))
    })
    return server
  }
}

export interface Exporting extends Exporter {
  readonly lines: string[]
  drops(): Record<string, number>
}

/** An OTLP/HTTP destination with what is not a default. */
export function destination(url: string, more: Partial<Destination> = {}): Destination {
  const format = { contentType: 'application/json', body: encodeJson, rejected: rejectedInJson }
  return {
    url,
    transport: 'http',
    format,
    headers: {},
    timeoutMs: 10_000,
    compression: 'gzip',
    ...more
  }
}

/** An exporter that is in a hurry, and what it prints and counts. */
export function exporting(
  url: string,
  more: Partial<Destination> = {},
  setup: Partial<ExporterSetup> = {}
): Exporting {
  const lines: string[] = []
  const report = createReport((line) => void lines.push(line.trim()))
  const exporter = createExporter({
    destination: destination(url, more),
    report,
    intervalMs: 5,
    retryMs: 5,
    ...setup
  })
  return { ...exporter, lines, drops: () => Object.fromEntries(report.drops) }
}
