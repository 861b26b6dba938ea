import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compile } from './compiled.ts'

const built = fileURLToPath(new URL('../../dist/', import.meta.url))
const require = createRequire(import.meta.url)

// What TypeScript takes out shifts the lines of what runs.
const repo = `interface Order {
  id: number
  name: string
}

export class Repo {
  readonly db: any
  constructor(db: any) {
    this.db = db
  }

  // Nobody of ours is on the stack when the pool has a client.
  async all(pool: any): Promise<Order[]> {
    const { rows } = await pool.query('SELECT 2')
    return rows
  }

  async load(id: number): Promise<Order> {
    const { rows } = await this.db.query('SELECT 1 AS id WHERE 1 = $1', [id])
    return rows[0]
  }
}

export function price(tracer: any): void {
  tracer.startSpan('price').end()
}

export async function stock(url: string): Promise<string> {
  const answer = await fetch(url)
  return answer.text()
}
`

const main = `import { createServer, get } from 'node:http'
import { createRequire } from 'node:module'
import { Repo, price, stock } from './repo.js'

type Any = any

async function start(): Promise<void> {
  const load = createRequire(process.env.REQUIRE as string)
  const { traced } = await import(process.env.BUILT + 'http.js')
  const { withSpan } = await import(process.env.BUILT + 'index.js')
  const pg = load('pg')
  const tracer = load('@opentelemetry/api').trace.getTracer('shop')
  const options = JSON.parse(process.env.OPTIONS ?? '{}')
  const upstream = createServer((_req, res) => void res.end('{}')).listen(0, '127.0.0.1')
  const url = () => 'http://127.0.0.1:' + (upstream.address() as Any).port
  const client = new pg.Client(process.env.DATABASE)
  await client.connect()
  const pool = new pg.Pool({ connectionString: process.env.DATABASE, max: 1 })
  await pool.query('SELECT 0')
  const repo = new Repo(client)
  const server = traced(createServer(async (_req, res) => {
    await repo.load(1)
    await repo.all(pool)
    await Promise.all([repo.all(pool), repo.all(pool)])
    price(tracer)
    await stock(url())
    await withSpan('work', async () => 1)
    await new Promise((done) => get(url(), (answer) => answer.resume().on('end', done)))
    res.end()
  }), { service: 'shop', access: 'local', instrument: { pg }, ...options }).listen(0, '127.0.0.1', async () => {
    const base = 'http://127.0.0.1:' + (server.address() as Any).port
    const headers = { authorization: 'Bearer ' + options.token }
    const ask = async (path: string) => (await fetch(base + path, { headers })).text()
    const json = async (path: string) => JSON.parse(await ask('/_traces/api/' + path))
    const request = async (path: string) => {
      await ask(path)
      await new Promise((done) => setTimeout(done, 50))
      const all = await json('traces?q=' + encodeURIComponent('@url.path=' + path + ' spans:>=5'))
      const id = all.traces[0].traceId
      const { spans } = await json('traces/' + id)
      const details = []
      // The first is the request that was sent from here.
      for (const span of spans.id.slice(1)) details.push(await json('traces/' + id + '/spans/' + span))
      return details.map((span: Any) => [
        span.name,
        Object.fromEntries(span.attributes.filter(([key]: [string]) => key.startsWith('code.')))
      ])
    }
    // A map is read when it is needed, and there for a later request.
    let spans = await request('/1')
    const compiled = ([, code]: Any) => String(code['code.file.path']).endsWith('.js')
    for (let n = 2; n < 5 || spans.some(compiled); n++) spans = await request('/' + n)
    process.send!(spans)
  })
}

void start()
`

const line = (text: string, of: string): number =>
  text.split('\n').findIndex((one) => one.includes(of)) + 1

type Spans = [name: string, code: Record<string, unknown>][]

let database: PGlite
let server: PGLiteSocketServer
let env: Record<string, string>

beforeAll(async () => {
  database = await PGlite.create()
  server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 4 })
  await server.start()
  env = {
    BUILT: built,
    REQUIRE: require.resolve('../../package.json'),
    DATABASE: `postgres://postgres@127.0.0.1:${server.getServerConn().split(':').at(-1)}/postgres`
  }
})

afterAll(async () => {
  await server.stop()
  await database.close()
})

const sites = (path: (name: string) => string): Spans => [
  ...['db.query', ...Array<string>(3).fill('pool.query')].map((call): Spans[number] => [
    'SELECT',
    {
      'code.file.path': path('repo'),
      'code.line.number': line(repo, call),
      'code.function.name': call === 'db.query' ? 'Repo.load' : 'Repo.all'
    }
  ]),
  [
    'price',
    {
      'code.file.path': path('repo'),
      'code.line.number': line(repo, 'startSpan'),
      'code.function.name': 'price'
    }
  ],
  [
    'GET',
    {
      'code.file.path': path('repo'),
      'code.line.number': line(repo, 'await fetch'),
      'code.function.name': 'stock'
    }
  ],
  ['work', { 'code.file.path': path('main'), 'code.line.number': line(main, "withSpan('work'") }],
  ['GET', { 'code.file.path': path('main'), 'code.line.number': line(main, 'get(url()') }]
]

describe('the spans of a compiled application', () => {
  it.each([
    ['an ES module', { format: 'esm' }],
    ['CommonJS', { format: 'cjs' }],
    ['an ES module with maps inside', { format: 'esm', inline: true }],
    ['a bundle', { format: 'cjs', bundle: true }]
  ] as const)('know the line that was written: %s', async (_, options) => {
    const app = await compile({ 'src/repo.ts': repo, 'src/main.ts': main }, options)
    try {
      const spans = await app.run<Spans>(env)
      const called = spans.filter(([, code]) => 'code.file.path' in code)
      expect(called).toMatchObject(sites((name) => `src/${name}.ts`))
      expect(called.every(([, code]) => Number(code['code.column.number']) > 0)).toBe(true)
      // The server span was called by Node, and a wait is a part of the call.
      const others = spans.filter((span) => !called.includes(span)).map(([name]) => name)
      expect(new Set(others)).toEqual(new Set(['GET', 'pg pool wait']))
    } finally {
      await app.remove()
    }
  })

  it('know it, too, where Node applies source maps itself', async () => {
    const app = await compile({ 'src/repo.ts': repo, 'src/main.ts': main }, { format: 'esm' })
    try {
      const spans = await app.run<Spans>(env, ['--enable-source-maps'])
      expect(spans.filter(([, code]) => 'code.file.path' in code)).toMatchObject(
        sites((name) => `src/${name}.ts`)
      )
    } finally {
      await app.remove()
    }
  })

  it.each([
    ['in local mode, when told so', { capture: { callSites: false } }],
    ['in token mode, unless told', { access: 'token', token: 't'.repeat(32) }]
  ])('know no line %s', async (_, options) => {
    const app = await compile({ 'src/repo.ts': repo, 'src/main.ts': main }, { format: 'esm' })
    try {
      const spans = await app.run<Spans>({ ...env, OPTIONS: JSON.stringify(options) })
      expect(spans.filter(([name]) => name === 'SELECT')).toHaveLength(4)
      expect(spans.every(([, code]) => Object.keys(code).length === 0)).toBe(true)
    } finally {
      await app.remove()
    }
  })
})
