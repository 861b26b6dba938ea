import express from 'express'
import { createServer, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { tracing } from '../../src/index.ts'
import type { TracingOptions } from '../../src/options.ts'
import type { ExportStatus } from '../../src/wire/status.ts'
import { Request } from '../bench/ingest/otlp.js'
import { alone, endAll, freePorts, removeState, startHub } from '../cli/process.ts'
import { grpcCollector } from '../interop/export/grpc-collector.ts'
import { ask, closeAll, listen, PageApi } from './setup.ts'
import { until } from '../until.ts'

afterEach(closeAll)
afterEach(endAll)
afterAll(removeState)

/** An application that exports, and its page. */
async function exportingTo(options: TracingOptions['export']) {
  const app = express()
  app.use(tracing({ service: 'shop', export: options }))
  app.get('/orders/:id', (req, res) => void res.send(req.params.id))
  const origin = await listen(createServer(app))
  const api = new PageApi(`${origin}/_traces`)
  const exports = async (): Promise<ExportStatus[]> => (await api.status()).exports
  return { origin, api, exports }
}

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const sent = Buffer.concat(chunks)
  return req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
}

describe('an application with several destinations', () => {
  it('sends every trace to each in its own way, and to one that is dead no worse', async () => {
    const seen: Record<string, string[]> = { protobuf: [], json: [], zipkin: [] }
    const names = (request: object): string[] =>
      (request as Sent).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name))
      )
    const collector = await listen(async (req, res) => {
      const body = await bodyOf(req)
      const type = req.headers['content-type'] ?? ''
      if (req.url === '/api/v2/spans')
        seen['zipkin']?.push(
          ...(JSON.parse(body.toString()) as { name: string }[]).map((s) => s.name)
        )
      else if (type === 'application/x-protobuf')
        seen['protobuf']?.push(...names(Request.toObject(Request.decode(body))))
      else seen['json']?.push(...names(JSON.parse(body.toString()) as object))
      res.writeHead(req.url === '/api/v2/spans' ? 202 : 200).end()
    })
    const grpc = await grpcCollector()
    const [dead] = await freePorts(1)
    const { origin, api, exports } = await exportingTo([
      collector,
      { url: `${collector}/v1/traces`, protocol: 'http/json', compression: 'none' },
      { url: collector, protocol: 'zipkin' },
      { url: grpc.url, protocol: 'grpc' },
      { url: `http://127.0.0.1:${dead}`, timeout: 500 }
    ])
    await ask(`${origin}/orders/5`)
    const { spans } = await api.named('GET /orders/:id')
    await until(async () => {
      const all = await exports()
      return (
        all.slice(0, 4).every(({ sent }) => sent === spans) && all.some(({ failing }) => failing)
      )
    })
    const expected = ['GET /orders/:id', 'request handler - /orders/:id']
    const sorted = (list: string[] = []): string[] => [...list].sort()
    expect(sorted(seen['protobuf'])).toEqual(expected)
    expect(sorted(seen['json'])).toEqual(expected)
    expect(sorted(seen['zipkin'])).toEqual(expected)
    expect(sorted(grpc.calls.flatMap((call) => call.names))).toEqual(expected)
    expect(await exports()).toMatchObject([
      { to: `${collector}/v1/traces`, protocol: 'http/protobuf', failed: 0, lastError: '' },
      { to: `${collector}/v1/traces`, protocol: 'http/json' },
      { to: `${collector}/api/v2/spans`, protocol: 'zipkin' },
      { to: grpc.url, protocol: 'grpc' },
      { sent: 0, waiting: spans, failing: true, lastError: 'ECONNREFUSED' }
    ])
    grpc.kill()
  })

  it('shows each a token of its own, from a function that is asked again when one is refused', async () => {
    const shown: (string | undefined)[] = []
    const collector = await listen((req, res) => {
      const { authorization } = req.headers
      shown.push(authorization)
      res.writeHead(authorization === 'Bearer 2' ? 200 : 401).end()
    })
    let nth = 0
    const headers = async () => ({ authorization: `Bearer ${++nth}` })
    const { origin, exports } = await exportingTo([
      { url: collector, headers },
      {
        url: `${collector}/fails`,
        headers: () => {
          throw new Error('no login for password=hunter2')
        }
      },
      { url: `${collector}/hangs`, headers: () => new Promise(() => {}), timeout: 50 }
    ])
    await ask(`${origin}/orders/5`)
    await until(async () => {
      const [first, ...others] = await exports()
      return first?.sent === 2 && others.every(({ failing }) => failing)
    })
    expect(shown).toEqual(['Bearer 1', 'Bearer 2'])
    const [, fails, hangs] = await exports()
    expect(fails?.lastError).toBe('no login for password=[redacted]')
    expect(hangs?.lastError).toBe('no credentials within 50 ms')
  })

  it('sends nothing on that another process sent it', async () => {
    const bodies: Buffer[] = []
    const collector = await listen(async (req, res) => {
      bodies.push(await bodyOf(req))
      res.end()
    })
    const { origin, api } = await exportingTo(collector)
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'foreign',
      startTimeUnixNano: '1700000000000000000'
    }
    const { status } = await ask(`${origin}/_traces/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
    })
    expect(status).toBe(200)
    await api.named('foreign')
    await ask(`${origin}/orders/5`)
    await until(() => bodies.length > 0)
    expect(Buffer.concat(bodies).includes('GET /orders')).toBe(true)
    expect(Buffer.concat(bodies).includes('foreign')).toBe(false)
  })
})

interface Sent {
  resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[]
}

describe('an application and a hub', () => {
  it.each(['grpc', 'http/protobuf', 'http/json'] as const)(
    'are one set-up apart, by %s',
    async (protocol) => {
      const [port, grpcPort] = await freePorts(2)
      const ports = [`--grpc-port=${grpcPort}`, '--zipkin-port=off', '--jaeger-port=off']
      const { origin: hub } = await startHub([`--port=${port}`, ...ports])
      const url = protocol === 'grpc' ? `http://127.0.0.1:${grpcPort}` : hub
      const { origin, exports } = await exportingTo({ url, protocol })
      await ask(`${origin}/orders/1`)
      const { spans } = await new PageApi(`${hub}/_traces`).named('GET /orders/:id')
      expect(spans).toBe(2)
      await until(async () => (await exports()).every(({ sent }) => sent === spans))
      expect((await exports())[0]).toMatchObject({ protocol, failed: 0, lastError: '' })
    }
  )

  it('find each other again after the hub was away, and no trace is lost', async () => {
    const [port] = await freePorts(1)
    const words = ['--port', String(port), ...alone]
    const first = await startHub(words)
    const { origin, exports } = await exportingTo(first.origin)
    await ask(`${origin}/orders/1`)
    // Until its answer has come, too: what a hub may have taken and has not confirmed is sent again.
    await until(async () => (await exports()).some(({ sent }) => sent > 0))
    first.hub.kill('SIGKILL')
    await first.hub.ended
    for (const id of [2, 3, 4]) await ask(`${origin}/orders/${id}`)
    await until(async () => (await exports()).some(({ failing }) => failing))

    const second = await startHub(words)
    await ask(`${origin}/orders/5`)
    const page = new PageApi(`${second.origin}/_traces`)
    await until(async () => (await page.traces('service:shop')).length >= 4)
    expect(await page.traces('service:shop')).toHaveLength(4)
    await until(async () => (await exports())[0]?.waiting === 0)
    expect((await exports())[0]).toMatchObject({ failed: 0, dropped: 0, failing: false })
  })
})
