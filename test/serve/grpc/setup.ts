import { connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { createReport, type Report } from '../../../src/base/report.ts'
import type { GateRules } from '../../../src/serve/gate.ts'
import { judge } from '../../../src/serve/gate.ts'
import {
  createGrpcServer,
  type GrpcServer,
  type GrpcSetup
} from '../../../src/serve/grpc/server.ts'
import { type Ingest, type IngestRates, Intake, type Senders } from '../../../src/serve/intake.ts'
import { Tokens } from '../../../src/serve/token.ts'

export const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

export interface StartOptions extends Partial<Pick<GrpcSetup, 'bodyMs' | 'idleMs'>> {
  readonly ingest?: Ingest
  readonly ingestToken?: string
  readonly mode?: 'local' | 'token'
  readonly ingestRates?: IngestRates
  /** @default any free one */
  readonly port?: number
}

export interface Started {
  readonly server: GrpcServer
  readonly port: number
  readonly report: Report
  /** What was printed. */
  readonly lines: string[]
  /** Bodies that were taken. */
  readonly bodies: Buffer[]
}

/** A gRPC port, and what came in. */
export async function start(options: StartOptions = {}): Promise<Started> {
  const lines: string[] = []
  const bodies: Buffer[] = []
  const report = createReport((text) => void lines.push(text))
  const tokens = new Tokens({
    token: 'page-token-that-is-long-enough-0123',
    ingestToken: options.ingestToken ?? '',
    directory: undefined,
    make: false
  })
  const rules: GateRules = {
    mode: () => options.mode ?? 'local',
    allowedHosts: [],
    allowedOrigins: [],
    tokens,
    authorize: undefined
  }
  const ingest: Ingest = async (body, format) => {
    bodies.push(body)
    return options.ingest?.(body, format) ?? { rejected: 0, message: '', spans: 1 }
  }
  const senders: Senders = {
    judge: (visit) => judge(visit, rules),
    intake: new Intake({ ingest, report, ingestRates: options.ingestRates })
  }
  const server = createGrpcServer({ ...options, senders, report })
  return {
    server,
    port: await server.listen(options.port ?? 0, '127.0.0.1'),
    report,
    lines,
    bodies
  }
}

export interface CallReply {
  readonly headers: IncomingHttpHeaders & { ':status'?: number }
  /** Trailers, or the headers where they are the end. */
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
  /** The code that the stream was reset with; 0 for none. */
  readonly reset: number
}

/** One call by Node's own HTTP/2 client, which sends exactly what it is told to; `open` leaves its end away. */
export async function call(
  port: number,
  body: Buffer | undefined,
  headers: OutgoingHttpHeaders = {},
  { open = false }: { readonly open?: boolean } = {}
): Promise<CallReply> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  try {
    return await new Promise<CallReply>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': exportPath,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers
      })
      let got: CallReply['headers'] = {}
      let trailers: IncomingHttpHeaders | undefined
      const chunks: Buffer[] = []
      stream.on('response', (response) => (got = response))
      stream.on('trailers', (block) => (trailers = block))
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', () => undefined)
      stream.on('close', () => {
        const reset = stream.rstCode ?? constants.NGHTTP2_NO_ERROR
        resolve({ headers: got, trailers: trailers ?? got, body: Buffer.concat(chunks), reset })
      })
      session.on('close', () => reject(new Error('the session ended')))
      if (open) stream.write(body)
      else stream.end(body)
    })
  } finally {
    session.destroy()
  }
}

/** A message with its prefix. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}
