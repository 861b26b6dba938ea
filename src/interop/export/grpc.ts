import type * as Http2 from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http2'
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
    async send(request, signal) {
      const { session, fresh } = connection.get()
      const called = await call(session, request, timeoutMs, signal)
      // Its other end may be gone, or be one that floods.
      if (called.broken !== undefined) connection.close()
      return deliveryOfCall(called, fresh)
    },
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
// As in HTTP/1.1: answers before the answer.
const mostInformation = 32
const endless = 'answer without an end'
// CANCEL of RFC 9113, section 7.
const cancelled = 8

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

/** What became of a call, as it was seen. */
interface Called {
  readonly headers: IncomingHttpHeaders | undefined
  readonly trailers: IncomingHttpHeaders
  readonly body: Buffer
  /** Why it ended early; undefined where the other side has ended it. */
  readonly broken: string | undefined
}

/** The listeners note what happens and do nothing else: what they threw would end the process. */
function call(
  session: Http2.ClientHttp2Session,
  { url, headers, body }: ExportRequest,
  timeoutMs: number,
  signal: AbortSignal
): Promise<Called> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let called: Omit<Called, 'body'> = { headers: undefined, trailers: {}, broken: undefined }
    let length = 0
    let information = 0
    const stream = session.request({
      ':method': 'POST',
      ':path': url.pathname + url.search,
      ...headers
    })
    // A stream that is only closed waits for what may never come; one that is only destroyed does not tell the other side.
    const cancel = (): void => {
      stream.close(cancelled)
      stream.destroy()
    }
    const giveUp = (broken: string): void => {
      called = { ...called, broken }
      cancel()
    }
    const timer = after(timeoutMs, () => giveUp(`no answer within ${timeoutMs} ms`))
    signal.addEventListener('abort', cancel, { once: true })

    stream.on('headers', () => {
      if (++information > mostInformation) giveUp('no end of informational answers')
    })
    stream.on('response', (answer) => {
      called = { ...called, headers: answer }
      // Trailers will not come, or would say nothing more.
      if (Number(answer[':status']) !== 200 || 'grpc-status' in answer) cancel()
    })
    stream.on('trailers', (trailers) => (called = { ...called, trailers }))
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > answerBytes) giveUp(endless)
    })
    // A stream is cancelled when its session fails; why that did is the cause.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const { code, message } = (error.cause as NodeJS.ErrnoException | undefined) ?? error
      called = { ...called, broken: called.broken ?? code ?? message }
    })
    stream.on('close', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      resolve({ ...called, body: Buffer.concat(chunks) })
    })
    stream.end(body)
  })
}

function deliveryOfCall({ headers, trailers, body, broken }: Called, fresh: boolean): Delivery {
  const said = headers && (deliveryOfHttp(headers) ?? deliveryOf(headers) ?? deliveryOf(trailers))
  if (said !== undefined) return { ...said, answer: messageOf(body) }
  if (broken === endless) return { outcome: 'refused', why: broken }
  if (headers !== undefined) return { outcome: 'retry', why: broken ?? 'answer without a status' }
  return { outcome: fresh ? 'retry' : 'stale', why: broken ?? 'connection closed' }
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
function messageOf(answer: Buffer): Buffer {
  if (answer.length < 5 || answer[0] !== 0) return Buffer.alloc(0)
  return answer.subarray(5, 5 + answer.readUInt32BE(1))
}
