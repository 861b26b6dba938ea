import express from 'express'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { tracing } from '../../../src/express.ts'
import type { TracingOptions } from '../../../src/options.ts'
import { ask, closeAll, listen, PageApi } from '../../tracing/setup.ts'
import { until } from '../../until.ts'

afterEach(closeAll)

const token = 'a-token-that-is-long-enough-0123456789'

async function shop(options: TracingOptions = {}): Promise<string> {
  const app = express()
  app.use(tracing({ service: 'shop', export: false, ...options }))
  app.get('/orders/:id', (_req, res) => void res.send('ok'))
  const origin = await listen(app)
  await ask(`${origin}/orders/7`)
  return `${origin}/_traces`
}

const json = async (address: string, headers: Record<string, string> = {}): Promise<any> => {
  const { status, text } = await ask(address, { headers })
  if (status !== 200) throw new Error(`${address}: ${status} ${text}`)
  return JSON.parse(text)
}

it('spans are handed over to a Zipkin, as they end', async () => {
  const posted: { url: string; type: string; spans: any[] }[] = []
  const zipkin = await listen(async (req, res) => {
    const body = await buffer(req)
    const plain = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const { 'content-type': type = '' } = req.headers
    posted.push({ url: req.url as string, type, spans: JSON.parse(plain.toString()) })
    res.writeHead(202).end()
  })
  const at = await shop({ export: { url: zipkin, protocol: 'zipkin' } })
  await until(() => posted.length > 0)
  const [{ url, type, spans }] = posted
  expect([url, type]).toEqual(['/api/v2/spans', 'application/json'])
  const root = spans.find((span: any) => span.kind === 'SERVER')
  expect(root).toMatchObject({ name: 'GET /orders/:id', localEndpoint: { serviceName: 'shop' } })
  expect(await json(`${at}/api/v2/trace/${root.traceId}`)).toEqual(spans)
  const [figures] = (await new PageApi(at).status()).exports ?? []
  expect(figures).toMatchObject({ protocol: 'zipkin', sent: spans.length, failed: 0 })
})

describe('the addresses of Zipkin on a server', () => {
  it('answer Grafana and Zipkin’s page, from the choice of a service to a trace', async () => {
    const at = await shop()
    for (const api of [`${at}/api/v2`, `${at}/zipkin/api/v2`]) {
      expect(await json(`${api}/services`)).toEqual(['shop'])
      expect(await json(`${api}/spans?serviceName=shop`)).toContain('GET /orders/:id')
      const search = new URLSearchParams({
        serviceName: 'shop',
        annotationQuery: 'http.response.status_code=200 and http.route=/orders/:id',
        endTs: String(Date.now()),
        lookback: '900000',
        limit: '10'
      })
      const [spans, ...more] = await json(`${api}/traces?${search}`)
      expect(more).toEqual([])
      const root = spans.find((span: any) => span.parentId === undefined)
      expect(root).toMatchObject({
        kind: 'SERVER',
        name: 'GET /orders/:id',
        localEndpoint: { serviceName: 'shop' },
        tags: { 'url.path': '/orders/7', 'http.response.status_code': '200' }
      })
      expect(await json(`${api}/trace/${root.traceId}`)).toEqual(spans)
      expect(await json(`${api}/dependencies?endTs=${Date.now()}`)).toEqual([])
    }
    expect(await json(`${at}/zipkin/config.json`)).toMatchObject({ searchEnabled: true })
  })

  it('take spans where they name them, and give them back', async () => {
    const at = await shop()
    const sent = {
      traceId: 'a'.repeat(16),
      id: 'b'.repeat(16),
      name: 'count',
      timestamp: Date.now() * 1000,
      duration: 12,
      localEndpoint: { serviceName: 'stock' },
      tags: { shelf: '7' }
    }
    const { status, text } = await ask(`${at}/api/v2/spans`, {
      method: 'POST',
      body: gzipSync(JSON.stringify([sent])),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    })
    expect([status, text]).toEqual([202, ''])
    expect(await json(`${at}/api/v2/spans?serviceName=stock`)).toEqual(['count'])
    expect(await json(`${at}/api/v2/trace/${sent.traceId}`)).toEqual([sent])
    const id = sent.traceId.padStart(32, '0')
    const file = await ask(`${at}/api/traces/${id}?format=zipkin`)
    expect(JSON.parse(file.text)).toEqual([sent])
    expect(file.headers.get('content-disposition')).toContain('.zipkin.json')
  })

  it('are read by the page’s token alone, where it needs one', async () => {
    const at = await shop({ token })
    const elsewhere = { 'x-forwarded-for': '203.0.113.7' }
    expect((await ask(`${at}/api/v2/services`, { headers: elsewhere })).status).toBe(401)
    const headers = { ...elsewhere, authorization: `Bearer ${token}` }
    expect(await json(`${at}/zipkin/api/v2/services`, headers)).toEqual(['shop'])
  })

  it('say what is wrong', async () => {
    const at = await shop()
    expect(await ask(`${at}/api/v2/trace/x`)).toMatchObject({ status: 400 })
    expect(await ask(`${at}/api/v2/trace/abc`)).toMatchObject({ status: 404 })
    expect(await ask(`${at}/api/v2/nothing`)).toMatchObject({ status: 404 })
    expect(await ask(`${at}/api/v2/traces`, { method: 'DELETE' })).toMatchObject({ status: 403 })
  })
})
