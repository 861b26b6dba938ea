// An application that meets secrets everywhere: each place of `secret` holds its canary, each of `plain` an innocent value. The test sends the values by IPC, so that they are nowhere else in this process.
import dns from 'node:dns'
import { createServer } from 'node:http'
import Router from '@koa/router'
import express from 'express'
import Koa from 'koa'
import pg from 'pg'
import { shutdown, tracing } from 'spanlight'
import { instrument, plainLibraries, secretLibraries } from './canary-libraries.js'
import { plainPlaces } from './canary-plain.js'
import { secretPlaces } from './canary-secrets.js'

// What the host prints is the host's own: with its console shut, every byte of the two streams is the package's.
for (const name of ['log', 'info', 'warn', 'error', 'debug']) console[name] = () => {}

// Names of clouds lead to this machine.
const { lookup } = dns
dns.lookup = (host, ...rest) =>
  lookup(/\.(?:amazonaws|googleapis)\.com$/.test(host) ? '127.0.0.1' : host, ...rest)

const setup = await new Promise((resolve) => process.once('message', resolve))
const { framework, options, values, target, database, broken } = setup
if (broken !== undefined) {
  const broke = () => {
    throw new Error(broken.text)
  }
  Object.assign(options, broken.hook === 'ignore' ? { ignore: broke } : { redact: { hook: broke } })
}
const pool = new pg.Pool({ host: '127.0.0.1', port: database, user: 'postgres', max: 1 })
const secret = { ...secretPlaces(target, pool), ...secretLibraries(target) }
const plain = { ...plainPlaces(target, pool), ...plainLibraries() }

function run(kind, name, reply) {
  const work = kind === 'plain' ? plain[name] : secret[name]
  return work(values[`${kind}: ${name}`], reply)
}

function expressApp() {
  const app = express()
  app.use(tracing({ ...options, instrument: { pg, ...instrument } }))
  app.use(express.json(), express.urlencoded({ extended: true }))
  app.get('/run/:kind/:name', async (req, res) => {
    await run(req.params.kind, req.params.name, (name, value) => res.setHeader(name, value))
    res.end()
  })
  app.get('/reset/:token', (_req, res) => res.end())
  app.get('/verify/:password/now', (_req, res) => res.end())
  const tenant = express.Router()
  tenant.get('/orders', (_req, res) => res.end())
  app.use('/t/:apiKey', tenant)
  app.use('/any', (_req, res) => res.json({ got: 'it' }))
  app.use((_error, _req, res, _next) => res.status(500).end())
  return app
}

function koaApp() {
  const app = new Koa()
  app.silent = true
  app.use(tracing({ ...options, instrument: { pg, ...instrument } }))
  const router = new Router()
  router.get('/run/:kind/:name', async (ctx) => {
    await run(ctx.params.kind, ctx.params.name, (name, value) => ctx.set(name, value))
    ctx.body = ''
  })
  const done = (ctx) => void (ctx.body = '')
  router.get('/reset/:token', done)
  router.get('/verify/:password/now', done)
  router.get('/t/:apiKey/orders', done)
  app.use(router.routes())
  app.use(done)
  return app.callback()
}

const server = createServer(framework === 'koa' ? koaApp() : expressApp())
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`
  process.send({ url, secret: Object.keys(secret), plain: Object.keys(plain) })
})
process.on('message', async (message) => {
  if (message.values !== undefined) {
    Object.assign(values, message.values)
    process.send({ ready: true })
  } else if (message.stop === true) {
    await shutdown()
    await pool.end()
    server.closeAllConnections()
    server.close()
    process.disconnect()
  }
})
