// The server whose page is opened: what a user has, but for the bound of one trace.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import express from 'express'
import { tracing, withSpan } from 'spanlight'
import { answer } from '../child.js'

const app = express()
app.use(
  tracing({
    service: 'bench',
    access: 'local',
    memory: '128MB',
    limits: { spansPerTrace: 100_000 }
  })
)
app.get('/api/orders/:id', async (req, res) => {
  await query('SELECT orders', 1)
  await query('SELECT items', Number(req.params.id) % 41 === 0 ? 300 : 4)
  res.json({ id: req.params.id, state: 'open', total: 42 })
})
app.post('/api/orders', async (req, res) => {
  await query('INSERT orders', 8)
  res.status(201).json({ id: 1 })
})
app.get('/api/items', (req, res) => res.json([]))
app.get('/api/prices/:id', async (req) => {
  await query('SELECT prices', 2)
  throw new Error(`no price for ${req.params.id}`)
})
app.use((error, req, res, next) => {
  if (!res.headersSent) res.status(500).json({ error: error.message })
  else next(error)
})
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

function query(name, ms) {
  const attributes = { 'db.system.name': 'postgresql', 'db.namespace': 'shop' }
  return withSpan(name, { attributes }, () => setTimeout(ms))
}

const delay = monitorEventLoopDelay({ resolution: 1 })
answer({
  /** Starts to watch the event loop. */
  watch() {
    delay.reset()
    delay.enable()
  },
  /** Milliseconds of the longest time that the event loop was blocked since then. */
  blocked: () => ({ ms: delay.max / 1e6 })
})
