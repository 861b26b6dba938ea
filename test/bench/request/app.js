import { createRequire } from 'node:module'
import { answer } from '../child.js'

// By require, because instrumentations that need a hook have theirs in require; the same for all, so that all run the same code.
const require = createRequire(import.meta.url)

/** The framework to serve with and the port of the upstream; what else the contestant was asked for follows. */
export const [framework, upstream, ...asked] = process.argv.slice(2)

const steps = ['session', 'customer', 'stock', 'discount', 'shipping']

/**
 * The server that every contestant stands in front of, called after the contestant has set itself up. It gives itself to the framework by
 * the hook of that name: `express` and `koa` give a middleware, `http` wraps the listener; an instrumentation has none. `inSpan(name, work)` runs
 * an asynchronous function in a child span. `recorded` tells how many spans there are so far; where only somebody else can tell,
 * it sees to it that he has them all.
 */
export function serve({ inSpan = (_name, work) => work(), recorded, ...hooks }) {
  const handlers = {
    orders: (id) => ({ id, state: 'open', total: 42 }),
    async checkouts(id) {
      let total = 0
      for (const step of steps) total += await inSpan(step, () => stepOf(step))
      return { id, state: 'open', total }
    },
    async prices(id) {
      const response = await fetch(`http://127.0.0.1:${upstream}/prices/${id}`)
      return response.json()
    }
  }
  const server = servers[framework](handlers, hooks[framework])
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  answer({
    cpu() {
      const { user, system } = process.cpuUsage()
      return { us: user + system }
    },
    recorded: async () => ({ spans: await recorded() })
  })
}

async function stepOf(step) {
  await Promise.resolve()
  return step.length
}

// One router each, its routes below /api. The trivial handler answers at once, the others when their promise does.
const servers = {
  express({ orders, checkouts, prices }, middleware) {
    const express = require('express')
    const app = express()
    if (middleware !== undefined) app.use(middleware())
    const router = express.Router()
    router.get('/orders/:id', (req, res) => {
      res.json(orders(req.params.id))
    })
    router.get('/checkouts/:id', async (req, res) => {
      res.json(await checkouts(req.params.id))
    })
    router.get('/prices/:id', async (req, res) => {
      res.json(await prices(req.params.id))
    })
    app.use('/api', router)
    return require('node:http').createServer(app)
  },
  koa({ orders, checkouts, prices }, middleware) {
    const Koa = require('koa')
    const { Router } = require('@koa/router')
    const app = new Koa()
    if (middleware !== undefined) app.use(middleware())
    const router = new Router({ prefix: '/api' })
    router.get('/orders/:id', (ctx) => {
      ctx.body = orders(ctx.params.id)
    })
    router.get('/checkouts/:id', async (ctx) => {
      ctx.body = await checkouts(ctx.params.id)
    })
    router.get('/prices/:id', async (ctx) => {
      ctx.body = await prices(ctx.params.id)
    })
    app.use(router.routes())
    return require('node:http').createServer(app.callback())
  },
  http(handlers, wrap = (listener) => listener) {
    const send = (res, body) => {
      res.setHeader('content-type', 'application/json; charset=utf-8')
      res.end(JSON.stringify(body))
    }
    const listener = (req, res) => {
      const [, , kind, id] = req.url.split('/')
      const body = handlers[kind](id)
      if (body instanceof Promise) void body.then((value) => send(res, value))
      else send(res, body)
    }
    return require('node:http').createServer(wrap(listener))
  }
}
