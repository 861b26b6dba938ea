// An application that can be traced or not, by the package of which the address is given, and must answer the same either way.
import { createServer, get } from 'node:http'
import { breakNode } from './break-node.js'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'

const setup = await new Promise((resolve) => process.once('message', resolve))
const { framework, hook, destinations = [], brokenNode = '' } = setup
if (destinations.length > 0) breakNode(brokenNode, destinations)
const registered = setup.entry.startsWith('register ')
const entry = registered ? '' : setup.entry
// Before what it hooks is loaded.
if (registered) await import(setup.entry.slice('register '.length))
const [{ default: Router }, { default: express }, { default: Koa }, { instrument, parts }] =
  await Promise.all([
    import('@koa/router'),
    import('express'),
    import('koa'),
    import('./host-parts.js')
  ])
const none = {
  withSpan: (_name, work) => work(none.span),
  activeSpan: () => none.span,
  shutdown: async () => {},
  span: new Proxy({}, { get: () => () => none.span })
}
const traced = entry === '' ? none : await import(entry)
const { withSpan, activeSpan } = traced

const upstream = createServer((req, res) => res.end(`up ${req.method}`))
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve))
const up = `http://127.0.0.1:${upstream.address().port}/`

const broken = () => {
  throw new Error('broken hook')
}
const never = () => new Promise(() => {})
const loops = () => {
  const end = performance.now() + 10
  while (performance.now() < end);
  return {}
}
const again = () => {
  activeSpan()?.setAttribute('again', 1)
  return withSpan('again', () => 7)
}
const fail = () => {
  throw Object.assign(new Error('boom'), { status: 418 })
}
const hooks = { broken, never, loops, again, garbage: () => 7, null: () => null }
const [option = '', kind = ''] = (hook ?? '').split(' ')
const given = {
  hook: { redact: { hook: hooks[kind] } },
  ignore: { ignore: hooks[kind] },
  access: { access: hooks[kind] }
}[option]
const options = {
  service: 'host',
  access: 'local',
  capture: { bodies: true, callSites: true },
  instrument,
  profile: true,
  ...(destinations.length > 0 && {
    // What came as JSON has no functions.
    export: destinations.map((one) => (one.headers === 'broken' ? { ...one, headers: fail } : one)),
    tailSampling: { ratio: 1, attributes: { 'http.request.method': ['GET'] } }
  }),
  ...given
}

for (const name of ['log', 'info', 'warn', 'error', 'debug']) console[name] = () => {}

async function work(id) {
  const text = await withSpan('work', async (span) => {
    span?.setAttribute?.('id', id)
    activeSpan()?.addEvent('begun', { id })
    console.log('working on %s', id, { id, token: 'x' })
    return (await fetch(up)).text()
  })
  const status = await new Promise((resolve, reject) =>
    get(up, (res) => res.resume().on('end', () => resolve(res.statusCode))).on('error', reject)
  )
  return { id, text, status }
}

/** Everything that the API of spans can be asked for, and what it must give to the caller. */
async function spans() {
  const error = new Error('mine')
  const caught = []
  for (const fail of [
    () => {
      throw error
    },
    () => Promise.reject(error)
  ]) {
    try {
      await withSpan('fails', fail)
    } catch (seen) {
      caught.push(seen === error)
    }
  }
  const tracer = trace.getTracer('host', '1')
  const nested = tracer.startActiveSpan('api', { attributes: { a: 1 } }, (span) => {
    span.setAttributes({ b: 'x', c: [1, 2], d: { not: 'valid' } })
    span.addEvent('e', { f: true }, Date.now())
    span.addLink({ context: span.spanContext(), attributes: { why: 'x' } })
    span.addLink({})
    span.recordException(error)
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'bad' })
    span.updateName('other')
    const inner = context.with(context.active(), () => withSpan('inner', () => 5))
    span.end()
    span.end()
    return inner
  })
  return { caught, nested, sync: withSpan('sync', () => 'value') }
}

// Of the server's own objects: what the host can see of them.
function visible(req, res) {
  const of = (one) => ({
    keys: Object.keys(one).sort(),
    events: one.eventNames().map((name) => [String(name), one.listenerCount(name)])
  })
  return { req: of(req), res: of(res), socket: of(req.socket).events }
}

function expressHandler() {
  const app = express()
  if (entry !== '') app.use(traced.tracing(options))
  app.get('/json/:id', async (req, res) => res.json(await work(req.params.id)))
  app.get('/spans', async (_req, res) => res.json(await spans()))
  app.get('/visible', (req, res) => res.json(visible(req, res)))
  app.get('/part/:name', async (req, res) => res.json(await parts[req.params.name]()))
  app.get('/throws', fail)
  app.get('/rejects', async () => fail())
  app.get('/next', (_req, _res, next) => next(new Error('passed on')))
  app.get('/late', (_req, res) => {
    res.write('begun')
    fail()
  })
  app.get('/stream', (_req, res) => stream(res))
  app.get('/empty', (_req, res) => res.status(204).end())
  app.get('/same', (_req, res) => res.status(304).end())
  app.get('/head', (_req, res) => head(res))
  app.post('/body', express.json(), (req, res) => res.json(req.body))
  app.put('/pipe', (req, res) => void req.pipe(res))
  const shop = express.Router({ mergeParams: true })
  shop.get('/item/:item', (req, res) =>
    res.json([req.params, req.baseUrl, req.url, req.originalUrl])
  )
  app.use('/shop/:shop', shop)
  app.use('/teapot', fail, (error, _req, res, _next) =>
    res.status(error.status).send(error.message)
  )
  return app
}

function koaHandler() {
  const app = new Koa()
  app.silent = true
  if (entry !== '') app.use(traced.tracing(options))
  const router = new Router()
  router.get('/json/:id', async (ctx) => void (ctx.body = await work(ctx.params.id)))
  router.get('/spans', async (ctx) => void (ctx.body = await spans()))
  router.get('/visible', (ctx) => void (ctx.body = visible(ctx.req, ctx.res)))
  router.get('/part/:name', async (ctx) => void (ctx.body = await parts[ctx.params.name]()))
  router.get('/throws', fail)
  router.get('/rejects', async () => fail())
  router.get('/next', (ctx, next) => next().then(() => void (ctx.status = 202)))
  router.get('/late', (ctx) => {
    ctx.respond = false
    ctx.res.write('begun')
    setImmediate(() => ctx.res.destroy())
  })
  router.get('/stream', (ctx) => {
    ctx.respond = false
    stream(ctx.res)
  })
  router.get('/empty', (ctx) => void (ctx.status = 204))
  router.get('/same', (ctx) => void (ctx.status = 304))
  router.get('/head', (ctx) => {
    ctx.respond = false
    head(ctx.res)
  })
  router.post('/body', (ctx) => void (ctx.body = ctx.req))
  router.put('/pipe', (ctx) => void (ctx.body = ctx.req))
  router.get('/shop/:shop/item/:item', (ctx) => void (ctx.body = [ctx.params, ctx.url]))
  app.use(router.routes()).use(router.allowedMethods())
  return app.callback()
}

function stream(res) {
  res.setHeader('Trailer', 'x-sum')
  res.write('one')
  setImmediate(() => {
    res.write('two')
    res.addTrailers({ 'x-sum': '42' })
    res.end('three')
  })
}

function head(res) {
  res.writeEarlyHints({ link: '</a.css>; rel=preload' })
  res.writeHead(203, 'Fine', [
    ['X-Odd-Case', 'a'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['content-length', '2']
  ])
  res.end('ok')
}

const server = createServer(framework === 'koa' ? koaHandler() : expressHandler())
const listeners = () =>
  [process, server].map((one) =>
    one.eventNames().map((name) => [String(name), one.listenerCount(name)])
  )
server.listen(0, '127.0.0.1', () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
)
process.on('message', async ({ faults, stop, count, end }) => {
  if (end === true) {
    await traced.shutdown()
    process.send({})
  }
  if (faults !== undefined) {
    globalThis.faults = faults
    process.send({})
  }
  if (count === true) process.send({ listeners: listeners() })
  if (stop === true) {
    server.close()
    server.closeAllConnections()
    upstream.close()
    upstream.closeAllConnections()
    process.disconnect()
  }
})
