import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { grpcCollector } from '../interop/export/grpc-collector.ts'
import { httpTalks } from '../interop/export/talks.ts'

/** One value of the option `export`. */
export type Destination = Readonly<Record<string, unknown>>

export interface Collectors {
  /** Take what is sent to them, by each protocol. */
  readonly good: readonly Destination[]
  /** Answer whatever can be answered but what is right, by each transport. */
  readonly hostile: readonly Destination[]
  /** Do not answer at all: before or after the connection is made, or its encryption; where nobody is; clouds, whose limits are kept. */
  readonly silent: readonly Destination[]
  /** Everything that the good ones got, as bytes. */
  readonly got: Buffer[]
  close(): void
}

const protocols = ['http/protobuf', 'http/json', 'zipkin'] as const

export async function collectors(): Promise<Collectors> {
  const sockets = new Set<Socket>()
  const servers: Server[] = []
  const got: Buffer[] = []
  async function open(server: Server): Promise<string> {
    servers.push(server)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const well = await open(
    createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const body = Buffer.concat(chunks)
        got.push(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
        res.end('{}')
      })
    })
  )
  const calls = await grpcCollector()
  const hostile: Destination[] = []
  for (const { talk } of Object.values(httpTalks)) {
    const host = await open(createTcp((socket) => void socket.once('data', () => talk(socket))))
    const protocol = protocols[hostile.length % protocols.length]
    hostile.push({ url: `http://${host}`, protocol, timeout: 300 })
    hostile.push({ url: `http://${host}`, protocol: 'grpc', timeout: 300 })
  }
  const mute = await open(createTcp(() => {}))
  const silent: Destination[] = ['http/protobuf', 'grpc'].flatMap((protocol) => [
    { url: `https://${mute}`, protocol, timeout: 300 },
    { url: `http://${mute}`, protocol },
    { url: 'http://nobody.invalid:4318', protocol },
    { url: 'http://127.0.0.1:1', protocol }
  ])
  silent.push(
    // The host makes a function of it, which throws.
    { url: `http://${well}`, headers: 'broken' },
    { url: 'https://xray.eu-central-1.amazonaws.com:1' },
    { url: 'https://telemetry.googleapis.com:1' }
  )
  return {
    good: [
      ...protocols.map((protocol) => ({ url: `http://${well}`, protocol })),
      { url: calls.url, protocol: 'grpc' }
    ],
    hostile,
    silent,
    got,
    close() {
      calls.kill()
      for (const socket of sockets) socket.destroy()
      for (const server of servers) server.close()
    }
  }
}
