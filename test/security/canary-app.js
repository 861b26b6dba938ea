// An application that meets secrets everywhere: each entry of `secret` is one place where its canary stands, each of `plain` one where an
// innocent value does. The test sends the values by IPC, so that they are nowhere else in this process.
import { createServer, request as httpRequest } from 'node:http'
import Router from '@koa/router'
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import express from 'express'
import Koa from 'koa'
import pg from 'pg'
import { activeSpan, shutdown, tracing, withSpan } from 'spanlight'

// What the host prints is the host's own: with its console shut, every byte of the two streams is the package's.
for (const name of ['log', 'info', 'warn', 'error', 'debug']) console[name] = () => {}

const setup = await new Promise((resolve) => process.once('message', resolve))
const { framework, options, values, target, database } = setup
const pool = new pg.Pool({ host: '127.0.0.1', port: database, user: 'postgres', max: 1 })
const tracer = trace.getTracer('shop')

const attempt = async (work) => {
  try {
    await work()
  } catch {
    // The statement is refused; its text and the error's are what the test is about.
  }
}
const sql = (text, parameters) => attempt(() => pool.query(text, parameters))
const span = (work) => withSpan('work', (one) => work(one))
const fails = (error) => attempt(() => withSpan('fails', () => Promise.reject(error)))
const get = (url, headers = {}) =>
  new Promise((resolve) => {
    httpRequest(url, { headers }, (res) => res.resume().on('end', resolve))
      .on('error', resolve)
      .end()
  })

class Account {
  constructor(password) {
    this.owner = 'ann'
    this.password = password
  }
}

/** By place: what the application does with a secret. */
const secret = {
  'fetch query': (c) => fetch(`${target}/?access_token=${c}&page=1`),
  'fetch path': (c) => fetch(`${target}/files/ghp_${c}`),
  'fetch fragment': (c) => fetch(`${target}/#id_token=${c}`),
  'fetch header': (c) => fetch(target, { headers: { authorization: `Bearer ${c}` } }),
  'fetch body': (c) => fetch(target, { method: 'POST', body: JSON.stringify({ password: c }) }),
  'fetch refused': (c) => attempt(() => fetch(`http://127.0.0.1:1/?sig=${c}`)),
  'http userinfo': (c) => get(target.replace('//', `//ann:${c}@`)),
  'http user alone': (c) => get(target.replace('//', `//${c}@`)),
  'http query': (c) => get(`${target}/?X-Amz-Signature=${c}`),
  'http header': (c) => get(target, { 'x-api-key': c }),
  'http refused': (c) => get(`http://ann:${c}@127.0.0.1:1/?api_key=${c}`),
  'http location': (c) => get(`${target}/redirect?to=${encodeURIComponent(`/?token=${c}`)}`),

  'SQL string': (c) => sql(`SELECT '${c}'`),
  'SQL escape string': (c) => sql(`SELECT E'it\\'s ${c}'`),
  'SQL doubled quote': (c) => sql(`SELECT 'it''s ${c}'`),
  'SQL dollar quote': (c) => sql(`SELECT $body$${c}$body$`),
  'SQL block comment': (c) => sql(`SELECT 1 /* ${c} /* nested */ ${c} */`),
  'SQL line comment': (c) => sql(`SELECT 1 -- ${c}`),
  'SQL in list': (c) => sql(`SELECT 1 WHERE 'a' IN ('${c}', 'b')`),
  'SQL like': (c) => sql(`SELECT 1 WHERE 'a' LIKE '%${c}%'`),
  'SQL insert': (c) => sql(`INSERT INTO account (email) VALUES ('${c}')`),
  'SQL unicode string': (c) => sql(`SELECT U&'${c}'`),
  'SQL role': (c) => sql(`CREATE USER u${Date.now()} PASSWORD '${c}'`),
  'SQL several statements': (c) => sql(`SELECT 1; UPDATE account SET email = '${c}' WHERE false`),
  'SQL never closed': (c) => sql(`SELECT '${c}`),
  'SQL refused value': (c) => sql(`SELECT '${c}'::int`),
  'SQL refused parameter': (c) => sql('SELECT $1::int', [c]),
  'SQL refused date': (c) => sql(`SELECT '${c}'::date`),
  'SQL syntax error at a literal': (c) => sql(`SELECT 1 WHERE a = = '${c}'`),
  'SQL syntax error behind a literal': (c) => sql(`SELECT 'a' 'b' '${c}'`),
  'SQL duplicate': async (c) => {
    await sql(`INSERT INTO account (email) VALUES ('${c}')`)
    await sql('INSERT INTO account (email) VALUES ($1)', [c])
  },
  'SQL check': (c) => sql(`INSERT INTO account (email, age) VALUES ('${c}', -1)`),
  'SQL parameter': (c) => sql('SELECT $1::text', [c]),
  'SQL error on its way up': (c) => span(() => pool.query(`SELECT '${c}'::int`)),

  'error message': (c) => fails(new Error(`cannot log in with password=${c}`)),
  'error with a URL': (c) => fails(new Error(`connect to redis://:${c}@cache:6379 failed`)),
  'error with a bearer': (c) => fails(new Error(`rejected: Bearer ${c}`)),
  'error with JSON': (c) => fails(new Error(`bad body {"user":{"clientSecret":"${c}"}}`)),
  'error stack': (c) => {
    const error = new Error('boom')
    error.stack = `Error: boom\n    at open (https://ann:${c}@h/x.js?token=${c}:1:1)`
    return fails(error)
  },
  'axios error': (c) => {
    const config = { headers: { Authorization: `Bearer ${c}` }, auth: { password: c }, data: c }
    const error = Object.assign(new Error('Request failed with status code 401'), {
      name: 'AxiosError',
      isAxiosError: true,
      config,
      request: { _header: `GET / HTTP/1.1\r\nAuthorization: Bearer ${c}` },
      response: { status: 401, config, data: { token: c }, headers: { 'set-cookie': [`s=${c}`] } },
      toJSON: () => ({ config })
    })
    return fails(error)
  },
  'cause chain': (c) =>
    fails(
      new Error('outer', {
        cause: new Error('middle', { cause: new Error(`inner secret=${c}`) })
      })
    ),
  'cause text': (c) => fails(new Error('outer', { cause: `api_key=${c}` })),
  'cause object': (c) => fails(new Error('outer', { cause: { password: c, message: 'no' } })),
  'aggregate error': (c) => fails(new AggregateError([new Error(`token=${c}`)], 'all failed')),
  'error code': (c) => fails(Object.assign(new Error('x'), { code: `ghp_${c}` })),
  'error name': (c) => fails(Object.assign(new Error('x'), { name: `glpat-${c}` })),
  'thrown text': (c) => fails(`password=${c}`),
  'thrown object': (c) => fails({ password: c, toString: () => `token=${c}` }),
  'error of a fetch': (c) => attempt(() => span(() => fetch(`http://ann:${c}@127.0.0.1:1/`))),
  'error of new URL': (c) => attempt(() => span(() => new URL(`http://ann:${c}@[::1/?token=${c}`))),
  'error of the request': (c) => {
    throw new Error(`no session for sid=${c}`)
  },

  'console text': (c) => console.log(`token=${c}`),
  'console object': (c) => console.info({ user: 'ann', password: c }),
  'console nested': (c) => console.warn('saved', { a: { b: [{ apiKey: c }] } }),
  'console format %s': (c) => console.error('password=%s done', c),
  'console format %j': (c) => console.log('got %j', { clientSecret: c }),
  'console format %o': (c) => console.debug('got %o', { auth: { password: c } }),
  'console JSON': (c) => console.log(JSON.stringify({ level: 'info', accessToken: c })),
  'console error': (c) => console.error(new Error(`denied for api_key=${c}`)),
  'console error with properties': (c) =>
    console.error(Object.assign(new Error('denied'), { config: { headers: { auth: c } } })),
  'console class': (c) => console.log(new Account(c)),
  'console map': (c) => console.log(new Map([['token', c]])),
  'console set': (c) => console.log(new Set([{ secret: c }])),
  'console url': (c) => console.log(new URL(`https://ann:${c}@h.example/a?token=${c}`)),
  'console search': (c) => console.log(new URLSearchParams({ token: c, page: '1' })),
  'console headers': (c) =>
    console.log(new Headers({ authorization: `Bearer ${c}`, 'x-api-key': c })),
  'console fetch request': (c) =>
    console.log(new Request(`${target}/?sig=${c}`, { headers: { cookie: `sid=${c}` } })),
  'console null object': (c) => console.log(Object.assign(Object.create(null), { password: c })),
  'console getter': (c) =>
    console.log({
      get password() {
        return c
      }
    }),
  'console symbol key': (c) => console.log({ [Symbol('password')]: c }),
  'console own inspect': (c) =>
    console.log({ [Symbol.for('nodejs.util.inspect.custom')]: () => `Db { password: '${c}' }` }),
  'console own toString': (c) => console.log(`${{ toString: () => `pwd=${c}` }}`),
  'console environment': (c) => console.log({ DATABASE_URL: `postgres://ann:${c}@db/shop` }),
  'console JWT': (c) => console.log(`user eyJhbGciOiJIUzI1NiJ9.eyJ${c}.${c}`),
  'console key': (c) => console.log(`-----BEGIN PRIVATE KEY-----\n${c}\n-----END PRIVATE KEY-----`),
  'console rows': (c) => console.log([{ id: 1, password_hash: c }]),
  'console pairs': (c) => console.log([['password', c]]),
  'console cookie': (c) => console.log('cookie: sid=' + c),

  'attribute by name': (c) => span((one) => one.setAttribute('user.password', c)),
  'attribute list': (c) => span((one) => one.setAttribute('auth.tokens', [c, c])),
  'attribute by form': (c) => span((one) => one.setAttribute('app.note', `uses sk-${c}`)),
  'attributes together': (c) => span((one) => one.setAttributes({ apiKey: c, 'x.secret_key': c })),
  'attribute URL': (c) => span((one) => one.setAttribute('url.full', `https://a:${c}@h/?sig=${c}`)),
  'attribute old URL': (c) => span((one) => one.setAttribute('http.url', `http://h/?code=${c}`)),
  'attribute header': (c) =>
    span((one) => one.setAttribute('http.request.header.x-auth-token', [c])),
  'attribute cookie': (c) =>
    span((one) => one.setAttribute('http.request.header.cookie', [`a=${c}`])),
  'attribute statement': (c) =>
    span((one) => one.setAttribute('db.query.text', `SELECT "a" WHERE b = '${c}'`)),
  'attribute redis': (c) => span((one) => one.setAttribute('db.statement', `SET user:1 ${c}`)),
  'attribute redis login': (c) => span((one) => one.setAttribute('db.statement', `AUTH ${c}`)),
  'attribute mongo': (c) =>
    span((one) =>
      one.setAttribute('db.statement', JSON.stringify({ find: 'u', filter: { a: c } }))
    ),
  'attribute parameter': (c) => span((one) => one.setAttribute('db.query.parameter.0', c)),
  'attribute as a key': (c) => span((one) => one.setAttribute(`ghp_${c}`, 1)),
  'event attribute': (c) => span((one) => one.addEvent('login', { token: c })),
  'event name': (c) => span((one) => one.addEvent(`login?password=${c}`)),
  'link attribute': (c) =>
    span((one) => one.addLink({ context: one.spanContext(), attributes: { sessionId: c } })),
  'status message': (c) =>
    span((one) => one.setStatus({ code: SpanStatusCode.ERROR, message: `bad password=${c}` })),
  'span name': (c) => withSpan(`GET /?access_token=${c}`, () => {}),
  'span renamed': (c) => span((one) => one.updateName(`call Bearer ${c}`)),
  'recorded exception': (c) =>
    span((one) => one.recordException(new Error(`at redis://:${c}@cache`))),
  'recorded text': (c) => span((one) => one.recordException(`secret=${c}`)),
  'options of withSpan': (c) => withSpan('work', { attributes: { token: c } }, () => {}),
  'API attributes': (c) =>
    tracer.startActiveSpan('api', { attributes: { 'aws.secret_access_key': c } }, (one) =>
      one.end()
    ),
  'API event': (c) =>
    tracer.startActiveSpan('api', (one) => {
      one.addEvent('x', { 'event.credential': c })
      one.end()
    }),
  'API links': (c) => {
    const links = [{ context: activeSpan().spanContext(), attributes: { jwt: c } }]
    tracer.startSpan('api', { links }).end()
  },
  'API exception': (c) => {
    const one = tracer.startSpan('api')
    one.recordException({ name: 'Denied', message: `pwd=${c}`, stack: `Denied: pwd=${c}` })
    one.setStatus({ code: SpanStatusCode.ERROR, message: `Bearer ${c}` })
    one.end()
  },
  'API span name': (c) => tracer.startSpan(`SELECT '1' password='${c}'`).end(),
  'API tracer name': (c) => trace.getTracer(`shop?token=${c}`, `sk-${c}`).startSpan('api').end(),
  'API baggage': (c) => {
    const baggage = propagation.createBaggage({ plan: { value: c } })
    return context.with(propagation.setBaggage(context.active(), baggage), () =>
      span(() => fetch(target))
    )
  },
  'set-cookie': (c, reply) => reply('set-cookie', `sid=${c}; Path=/; HttpOnly`),
  'several set-cookie': (c, reply) => reply('set-cookie', ['theme=dark', `__Host-id=${c}; Secure`]),
  'location header': (c, reply) => reply('location', `/welcome?code=${c}#access_token=${c}`),
  'www-authenticate header': (c, reply) => reply('www-authenticate', `Digest nonce="${c}"`),
  'answered header': (c, reply) => reply('x-auth-token', c)
}

/** By place: what the application does with a value that must stay visible. */
const plain = {
  'fetch path': (v) => fetch(`${target}/files/${v}`),
  'fetch query': (v) => fetch(`${target}/?page=${v}&sort=name`),
  'http path': (v) => get(`${target}/items/${v}`),
  'http query': (v) => get(`${target}/?q=${v}`),
  'http location': (v) => get(`${target}/redirect?to=${encodeURIComponent(`/next/${v}`)}`),
  'SQL column': (v) => sql(`SELECT 1 AS ${v}`),
  'SQL quoted column': (v) => sql(`SELECT 1 AS "${v}"`),
  'SQL table that is missing': (v) => sql(`SELECT id FROM ${v}`),
  'SQL parameterised': (v) => sql(`SELECT $1::int AS ${v}`, [1]),
  'SQL constraint': (v) =>
    sql(
      `INSERT INTO account (email, age) VALUES ('x', 1) ON CONFLICT ON CONSTRAINT ${v} DO NOTHING`
    ),
  'error message': (v) => fails(new Error(`the ${v} is empty`)),
  'error of JSON': (v) => fails(new SyntaxError(`Unexpected token ${v} in JSON at position 5`)),
  'error code': (v) => fails(Object.assign(new Error('no'), { code: `E_${v}` })),
  'error name': (v) => fails(Object.assign(new Error('no'), { name: `${v}Error` })),
  'error stack': (v) =>
    fails(Object.assign(new Error('no'), { stack: `Error: no\n    at ${v} (file:///a.js:1:2)` })),
  'cause chain': (v) => fails(new Error('outer', { cause: new Error(`inner ${v}`) })),
  'thrown text': (v) => fails(`no ${v}`),
  'console text': (v) => console.log(`found ${v}`),
  'console object': (v) => console.info({ user: v, id: 7 }),
  'console nested': (v) => console.warn('saved', { a: { b: [v] } }),
  'console format': (v) => console.error('%s of %d', v, 3),
  'console map': (v) => console.log(new Map([['city', v]])),
  'console url': (v) => console.log(new URL(`https://h.example/${v}?page=1`)),
  'console search': (v) => console.log(new URLSearchParams({ page: v })),
  'console headers': (v) => console.log(new Headers({ accept: v })),
  'console author': (v) => console.log({ author: v }),
  'console pairs': (v) => console.log(`retries=3 host=${v}`),
  attribute: (v) => span((one) => one.setAttribute('order.id', v)),
  'attribute list': (v) => span((one) => one.setAttribute('order.items', [v, 'b'])),
  'attribute primary key': (v) => span((one) => one.setAttribute('db.primaryKey', v)),
  'attribute cache key': (v) => span((one) => one.setAttribute('cacheKey', v)),
  'attribute idempotency key': (v) => span((one) => one.setAttribute('idempotencyKey', v)),
  'attribute keyboard': (v) => span((one) => one.setAttribute('keyboard.layout', v)),
  'attribute author': (v) => span((one) => one.setAttribute('book.author', v)),
  'attribute state': (v) => span((one) => one.setAttribute('order.state', v)),
  'attribute country code': (v) => span((one) => one.setAttribute('country_code', v)),
  'attribute URL': (v) => span((one) => one.setAttribute('url.full', `https://h/${v}?a=1`)),
  'attribute statement': (v) =>
    span((one) => one.setAttribute('db.query.text', `SELECT ${v} FROM t WHERE a = 'x'`)),
  'attribute redis': (v) => span((one) => one.setAttribute('db.statement', `HGETALL cart:${v}`)),
  'event name': (v) => span((one) => one.addEvent(`reached ${v}`)),
  'event attribute': (v) => span((one) => one.addEvent('cache', { hit: v })),
  'link attribute': (v) =>
    span((one) => one.addLink({ context: one.spanContext(), attributes: { why: v } })),
  'status message': (v) =>
    span((one) => one.setStatus({ code: SpanStatusCode.ERROR, message: `no ${v} left` })),
  'span name': (v) => withSpan(`load ${v}`, () => {}),
  'API attribute': (v) => tracer.startSpan('api', { attributes: { 'app.plan': v } }).end(),
  'API event': (v) => {
    const one = tracer.startSpan('api')
    one.addEvent('x', { step: v })
    one.end()
  },
  'API tracer name': (v) => trace.getTracer(v).startSpan('api').end(),
  'set-cookie name': (v, reply) => reply('set-cookie', `${v}=1; Path=/`),
  'location header': (v, reply) => reply('location', `/welcome/${v}?page=2`),
  'etag header': (v, reply) => reply('etag', `"${v}"`)
}

function run(kind, name, reply) {
  const work = kind === 'plain' ? plain[name] : secret[name]
  return work(values[`${kind}: ${name}`], reply)
}

function expressApp() {
  const app = express()
  app.use(tracing({ ...options, instrument: { pg } }))
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
  app.use(tracing({ ...options, instrument: { pg } }))
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
