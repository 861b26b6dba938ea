import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { activeSpan, withSpan } from 'spanlight'
import { Account, attempt, fails, get, span, sqlOf, tracer } from './canary-tools.js'

/** By place: what the application does with a secret. */
export function secretPlaces(target, pool) {
  const sql = sqlOf(pool)
  return {
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
        response: {
          status: 401,
          config,
          data: { token: c },
          headers: { 'set-cookie': [`s=${c}`] }
        },
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
    'error of new URL': (c) =>
      attempt(() => span(() => new URL(`http://ann:${c}@[::1/?token=${c}`))),
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
    'console own toString': (c) => console.log('%s', { toString: () => `pwd=${c}` }),
    'console environment': (c) => console.log({ DATABASE_URL: `postgres://ann:${c}@db/shop` }),
    'console JWT': (c) => console.log(`user eyJhbGciOiJIUzI1NiJ9.eyJ${c}.${c}`),
    'console key': (c) =>
      console.log(`-----BEGIN PRIVATE KEY-----\n${c}\n-----END PRIVATE KEY-----`),
    'console rows': (c) => console.log([{ id: 1, password_hash: c }]),
    'console pairs': (c) => console.log([['password', c]]),
    'console cookie': (c) => console.log('cookie: sid=' + c),

    'attribute by name': (c) => span((one) => one.setAttribute('user.password', c)),
    'attribute list': (c) => span((one) => one.setAttribute('auth.tokens', [c, c])),
    'attribute by form': (c) => span((one) => one.setAttribute('app.note', `uses sk-${c}`)),
    'attributes together': (c) =>
      span((one) => one.setAttributes({ apiKey: c, 'x.secret_key': c })),
    'attribute URL': (c) =>
      span((one) => one.setAttribute('url.full', `https://a:${c}@h/?sig=${c}`)),
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
    'several set-cookie': (c, reply) =>
      reply('set-cookie', ['theme=dark', `__Host-id=${c}; Secure`]),
    'location header': (c, reply) => reply('location', `/welcome?code=${c}#access_token=${c}`),
    'www-authenticate header': (c, reply) => reply('www-authenticate', `Digest nonce="${c}"`),
    'answered header': (c, reply) => reply('x-auth-token', c)
  }
}
