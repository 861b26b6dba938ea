import type { IncomingMessage } from 'node:http'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import type { TracingOptions } from '../../src/options.ts'
import { tracing } from '../../src/express.ts'
import type { InspectState, Wish } from '../../src/wire/inspect.ts'
import { ask, attribute, closeAll, listen, PageApi } from './setup.ts'

afterEach(closeAll)

const token = 'a-token-of-more-than-32-characters-0123'

async function start(options: TracingOptions): Promise<string> {
  const app = express()
  app.use(tracing({ memory: '8MB', ...options }))
  app.use(express.json())
  app.get('/orders/new', (_req, res) => void res.json({}))
  app.post('/orders/:id', (req, res) => void res.json({ id: req.params.id, token: 'canary' }))
  app.get('/busy/:n', (req, res) => {
    keepBusy(50)
    res.json({ n: req.params.n })
  })
  return listen(app)
}

function keepBusy(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end) Math.sqrt(Math.random())
}

const marked = { headers: { 'x-spanlight': '1' } }
const wish = (origin: string, query: string, init: RequestInit = marked) =>
  ask(`${origin}/_traces/api/inspect?${query}`, { method: 'POST', ...init })
const state = (origin: string) => new PageApi(`${origin}/_traces`).get<InspectState>('inspect')
const order = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"customer":"Ada","password":"canary"}'
}

describe('requests to come', () => {
  it('have their bodies kept, as many as were asked for', async () => {
    const origin = await start({ access: 'local' })
    const api = new PageApi(`${origin}/_traces`)
    const { status, text } = await wish(origin, 'kind=bodies&method=POST&route=/orders/:id&count=1')
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { id: 1, kind: 'bodies', method: 'POST', route: '/orders/:id', remaining: 1 } satisfies Wish
    ])
    await ask(`${origin}/orders/7`, order)
    expect((await state(origin)).wishes).toEqual([])
    await ask(`${origin}/orders/8`, order)
    await api.find(({ seq }) => seq === 2)
    const [second, first] = await api.traces()
    const spans = await Promise.all(
      [first, second].map(async (trace) =>
        (await api.spans(trace?.traceId ?? '')).get('POST /orders/:id')
      )
    )
    expect(attribute(spans[0], 'http.request.body.content')).toBe(
      '{"customer":"Ada","password":"[redacted]"}'
    )
    expect(attribute(spans[0], 'http.response.body.content')).toBe(
      '{"id":"7","token":"[redacted]"}'
    )
    expect(attribute(spans[1], 'http.request.body.content')).toBeUndefined()
    // Searched for like everything else.
    expect(await api.traces('@http.request.body.content:Ada')).toHaveLength(1)
  })

  it('are profiled: the first of that route, downloadable', async () => {
    const origin = await start({ access: 'local' })
    const api = new PageApi(`${origin}/_traces`)
    await wish(origin, 'kind=profile&method=GET&route=/busy/:n')
    await ask(`${origin}/orders/new`)
    await ask(`${origin}/busy/1`)
    await ask(`${origin}/busy/2`)
    const { traceId } = await api.find(({ route, inFlight }) => route === '/busy/:n' && !inFlight)
    const { profiles, wishes } = await state(origin)
    expect(wishes).toEqual([])
    expect(profiles).toHaveLength(1)
    expect(profiles[0]).toMatchObject({ name: 'GET /busy/:n' })
    const profiled = profiles[0]?.traceId ?? ''
    const answer = await ask(`${origin}/_traces/api/traces/${profiled}/profile`)
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="trace-${profiled}.cpuprofile"`
    )
    const { nodes } = JSON.parse(answer.text) as {
      nodes: { callFrame: { functionName: string } }[]
    }
    expect(nodes.map(({ callFrame }) => callFrame.functionName)).toContain('keepBusy')
    const other = profiled === traceId ? '0'.repeat(31) + '1' : traceId
    expect((await ask(`${origin}/_traces/api/traces/${other}/profile`)).status).toBe(404)
  })

  it('are cancelled', async () => {
    const origin = await start({ access: 'local' })
    await wish(origin, 'kind=profile&method=GET&route=/busy/:n')
    const [{ id } = { id: 0 }] = (await state(origin)).wishes
    const cancel = `${origin}/_traces/api/inspect/cancel?id=${id}`
    expect((await ask(cancel, { method: 'POST', ...marked })).text).toBe('{"cancelled":true}')
    expect((await state(origin)).wishes).toEqual([])
  })

  it.each([
    'kind=heap&method=GET&route=/a',
    'kind=bodies&method=get&route=/a',
    'kind=bodies&route=/a',
    'kind=bodies&method=GET&route=a',
    `kind=bodies&method=GET&route=/${'a'.repeat(300)}`
  ])('are not asked for by %s', async (query) => {
    const origin = await start({ access: 'local' })
    expect((await wish(origin, query)).status).toBe(400)
    expect((await state(origin)).wishes).toEqual([])
  })

  it('are not asked for by another site', async () => {
    const origin = await start({ access: 'local' })
    const query = 'kind=bodies&method=GET&route=/a'
    const strange = { headers: { 'x-spanlight': '1', origin: 'http://evil.example' } }
    expect((await wish(origin, query, strange)).status).toBe(403)
    expect((await wish(origin, query, {})).status).toBe(403)
    expect((await state(origin)).wishes).toEqual([])
  })

  it('are looked at where a token is needed only if an option allows it', async () => {
    const bearer = { headers: { ...marked.headers, authorization: `Bearer ${token}` } }
    const origin = await start({ access: 'token', token })
    for (const kind of ['bodies', 'profile']) {
      const { status, text } = await wish(origin, `kind=${kind}&method=GET&route=/a`, bearer)
      expect([kind, status]).toEqual([kind, 403])
      expect(text).toContain("with access 'token' it takes")
    }
    await closeAll()
    const open = await start({ access: 'token', token, profile: true, capture: { bodies: true } })
    for (const kind of ['bodies', 'profile'])
      expect((await wish(open, `kind=${kind}&method=GET&route=/a`, bearer)).status).toBe(200)
  })

  it('are not profiled when that is switched off', async () => {
    const origin = await start({ access: 'local', profile: false })
    expect((await wish(origin, 'kind=profile&method=GET&route=/a')).status).toBe(403)
    expect((await state(origin)).profile).toMatchObject({ allowed: false })
  })
})

describe('every request', () => {
  it('has its bodies kept with the option', async () => {
    const origin = await start({ access: 'local', capture: { bodies: true } })
    const api = new PageApi(`${origin}/_traces`)
    await ask(`${origin}/orders/7`, order)
    const { traceId } = await api.named('POST /orders/:id')
    const span = (await api.spans(traceId)).get('POST /orders/:id')
    expect(attribute(span, 'http.request.body.content')).toContain('Ada')
    expect((await state(origin)).bodies).toEqual({ allowed: true, why: '', always: true })
  })

  it('has none kept without', async () => {
    let own: unknown
    const app = express()
    app.use(tracing({ memory: '8MB', access: 'local' }))
    app.get('/', (req: IncomingMessage, res) => {
      own = [Object.hasOwn(req, 'emit'), Object.hasOwn(res, 'write'), Object.hasOwn(res, 'end')]
      res.json({ a: 1 })
    })
    await ask(`${await listen(app)}/`)
    expect(own).toEqual([false, false, false])
  })
})
