import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import { until } from '../until.ts'

export interface RealApp {
  /** `http://127.0.0.1:port` */
  url: string
  /** The page. */
  page: string
  /** Sends a request and gives the line of its trace. */
  visit(path: string): Promise<Summary>
  /** Traces that match, newest first. */
  traces(query: string): Promise<Summary[]>
  /** Hands spans in, as another service would. */
  ingest(spans: IngestSpan[], service?: string): Promise<void>
  close(): Promise<void>
}

/** One span of OTLP JSON; times in microseconds after `epoch`. */
export interface IngestSpan {
  traceId: string
  id: number
  parent?: number
  name: string
  start: number
  duration: number
  kind?: number
  failed?: boolean
  attributes?: Record<string, string>
  /** What was logged, and when. */
  logs?: Record<string, number>
}

/** Starts test/ui/app.js, which uses the built package. */
export async function startRealApp(variables: Record<string, string> = {}): Promise<RealApp> {
  const env = { ...process.env, NODE_ENV: 'development', ...variables }
  const child = fork(fileURLToPath(new URL('app.js', import.meta.url)), {
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { url: string }).url))
    child.once('exit', (code) =>
      reject(new Error(`the application ended with ${code}; was the package built?`))
    )
  })
  const page = `${url}/_traces/`
  const token = variables['SPANLIGHT_TOKEN']
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  const traces = async (query: string) => {
    const answer = await fetch(`${page}api/traces?q=${encodeURIComponent(query)}`, { headers })
    return ((await answer.json()) as TraceList).traces
  }
  return {
    url,
    page,
    traces,
    async visit(path) {
      const before = new Set((await traces('')).map((trace) => trace.traceId))
      await fetch(url + path).then((answer) => answer.arrayBuffer())
      let found: Summary | undefined
      await until(async () => {
        const all = await traces('')
        return (found = all.find(({ traceId, inFlight }) => !before.has(traceId) && !inFlight))
      })
      return found as Summary
    },
    async ingest(spans, service = 'remote') {
      for (let from = 0; from < spans.length; from += 5000)
        await send(`${page}v1/traces`, spans.slice(from, from + 5000), service)
    },
    close: () => end(child)
  }
}

const epoch = BigInt(Date.now()) * 1_000_000n

async function send(url: string, spans: IngestSpan[], service: string): Promise<void> {
  const hex = (id: number) => id.toString(16).padStart(16, '0')
  const body = {
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeSpans: [
          {
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: hex(span.id),
              ...(span.parent !== undefined && { parentSpanId: hex(span.parent) }),
              name: span.name,
              kind: span.kind ?? 1,
              startTimeUnixNano: String(epoch + BigInt(span.start) * 1000n),
              endTimeUnixNano: String(epoch + BigInt(span.start + span.duration) * 1000n),
              events: Object.entries(span.logs ?? {}).map(([text, at]) => ({
                name: 'log',
                timeUnixNano: String(epoch + BigInt(at) * 1000n),
                attributes: Object.entries({ 'log.severity': 'info', 'log.body': text }).map(
                  ([key, stringValue]) => ({ key, value: { stringValue } })
                )
              })),
              status: span.failed ? { code: 2, message: 'failed' } : {},
              attributes: Object.entries(span.attributes ?? {}).map(([key, value]) => ({
                key,
                value: { stringValue: value }
              }))
            }))
          }
        ]
      }
    ]
  }
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const answer = await fetch(url, { method: 'POST', headers, body: gzipSync(JSON.stringify(body)) })
  if (!answer.ok) throw new Error(`ingest answered ${answer.status}: ${await answer.text()}`)
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.disconnect()
  })
}
