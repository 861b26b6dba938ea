import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Delivery, Destination, ExportRequest, Transport } from './destination.ts'

/** Requests of HTTP/1.1, one at a time over one connection. */
export function createHttp({ url: text, format, headers, timeoutMs, tls }: Destination): Transport {
  const url = new URL(text)
  const options = { keepAlive: true, maxSockets: 1 }
  const agent =
    url.protocol === 'https:' ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options)
  return {
    request: (body, gzipped) => ({
      method: 'POST',
      url,
      headers: {
        ...headers,
        'content-type': format.contentType,
        ...(gzipped && { 'content-encoding': 'gzip' }),
        'content-length': String(body.length),
        'user-agent': 'spanlight'
      },
      body
    }),
    send: (request, signal) => post(request, agent, timeoutMs, signal),
    close: () => agent.destroy()
  }
}

// A pending connect keeps the process alive even when its socket is unreferenced, and an address that answers nothing would for minutes.
const connectMs = 2000
// Only whether the answer names rejected spans is of interest; an answer without an end must not hold up the next batch.
const answerMs = 1000
const answerBytes = 64 * 1024

function post(
  { method, url, headers, body }: ExportRequest,
  agent: HttpAgent,
  timeoutMs: number,
  signal: AbortSignal
): Promise<Delivery> {
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { method, agent, signal, headers })
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
      readStart(response, (answer) => {
        result = { ...result, answer }
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // The answer's first line has decided already; what goes wrong after it changes nothing.
      if (answered) return
      const stale = request.reusedSocket && /^(?:ECONNRESET|EPIPE)$/.test(error.code ?? '')
      result = { outcome: stale ? 'stale' : 'retry', why: error.code ?? error.message }
    })
    // Comes last, after an error, an end, or an upgrade that nobody asked for.
    request.on('close', done)
    request.end(body)
  })
}

function readStart(response: IncomingMessage, whenEnded: (answer: Buffer) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > answerBytes) response.destroy()
  })
  response.on('end', () => whenEnded(Buffer.concat(chunks)))
}

// OTLP/HTTP, "Failures": these may be sent again, all others are final.
const retryable: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504])

function deliveryOf(response: IncomingMessage): Delivery {
  const { statusCode = 0, headers } = response
  const why = `HTTP status ${statusCode}`
  if (statusCode >= 200 && statusCode < 300) return { outcome: 'sent', why }
  if (statusCode === 413) return { outcome: 'too large', why }
  if (!retryable.has(statusCode)) return { outcome: 'refused', why }
  return { outcome: 'retry', why, retryAfterMs: retryAfter(headers['retry-after']) }
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds from now. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
