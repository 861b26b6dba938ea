// What a middleware costs that is off, without the server around it.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { tracing } from 'spanlight'
import { traced } from 'spanlight/http'
import { answer } from '../child.js'
import { median } from '../statistics.js'

const options = { service: 'bench', access: 'off' }
const calls = 500_000
let passed = 0
const next = () => void passed++

const middleware = tracing(options)
const listener = traced(next, options)
const contestants = {
  express: (req, res) => middleware(req, res, next),
  koa: (_req, _res, ctx) => middleware(ctx, next),
  http: (req, res) => listener(req, res)
}
const exchanges = Array.from({ length: 64 }, () => {
  const req = new IncomingMessage(new Socket())
  const res = new ServerResponse(req)
  return { req, res, ctx: { req, res } }
})

function nanoseconds(pass) {
  passed = 0
  const began = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) {
    const { req, res, ctx } = exchanges[i & 63]
    pass(req, res, ctx)
  }
  const ns = Number(process.hrtime.bigint() - began) / calls
  if (passed !== calls) throw new Error(`${passed} of ${calls} requests passed`)
  return ns
}

answer({
  /** Of each framework, less the same loop without a middleware. */
  time() {
    const rounds = Array.from({ length: 5 }, () => {
      const none = nanoseconds(next)
      const each = Object.entries(contestants)
      return Object.fromEntries(each.map(([name, pass]) => [name, nanoseconds(pass) - none]))
    })
    // The first is the warm-up.
    const warm = rounds.slice(1)
    return Object.fromEntries(
      Object.keys(contestants).map((name) => [
        name,
        median(warm.map((round) => round[name])) / 1000
      ])
    )
  }
})
