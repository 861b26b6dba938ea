// The order API, which the client calls; its page shows every request as one trace over all services. An Express server.
import { scryptSync } from 'node:crypto'
import express from 'express'
import { tracing } from 'spanlight/express'
import { serve, wait } from './service.js'

const app = express()
app.use(tracing({ service: 'order-api' }))
app.use(express.json())

const orders = express.Router()

orders.get('/', async (_req, res) => {
  res.json(await ask(`${process.env.STORAGE_URL}/orders`))
})

orders.get('/:id', async (req, res) => {
  const order = await ask(`${process.env.STORAGE_URL}/orders/${req.params.id}`)
  if (order === undefined) res.status(404).json({ error: 'no such order' })
  else res.json(order)
})

orders.post('/', async (req, res) => {
  console.log(`new order of ${req.body.customer}`)
  const answer = await fetch(`${process.env.TRANSFORM_URL}/transform`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(req.body)
  })
  if (!answer.ok) throw new Error(`transform answered ${answer.status}`)
  res.status(201).json(await answer.json())
})

app.use('/api/orders', orders)

app.get('/api/report', async (_req, res) => {
  res.json(await ask(`${process.env.STORAGE_URL}/report`))
})

app.get('/api/statistics', async (_req, res) => {
  res.json(await ask(`${process.env.STORAGE_URL}/statistics`))
})

// Hashes passwords on the event loop: for as long as that takes, every other request of this process stands still.
app.post('/api/customers/import', (req, res) => {
  const customers = req.body.customers.map(({ name, password }) => ({
    name,
    hash: scryptSync(password, name, 64, { N: 2 ** 15, maxmem: 2 ** 26 }).toString('base64')
  }))
  console.log(`imported ${customers.length} customers`)
  res.status(201).json({ imported: customers.length })
})

// A stream that stays open: visible as in flight while it lasts.
app.get('/api/events', async (req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  for (let n = 1; n <= 20 && !res.destroyed; n++) {
    res.write(`data: tick ${n}\n\n`)
    await wait(1000)
  }
  res.end()
})

app.get('/health', (_req, res) => {
  res.json({ ok: true })
})

app.use((error, _req, res, _next) => {
  res.status(502).json({ error: error.message })
})

serve(app)

async function ask(url) {
  const answer = await fetch(url)
  if (answer.status === 404) return undefined
  if (!answer.ok) throw new Error(`storage answered ${answer.status}`)
  return answer.json()
}
