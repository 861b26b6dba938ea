// An application whose traces others are after. Gets its framework and options by IPC and tells its port.
import { createServer } from 'node:http'
import express from 'express'
import Koa from 'koa'
import { tracing, withSpan } from 'spanlight'

const { framework, options } = await new Promise((resolve) => process.once('message', resolve))

function handler() {
  if (framework === 'koa') {
    const app = new Koa()
    app.use(tracing(options))
    app.use((ctx) => {
      ctx.type = 'html'
      ctx.body = '<!doctype html><title>host</title>'
    })
    return app.callback()
  }
  const app = express()
  app.use(tracing(options))
  app.get('/secret-trace', (_req, res) => {
    withSpan('secret-span', () => res.json({}))
  })
  app.use((_req, res) => res.type('html').send('<!doctype html><title>host</title>'))
  return app
}

const server = createServer()
const answers = []
server.on('request', (req, res) => {
  const { method, url } = req
  if (url.startsWith('/_traces'))
    res.on('close', () => answers.push([res.statusCode, method, url].join(' ')))
})
server.on('request', handler())
process.on('message', () => process.send({ answers: answers.splice(0) }))
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit(0))
