import express from 'express'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { createServe, type ServeSetup } from '../../src/serve/serve.ts'
import {
  ask,
  express4,
  type Host,
  listen,
  Memory,
  raw,
  setupOf,
  silentReport,
  startHost,
  stop,
  token
} from './fixtures.ts'

let host: Host | undefined
afterEach(async () => {
  await host?.close()
  host = undefined
})

async function start(changes: Partial<ServeSetup> = {}): Promise<Host> {
  return (host = await startHost(changes))
}

const lines: string[] = []
const lan = Object.values(networkInterfaces())
  .flat()
  .find((face) => face?.family === 'IPv4' && !face.internal)?.address

const always = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=()'
}
const closedPolicy = "default-src 'none'; sandbox"
const json = 'application/json; charset=utf-8'
const text = 'text/plain; charset=utf-8'

function pagePolicy(name: string): string {
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    `connect-src 'self' ws://${name} wss://${name}; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; ` +
    "require-trusted-types-for 'script'; trusted-types 'none'"
  )
}

describe('the headers', () => {
  const trace = `/_traces/api/traces/${'a'.repeat(32)}`
  it.each<[string, number, string, Record<string, string>?, string?]>([
    ['/_traces', 302, text],
    ['/_traces/assets/gone.0a1b2c3d.js', 404, text],
    ['/_traces/api/traces', 200, json],
    ['/_traces/api/routes', 200, json],
    ['/_traces/api/map', 200, json],
    ['/_traces/api/status', 200, json],
    [trace, 404, json],
    [`${trace}/logs`, 404, json],
    [`${trace}/spans/${'b'.repeat(16)}`, 404, json],
    ['/_traces/api/nothing', 404, json],
    ['/_traces/api', 404, json],
    ['/_traces/v1/logs', 404, json],
    ['/_traces/v1/traces', 405, json],
    ['/_traces/api/clear', 405, json],
    ['/_traces/', 403, text, { host: 'evil.com' }],
    ['/_traces/api/traces', 403, json, { host: 'evil.com' }],
    ['/_traces/api/traces', 401, json, { 'x-forwarded-for': '1.2.3.4' }],
    ['/_traces/live', 403, json, { origin: 'http://evil.com' }],
    ['/_traces/', 405, json, {}, 'POST'],
    ['/_traces/', 403, text, {}, 'OPTIONS']
  ])('of %s answered %i are exact', async (path, status, type, headers = {}, method = 'GET') => {
    const { port } = await start()
    const reply = await ask(port, path, { headers, method })
    expect(reply.status).toBe(status)
    expect(reply.headers).toMatchObject({
      ...always,
      'cache-control': 'no-store',
      'content-security-policy': closedPolicy,
      'content-type': type
    })
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual(
      []
    )
    expect(reply.headers['set-cookie']).toBeUndefined()
  })

  it.each(['/_traces/', '/_traces/t/abc?s=1', '/_traces/status', '/_traces/?q=status:5xx'])(
    'of the page at %s are exact',
    async (path) => {
      const { port } = await start()
      const reply = await ask(port, path)
      expect(reply.status).toBe(200)
      expect(reply.headers).toMatchObject({
        ...always,
        'cache-control': 'no-store',
        'content-security-policy': pagePolicy(`127.0.0.1:${port}`),
        'content-type': 'text/html; charset=utf-8'
      })
      expect(reply.body).toContain('<base href="/_traces/">')
    }
  )

  it('of a hashed file let it be kept for good, of another one not', async () => {
    const { port } = await start()
    const hashed = await ask(port, '/_traces/assets/app.0a1b2c3d.js')
    expect(hashed.headers).toMatchObject({
      ...always,
      'cache-control': 'private, max-age=31536000, immutable',
      'content-type': 'text/javascript; charset=utf-8',
      vary: 'Accept-Encoding'
    })
    expect((await ask(port, '/_traces/icon.svg')).headers['cache-control']).toBe('no-store')
  })

  it('replace what the host has set for everything', async () => {
    const serve = createServe(setupOf(new Memory()))
    const app = express()
    app.use((_req, res, next) => {
      res.setHeader('Access-Control-Allow-Origin', '*')
      res.setHeader('Content-Security-Policy', "default-src 'unsafe-inline'")
      res.setHeader('X-Frame-Options', 'SAMEORIGIN')
      next()
    })
    app.use((req, res, next) => void (serve.handle(req, res, req.baseUrl) || next()))
    app.get('/', (_req, res) => void res.send('host'))
    const server = createServer(app)
    const port = await listen(server)
    const reply = await ask(port, '/_traces/api/status')
    expect(reply.headers).toMatchObject({ ...always, 'content-security-policy': closedPolicy })
    expect(reply.headers['access-control-allow-origin']).toBeUndefined()
    const hosts = await ask(port, '/')
    expect(hosts.headers['access-control-allow-origin']).toBe('*')
    expect(hosts.headers['x-frame-options']).toBe('SAMEORIGIN')
    await stop(server)
  })
})

describe('a file of the page', () => {
  it.each([
    ['br, gzip', 'br', 'br variant\n'],
    ['gzip', 'gzip', 'gzip variant\n'],
    ['gzip;q=0.5, br;q=0', 'gzip', 'gzip variant\n'],
    ['', undefined, "document.title = 'plain'\n"],
    ['identity, *;q=0', undefined, "document.title = 'plain'\n"]
  ])('is sent to who accepts %j as %s', async (accept, encoding, body) => {
    const { port } = await start()
    const headers = { 'accept-encoding': accept }
    const reply = await ask(port, '/_traces/assets/app.0a1b2c3d.js', { headers })
    expect(reply.headers['content-encoding']).toBe(encoding)
    expect(reply.body).toBe(body)
  })

  it.each([
    '/_traces/manifest.json',
    '/_traces/index.html',
    '/_traces/../package.json',
    '/_traces/assets/..%2f..%2fpackage.json'
  ])('is not %s', async (path) => {
    const { port } = await start()
    const reply = await ask(port, path)
    expect(reply.status).toBe(404)
    expect(reply.body).not.toContain('{')
  })

  it('that is not built is said plainly', async () => {
    const { port } = await start({ assets: new URL('./nothing/', import.meta.url) })
    const reply = await ask(port, '/_traces/')
    expect(reply.status).toBe(503)
    expect(reply.body).toContain('npm run build')
    expect((await ask(port, '/_traces/api/status')).status).toBe(200)
  })
})

describe('an address', () => {
  it('without the slash leads to the one with it, and to nowhere else', async () => {
    const { port } = await start()
    for (const path of ['/_traces', '/_traces?to=//evil.com']) {
      const reply = await ask(port, path)
      expect(reply.status).toBe(302)
      expect(reply.headers.location).toBe('_traces/')
      expect(new URL('_traces/', `http://h${path}`).pathname).toBe('/_traces/')
    }
  })

  it.each([
    '//_traces',
    '/_TRACES',
    '/%5Ftraces',
    '/_traces2',
    '/_tracesx/',
    '/a/_traces',
    '/_traces%2f',
    '/\\_traces',
    '/_trace',
    '/'
  ])('%s is the host’s', async (path) => {
    const { port } = await start()
    expect((await ask(port, path)).body).toBe('host')
  })

  it('in absolute form is the host’s', async () => {
    const { port } = await start()
    const reply = await raw(
      port,
      `GET http://x/_traces/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
    )
    expect(reply).toMatch(/host$/)
  })

  it('answers HEAD without a body, with the length of one', async () => {
    const { port } = await start()
    for (const path of ['/_traces/', '/_traces/api/status', '/_traces/assets/app.0a1b2c3d.js']) {
      const reply = await ask(port, path, { method: 'HEAD' })
      expect(reply.status).toBe(200)
      expect(reply.body).toBe('')
      expect(Number(reply.headers['content-length'])).toBeGreaterThan(0)
    }
    expect((await ask(port, '/_traces/api/traces', { method: 'HEAD' })).status).toBe(200)
    expect((await ask(port, '/_traces/live', { method: 'HEAD' })).status).toBe(200)
  })
})

describe.each([
  ['express 5', express],
  ['express 4', express4]
])('mounted below a path of %s', (_name, framework) => {
  async function mounted(at: string, path: string, headers?: Record<string, string>) {
    const serve = createServe(setupOf(new Memory()))
    const app = framework()
    app.use(at, (req, res, next) => void (serve.handle(req, res, req.baseUrl) || next()))
    app.use((_req, res) => void res.send('host'))
    const server = createServer(app)
    const port = await listen(server)
    try {
      return await ask(port, path, headers ? { headers } : {})
    } finally {
      await stop(server)
    }
  }

  it('the page knows where it is', async () => {
    expect((await mounted('/sub', '/sub/_traces/')).body).toContain('<base href="/sub/_traces/">')
    expect((await mounted('/a/b', '/a/b/_traces')).headers.location).toBe('_traces/')
    expect((await mounted('/a/b', '/a/b/_traces/api/status')).status).toBe(200)
    expect((await mounted('/sub', '/_traces/')).body).toBe('host')
  })

  it.each([
    '/%22%3E%3Cscript%3E/_traces/',
    "/a'b/_traces/",
    '/a"b/_traces/',
    '/a<b/_traces/',
    '/a\\b/_traces/',
    '//evil.com/_traces/',
    '/a&b/_traces/'
  ])('a mount path out of the request, %s, cannot leave its attribute', async (path) => {
    const reply = await mounted('/:tenant', path)
    const base = /<base href="([^"]*)"/.exec(reply.body)?.[1]
    if (base !== undefined) expect(base).toMatch(/^\/[\w%.-]+\/_traces\/$/)
    expect(reply.body).not.toContain('<script>')
  })
})

describe('the mode', () => {
  it('off serves nothing and attaches nothing', async () => {
    const mode = { mode: 'off', why: 'access is off', warning: false } as const
    const { port, serve, server } = await start({ mode })
    for (const path of [
      '/_traces',
      '/_traces/',
      '/_traces/api/status',
      '/_traces/live',
      '/_traces/v1/traces'
    ])
      expect((await ask(port, path)).body).toBe('host')
    expect(server.listenerCount('upgrade')).toBe(0)
    expect(serve.startLine('http://localhost')).toEqual({
      address: '',
      mode: 'off',
      why: 'access is off'
    })
  })

  it('token lets the token in, and its first line carries it', async () => {
    const mode = { mode: 'token', why: 'a test', warning: false } as const
    const { port, serve, origin } = await start({ mode, token })
    expect(serve.startLine(origin).address).toBe(`${origin}/_traces/#t=${token}`)
    expect((await ask(port, '/_traces/')).status).toBe(200)
    const refused = await ask(port, '/_traces/api/status')
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toBe('Bearer')
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask(port, '/_traces/api/status', { headers })).json).toMatchObject({
      mode: 'token',
      why: 'a test'
    })
  })

  it('token with the host’s own check has no token in its line', async () => {
    const mode = { mode: 'token', why: 'access is a function', warning: false } as const
    const authorize: ServeSetup['authorize'] = (req) => req.headers.cookie === 'session=admin'
    const { port, serve } = await start({ mode, authorize })
    expect(serve.startLine('http://h').address).toBe('http://h/_traces/')
    expect((await ask(port, '/_traces/api/status')).status).toBe(401)
    expect(
      (await ask(port, '/_traces/api/status', { headers: { cookie: 'session=admin' } })).status
    ).toBe(200)
  })

  it('local ends with the first sign of a proxy in any request of the host', async () => {
    const { port, serve, lines } = await start()
    expect(serve.startLine('http://localhost:1').address).toBe('http://localhost:1/_traces/')
    expect((await ask(port, '/_traces/api/status')).json).toMatchObject({ mode: 'local' })
    expect((await ask(port, '/shop', { headers: { 'x-forwarded-for': '1.2.3.4' } })).body).toBe(
      'host'
    )
    expect((await ask(port, '/_traces/api/status')).status).toBe(401)
    expect(serve.mode).toBe('token')
    expect(lines).toHaveLength(1)
    const [, made] = /http:\/\/localhost:\d+\/_traces\/#t=([\w-]{43})\n$/.exec(lines[0]) ?? []
    const headers = { authorization: `Bearer ${made}` }
    expect((await ask(port, '/_traces/api/status', { headers })).json).toMatchObject({
      mode: 'token',
      why: 'a proxy was seen (x-forwarded-for)'
    })
  })

  it.skipIf(lan === undefined)(
    'local tells its owner the token when another machine wants to look, once',
    async () => {
      const serve = createServe(setupOf(new Memory(), { token, report: silentReport(lines) }))
      const server = createServer((req, res) => void serve.handle(req, res, ''))
      await new Promise<void>((resolve) => server.listen(0, resolve))
      const { port } = server.address() as AddressInfo
      const get = (path: string) =>
        ask(port, path, { to: lan!, from: lan!, headers: { host: `localhost:${port}` } })
      expect((await get('/_traces/')).status).toBe(200)
      expect(lines).toEqual([])
      for (let i = 0; i < 3; i++) expect((await get('/_traces/api/status')).status).toBe(401)
      expect(lines).toEqual([
        `spanlight: a request from another machine needs the token: http://localhost:${port}/_traces/#t=${token}\n`
      ])
      await stop(server)
    }
  )
})

describe('a failure of ours', () => {
  it('is answered 500 and told, and the host goes on', async () => {
    const memory = new Memory()
    const lines: string[] = []
    const broken = { ...memory.reader, routes: () => fail(), list: async () => fail() }
    const { port } = await start({ reader: broken, report: silentReport(lines) })
    for (const path of ['/_traces/api/routes', '/_traces/api/traces?q=secret']) {
      const reply = await ask(port, path)
      expect(reply.status).toBe(500)
      expect(reply.body).not.toContain('broken')
    }
    expect(lines.join()).toContain('broken')
    expect((await ask(port, '/shop')).body).toBe('host')
  })

  it('that comes again and again leaves the addresses to the host', async () => {
    const memory = new Memory()
    const { port } = await start({ reader: { ...memory.reader, routes: () => fail() } })
    for (let i = 0; i < 10; i++) await ask(port, '/_traces/api/routes')
    expect((await ask(port, '/_traces/api/routes')).body).toBe('host')
  })
})

function fail(): never {
  throw new Error('broken')
}
