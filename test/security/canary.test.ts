import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, askThePage, secretHeaders, visit } from './canary-client.ts'
import { bind, Values } from './canary-values.ts'
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
  let places: readonly string[] = []

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
        // What the application gets and gives, too, and from where it calls.
        capture: {
          bodies: access === 'local',
          callSites: true,
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
    places = secret
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
    const read = outputs.map(({ text }) => text).join('\n')
    const recorded = (place: string): boolean =>
      read.includes(`/run/secret/${encodeURIComponent(place)}"`)
    expect(places.filter((place) => !recorded(place))).toEqual([])
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

test.each(['ignore', 'redact.hook'])(
  'what %s throws is printed without its secrets',
  async (hook) => {
    const values = new Values()
    const program = start('canary-app.js', { NODE_ENV: 'development' })
    program.tell({
      framework: 'express',
      values: {},
      database: databasePort,
      broken: {
        hook,
        text: `no tenant for api_key=${values.secret('hook')} at redis://:${values.secret('cache')}@h`
      },
      options: {
        export: {
          url: `http://ann:${values.secret('user')}@127.0.0.1:1/v1/traces?api-key=${values.secret('export')}`
        }
      }
    })
    const { url } = await program.heard<{ url: string }>()
    for (let i = 0; i < 12; i++) await ask(`${url}/any`, {})
    program.tell({ stop: true })
    await program.ended
    expect(program.output).toMatch(/failed and went on: Error: no tenant for api_key=/)
    expect(program.output).toMatch(/switched off after 10 errors/)
    for (const [place, value] of values.places('secret'))
      expect(program.output.includes(value) ? place : '').toBe('')
  }
)
