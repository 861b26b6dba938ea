import { SpanStatusCode, trace } from '@opentelemetry/api'
import { withSpan } from 'spanlight'
import { fails, get, span, sqlOf, tracer } from './canary-tools.js'

/** By place: what the application does with a value that must stay visible. */
export function plainPlaces(target, pool) {
  const sql = sqlOf(pool)
  return {
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
}
