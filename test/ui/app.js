// A real application for the browser tests: every kind of request that the page has something to show for. Tells its address by IPC.
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import express from 'express'
import { setTimeout as wait } from 'node:timers/promises'
import pino from 'pino'
import { tracing, withSpan } from 'spanlight'

const app = express()
// Without layers: the rows of these requests are about something else.
const capture = { layers: false }
app.use(tracing({ service: 'shop', limits: { spansPerTrace: 20_000 }, slow: '60ms', capture }))

// Printed nowhere: the page is what reads its lines.
const logger = pino({ level: 'debug' }, { write() {} })

let release = () => {}

app.get('/ok/:id', (req, res) => {
  console.log('looking up', req.params.id)
  res.json({ id: req.params.id })
})

app.get('/fails', async () => {
  await withSpan('load cart', async () => {
    throw new Error('cart is broken', { cause: new TypeError('no such column') })
  })
})

app.get('/refused', async () => {
  const attributes = { 'db.system.name': 'postgresql', 'db.query.text': 'INSERT INTO cart' }
  trace
    .getTracer('shop')
    .startActiveSpan('INSERT cart', { kind: SpanKind.CLIENT, attributes }, (span) => {
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'violates a constraint' })
      span.end()
    })
  throw new Error('the cart could not be stored')
})

app.get('/loop', async (_req, res) => {
  for (let i = 0; i < 12; i++)
    await query('SELECT item', `SELECT name, price FROM item WHERE id = $1 AND shop = 'x'`)
  res.json({})
})

app.get('/slow', async (_req, res) => {
  await wait(90)
  res.json({})
})

app.get('/busy', (_req, res) => {
  compute(40)
  res.json({})
})

// Waits for an import, and for some time in any case.
let imported = () => {}
app.get('/report', async (_req, res) => {
  await withSpan('load report', () => wait(20))
  const next = new Promise((resolve) => (imported = resolve))
  await Promise.race([next, wait(500)])
  await withSpan('render', () => wait(5))
  res.json({})
})

app.get('/import', (_req, res) => {
  keepBusy(300)
  res.json({})
  imported()
})

app.get('/late', (_req, res) => {
  void withSpan('send mail', () => wait(120))
  res.json({})
})

app.get('/hang', async (_req, res) => {
  await withSpan('wait for the lock', () => new Promise((resolve) => (release = resolve)))
  res.json({})
})

app.get('/release', (_req, res) => {
  release()
  res.json({})
})

app.get('/logs', async (_req, res) => {
  logger.info({ order: 7, user: { plan: 'gold' } }, 'order asked for')
  await withSpan('load order', async () => {
    logger.debug('query done')
    logger.warn({ disk: '/dev/sda1' }, 'slow disk\nsecond line')
  })
  await withSpan('charge card', async () => {
    logger.error({ err: new TypeError('card declined'), amount: 129.5 }, 'payment failed')
  })
  res.json({})
})

app.get('/many-logs', async (_req, res) => {
  for (let batch = 0; batch < 20; batch++)
    await withSpan(`batch ${batch}`, async () => {
      for (let i = 0; i < 100; i++) logger.info({ batch, i }, 'item imported')
    })
  res.json({})
})

app.get('/health', (_req, res) => {
  res.json({ ok: true })
})

app.use((error, _req, res, _next) => {
  res.status(500).json({ error: error.message })
})

function keepBusy(ms) {
  const end = performance.now() + ms
  while (performance.now() < end) Math.sqrt(Math.random())
}

// So many milliseconds of the processor, of which a loaded machine may give none for longer than that.
function compute(ms) {
  const began = process.cpuUsage()
  do for (let i = 0; i < 10_000; i++) Math.sqrt(Math.random())
  while (process.cpuUsage(began).user < ms * 1000)
}

async function query(name, text) {
  const attributes = {
    'db.system.name': 'postgresql',
    'db.query.text': text,
    'db.collection.name': 'item'
  }
  await trace
    .getTracer('shop')
    .startActiveSpan(name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      await wait(2)
      span.end()
    })
}

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
)
process.on('disconnect', () => process.exit(0))
