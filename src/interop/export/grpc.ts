import type * as Http2 from 'node:http2'
import type { Socket } from 'node:net'
import type { Delivery, Destination, ExportRequest, Transport } from './destination.ts'
import { deliveryOf, deliveryOfHttp } from './grpc-status.ts'

/**
 * Unary calls of gRPC over HTTP/2, one at a time over one connection: TLS for https, without it for http. By hand, as a client library is
 * ten times the size of this package.
 */
export function createGrpc(destination: Destination): Transport {
  const { headers, timeoutMs } = destination
  const url = new URL(destination.url)
  const connection = new Connection(url, destination.tls)
  return {
    request: (body, gzipped) => ({
      method: 'POST',
      url,
      headers: {
        ...headers,
        'content-type': 'application/grpc',
        te: 'trailers',
        // At most eight digits, of milliseconds.
        'grpc-timeout': `${Math.min(Math.ceil(timeoutMs), 99_999_999)}m`,
        ...(gzipped && { 'grpc-encoding': 'gzip' }),
        'grpc-accept-encoding': 'identity',
        'user-agent': 'spanlight'
      },
      body: framed(body, gzipped)
    }),
    send: (request, signal) => call(connection, request, timeoutMs, signal),
    close: () => connection.close()
  }
}

/** For who exports by gRPC and nobody else: it takes a millisecond of every start. */
function http2(): typeof Http2 {
  return process.getBuiltinModule('node:http2')
}

// A pending connect keeps the process alive even when its socket is unreferenced.
const connectMs = 2000
const answerBytes = 64 * 1024

/** The session that is open, or one that is made when it is asked for. */
class Connection {
  readonly #url: URL
  readonly #tls: Destination['tls']
  #session: Http2.ClientHttp2Session | undefined
  #socket: Socket | undefined

  constructor(url: URL, tls: Destination['tls']) {
    this.#url = url
    this.#tls = tls
  }

  /** Throws where no session can be made at all. */
  get(): { session: Http2.ClientHttp2Session; fresh: boolean } {
    const open = this.#session
    if (open !== undefined && !open.closed && !open.destroyed)
      return { session: open, fresh: false }
    this.close()
    const session = http2().connect(this.#url.origin, {
      ...this.#tls,
      settings: { enablePush: false }
    })
    const timer = after(connectMs, () => {
      session.destroy(new Error(`no connection within ${connectMs} ms`))
    })
    session.once('connect', (_session, socket) => {
      clearTimeout(timer)
      this.#socket = socket
    })
    session.once('close', () => clearTimeout(timer))
    // Told to the request that is on its way; between two of them it is nobody's.
    session.on('error', () => undefined)
    session.unref()
    this.#session = session
    return { session, fresh: true }
  }

  close(): void {
    this.#session?.destroy()
    // Node 20 calls a session destroyed that was told to go away, and leaves its socket open.
    this.#socket?.destroy()
    this.#session = undefined
    this.#socket = undefined
  }
}

function call(
  connection: Connection,
  { url, headers, body }: ExportRequest,
  timeoutMs: number,
  signal: AbortSignal
): Promise<Delivery> {
  return new Promise((resolve) => {
    const { session, fresh } = connection.get()
    const broken = fresh ? 'retry' : 'stale'
    let result: Delivery | undefined
    let failure: Delivery = { outcome: broken, why: 'connection closed' }
    const chunks: Buffer[] = []
    let length = 0

    const stream = session.request({
      ':method': 'POST',
      ':path': url.pathname + url.search,
      ...headers
    })
    const timer = after(timeoutMs, () => {
      giveUp({ outcome: 'retry', why: `no answer within ${timeoutMs} ms` })
      // What does not answer may be a connection whose other end is gone.
      connection.close()
    })
    signal.addEventListener('abort', cancel, { once: true })

    function cancel(): void {
      stream.close(http2().constants.NGHTTP2_CANCEL)
    }
    function giveUp(why: Delivery): void {
      failure = why
      cancel()
    }
    // A stream is cancelled when its session fails; why that did is the cause.
    function failed(error: NodeJS.ErrnoException): void {
      const { code, message } = (error.cause as NodeJS.ErrnoException | undefined) ?? error
      failure = { outcome: broken, why: code ?? message }
    }

    stream.on('response', (answer) => {
      failure = { outcome: 'retry', why: 'answer without a status' }
      result = deliveryOfHttp(answer) ?? deliveryOf(answer)
      if (result !== undefined) cancel()
    })
    stream.on('trailers', (trailers) => {
      result ??= deliveryOf(trailers)
    })
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > answerBytes) giveUp({ outcome: 'refused', why: 'answer without an end' })
    })
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (failure.why === 'connection closed') failed(error)
    })
    stream.on('close', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      resolve(result === undefined ? failure : { ...result, answer: messageOf(chunks) })
    })
    stream.end(body)
  })
}

function after(ms: number, act: () => void): NodeJS.Timeout {
  return setTimeout(act, ms).unref()
}

/** A message with its prefix: whether it is compressed, and its length. */
function framed(body: Buffer, gzipped: boolean): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = gzipped ? 1 : 0
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

/** The message of an answer; empty where there is none, or one in an encoding that was not asked for. */
function messageOf(chunks: readonly Buffer[]): Buffer {
  const answer = Buffer.concat(chunks)
  if (answer.length < 5 || answer[0] !== 0) return Buffer.alloc(0)
  return answer.subarray(5, 5 + answer.readUInt32BE(1))
}
