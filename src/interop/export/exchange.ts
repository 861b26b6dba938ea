import { type Agent, type IncomingHttpHeaders, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface Exchange {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  /** False for a connection of its own. */
  readonly agent: Agent | false
  readonly timeoutMs: number
  /** Bytes of the answer's body that are waited for. */
  readonly answerBytes: number
  readonly signal?: AbortSignal
}

export interface Exchanged {
  /** Undefined where there was no first line of an answer. */
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  /** As much as came. */
  readonly body: Buffer
  /** Why there is no answer, or no whole one; undefined where there is. */
  readonly broken: string | undefined
  /** The other side had closed a connection that was kept. */
  readonly stale: boolean
}

// A pending connect keeps the process alive even when its socket is unreferenced, and an address that answers nothing would for minutes.
const connectMs = 2000
// An answer without an end must not hold up what is sent next.
const bodyMs = 1000
// Answers before the answer (RFC 9110, 15.2): one is usual, and a flood of them takes a whole processor core.
const mostInformation = 32
const endless = 'answer without an end'

/**
 * One request of HTTP/1.1. It ends in time and does not keep the process alive, whatever the other side does; redirects are not followed,
 * as what is sent may be a secret. Rejects only where no request can be made at all. The listeners note what happens and do nothing else: what
 * they threw would end the process.
 */
export function exchange({
  method,
  url,
  headers,
  body,
  agent,
  timeoutMs,
  answerBytes,
  signal
}: Exchange): Promise<Exchanged> {
  return new Promise((resolve) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { method, agent, headers, ...(signal && { signal }) })
    const timers = new Set<NodeJS.Timeout>()
    const chunks: Buffer[] = []
    let status: number | undefined
    let received: IncomingHttpHeaders = {}
    let broken: string | undefined = 'connection closed'
    let stale = false
    let gaveUp = false
    let length = 0
    let information = 0

    const giveUp = (why: string): void => {
      // To Node, a body whose length is not known ends as it is to when we hang up.
      gaveUp = true
      broken = why
      request.destroy()
    }
    const within = (ms: number, why: string): NodeJS.Timeout => {
      const timer = setTimeout(giveUp, ms, why).unref()
      timers.add(timer)
      return timer
    }
    within(timeoutMs, `no answer within ${timeoutMs} ms`)
    request.on('socket', (socket) => {
      socket.unref()
      if (!socket.connecting) return
      const timer = within(connectMs, `no connection within ${connectMs} ms`)
      socket.once('connect', () => clearTimeout(timer))
    })
    request.on('information', () => {
      if (++information > mostInformation) giveUp('no end of informational answers')
    })
    request.on('response', (response) => {
      status = response.statusCode
      received = response.headers
      broken = endless
      within(bodyMs, endless)
      response.on('error', () => undefined)
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > answerBytes) giveUp(endless)
      })
      response.on('end', () => {
        if (!gaveUp) broken = undefined
      })
    })
    request.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      // The answer's first line has decided already; what goes wrong after it changes nothing.
      if (gaveUp || status !== undefined) return
      broken = code ?? message
      stale = request.reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE')
    })
    // Comes last: after an error, an end, or an upgrade that nobody asked for.
    request.on('close', () => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ status, headers: received, body: Buffer.concat(chunks), broken, stale })
    })
    request.end(body)
  })
}
