import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Redactor } from '../../src/redact/redactor.ts'
import { redactor } from './setup.ts'

/** Every way a secret comes in: what is given, as text, with the canary inside. */
const channels: readonly [string, (redact: Redactor, canary: string) => unknown][] = [
  ['header authorization', (r, c) => r.header('authorization', `Bearer ${c}`)],
  ['header authorization without a scheme', (r, c) => r.header('authorization', c)],
  ['header cookie', (r, c) => r.header('cookie', `theme=${c}; sid="${c}; x"`)],
  ['header set-cookie', (r, c) => r.header('set-cookie', `sid=${c}; Path=/; Odd=${c}`)],
  ['header x-api-key', (r, c) => r.header('X-Api-Key', c)],
  ['header of any key', (r, c) => r.header('x-whatever-key', c)],
  ['header baggage', (r, c) => r.header('baggage', `user=${c},b=${c};p=${c}`)],
  ['header referer', (r, c) => r.header('referer', `https://u:${c}@h/?token=${c}`)],
  ['header location', (r, c) => r.header('location', `/cb?code=${c}#access_token=${c}`)],
  ['header of a WebSocket', (r, c) => r.header('sec-websocket-protocol', `traces.t.${c}`)],
  ['header www-authenticate', (r, c) => r.header('www-authenticate', `Digest nonce="${c}"`)],
  ['header attributes', (r, c) => r.attribute('http.request.header.x-auth-token', [c, c])],
  ['cookie attributes', (r, c) => r.attribute('http.request.header.cookie', [`a=${c}`])],
  ['query', (r, c) => r.query(`a=1&token=${c}&user[password]=${c}&redirect=%2F%3Fapi_key%3D${c}`)],
  ['odd query', (r, c) => r.query(`a=%zz&b=${c}`)],
  ['query in JSON', (r, c) => r.query(`f=${encodeURIComponent(JSON.stringify({ password: c }))}`)],
  ['URL', (r, c) => r.url(`https://user:${c}@h/a;jsessionid=${c}?sig=${c}#id_token=${c}`)],
  ['URL with an odd password', (r, c) => r.url(`postgres://user:a/${c}@h/db`)],
  ['URL attribute', (r, c) => r.attribute('url.full', `https://h/?X-Amz-Signature=${c}`)],
  ['path', (r, c) => r.path(`/x/ghp_${c}/sk-${c}/Bearer%20${c}`)],
  [
    'PostgreSQL',
    (r, c) => r.statement(`SELECT '${c}', E'\\'${c}', $t$${c}$t$ -- ${c}`, 'postgresql', false)
  ],
  ['MySQL', (r, c) => r.statement(`SELECT "${c}", '\\'${c}' # ${c}`, 'mysql', false)],
  ['SQLite', (r, c) => r.statement(`SELECT '${c}' /* ${c} */ WHERE a = "${c}"`, 'sqlite', false)],
  [
    'other SQL',
    (r, c) => r.statement(`SELECT N'${c}' WHERE a = "${c}" OR b = 'x\\' ${c}`, 'other', false)
  ],
  ['SQL of users', (r, c) => r.statement(`ALTER USER a IDENTIFIED BY '${c}'`, 'other', false)],
  ['open SQL', (r, c) => r.attribute('db.query.text', `SELECT 1 WHERE a = '${c}`)],
  ['MongoDB', (r, c) => r.attribute('db.statement', JSON.stringify({ find: c, a: { b: [c, c] } }))],
  ['Redis', (r, c) => r.attribute('db.query.text', `SET user:1 ${c}`)],
  ['Redis credentials', (r, c) => r.attribute('db.query.text', `AUTH ${c}`)],
  ['Redis session', (r, c) => r.attribute('db.query.text', `GET session:${c}`)],
  ['parameters', (r, c) => r.attribute('db.query.parameter.0', c)],
  ['secret attribute', (r, c) => r.attribute('user.password', c)],
  ['secret attributes', (r, c) => r.attribute('api_keys.apiKey', [c, c])],
  [
    'message',
    (r, c) => r.attribute('exception.message', `login with password=${c} at redis://:${c}@h failed`)
  ],
  ['JSON message', (r, c) => r.text(`sent {"user":{"clientSecret":"${c}","otp":"${c}"}}`, 2048)],
  [
    'printed object',
    (r, c) => r.text(`{ headers: { Authorization: 'Bearer ${c}', 'x-api-key': '${c}' } }`, 2048)
  ],
  [
    'stack',
    (r, c) =>
      r.attribute('exception.stacktrace', `Error: Bearer ${c}\n at https://u:${c}@h/x.js:1:1`)
  ],
  ['printed map', (r, c) => r.text(`URLSearchParams { 'token' => '${c}', 'page' => '1' }`, 2048)],
  ['log line', (r, c) => r.text(`token=${c} session_id="${c}"`, 2048)],
  [
    'private key',
    (r, c) => r.text(`-----BEGIN PRIVATE KEY-----\n${c}\n-----END PRIVATE KEY-----`, 2048)
  ],
  ['web token', (r, c) => r.text(`eyJ${c}.eyJ${c}.${c}`, 2048)],
  ['GitHub token', (r, c) => r.attribute('app.note', `x ghp_${c} y`)],
  ['span name', (r, c) => r.text(`GET /?access_token=${c}`, 256)]
]

describe.each(['local', 'token'] as const)('in mode %s no canary survives', (mode) => {
  const redact = redactor({ mode })
  test.each(channels)('in %s', (_name, give) => {
    for (let i = 0; i < 200; i++) {
      const canary = randomBytes(12).toString('hex')
      expect(JSON.stringify(give(redact, canary) ?? '')).not.toContain(canary)
    }
  })
})

test('in mode token a header that nobody knows shows its length only', () => {
  expect(redactor({ mode: 'token' }).header('x-unknown', 'canary')).toBe('[6 characters]')
})

/** Every one of these must stay readable, or hiding everything would pass. */
const innocent: readonly [string, (redact: Redactor) => unknown, unknown][] = [
  ...(
    [
      ['http.request.method', 'GET'],
      ['http.route', '/api/items/:id'],
      ['url.path', '/api/items/5'],
      ['url.query', 'page=2&sort=-date&q=caf%C3%A9+au+lait'],
      ['url.full', 'https://example.com:8443/a/b?x=1&y=2#top'],
      [
        'user_agent.original',
        'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0'
      ],
      ['http.response.status_code', 404],
      ['server.address', 'db.internal.example.com'],
      ['server.port', 5432],
      ['client.address', '203.0.113.7'],
      ['network.protocol.version', '1.1'],
      ['error.type', 'TypeError'],
      ['exception.message', "Cannot read properties of undefined (reading 'name')"],
      ['exception.message', 'connect ECONNREFUSED 127.0.0.1:5432'],
      ['exception.message', 'duplicate key value violates unique constraint "users_email_key"'],
      ['exception.message', 'Unexpected token } in JSON at position 5'],
      [
        'exception.stacktrace',
        'Error: boom\n    at f (file:///srv/app/index.js:10:5)\n    at node:internal/main:1:2'
      ],
      [
        'db.query.text',
        'SELECT "u"."id", count(*) FROM "users" AS "u" JOIN "orders" ON "orders"."user_id" = "u"."id" WHERE "u"."id" = $1 GROUP BY "u"."id"'
      ],
      ['db.query.text', 'select id, name from items where id = ? order by name desc limit ?'],
      ['db.query.text', 'BEGIN'],
      ['db.statement', 'HGETALL user:5'],
      ['db.namespace', 'shop'],
      ['db.operation.name', 'SELECT'],
      ['db.response.returned_rows', 12],
      ['messaging.kafka.message.key', 'order-5'],
      ['gen_ai.usage.input_tokens', 512],
      ['user.id', '42'],
      ['user.email', 'alice@example.com'],
      ['enduser.id', 'alice'],
      ['order.id', '2025-000123'],
      ['app.uuid', '550e8400-e29b-41d4-a716-446655440000'],
      ['app.trace', '4bf92f3577b34da6a3ce929d0e0e4736'],
      ['app.commit', '7010b0e5f0a1d2c3b4a5968778695a4b3c2d1e0f'],
      ['app.time', '1732290000000'],
      ['app.started', 1_732_290_000_000],
      ['app.date', '2025-11-22T15:28:00.000Z'],
      ['app.phone', '+49 30 1234567'],
      ['app.price', 19.99],
      ['app.flag', true],
      ['app.list', ['a', 'b', 'c']],
      ['app.sizes', [1, 2, 3]],
      ['app.name', 'Zoë Müller 表'],
      ['author', 'Ursula K. Le Guin'],
      ['primaryKey', 'id'],
      ['cache.key.count', 3],
      ['keyboard.layout', 'de'],
      ['session.new', true],
      ['country_code', 'DE'],
      ['state', 'open'],
      ['http.request.header.accept', ['text/html, */*;q=0.8']],
      ['http.request.header.content-type', ['application/json; charset=utf-8']],
      ['http.response.header.cache-control', ['no-store']]
    ] as const
  ).map(([key, value]): [string, (r: Redactor) => unknown, unknown] => [
    `${key} ${String(value)}`,
    (r) => r.attribute(key, value),
    value
  ]),
  ...[
    'GET /api/items/:id',
    'middleware - compression',
    'listening on http://localhost:3000',
    'user 42 bought 3 items for 19.99 EUR',
    'Basic plan chosen',
    'the task-runner finished in 12 ms',
    'took 5 ms (db: 3 ms, cache: 1 ms)',
    'a=1 b=2 retry=true',
    '{"items":[1,2,3],"name":"x"}'
  ].map((text): [string, (r: Redactor) => unknown, unknown] => [
    text,
    (r) => r.text(text, 256),
    text
  ])
]

test('the list of innocent values is long enough to mean something', () => {
  expect(innocent.length).toBeGreaterThanOrEqual(60)
})

describe.each(['local', 'token'] as const)('in mode %s stays readable', (mode) => {
  const redact = redactor({ mode })
  test.each(innocent)('%s', (_name, give, expected) => {
    expect(give(redact)).toEqual(expected)
  })
})
