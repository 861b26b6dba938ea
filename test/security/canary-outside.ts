import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2,
  type IncomingHttpHeaders,
  type ServerHttp2Stream
} from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Output } from './outputs.ts'

/** Where a request of an exporter goes, by what it asks for or, of clouds, whom it believes to ask. */
const doors: Readonly<Record<string, string>> = {
  '/protobuf': 'OTLP as protobuf',
  '/json': 'OTLP as JSON',
  '/zipkin': 'Zipkin',
  'xray.eu-central-1.amazonaws.com': 'X-Ray',
  'telemetry.googleapis.com': 'Google Cloud'
}

/** What the application calls, and where its spans are exported to: other processes from its point of view. */
export class Outside {
  readonly received: Output[] = []
  readonly #servers: NetServer[] = []
  readonly #sockets = new Set<Socket>()
  readonly #googleToken: string

  constructor(googleToken: string) {
    this.#googleToken = googleToken
  }

  /** What the application calls; takes OTLP and Zipkin, too, and is the metadata server of a machine at Google. */
  plain(): Promise<string> {
    return this.#listen(
      createServer((req, res) => void this.#answer(req, res)),
      'http'
    )
  }

  /** Any cloud; gives the port. */
  async clouds(): Promise<string> {
    const file = (name: string): Buffer =>
      readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url))
    const tls = { key: file('key.pem'), cert: file('cert.pem') }
    const server = createHttps(tls, (req, res) => void this.#answer(req, res))
    return new URL(await this.#listen(server, 'https')).port
  }

  /** One that takes what it gets, or one that refuses it and quotes the credentials that it was shown. */
  grpc(kind: 'takes' | 'refuses'): Promise<string> {
    const server = createHttp2()
    server.on('stream', (stream, headers) => void this.#call(stream, headers, kind))
    return this.#listen(server, 'http')
  }

  async #call(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    kind: 'takes' | 'refuses'
  ): Promise<void> {
    stream.on('error', () => {})
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    const text = gunzipSync(Buffer.concat(chunks).subarray(5)).toString('latin1')
    if (kind === 'takes') this.received.push({ door: 'gRPC', text })
    const [status, message] =
      kind === 'takes' ? ['0', ''] : ['16', `unknown token: ${headers.authorization}`]
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': status,
        'grpc-message': encodeURIComponent(message)
      },
      { endStream: true }
    )
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { url = '', headers } = req
    const door = doors[headers.host?.replace(/:\d+$/, '') ?? ''] ?? doors[url]
    if (door !== undefined) {
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      this.received.push({ door, text: text.toString(door.endsWith('JSON') ? 'utf8' : 'latin1') })
    }
    const to = /^\/redirect\?to=(.*)$/.exec(url)?.[1]
    if (to !== undefined) res.writeHead(302, { location: decodeURIComponent(to) })
    if (!url.startsWith('/computeMetadata/')) return void res.end('{}')
    res.setHeader('metadata-flavor', 'Google')
    const token = { access_token: this.#googleToken, expires_in: 3600 }
    res.end(url.endsWith('project-id') ? 'shop-1' : JSON.stringify(token))
  }

  async #listen(server: NetServer | Server, scheme: string): Promise<string> {
    this.#servers.push(server)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) server.close()
  }
}
