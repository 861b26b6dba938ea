import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { moduleNames } from '../../src/watch/instrument.ts'
import { library } from '../libraries/library.js'
import { type Child, Consumer } from './child.ts'
import { attribute, PageApi } from './setup.ts'

const tls = resolve(import.meta.dirname, '../fixtures/tls')
const development = { NODE_ENV: 'development' }

let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

/** A program as its author wrote it, started with one more flag. */
function run(program: string, env: Record<string, string> = {}, file = 'app.mjs'): Child {
  return consumer.run(
    program,
    { ...development, NODE_OPTIONS: '--import spanlight/register', ...env },
    file
  )
}

const listens = "listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })"

async function originOf(child: Child): Promise<string> {
  return `http://127.0.0.1:${(await child.prints(/port (\d+)\n/))[1]}`
}

async function text(url: string): Promise<string> {
  return await (await fetch(url)).text()
}

/** Asks for a path; gives what the list has of the service's requests, once there is one. */
async function names(origin: string, path: string): Promise<string[]> {
  await text(origin + path)
  const api = new PageApi(`${origin}/_traces`)
  await api.find((trace) => !trace.inFlight)
  return (await api.traces()).map((trace) => `${trace.name} ${trace.httpStatus} ${trace.spans}`)
}

async function stop(child: Child): Promise<string> {
  child.kill('SIGKILL')
  return (await child.ended).stderr
}

const get = 'GET 200 1'
const routed = 'GET /items/:id 200 2'

// Two layers of its own come first.
const routedBy4 = 'GET /items/:id 200 4'

const apps: readonly (readonly [string, string, string, string])[] = [
  [
    'a bare server, as a module',
    'app.mjs',
    `import { createServer } from 'node:http'
     createServer((req, res) => res.end('ok')).${listens}`,
    get
  ],
  [
    'a bare server, as CommonJS',
    'app.cjs',
    `require('node:http').createServer((req, res) => res.end('ok')).${listens}`,
    get
  ],
  [
    'one that gets its listener once it listens',
    'app.cjs',
    `const server = require('node:http').createServer().${listens}
     server.on('request', (req, res) => res.end('ok'))`,
    get
  ],
  [
    'one that never listens and is handed its sockets',
    'app.cjs',
    `const server = require('node:http').createServer((req, res) => res.end('ok'))
     require('node:net').createServer((socket) => server.emit('connection', socket)).${listens}`,
    get
  ],
  ...['express', 'express4'].flatMap((name) => [
    [
      `${name}, as a module`,
      'app.mjs',
      `import express from '${name}'
       express().get('/items/:id', (req, res) => res.send('ok')).${listens}`,
      name === 'express4' ? routedBy4 : routed
    ] as const,
    [
      `${name}, as CommonJS`,
      'app.cjs',
      `require('${name}')().get('/items/:id', (req, res) => res.send('ok')).${listens}`,
      name === 'express4' ? routedBy4 : routed
    ] as const
  ]),
  [
    'koa, as a module',
    'app.mjs',
    `import Koa from 'koa'
       import Router from '@koa/router'
       const router = new Router().get('/items/:id', (ctx) => { ctx.body = 'ok' })
       new Koa().use(router.routes()).${listens}`,
    routed
  ],
  [
    'koa that throws, as CommonJS',
    'app.cjs',
    `const Koa = require('koa')
       const Router = require('@koa/router')
       const router = new Router().get('/items/:id', () => { throw new RangeError('sold out') })
       const app = new Koa()
       app.silent = true
       app.use(router.routes()).${listens}`,
    'GET /items/:id 500 2'
  ]
]

describe('an application that does not know of us is traced', () => {
  it.each(apps)('%s', async (_title, file, program, expected) => {
    const child = run(program, {}, file)
    expect(await names(await originOf(child), '/items/7')).toEqual([expected])
    await stop(child)
  })

  it('also when it is preloaded by --require', async () => {
    const [, file, program] = apps[0] as (typeof apps)[number]
    const child = run(program, { NODE_OPTIONS: '--require spanlight/register' }, file)
    expect(await names(await originOf(child), '/')).toEqual([get])
    await stop(child)
  })

  it('over TLS, and HTTP/2 by its compatible API', async () => {
    const child = run(`
      import { readFileSync } from 'node:fs'
      import { createServer } from 'node:https'
      import { createServer as http2, createSecureServer } from 'node:http2'
      const options = { key: readFileSync('${tls}/key.pem'), cert: readFileSync('${tls}/cert.pem'), allowHTTP1: true }
      const answer = (req, res) => res.end('ok')
      const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))
      console.log('ports', await listen(createServer(options, answer)), await listen(http2(answer)), await listen(createSecureServer(options, answer)))
    `)
    const [, secure, plain2, secure2] = await child.prints(/ports (\d+) (\d+) (\d+)\n/)
    await overTls(Number(secure), '/https')
    await overHttp2(`http://127.0.0.1:${plain2}`, '/h2c')
    await overHttp2(`https://127.0.0.1:${secure2}`, '/h2')
    await overTls(Number(secure2), '/h1')
    const api = await overTls(Number(secure), '/_traces/api/traces')
    const { traces } = JSON.parse(api) as { traces: { route: string; spans: number }[] }
    expect(traces.map(({ route, spans }) => [route, spans])).toEqual([
      ['/h1', 1],
      ['/h2', 1],
      ['/h2c', 1],
      ['/https', 1]
    ])
    await stop(child)
  })
})

function overTls(port: number, path: string): Promise<string> {
  return new Promise((done, fail) => {
    request({ port, path, host: '127.0.0.1', rejectUnauthorized: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (part: string) => (body += part))
      answer.on('end', () => done(body))
    })
      .on('error', fail)
      .end()
  })
}

async function overHttp2(origin: string, path: string): Promise<void> {
  const session = connectHttp2(origin, { rejectUnauthorized: false })
  const stream = session.request({ ':path': path })
  await new Promise((done, fail) => stream.on('end', done).on('error', fail).resume().end())
  session.close()
}

describe('one recorder', () => {
  it('holds the requests of all servers, and says once where its page is', async () => {
    const child = run(`
      import { createServer } from 'node:http'
      const first = createServer((req, res) => res.end('one')).listen(0, '127.0.0.1', () => {
        const second = createServer((req, res) => res.end('two')).listen(0, '127.0.0.1', () => {
          console.log('ports', first.address().port, second.address().port)
        })
      })
    `)
    const [, first, second] = await child.prints(/ports (\d+) (\d+)\n/)
    await text(`http://127.0.0.1:${first}/one`)
    await text(`http://127.0.0.1:${second}/two`)
    const api = new PageApi(`http://127.0.0.1:${second}/_traces`)
    await api.find(({ route, inFlight }) => route === '/one' && !inFlight)
    await api.find(({ route, inFlight }) => route === '/two' && !inFlight)
    expect(await api.traces()).toHaveLength(2)
    expect((await stop(child)).match(/traces at/g)).toHaveLength(1)
  })

  const own = (options: string): string => `
    import pg from 'pg'
    import express from 'express'
    import { tracing } from 'spanlight'
    const app = express()
    app.use(tracing(${options}))
    app.get('/items/:id', (req, res) => res.send('ok'))
    app.${listens}
  `

  it('is that of an application which mounts it, too: its options, one span for each request and each layer', async () => {
    const child = run(own("{ service: 'mine', instrument: { pg } }"))
    const origin = await originOf(child)
    expect(await names(origin, '/items/7')).toEqual([routed])
    const { service, instrumented } = await new PageApi(`${origin}/_traces`).status()
    expect(service).toBe('mine')
    expect(instrumented.filter(({ name }) => name === 'pg')).toEqual([
      { name: 'pg', on: true, how: 'instrument: { pg }' }
    ])
    expect(await stop(child)).not.toContain('was called before')
  })

  it('is asked for by the variables where the application says nothing', async () => {
    const env = { SPANLIGHT_PATH: '/debug', SPANLIGHT_SAMPLE: 'all', OTEL_SERVICE_NAME: 'shop' }
    const child = run(own(''), env)
    const origin = await originOf(child)
    await text(`${origin}/items/7`)
    expect((await new PageApi(`${origin}/debug`).status()).service).toBe('shop')
    expect((await stop(child)).match(/SPANLIGHT_SAMPLE is not used: it must be .*/g)).toEqual([
      'SPANLIGHT_SAMPLE is not used: it must be a number from 0 to 1, not NaN'
    ])
  })

  it('does not record its own page on a port of its own', async () => {
    const child = run(own(''), { SPANLIGHT_LISTEN: '0' })
    const origin = await originOf(child)
    const [, page] = await child.prints(/traces at (\S+)\//)
    await text(`${origin}/items/7`)
    const api = new PageApi(String(page))
    await api.find(({ inFlight }) => !inFlight)
    await text(`${String(page).replace(/_traces.*/, '')}elsewhere`)
    expect((await api.traces()).map(({ name }) => name)).toEqual(['GET /items/:id'])
    await stop(child)
  })
})

describe('a library that the application loads', () => {
  const programs = [
    ['app.mjs', "import pg from 'pg'\nimport { createServer } from 'node:http'"],
    ['app.cjs', "const pg = require('pg')\nconst { createServer } = require('node:http')"],
    [
      'late.cjs',
      "let pg\nsetTimeout(() => { pg = require('pg') }, 100)\nconst { createServer } = require('node:http')"
    ]
  ] as const

  it.each(programs)('is handed over by itself: %s', async (file, imports) => {
    const child = run(
      `${imports}
      createServer(async (req, res) => {
        const client = new pg.Client({ host: '127.0.0.1', port: 1 })
        await client.query('select 1').catch(() => {})
        res.end('ok')
      }).${listens}
      setTimeout(() => console.log('loaded'), 150)`,
      {},
      file
    )
    const origin = await originOf(child)
    await child.prints(/loaded/)
    const api = new PageApi(`${origin}/_traces`)
    expect((await api.status()).instrumented.filter(({ name }) => name === 'pg')).toEqual([
      { name: 'pg', on: true, how: 'handed over by spanlight/register' }
    ])
    const controller = new AbortController()
    const asked = fetch(origin, { signal: controller.signal }).catch(() => {})
    const { traceId } = await api.find(({ spans }) => spans > 1)
    const span = (await api.spans(traceId)).get('SELECT')
    expect(attribute(span, 'db.system.name')).toBe('postgresql')
    controller.abort()
    await asked
    await stop(child)
  })
})

describe('every library that can be handed over', () => {
  const folder = resolve(library.resolve('graphql/package.json'), '../..')
  const names = [...moduleNames].filter((name) => name !== 'node:sqlite')
  let libraries: Consumer

  beforeAll(() => {
    libraries = new Consumer(Object.fromEntries(names.map((name) => [name, join(folder, name)])))
  })

  afterAll(() => libraries.remove())

  it.each([
    ['app.mjs', (name: string) => `import '${name}'`],
    ['app.cjs', (name: string) => `require('${name}')`]
  ])('is found: %s', async (file, load) => {
    const node =
      file === 'app.cjs'
        ? "const { createServer } = require('node:http')"
        : "import { createServer } from 'node:http'"
    const child = libraries.run(
      `${names.map(load).join('\n')}\n${node}\ncreateServer().${listens}`,
      { ...development, NODE_OPTIONS: '--import spanlight/register' },
      file
    )
    const { instrumented } = await new PageApi(`${await originOf(child)}/_traces`).status()
    const found = instrumented.filter(({ how }) => how === 'handed over by spanlight/register')
    expect(found.map(({ name }) => name).sort()).toEqual(names.sort())
    await stop(child)
  })
})

describe('a process that serves nothing', () => {
  it.each([
    ['console.log("done")', 0],
    ['import pg from "pg"; console.log("done")', 0],
    [
      'import "node:http"; import { createServer } from "node:net"; createServer().listen(0, function () { this.close(); console.log("done") })',
      0
    ],
    ['console.log("done"); process.exitCode = 3', 3],
    ['console.log("done"); throw new Error("mine")', 1]
  ])('ends as ever and says nothing: %s', async (program, expected) => {
    const { code, stdout, stderr } = await run(program).ended
    expect([code, stdout]).toEqual([expected, 'done\n'])
    expect(stderr).not.toMatch(/^spanlight: /m)
  })

  it('loads next to nothing', async () => {
    const { stdout } = await run(`
      console.log(process.moduleLoadList.filter((name) => /NativeModule (?:http|https|http2|_http_server|zlib)$/.test(name)).length)
    `).ended
    expect(stdout).toBe('0\n')
  })
})

describe('threads and processes below', () => {
  it('have recorders of their own, and only who listens says so', async () => {
    const child = run(`
      import { fork } from 'node:child_process'
      import { createServer } from 'node:http'
      import { Worker, isMainThread } from 'node:worker_threads'
      const serve = (who) => createServer((req, res) => res.end(who)).listen(0, '127.0.0.1', function () {
        console.log(who, this.address().port)
      })
      if (!isMainThread) serve('thread')
      else if (process.argv[2] === 'child') {
        serve('child')
        process.on('disconnect', () => process.exit())
      }
      else if (process.argv[2] !== 'idle') {
        new Worker(new URL(import.meta.url), { env: process.env })
        fork(import.meta.filename, ['child'])
        fork(import.meta.filename, ['idle'])
      }
    `)
    for (const who of ['thread', 'child']) {
      const [, port] = await child.prints(new RegExp(`${who} (\\d+)\\n`))
      expect(await names(`http://127.0.0.1:${port}`, `/${who}`)).toEqual([get])
    }
    expect((await stop(child)).match(/traces at/g)).toHaveLength(2)
  })
})

describe('what is off', () => {
  it.each([
    ['in production without a token', { NODE_ENV: 'production' }],
    ['by OTEL_SDK_DISABLED', { OTEL_SDK_DISABLED: 'true' }],
    ['by SPANLIGHT_ACCESS', { SPANLIGHT_ACCESS: 'off' }]
  ])('leaves everything as it was: %s', async (_title, env) => {
    const child = run(
      `import pg from 'pg'
      import Module from 'node:module'
      import { createServer } from 'node:http'
      const server = createServer((req, res) => res.end(JSON.stringify([
        Object.hasOwn(server, 'emit'), Module.prototype.load.toString().includes('new.target'), Object.getOwnPropertySymbols(server).length - symbols
      ])))
      const symbols = Object.getOwnPropertySymbols(server).length
      server.${listens}`,
      env
    )
    const origin = await originOf(child)
    const [own, wrapped] = JSON.parse(await text(origin)) as unknown[]
    expect([own, wrapped]).toEqual([false, false])
    expect((await fetch(`${origin}/_traces/`)).headers.get('content-type')).toBeNull()
    expect(await stop(child)).toBe('')
  })

  it('gives everything back when it is shut down', async () => {
    const child = run(`
      import { createServer } from 'node:http'
      import { subscribe, channel } from 'node:diagnostics_channel'
      import Module from 'node:module'
      import { shutdown } from 'spanlight'
      const state = (server) => JSON.stringify([
        Object.hasOwn(server, 'emit'),
        channel('tracing:net.server.listen:asyncStart').hasSubscribers,
        channel('http.server.request.start').hasSubscribers,
        /standIn/.test(Module.prototype.load.toString())
      ])
      const server = createServer((req, res) => res.end('ok')).listen(0, '127.0.0.1', async () => {
        console.log('before', state(server))
        await shutdown()
        console.log('after', state(server))
        createServer((req, res) => res.end('bare')).${listens}
      })
    `)
    const origin = await originOf(child)
    expect(await text(`${origin}/_traces/api/status`)).toBe('bare')
    expect(child.stdout).toContain('before [true,true,true,true]')
    expect(child.stdout).toContain('after [false,false,false,false]')
    await stop(child)
  })
})
