import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type SpanDetail, spanFlag } from '../../src/wire/trace.ts'
import { Consumer } from './child.ts'
import { ask, attribute, closeAll, PageApi } from './setup.ts'
import { until } from '../until.ts'

const env = { NODE_ENV: 'development' }
let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterEach(closeAll)
afterAll(() => consumer.remove())

/** Starts a program that prints `at <origin>` and gives the origin. */
async function start(
  program: string,
  file: string,
  more: Record<string, string> = {}
): Promise<string> {
  const child = consumer.run(program, { ...env, ...more }, file)
  return (await child.prints(/at (\S+)\n/))[1]
}

const listening = `.listen(0, '127.0.0.1', function () { console.log('at http://127.0.0.1:' + this.address().port) })`

const front = `
  import express from 'express'
  import { tracing } from 'spanlight/express'
  const app = express()
  app.use(tracing({ service: 'front' }))
  app.get('/orders/:id', async (req, res) => {
    const answer = await fetch(process.env.BACK + '/stock/' + req.params.id)
    res.status(answer.status).send(await answer.text())
  })
  app.get('/where', (req, res) => { process.env.BACK = req.query.back; res.end() })
  app${listening}
`

const back = (options: string): string => `
  import Koa from 'koa'
  import { tracing, withSpan } from 'spanlight'
  const app = new Koa()
  app.silent = true
  app.use(tracing({ service: 'back', ${options} }))
  app.use((ctx) => withSpan('count', () => {
    console.log('counting')
    if (ctx.path.endsWith('/0')) throw new RangeError('nothing left')
    ctx.body = '7'
  }))
  app${listening}
`

describe('two services, of which one exports into the page of the other', () => {
  it.each([
    ['the option', (url: string) => [`export: '${url}/v1/traces'`, {}] as const],
    [
      "OpenTelemetry's variable",
      (url: string) => ['', { OTEL_EXPORTER_OTLP_ENDPOINT: url }] as const
    ]
  ])('are one trace, by %s', async (_, exporting) => {
    const frontAt = await start(front, 'front.mjs')
    const [options, more] = exporting(`${frontAt}/_traces`)
    const backAt = await start(back(options), 'back.mjs', more)
    await ask(`${frontAt}/where?back=${encodeURIComponent(backAt)}`)
    const api = new PageApi(`${frontAt}/_traces`)

    expect((await ask(`${frontAt}/orders/5`)).text).toBe('7')
    const { traceId } = await api.find((trace) => trace.services.length === 2)
    const trace = await api.trace(traceId)
    const rows = trace.spans.name.map((name, row) => [
      trace.services[trace.spans.service[row]],
      trace.names[name],
      trace.spans.depth[row],
      trace.spans.flags[row] & spanFlag.ingested ? 'ingested' : 'own'
    ])
    expect(rows).toEqual([
      ['front', 'GET /orders/:id', 0, 'own'],
      ['front', 'request handler - /orders/:id', 1, 'own'],
      ['front', `GET ${new URL(backAt).host}`, 2, 'own'],
      ['back', 'GET', 3, 'ingested'],
      ['back', 'middleware - <anonymous>', 4, 'ingested'],
      ['back', 'count', 5, 'ingested']
    ])
    expect(trace.summary).toMatchObject({
      name: 'GET /orders/:id',
      service: 'front',
      incomplete: false
    })

    expect((await ask(`${frontAt}/orders/0`)).status).toBe(500)
    const failed = await api.find(({ errors, services }) => errors > 0 && services.length === 2)
    const count = (await api.spans(failed.traceId)).get('count') as SpanDetail
    expect(count).toMatchObject({ service: 'back', status: 'error', statusMessage: 'nothing left' })
    expect(Object.fromEntries(count.events[0]?.attributes ?? [])['exception.stacktrace']).toContain(
      'back.mjs'
    )

    // The exporter's own requests are nobody's trace, on either side.
    const names = (await api.traces()).map(({ name }) => name)
    expect(new Set(names)).toEqual(new Set(['GET /orders/:id', 'GET /where']))
    const theirs = await new PageApi(`${backAt}/_traces`).traces()
    expect(theirs.map(({ spans, service }) => [service, spans])).toEqual([
      ['back', 3],
      ['back', 3]
    ])
  })
})

describe('instrument: { pg }', () => {
  let database: PGlite
  let server: PGLiteSocketServer

  beforeAll(async () => {
    database = await PGlite.create()
    await database.exec(
      "CREATE TABLE users (id int, name text); INSERT INTO users VALUES (1, 'ann')"
    )
    server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 8 })
    await server.start()
  })

  afterAll(async () => {
    await server.stop()
    await database.close()
  })

  it.each([
    [
      'host.mjs',
      "import pg from 'pg'; import express from 'express'; import { tracing } from 'spanlight'"
    ],
    [
      'host.cjs',
      "const pg = require('pg'); const express = require('express4'); const { tracing } = require('spanlight')"
    ]
  ])('makes each query a span of its request in %s', async (file, imports) => {
    const origin = await start(
      `
      ${imports}
      const app = express()
      app.use(tracing({ instrument: { pg } }))
      const client = new pg.Client({ connectionString: process.env.DATABASE })
      app.get('/users/:id', async (req, res) => {
        const { rows } = await client.query('SELECT name FROM users WHERE id = $1', [req.params.id])
        await client.query("SELECT 'hunter2' AS secret")
        await client.query('SELECT * FROM missing').catch(() => {})
        res.json(rows)
      })
      client.connect().then(() => app${listening})
      `,
      file,
      { DATABASE: `postgres://postgres:s3cret@${server.getServerConn()}/postgres` }
    )
    expect((await ask(`${origin}/users/1`)).text).toBe('[{"name":"ann"}]')
    const api = new PageApi(`${origin}/_traces`)
    const { traceId, db } = await api.named('GET /users/:id')
    expect(db).toBe(3)
    const trace = await api.trace(traceId)
    const spans = await Promise.all(trace.spans.id.map((id) => api.span(traceId, id)))
    const queries = spans.filter((span) => span.category === 'db')
    expect(queries.map((span) => [attribute(span, 'db.query.text'), span.status])).toEqual([
      ['SELECT name FROM users WHERE id = $1', 'unset'],
      ['SELECT ? AS secret', 'unset'],
      ['SELECT * FROM missing', 'error']
    ])
    expect(queries[0]).toMatchObject({ kind: 'client', parentId: spans[1]?.spanId })
    expect(attribute(queries[0], 'db.system.name')).toBe('postgresql')
    expect(JSON.stringify(spans)).not.toMatch(/hunter2|s3cret/)
    const status = await api.status()
    expect(status.instrumented.find(({ name }) => name === 'pg')).toMatchObject({ on: true })
  })
})

describe('the ingest door of a page that needs a token', () => {
  it('takes spans with the ingest token only', async () => {
    const [page, ingest] = ['p'.repeat(32), 'i'.repeat(32)]
    const origin = await start(front, 'guarded.mjs', {
      NODE_ENV: 'staging',
      SPANLIGHT_TOKEN: page,
      SPANLIGHT_INGEST_TOKEN: ingest
    })
    const [traceId, spanId] = ['c'.repeat(32), 'd'.repeat(16)]
    const span = {
      traceId,
      spanId,
      name: 'sent',
      kind: 1,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000001000000000'
    }
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
    const send = (bearer?: string): ReturnType<typeof ask> =>
      ask(`${origin}/_traces/v1/traces`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` })
        }
      })
    for (const wrong of [await send(), await send(page)]) {
      expect(wrong.status).toBe(401)
      expect(wrong.text).toContain('SPANLIGHT_INGEST_TOKEN')
    }
    expect((await send(ingest)).status).toBe(200)
    const read = async (bearer: string): Promise<number> =>
      (
        await ask(`${origin}/_traces/api/traces/${traceId}`, {
          headers: { authorization: `Bearer ${bearer}` }
        })
      ).status
    await until(async () => (await read(page)) === 200)
    expect(await read(ingest)).toBe(401)
  })
})
