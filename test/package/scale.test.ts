import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { createTracing } from '../../src/tracing.ts'
import { cloudServer } from '../interop/export/cloud-server.ts'
import type { Received } from '../../src/trace/received.ts'
import { decodeBody, decodeSetup } from '../interop/otlp/setup.ts'
import { ask, closeAll, listen } from '../tracing/setup.ts'
import { until } from '../until.ts'
import { root } from './manifest.ts'

const load = createRequire(import.meta.url)
const requests = 300

/** What leaves for each span of an application that asks another one and has a span of its own in each request. */
async function measured(protocol: 'http/protobuf' | 'http/json') {
  const collector = await cloudServer((_, res) => res.end())
  const other = await listen(createServer((_, res) => res.end('{}')))
  const tracing = createTracing(
    {
      service: 'orders',
      access: 'local',
      capture: { console: false },
      export: { url: collector.url, protocol }
    },
    { NODE_ENV: 'production' }
  )
  const app = (load('express') as typeof express)()
  app.use(tracing.express())
  app.get('/orders/:id', (req, res) => {
    void fetch(`${other}/stock/${req.params.id}`).then((answer) => {
      tracing.tracer.start('price', { attributes: { 'order.id': req.params.id } }).end()
      res.status(answer.status).json({ id: req.params.id })
    })
  })
  const origin = await listen(createServer(app))
  // Many at once: what leaves in one second is one batch, and small ones are compressed less.
  for (let i = 0; i < requests; i += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => ask(`${origin}/orders/${1000 + i + n}?full=1`))
    )
  const encoding = protocol === 'http/json' ? 'json' : 'protobuf'
  const bodies = () => collector.asked.map(({ body }) => ({ sent: body, plain: gunzipSync(body) }))
  const spansIn = (plain: Buffer): number =>
    (decodeBody(plain, decodeSetup(), encoding) as Received).records.reduce(
      (sum, record) => sum + record.spans.length,
      0
    )
  // Closing does not wait for long.
  await until(() => bodies().reduce((all, { plain }) => all + spansIn(plain), 0) >= 4 * requests)
  await tracing.close()
  let [spans, sent, plain] = [0, 0, 0]
  for (const body of bodies()) {
    spans += spansIn(body.plain)
    sent += body.sent.length
    plain += body.plain.length
  }
  return { spans: spans / requests, sent: sent / spans, plain: plain / spans }
}

describe('the arithmetic of a fleet', () => {
  afterEach(closeAll)

  it.each([
    ['http/protobuf', 'OTLP as protobuf'],
    ['http/json', 'OTLP as JSON']
  ] as const)('counts with the bytes that a span takes: %s', async (protocol, title) => {
    const row = readFileSync(join(root, 'docs/scale.md'), 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`| ${title}`))
    const [plain, sent] = [...(row ?? '').matchAll(/\d+(?= \|)/g)].map(Number) as [number, number]
    const { spans, ...bytes } = await measured(protocol)
    expect(spans).toBe(4)
    // Ports have four digits or five, and versions of zlib differ.
    expect(Math.abs(bytes.plain / plain - 1)).toBeLessThan(0.05)
    expect(Math.abs(bytes.sent / sent - 1)).toBeLessThan(0.3)
  })
})
