// The server whose page is opened: what a user has, but for the bound of one trace.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import express from 'express'
import { tracing } from 'spanlight'
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
app.get('/api/orders/:id', (req, res) => {
  res.json({ id: req.params.id, state: 'open', total: 42 })
})
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
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
