// Staging, which other people can reach: the page asks for a token and has a port of its own that only this machine sees, so that
// nothing that runs on the site's own pages shares an origin with it. Reach it through a tunnel:
//
//   NODE_ENV=staging SPANLIGHT_TOKEN=$(openssl rand -hex 32) node examples/guarded-staging.js
//   ssh -L 4319:localhost:4319 staging        then open the address that was printed, with localhost
import express from 'express'
import { tracing } from 'spanlight/express'

export const app = express()

app.use(
  tracing({
    access: 'token',
    listen: { port: Number(process.env.TRACES_PORT ?? 4319), host: '127.0.0.1' },
    redact: { keys: ['x-tenant'] },
    ignore: ['/health'],
    // Strangers cannot put their spans into our traces: an incoming trace id is linked, not continued.
    trustIncoming: false
  })
)

app.get('/', (_req, res) => {
  res.send('hello')
})

app.get('/health', (_req, res) => {
  res.send('ok')
})

if (process.argv[1] === import.meta.filename) app.listen(Number(process.env.PORT ?? 3000))
