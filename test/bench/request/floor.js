// The least that any tracer has to do: an id for each span and each trace, two readings of the clock, a context that follows the asynchronous
// work, and being told when the answer is out or the call has ended. Keeps nothing.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { serve } from './app.js'

const context = new AsyncLocalStorage()
const calls = new WeakMap()
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

function start(traceId = take(16)) {
  return { traceId, spanId: take(8), start: performance.now(), duration: 0 }
}

function end(span) {
  span.duration = performance.now() - span.start
  total += span.duration
  ended++
}

function follow(res, next) {
  const span = start()
  res.on('close', () => end(span))
  return context.run(span, next)
}

// The caller's trace goes along with an outgoing call.
subscribe('undici:request:create', ({ request }) => {
  const span = start(context.getStore()?.traceId)
  calls.set(request, span)
  request.addHeader('traceparent', `00-${span.traceId}-${span.spanId}-01`)
})
subscribe('undici:request:trailers', ({ request }) => end(calls.get(request)))

serve({
  express: () => (_req, res, next) => follow(res, next),
  koa: () => (ctx, next) => follow(ctx.res, next),
  http: (listener) => (req, res) => follow(res, () => listener(req, res)),
  async inSpan(_name, work) {
    const span = start(context.getStore()?.traceId)
    const result = await context.run(span, work)
    end(span)
    return result
  },
  // The sum is asked for so that no part of the work can be optimised away.
  recorded: () => (total > 0 ? ended : 0)
})
