import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, askThePage, secretHeaders, visit } from './canary-client.ts'
import { Outside } from './canary-outside.ts'
import { bind, Values } from './canary-values.ts'
import { type Program, start } from './child.ts'
import { ingestBody } from './ingest-body.ts'
import type { Status } from '../../src/wire/status.ts'
import { endAll, removeState, spanlight } from '../cli/process.ts'
import { until } from '../until.ts'
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
  await endAll()
  removeState()
  await socketServer?.stop()
  await database?.close()
})

const modes = [
  { framework: 'express', access: 'local' },
  { framework: 'koa', access: 'token' }
] as const

describe.each(modes)('a $framework application seen in mode $access', ({ framework, access }) => {
  const token = randomBytes(32).toString('base64url')
  const ingestToken = randomBytes(32).toString('base64url')
  const values = new Values()
  const outside = new Outside(values.secret('token of Google'))
  let program: Program
  let outputs: readonly Output[] = []
  let places: readonly string[] = []
  let innocent: readonly string[] = []
  const exported = ['OTLP as protobuf', 'OTLP as JSON', 'Zipkin', 'gRPC', 'X-Ray', 'Google Cloud']
  const textOf = (wanted: string): string =>
    outputs
      .filter(({ door }) => door === wanted)
      .map(({ text }) => text)
      .join('\n')

  beforeAll(async () => {
    const away = await outside.plain()
    const clouds = await outside.clouds()
    const headers = { authorization: `Bearer ${values.secret('export header')}` }
    program = start(
      'canary-app.js',
      {
        NODE_ENV: 'development',
        // The certificate of this machine is not that of a cloud.
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        AWS_ACCESS_KEY_ID: 'AKIAOPEN',
        AWS_SECRET_ACCESS_KEY: values.secret('key of AWS'),
        GCE_METADATA_HOST: new URL(away).host,
        HOME: '/nowhere',
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
        export: [
          { url: `${away}/protobuf`, headers },
          { url: `${away}/json`, protocol: 'http/json', headers },
          { url: `${away}/zipkin`, protocol: 'zipkin', headers },
          { url: await outside.grpc('takes'), protocol: 'grpc', headers },
          { url: `https://xray.eu-central-1.amazonaws.com:${clouds}` },
          { url: `https://telemetry.googleapis.com:${clouds}` },
          { url: await outside.grpc('refuses'), protocol: 'grpc', headers }
        ],
        // All leave, each with what tail sampling writes into it.
        ...(access === 'token' && { tailSampling: { ratio: 1 } }),
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
    innocent = plain.map((place) => `plain: ${place}`)
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
    for (const format of ['otlp', 'html', 'zipkin', 'jaeger', 'chrome', 'mermaid'])
      await reader.get(`api/export?format=${format}`)
    const tails = await Promise.all(
      [
        ['--format', 'human'],
        ['--format', 'json']
      ].map(async ([, format = '']) => {
        const words = ['tail', `${url}/_traces`, '--once', '--count', '500', '--format', format]
        const { code, stdout, stderr } = await spanlight(words, { SPANLIGHT_TOKEN: token }).ended
        expect(code).toBe(0)
        return { door: `tail, ${format}`, text: stdout + stderr }
      })
    )
    await until(async () => {
      const { exports } = JSON.parse(await reader.get('api/status')) as Status
      return exports.every(({ waiting, failing }) => waiting === 0 || failing)
    })
    for (const one of live) one.close()
    program.tell({ stop: true })
    await program.ended
    outputs = [
      ...reader.outputs,
      ...outside.received,
      ...tails,
      { door: 'terminal', text: program.output }
    ]
  })
  afterAll(async () => {
    await program?.kill()
    outside.close()
  })

  test('meets 200 secrets and 60 innocent values, and is read through every door', () => {
    expect(values.places('secret').length).toBeGreaterThanOrEqual(200)
    expect(values.places('plain').length).toBeGreaterThanOrEqual(60)
    const doors = new Set(outputs.map(({ door }) => door))
    for (const door of ['live socket', 'event stream', 'terminal', 'api/status', ...exported])
      expect(doors).toContain(door)
    for (const format of ['otlp', 'html', 'zipkin', 'jaeger', 'chrome', 'mermaid'])
      expect(doors).toContain(`api/export?format=${format}`)
    expect(textOf('api/status')).toContain('gRPC status UNAUTHENTICATED: unknown token')
    expect(textOf('tail, human')).toContain('/run/:kind/:name')
    expect(textOf('tail, json')).toContain('"route":"/run/:kind/:name"')
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

  test('sends every innocent value that the application has recorded to each that takes spans', () => {
    const own = values.places('plain').filter(([place]) => innocent.includes(place))
    expect(own.length).toBeGreaterThan(50)
    for (const door of exported) {
      const all = textOf(door)
      // Zipkin has no links.
      const lost = door === 'Zipkin' ? ['plain: link attribute'] : []
      const missing = own.filter(([, value]) => !all.includes(value)).map(([place]) => place)
      expect([door, missing]).toEqual([door, lost])
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
