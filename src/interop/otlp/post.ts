import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export interface Target {
  readonly url: URL
  readonly agent: HttpAgent
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** What became of one request. */
export interface Delivery {
  /** `stale` is a kept connection that the other side had closed: nothing was sent, and nothing is wrong. */
  readonly outcome: 'sent' | 'retry' | 'refused' | 'stale'
  /** In words, for a line of output. */
  readonly why: string
  /** What Retry-After asked for; undefined without one. */
  readonly retryAfterMs?: number | undefined
  /** Beginning of the answer's body. */
  readonly body?: string
}

export function createAgent(url: URL): HttpAgent {
  const options = { keepAlive: true, maxSockets: 1 }
  return url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
}

// A pending connect keeps the process alive even when its socket is unreferenced, and an address that answers nothing would for minutes.
const connectMs = 2000
// Only whether the answer names rejected spans is of interest; an answer without an end must not hold up the next batch.
const answerMs = 1000
const answerBytes = 64 * 1024

/** Posts a body and tells what became of it. Never rejects, never keeps the process alive, and ends within `timeoutMs` whatever the other side does. */
export function post(target: Target, body: Buffer, signal: AbortSignal): Promise<Delivery> {
  return new Promise((resolve) => {
    const { url, agent, timeoutMs } = target
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const headers = { ...target.headers, 'content-length': body.length }
    const request = send(url, { method: 'POST', agent, signal, headers })
    const timers = new Set([after(timeoutMs, `no answer within ${timeoutMs} ms`)])
    let result: Delivery = { outcome: 'retry', why: 'connection closed' }
    let answered = false

    function after(ms: number, why: string): NodeJS.Timeout {
      return setTimeout(() => request.destroy(new Error(why)), ms).unref()
    }
    function done(): void {
      for (const timer of timers) clearTimeout(timer)
      resolve(result)
    }

    request.on('socket', (socket) => {
      socket.unref()
      if (!socket.connecting) return
      const timer = after(connectMs, `no connection within ${connectMs} ms`)
      timers.add(timer)
      socket.once('connect', () => clearTimeout(timer))
    })
    request.on('response', (response) => {
      answered = true
      result = deliveryOf(response)
      timers.add(after(answerMs, 'answer without an end'))
      readStart(response, (text) => {
        result = { ...result, body: text }
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The answer's first line has decided already; what goes wrong after it changes nothing.
      if (answered) return
      const stale = request.reusedSocket && error.code === 'ECONNRESET'
      result = { outcome: stale ? 'stale' : 'retry', why: error.code ?? error.message }
    })
    // Comes last, after an error, an end, or an upgrade that nobody asked for.
    request.on('close', done)
    request.end(body)
  })
}

function readStart(response: IncomingMessage, whenEnded: (text: string) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > answerBytes) response.destroy()
  })
  response.on('end', () => whenEnded(Buffer.concat(chunks).toString('utf8')))
}

// OTLP/HTTP, "Failures": these may be sent again, all others are final.
const retryable: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504])

function deliveryOf(response: IncomingMessage): Delivery {
  const { statusCode = 0, headers } = response
  const why = `HTTP status ${statusCode}`
  if (statusCode >= 200 && statusCode < 300) return { outcome: 'sent', why }
  if (!retryable.has(statusCode)) return { outcome: 'refused', why }
  return { outcome: 'retry', why, retryAfterMs: retryAfter(headers['retry-after']) }
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds from now. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
