import { randomBytes } from 'node:crypto'

export interface Sent {
  readonly name: string
  readonly traceId?: string
  readonly spanId?: string
  readonly parentId?: string
  readonly service?: string
  readonly route?: string
  readonly status?: number
  readonly ms?: number
  readonly failed?: boolean
  /** When it began, in milliseconds since 1970. */
  readonly at?: number
}

/** A trace of one span, as OTLP has it. */
export function otlpTrace(sent: Sent): object {
  const { name, route, status, ms = 5, failed = false, service = 'shop', parentId } = sent
  const start = BigInt(sent.at ?? Date.now()) * 1_000_000n
  const attributes = {
    ...(route !== undefined && { 'http.request.method': 'GET', 'http.route': route }),
    ...(status !== undefined && { 'http.response.status_code': status })
  }
  const span = {
    traceId: sent.traceId ?? randomBytes(16).toString('hex'),
    spanId: sent.spanId ?? randomBytes(8).toString('hex'),
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name,
    kind: 2,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.round(ms * 1e6))),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value }
    })),
    status: failed ? { code: 2 } : {}
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }
}

/** Hands in a trace of one span, as OTLP's JSON. */
export async function sendTrace(origin: string, sent: Sent): Promise<void> {
  const answer = await fetch(`${origin}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(otlpTrace(sent))
  })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
}

/** Sends again and again until something else has happened, and gives what that gives. */
export async function sendUntil<T>(
  happened: Promise<T>,
  origin: string,
  ...traces: readonly Sent[]
): Promise<T> {
  const state = { over: false }
  const end = (): void => void (state.over = true)
  happened.then(end, end)
  while (!state.over) {
    for (const one of traces) await sendTrace(origin, one)
    await new Promise((done) => setTimeout(done, 100))
  }
  return happened
}
