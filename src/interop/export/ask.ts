import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Asks for credentials. Rejects with a sentence when no whole answer comes in time. */
export type Ask = (url: string, question: Question) => Promise<Answer>

const maxAnswer = 256 * 1024

/** One request over a connection of its own, which does not keep the process alive. Redirects are not followed: what is asked here tells secrets. */
export const ask: Ask = (text, { method = 'GET', headers, body = '', timeoutMs }) =>
  new Promise((resolve, reject) => {
    const url = new URL(text)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const request = send(url, { method, agent: false, headers: { ...headers, ...length } })
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs
    ).unref()
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer)
      reject(new Error(`${url.host}: ${error.code ?? error.message}`))
    }
    request.on('socket', (socket) => socket.unref())
    request.on('error', fail)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size > maxAnswer) response.destroy(new Error('the answer is too long'))
      })
      response.on('error', fail)
      response.on('end', () => {
        clearTimeout(timer)
        const { statusCode: status = 0, headers: received } = response
        resolve({ status, headers: received, body: Buffer.concat(chunks).toString('utf8') })
      })
    })
    request.end(body)
  })

const ownMachine = /^(?:127(?:\.\d+){3}|\[::1\]|localhost)$/

/** Whether a secret may be sent there: by HTTPS, or without leaving this machine. */
export function isTrusted(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && ownMachine.test(hostname))
}

/** The answer's JSON object; anything else is an empty one. */
export function objectOf({ body }: Pick<Answer, 'body'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
