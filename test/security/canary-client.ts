import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { bind, type Values } from './canary-values.ts'
import type { Reader } from './outputs.ts'

export const secretHeaders: readonly [name: string, value: (canary: string) => string][] = [
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
export function ask(
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
export async function visit(url: string, values: Values, access: string): Promise<void> {
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

  // Where bodies are kept, what has no secret name in them is to be seen.
  const second = access === 'local' ? 'accessToken' : 'e'
  const nest = (c: string): object => ({ a: { b: { c: [{ d: { password: c, [second]: c } }] } } })
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

/** Asks the page for what is not there, in words that must not come back. */
export async function askThePage(reader: Reader, values: Values): Promise<void> {
  const { secret } = bind(values)
  for (const path of [
    `api/traces?q=${encodeURIComponent(`@user:${secret('search')}`)}`,
    `api/traces?before=${secret('cursor')}`,
    `api/traces/${secret('unknown trace')}`,
    `api/${secret('unknown address')}?x=${secret('unknown address, query')}`,
    `assets/${secret('unknown asset')}.js`,
    secret('unknown screen'),
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
