import { createServer, request, type RequestListener } from 'node:http'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { tracing } from '../../../src/express.ts'
import type { TracingOptions } from '../../../src/options.ts'
import { ask, closeAll, listen } from '../../tracing/setup.ts'
import { classic, v3 } from './schemas.ts'

afterEach(closeAll)

const token = 'a-token-that-is-long-enough-0123456789'

async function shop(options: TracingOptions = {}): Promise<string> {
  const app = express()
  app.use(tracing({ service: 'shop', ...options }))
  app.get('/orders/:id', (_req, res) => void res.send('ok'))
  const origin = await listen(app)
  await ask(`${origin}/orders/7`)
  return `${origin}/_traces/jaeger`
}

const json = async (address: string, headers: Record<string, string> = {}): Promise<unknown> => {
  const { status, text } = await ask(address, { headers })
  if (status !== 200) throw new Error(`${status} ${text}`)
  return JSON.parse(text)
}

/** What ends TLS or joins two servers under one address: it names who asked, and shows our token for those whom it lets in. */
function proxy(to: string, headers: Record<string, string>): RequestListener {
  return (req, res) => {
    const address = new URL(`${to}${req.url}`)
    const sent = { ...req.headers, ...headers, 'x-forwarded-for': '203.0.113.7' }
    request(address, { headers: sent }, (answer) => {
      res.writeHead(answer.statusCode as number, answer.headers)
      answer.pipe(res)
    }).end()
  }
}

describe('the addresses below jaeger/ of a server', () => {
  it('answer Grafana on the same machine, from its check of the data source to a trace', async () => {
    const at = await shop()
    const { data: services } = classic.names.parse(await json(`${at}/api/services`))
    expect(services).toEqual(['shop'])
    const names = classic.names.parse(await json(`${at}/api/services/shop/operations`))
    expect(names.data).toContain('GET /orders/:id')
    const now = Date.now() * 1000
    const search = `service=shop&limit=20&start=${now - 3.6e9}&end=${now}&tags=${encodeURIComponent('{"http.response.status_code":"200"}')}`
    const { data: found } = classic.traces.parse(await json(`${at}/api/traces?${search}`))
    expect(found).toHaveLength(1)
    const id = found[0].traceID
    const { data } = classic.traces.parse(
      await json(`${at}/api/traces/${id}?start=${now - 3.6e9}&end=${now}`)
    )
    expect(data[0].spans.map(({ operationName }) => operationName)).toContain('GET /orders/:id')
    classic.dependencies.parse(await json(`${at}/api/dependencies?endTs=${now / 1000}`))
  })

  it('answer Grafana elsewhere by the page’s token alone', async () => {
    const at = await shop({ token })
    const origin = await listen(proxy(at, {}))
    expect((await ask(`${origin}/api/services`)).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    classic.names.parse(await json(`${origin}/api/services`, headers))
    expect(
      (await ask(`${origin}/api/services`, { headers: { authorization: 'Bearer no' } })).status
    ).toBe(401)
  })

  it('answer Jaeger’s user interface, which a proxy serves under the same address', async () => {
    const at = await shop({ token, allowedHosts: ['jaeger.example'] })
    const origin = await listen(
      proxy(at, { authorization: `Bearer ${token}`, host: 'jaeger.example' })
    )
    const browser = {
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty'
    }
    const get = (path: string): Promise<unknown> => json(`${origin}/api/${path}`, browser)
    expect(v3.services.parse(await get('v3/services')).services).toEqual(['shop'])
    v3.operations.parse(await get('v3/operations?service=shop'))
    const { summaries } = v3.summaries.parse(
      await get('v3/trace-summaries?query.service_name=shop')
    )
    const id = summaries[0].traceId
    v3.trace.parse(await get(`v3/traces/${id}`))
    classic.traces.parse(await get(`traces/${id}`))
    const foreign = { ...browser, 'sec-fetch-site': 'cross-site' }
    expect((await ask(`${origin}/api/v3/services`, { headers: foreign })).status).toBe(403)
  })

  it('answer in many pieces for a long trace, over the API and as a file', async () => {
    const app = express()
    app.use(tracing({ service: 'shop' }))
    const origin = await listen(createServer(app))
    const spans = Array.from({ length: 1500 }, (_, i) => ({
      traceId: 'a'.repeat(32),
      spanId: (i + 1).toString(16).padStart(16, '0'),
      name: `step ${i}`,
      startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(i)),
      endTimeUnixNano: String(1_700_000_000_000_000_100n + BigInt(i))
    }))
    const sent = await ask(`${origin}/_traces/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
    })
    expect(sent.status).toBe(200)
    const { data } = classic.traces.parse(
      await json(`${origin}/_traces/jaeger/api/traces/${'a'.repeat(32)}`)
    )
    expect(data[0].spans).toHaveLength(1500)
    const file = await ask(`${origin}/_traces/api/traces/${'a'.repeat(32)}?format=jaeger`)
    expect(file.headers.get('content-disposition')).toContain('.jaeger.json"')
    expect(classic.traces.parse(JSON.parse(file.text)).data).toEqual(data)
  })
})
