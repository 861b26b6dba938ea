import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Delivery, Destination, Transport } from './destination.ts'
import { exchange, type Exchanged } from './exchange.ts'

// Only whether the answer names rejected spans is of interest.
const answerBytes = 64 * 1024

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
    send: async (request, signal) =>
      deliveryOf(await exchange({ ...request, agent, timeoutMs, answerBytes, signal })),
    close: () => agent.destroy()
  }
}

// OTLP/HTTP, "Failures": these may be sent again, all others are final.
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])
const unauthorized: ReadonlySet<number> = new Set([401, 403])

function deliveryOf({ status, headers, body, broken, stale }: Exchanged): Delivery {
  if (status === undefined)
    return { outcome: stale ? 'stale' : 'retry', why: broken ?? 'no answer' }
  const why = `HTTP status ${status}`
  if (status >= 200 && status < 300)
    return { outcome: 'sent', why, ...(broken === undefined && { answer: body }) }
  if (status === 413) return { outcome: 'too large', why }
  if (unauthorized.has(status)) return { outcome: 'unauthorized', why }
  if (!retryable.has(status)) return { outcome: 'refused', why }
  return { outcome: 'retry', why, retryAfterMs: retryAfter(headers['retry-after']) }
}

/** Seconds or a date (RFC 9110, 10.2.3), in milliseconds from now. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
