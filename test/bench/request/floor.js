// The least that any tracer has to do for a request: two ids, two readings of the clock, a context that follows the asynchronous work,
// and being told when the answer is out. Keeps nothing.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'
import { serve } from './app.js'

const context = new AsyncLocalStorage()
const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length
let ended = 0
let total = 0

function take(bytes) {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}

serve({
  middleware(_req, res, next) {
    const span = { traceId: take(16), spanId: take(8), start: performance.now(), duration: 0 }
    res.on('close', () => {
      span.duration = performance.now() - span.start
      total += span.duration
      ended++
    })
    context.run(span, next)
  },
  // The sum is asked for so that no part of the work can be optimised away.
  recorded: () => (total > 0 ? ended : 0)
})
