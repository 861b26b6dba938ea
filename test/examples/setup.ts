import type { RequestListener, Server } from 'node:http'
import { context } from '@opentelemetry/api'
import supertest from 'supertest'
import type { Summary } from '../../src/wire/summary.ts'
import type { SpanDetail, TraceColumns } from '../../src/wire/trace.ts'
import { until } from '../until.ts'

// The examples use the built package; the way to its context is OpenTelemetry's API, which it backs.
const suppress = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** As another process would do it: the test's own requests are not recorded beside those of the example, which is in the same process. */
function fromOutside<T>(fn: () => Promise<T>): Promise<T> {
  return context.with(context.active().setValue(suppress, true), fn)
}

/** One example and its page. */
export class Example {
  readonly #agent: ReturnType<typeof supertest>
  readonly #headers: Record<string, string>

  constructor(of: RequestListener | Server | string, headers: Record<string, string> = {}) {
    this.#agent = supertest(of)
    this.#headers = headers
  }

  get(path: string): Promise<supertest.Response> {
    return fromOutside(async () => await this.#agent.get(path).set(this.#headers))
  }

  async api<T>(path: string): Promise<T> {
    const { status, body } = await this.get(`/_traces/api/${path}`)
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
    return body as T
  }

  /** The trace of that name, once it has ended: its line, and its spans in display order. */
  async trace(name: string): Promise<{ line: Summary; spans: SpanDetail[] }> {
    let line: Summary | undefined
    await until(async () => {
      const { traces } = await this.api<{ traces: Summary[] }>('traces')
      return (line = traces.find((trace) => trace.name === name && !trace.inFlight))
    })
    const { traceId } = line as Summary
    const { spans } = await this.api<TraceColumns>(`traces/${traceId}`)
    const details = spans.id.map((id) => this.api<SpanDetail>(`traces/${traceId}/spans/${id}`))
    return { line: line as Summary, spans: await Promise.all(details) }
  }
}
