import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, start } from './child.ts'
import { ingestBody } from './ingest-body.ts'
import { type Output, Reader } from './outputs.ts'

let database: PGlite
let socketServer: PGLiteSocketServer
let databasePort: number

beforeAll(async () => {
  database = await PGlite.create()
  await database.exec('CREATE TABLE account (email text PRIMARY KEY, age int CHECK (age >= 0))')
  socketServer = new PGLiteSocketServer({
    db: database,
    host: '127.0.0.1',
    port: 0,
    maxConnections: 4
  })
  await socketServer.start()
  databasePort = Number(socketServer.getServerConn().split(':').at(-1))
})

afterAll(async () => {
  await socketServer?.stop()
  await database?.close()
})

/** Values by the place where they were put. */
class Values {
  readonly byPlace: Record<string, string> = {}

  /** A new canary for a place: 96 bits that occur nowhere else. */
  secret(place: string): string {
    return (this.byPlace[`secret: ${place}`] ??= randomBytes(12).toString('hex'))
  }

  /** A new innocent value: as long, but nothing of a credential in it. */
  plain(place: string): string {
    return (this.byPlace[`plain: ${place}`] ??= `plum${Object.keys(this.byPlace).length}tree`)
  }

  places(kind: 'secret' | 'plain'): [place: string, value: string][] {
    return Object.entries(this.byPlace).filter(([place]) => place.startsWith(`${kind}: `))
  }
}

/** What the application calls, and where its spans are exported to: another process from its point of view. */
class Outside {
  readonly received: Output[] = []
  readonly #server: Server = createServer((req, res) => {
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => {
      const body = Buffer.concat(parts)
      if (req.url === '/v1/traces') {
        const text = (
          req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
        ).toString('utf8')
        this.received.push({ door: 'export', text })
      }
      const to = /^\/redirect\?to=(.*)$/.exec(req.url ?? '')?.[1]
      if (to !== undefined) res.writeHead(302, { location: decodeURIComponent(to) })
      res.end('{}')
    })
  })

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

const secretHeaders: readonly [name: string, value: (canary: string) => string][] = [
  ['authorization', (c) => `Bearer ${c}`],
  ['proxy-authorization', (c) => `Basic ${Buffer.from(`ann:${c}`).toString('base64')} ${c}`],
  ['x-api-key', (c) => c],
  ['x-auth-token', (c) => c],
  ['x-csrf-token', (c) => c],
  ['x-xsrf-token', (c) => c],
  ['x-amz-security-token', (c) => c],
  ['x-goog-iam-authorization-token', (c) => c],
  ['x-session-id', (c) => c],
  ['x-client-secret', (c) => c],
  ['x-forwarded-client-cert', (c) => `Hash=${c};Cert="${c}"`],
  ['x-hub-signature-256', (c) => `sha256=${c}`],
  ['ocp-apim-subscription-key', (c) => c],
  ['x-password', (c) => c],
  ['x-user-jwt', (c) => `eyJhbGciOiJIUzI1NiJ9.eyJ${c}.${c}`],
  ['referer', (c) => `https://ann:${c}@shop.example/a?token=${c}#access_token=${c}`],
  ['sec-websocket-protocol', (c) => `chat, spanlight.token.${c}`],
  ['x-original-url', (c) => `/a?api_key=${c}`],
  ['x-request-id', (c) => `ghp_${c}`],
  ['user-agent', (c) => `curl/8 (token=${c})`]
]

const cookieNames = 'sid theme connect.sid __Host-id remember_me _ga cart lang jwt csrf'.split(' ')

const queryKeys =
  `token access_token api_key apikey key password passwd pwd secret client_secret code state sig signature X-Amz-Signature
   X-Goog-Signature AWSAccessKeyId auth session_id sid jwt id_token refresh_token csrf otp pin ssn nonce assertion ticket`.split(
    /\s+/
  )

const plainQueryKeys = 'page sort q filter from lang tab view'.split(' ')

const traceparent = (): string =>
  `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`

/** A request with its headers as they are given: fetch refuses some of them. */
function ask(
  url: string,
  headers: Record<string, string | string[]>,
  body?: string
): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    httpRequest(url, { method, headers }, (res) => res.resume().on('end', resolve))
      .on('error', reject)
      .end(body)
  })
}

/** Everything that a client can put a secret or an innocent value into. */
async function visit(url: string, values: Values, access: string): Promise<void> {
  const { secret, plain } = bind(values)
  for (const [name, value] of secretHeaders) {
    // The mark of a proxy, which ends local access.
    if (access === 'local' && name.startsWith('x-forwarded-')) continue
    await ask(`${url}/any`, { [name]: value(secret(`header ${name}`)) })
  }
  const cookies = cookieNames.map((name) => `${name}=${secret(`cookie ${name}`)}`)
  await ask(`${url}/any`, { cookie: cookies.join('; ') })
  await ask(`${url}/any`, { cookie: `${plain('cookie name')}=1` })
  for (const key of queryKeys) await ask(`${url}/any?a=1&${key}=${secret(`query ${key}`)}&b=2`, {})
  for (const [place, query] of [
    ['brackets', (c: string) => `user[password]=${c}`],
    ['escaped key', (c: string) => `%70assword=${c}`],
    ['URL in a value', (c: string) => `next=${encodeURIComponent(`/a?token=${c}`)}`],
    ['JSON in a value', (c: string) => `f=${encodeURIComponent(JSON.stringify({ password: c }))}`],
    ['odd escape', (c: string) => `a=%zz&b=${c}`],
    ['too many pairs', (c: string) => `${'a=1&'.repeat(120)}b=${c}`],
    ['form of a key', (c: string) => `note=ghp_${c}`]
  ] as const)
    await ask(`${url}/any?${query(secret(`query with ${place}`))}`, {})
  for (const key of plainQueryKeys) await ask(`${url}/any?${key}=${plain(`query ${key}`)}`, {})
  await ask(`${url}/any/${plain('path')}`, {})
  await ask(`${url}/any`, { 'user-agent': `Mozilla/5.0 ${plain('header user-agent')}` })
  await ask(`${url}/any`, { accept: `text/${plain('header accept')}` })
  await ask(`${url}/any`, { 'x-request-id': plain('header x-request-id') })
  await ask(`${url}/any`, { referer: `https://shop.example/${plain('header referer')}?page=1` })

  const routes: readonly [place: string, path: (c: string) => string][] = [
    ['route parameter token', (c) => `/reset/${c}`],
    ['route parameter password', (c) => `/verify/${c}/now`],
    ['route parameter that is escaped', (c) => `/reset/%61${c}`],
    ['mount parameter apiKey', (c) => `/t/${c}/orders`],
    ['path segment that is a key', (c) => `/any/ghp_${c}`],
    ['path segment that is a web token', (c) => `/any/eyJhbGciOiJIUzI1NiJ9.eyJ${c}.${c}`],
    ['path parameter', (c) => `/any/a;jsessionid=${c}`],
    ['userinfo in an absolute target', (c) => `http://ann:${c}@h/any`]
  ]
  for (const [place, path] of routes) await target(url, path(secret(place)))

  const nest = (c: string): object => ({ a: { b: { c: [{ d: { password: c, e: c } }] } } })
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  await ask(`${url}/any`, json, JSON.stringify(nest(secret('JSON body'))))
  await ask(`${url}/any`, json, `{"open": "${secret('broken JSON body')}`)
  await ask(`${url}/any`, form, `a[b][c][d][password]=${secret('form body')}&x=1`)
  await ask(`${url}/any`, { 'content-type': 'text/plain' }, secret('text body'))

  const secretBaggage = secret('baggage')
  await ask(`${url}/any`, {
    traceparent: traceparent(),
    baggage: `user=${secretBaggage};p=${secretBaggage}`
  })
  for (const [place, state] of [
    ['of a secret name', (c: string) => `session=${c}`],
    ['with a key', (c: string) => `vendor=ghp_${c}`],
    ['with a bearer', (c: string) => `vendor=Bearer ${c}`]
  ] as const)
    await ask(`${url}/any`, {
      traceparent: traceparent(),
      tracestate: state(secret(`tracestate ${place}`))
    })
}

// A request target that no client library would send as it is.
function target(url: string, path: string): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path }, (res) => res.resume().on('end', resolve))
      .on('error', reject)
      .end()
  })
}

function bind(values: Values): Record<'secret' | 'plain', (place: string) => string> {
  return {
    secret: (place) => values.secret(place),
    plain: (place) => values.plain(place)
  }
}

/** Asks the page for what is not there, in words that must not come back. */
async function askThePage(reader: Reader, values: Values): Promise<void> {
  const { secret } = bind(values)
  for (const path of [
    `api/traces?q=${encodeURIComponent(`@user:${secret('search')}`)}`,
    `api/traces?before=${secret('cursor')}`,
    `api/traces/${secret('unknown trace')}`,
    `api/${secret('unknown address')}?x=${secret('unknown address, query')}`,
    `assets/${secret('unknown asset')}.js`,
    `${secret('unknown screen')}`,
    `api/traces/${'0'.repeat(32)}?format=${secret('unknown format')}`
  ])
    await reader.get(path)
  const json = { 'content-type': 'application/json' }
  for (const body of [`{"x": "${secret('broken ingest')}`, JSON.stringify([secret('odd ingest')])])
    await reader.get('v1/traces', { method: 'POST', headers: json, body })
  const wrong = {
    authorization: `Bearer ${secret('wrong token')}`,
    origin: 'https://other.example'
  }
  await reader.get('api/status', { headers: wrong })
}

const modes = [
  { framework: 'express', access: 'local' },
  { framework: 'koa', access: 'token' }
] as const

describe.each(modes)('a $framework application seen in mode $access', ({ framework, access }) => {
  const token = randomBytes(32).toString('base64url')
  const ingestToken = randomBytes(32).toString('base64url')
  const values = new Values()
  const outside = new Outside()
  let program: Program
  let outputs: readonly Output[] = []

  beforeAll(async () => {
    const away = await outside.listen()
    program = start(
      'canary-app.js',
      {
        NODE_ENV: 'development',
        OTEL_RESOURCE_ATTRIBUTES: `deployment.api_key=${values.secret('resource variable')},team=${values.plain('resource variable')}`
      },
      []
    )
    program.tell({
      framework,
      target: away,
      database: databasePort,
      values: {},
      options: {
        service: 'shop',
        access,
        token: access === 'token' ? token : undefined,
        ingestToken: access === 'token' ? ingestToken : undefined,
        export: {
          url: `${away}/v1/traces`,
          headers: { authorization: `Bearer ${values.secret('export header')}` }
        },
        capture: {
          requestHeaders: ['accept', 'cookie', ...secretHeaders.map(([name]) => name)],
          responseHeaders: ['etag', 'location', 'set-cookie', 'www-authenticate', 'x-auth-token']
        },
        redact: { headers: { record: ['x-original-url'] } }
      }
    })
    const { url, secret, plain } = await program.heard<{
      url: string
      secret: string[]
      plain: string[]
    }>()
    for (const place of secret) values.secret(place)
    for (const place of plain) values.plain(place)
    program.tell({ values: values.byPlace })
    await program.heard()

    const reader = new Reader(`${url}/_traces`, access === 'token' ? token : '')
    await reader.get('')
    const live = [await reader.socket(), await reader.stream()]
    await visit(url, values, access)
    for (const place of secret) await ask(`${url}/run/secret/${encodeURIComponent(place)}`, {})
    for (const place of plain) await ask(`${url}/run/plain/${encodeURIComponent(place)}`, {})
    // The page's own token, wherever one of ours could be found in the application's traffic.
    await ask(`${url}/any`, { authorization: `Bearer ${token}` })
    await ask(`${url}/any?token=${token}`, { referer: `${url}/_traces/#t=${token}` })
    await ask(`${url}/any`, { 'sec-websocket-protocol': `spanlight.v1, spanlight.token.${token}` })
    await reader.get('v1/traces', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(access === 'token' && { authorization: `Bearer ${ingestToken}` })
      },
      body: JSON.stringify(ingestBody(bind(values)))
    })
    await askThePage(reader, values)
    await reader.traces()
    await reader.rest()
    await new Promise((resolve) => setTimeout(resolve, 300))
    for (const one of live) one.close()
    program.tell({ stop: true })
    await program.ended
    outputs = [...reader.outputs, ...outside.received, { door: 'terminal', text: program.output }]
  })
  afterAll(async () => {
    await program?.kill()
    outside.close()
  })

  test('meets 200 secrets and 60 innocent values, and is read through every door', () => {
    expect(values.places('secret').length).toBeGreaterThanOrEqual(200)
    expect(values.places('plain').length).toBeGreaterThanOrEqual(60)
    const doors = new Set(outputs.map(({ door }) => door))
    for (const door of ['live socket', 'event stream', 'export', 'terminal', 'api/status'])
      expect(doors).toContain(door)
    expect(program.output).toContain('traces at http')
  })

  test('gives none of the secrets away, not even a half of one', () => {
    const leaks = new Map<string, Set<string>>()
    for (const { door, text } of outputs) {
      const lower = text.toLowerCase()
      for (const [place, value] of values.places('secret')) {
        const found = [value.slice(0, 12), value.slice(-12)]
          .map((half) => lower.indexOf(half))
          .find((at) => at >= 0)
        if (found === undefined) continue
        const near = text.slice(Math.max(0, found - 60), found + 40)
        leaks.set(`${place}: …${near}…`, (leaks.get(`${place}: …${near}…`) ?? new Set()).add(door))
      }
    }
    expect([...leaks].map(([leak, doors]) => `${leak} (${[...doors].join()})`)).toEqual([])
  })

  test('gives its own tokens away only in the line that the terminal is meant to show', () => {
    for (const { door, text } of outputs) {
      const shown = door === 'terminal' ? text.replace(/^.*traces at \S+#t=\S+.*$/m, '') : text
      expect(shown.includes(token) ? door : '').toBe('')
      expect(shown.includes(ingestToken) ? door : '').toBe('')
    }
  })

  test('shows every innocent value', () => {
    const all = outputs
      .filter(({ door }) => door.startsWith('api/traces/'))
      .map(({ text }) => text)
      .join('\n')
    expect(values.places('plain').filter(([, value]) => !all.includes(value))).toEqual([])
  })
})
