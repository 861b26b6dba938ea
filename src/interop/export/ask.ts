import type { IncomingHttpHeaders } from 'node:http'
import { exchange } from './exchange.ts'

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

const answerBytes = 256 * 1024

export const ask: Ask = async (text, { method = 'GET', headers, body = '', timeoutMs }) => {
  const url = new URL(text)
  const answer = await exchange({
    method,
    url,
    headers: {
      ...headers,
      ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) })
    },
    body,
    agent: false,
    timeoutMs,
    answerBytes
  })
  const { status, broken } = answer
  if (status === undefined || broken !== undefined) throw new Error(`${url.host}: ${broken}`)
  return { status, headers: answer.headers, body: answer.body.toString('utf8') }
}

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
