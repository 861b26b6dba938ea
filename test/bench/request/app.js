import { createRequire } from 'node:module'
import { answer } from '../child.js'

// By require, because instrumentations that need a hook have theirs in require; the same for all, so that all run the same code.
const require = createRequire(import.meta.url)

/**
 * The server that every contestant stands in front of: Express 5, one router, one handler. Called after the contestant has set itself up.
 * `recorded` tells how many spans the contestant has recorded so far, where only the process itself can tell.
 */
export function serve({ middleware, recorded }) {
  const express = require('express')
  const { createServer } = require('node:http')
  const app = express()
  if (middleware !== undefined) app.use(middleware)
  const router = express.Router()
  router.get('/orders/:id', (req, res) => {
    res.json({ id: req.params.id, state: 'open', total: 42 })
  })
  app.use('/api', router)
  const server = createServer(app)
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  answer({
    cpu() {
      const { user, system } = process.cpuUsage()
      return { us: user + system }
    },
    recorded: () => ({ spans: recorded() })
  })
}
