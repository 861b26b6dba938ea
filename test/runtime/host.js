// A server with routes that keep the event loop in every way, and one that waits. HOST names the framework.
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { traced } from 'spanlight/http'
import { tracing, withSpan } from 'spanlight'

const require = createRequire(import.meta.url)
const spinMs = 200

function spin(ms = spinMs) {
  for (const end = performance.now() + ms; performance.now() < end;);
}

// Parsed until it has taken long enough, whatever the machine.
const big = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ i, text: `row ${i}` })))
function parse() {
  for (const end = performance.now() + spinMs; performance.now() < end;) JSON.parse(big)
}

// A pool of one connection, as the watches of databases record it.
let lastQuery = Promise.resolve()
async function query() {
  const free = lastQuery
  let giveBack
  lastQuery = new Promise((done) => (giveBack = done))
  await withSpan('pool wait', async (span) => {
    span.setAttribute('spanlight.wait', 'pool')
    await free
  })
  await withSpan('SELECT', () => sleep(250))
  giveBack()
}

// A request that waits does so until another one was answered, so that it is beside it on the slowest machine.
const waiting = []
const release = () => {
  for (const done of waiting.splice(0)) setTimeout(() => done(), 100)
}

const routes = {
  '/wait': () => new Promise((done) => waiting.push(done)),
  '/alone': () => sleep(400),
  '/spin': () => spin(),
  '/awaited': async () => {
    await sleep(20)
    spin()
  },
  '/timer': () =>
    new Promise((done) => {
      setTimeout(() => {
        spin()
        setTimeout(done, 30)
      }, 20)
    }),
  '/spanned': async () => {
    await withSpan('load', () => sleep(20))
    spin()
  },
  '/parse': () => parse(),
  '/exec': () => void execFileSync('sleep', ['0.3']),
  '/query': () => query(),
  '/collect': () => {
    const kept = []
    for (let i = 0; i < 400_000; i++) kept.push({ i, text: `kept ${i}` })
    for (const end = performance.now() + spinMs; performance.now() < end;) globalThis.gc()
    return kept.length > 0 ? undefined : sleep(0)
  },
  '/background': () => {
    setTimeout(spin, 100)
    return sleep(400)
  },
  '/many': () => spin(8),
  '/quick': () => {}
}

const answer = async (path) => {
  await routes[path]?.()
  if (path !== '/wait') release()
  return path
}

const hosts = {
  http: () =>
    createServer(
      traced(async (req, res) => {
        const path = req.url.split('?')[0]
        if (path === '/spin') {
          spin()
          release()
        } else await answer(path)
        res.end(path)
      })
    ),
  express: () => {
    const app = require('express')()
    app.use(tracing())
    app.get('/spin', (req, res) => {
      spin()
      release()
      res.send('spun')
    })
    for (const path of Object.keys(routes))
      app.get(path, async (req, res) => res.send(await answer(path)))
    return createServer(app)
  },
  koa: () => {
    const app = new (require('koa'))()
    app.use(tracing())
    app.use(async (ctx) => {
      ctx.body = await answer(ctx.path)
    })
    return createServer(app.callback())
  }
}

const server = hosts[process.env.HOST ?? 'express']()
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
process.on('message', () => server.close(() => process.disconnect()))
