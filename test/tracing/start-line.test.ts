import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, Consumer } from './child.ts'
import { ask } from './setup.ts'

const tls = resolve(import.meta.dirname, '../fixtures/tls')
const development = { NODE_ENV: 'development' }
const token = 'a-token-of-more-than-thirty-two-characters'

let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

/** An Express app that listens and says on which port. */
function app(options = '', listen = "app.listen(0, '127.0.0.1', said)"): string {
  return `
    import express from 'express'
    import { tracing } from 'spanlight'
    const app = express()
    app.use(tracing(${options}))
    app.get('/', (req, res) => res.send('hello'))
    function said() { console.log('port ' + this.address().port) }
    const server = ${listen}
  `
}

async function portOf(child: Child): Promise<string> {
  return (await child.prints(/port (\d+)\n/))[1]
}

/** Stops it, and gives what it had printed about itself. */
async function stop(child: Child): Promise<string[]> {
  child.kill('SIGKILL')
  const { stderr, stdout } = await child.ended
  expect(stdout).not.toContain('spanlight')
  return stderr.split('\n').filter((line) => line.startsWith('spanlight: '))
}

describe('in local mode', () => {
  it('one line says address, mode and why, memory and what is recorded', async () => {
    const child = consumer.run(app("{ memory: '64MB' }"), development)
    const port = await portOf(child)
    await child.prints(/traces at .*\n/)
    expect(await stop(child)).toEqual([
      `spanlight: traces at http://localhost:${port}/_traces/ (this machine only: NODE_ENV is development; at most 64 MB; ` +
        'records fetch, http, exceptions, console, @opentelemetry/api)'
    ])
  })

  it('the address answers', async () => {
    const child = consumer.run(app("{ path: '/deep/t' }"), development)
    const [, address] = await child.prints(/traces at (\S+)/)
    expect(address).toMatch(/\/deep\/t\/$/)
    const page = await ask(address.replace('localhost', '127.0.0.1'))
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8'
    ])
    await stop(child)
  })

  it('is said when the application listens, once, and not for servers that are not its own', async () => {
    const child = consumer.run(
      `
      import { createServer as net } from 'node:net'
      import { createServer } from 'node:http'
      ${app('', 'undefined')}
      net(() => {}).listen(0, () => {
        app.listen(0, '127.0.0.1', function () {
          said.call(this)
          createServer(app).listen(0, '127.0.0.1', () => console.log('both'))
        })
      })
      `,
      development
    )
    const port = await portOf(child)
    await child.prints(/both/)
    const lines = await stop(child)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`http://localhost:${port}/`)
  })

  it.each([
    ['app.listen(0, said)', 'http://localhost:'],
    ["app.listen(0, '0.0.0.0', said)", 'http://localhost:'],
    ["app.listen(0, '127.0.0.2', said)", 'http://127.0.0.2:']
  ])('names the host that %s listens on', async (listen, origin) => {
    const child = consumer.run(app('', listen), development)
    const port = await portOf(child)
    const [line] = await child.prints(/traces at .*/)
    expect(line).toContain(`${origin}${port}/_traces/`)
    await stop(child)
  })

  it('knows https', async () => {
    const child = consumer.run(
      `
      import { readFileSync } from 'node:fs'
      import { createServer } from 'node:https'
      ${app('', `createServer({ key: readFileSync('${tls}/key.pem'), cert: readFileSync('${tls}/cert.pem') }, app).listen(0, '127.0.0.1', said)`)}
      `,
      development
    )
    const port = await portOf(child)
    const [line] = await child.prints(/traces at .*/)
    expect(line).toContain(`https://localhost:${port}/_traces/`)
    await stop(child)
  })
})

describe('in token mode', () => {
  const answers = async (address: string, bearer: string): Promise<number> => {
    const url = `${address.replace('localhost', '127.0.0.1').split('#')[0]}api/status`
    return (await ask(url, { headers: { authorization: `Bearer ${bearer}` } })).status
  }

  it('carries a made token, which opens the page and outlives the process', async () => {
    const first = consumer.run(app())
    const [line, address, made] = await first.prints(/traces at (\S+#t=(\S+)) .*/)
    expect(line).toContain('(with token: NODE_ENV is not set and this is no terminal;')
    expect(made).toMatch(/^[\w-]{43}$/)
    expect(await answers(address, made)).toBe(200)
    expect(await answers(address, 'x'.repeat(43))).toBe(401)
    await stop(first)

    const file = join(consumer.folder, 'node_modules/.cache/spanlight/token')
    expect([readFileSync(file, 'utf8').trim(), statSync(file).mode & 0o777]).toEqual([made, 0o600])
    const second = consumer.run(app())
    expect((await second.prints(/#t=(\S+)/))[1]).toBe(made)
    await stop(second)
  })

  it('carries the token of the environment', async () => {
    const child = consumer.run(app(), { NODE_ENV: 'staging', SPANLIGHT_TOKEN: token })
    const [, address, given] = await child.prints(/traces at (\S+#t=(\S+))/)
    expect(given).toBe(token)
    expect(await answers(address, token)).toBe(200)
    await stop(child)
  })

  it('is given in production with a token', async () => {
    const child = consumer.run(app(), { NODE_ENV: 'production', SPANLIGHT_TOKEN: token })
    const [line] = await child.prints(/traces at .*/)
    expect(line).toContain(`#t=${token} (with token: NODE_ENV is production and a token is set;`)
    await stop(child)
  })

  it('has none to show where the application decides itself', async () => {
    const child = consumer.run(app('{ access: () => true }'))
    const [line] = await child.prints(/traces at .*/)
    expect(line).not.toContain('#')
    expect(line).toContain('access is a function')
    await stop(child)
  })
})

describe('with a port of its own', () => {
  it('says that port, and only there is the page', async () => {
    const child = consumer.run(app('{ listen: { port: 0 } }'), development)
    const port = await portOf(child)
    const [, address] = await child.prints(/traces at (\S+)/)
    const { origin, port: own } = new URL(address)
    expect(own).not.toBe(port)
    expect((await ask(`${origin}/_traces/api/status`)).status).toBe(200)
    expect((await ask(`${origin}/`)).status).toBe(200)
    expect((await ask(`${origin}/else`)).status).toBe(404)
    expect((await ask(`http://127.0.0.1:${port}/_traces/api/status`)).status).toBe(404)
    expect(await stop(child)).toHaveLength(1)
  })

  it('that is taken says so, and the application goes on', async () => {
    const child = consumer.run(
      `
      import { createServer } from 'node:net'
      const taken = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => taken.once('listening', resolve))
      ${app('{ listen: { port: taken.address().port } }')}
      `,
      development
    )
    const port = await portOf(child)
    await child.prints(/own port \d+ is taken/)
    expect((await ask(`http://127.0.0.1:${port}/`)).text).toBe('hello')
    expect(await stop(child)).toHaveLength(1)
  })
})

describe('nothing is said', () => {
  it.each([
    ["access: 'off'", "{ access: 'off' }", development],
    ['production without a token', '', { NODE_ENV: 'production' }],
    ['OTEL_SDK_DISABLED', "{ access: 'local' }", { ...development, OTEL_SDK_DISABLED: 'true' }]
  ])('with %s', async (_, options, env) => {
    const child = consumer.run(app(options), env)
    const port = await portOf(child)
    expect((await ask(`http://127.0.0.1:${port}/`)).text).toBe('hello')
    expect((await ask(`http://127.0.0.1:${port}/_traces/`)).status).toBe(404)
    expect(await stop(child)).toEqual([])
  })
})

describe('what was asked for and not given is said', () => {
  it.each([
    [
      'local in production',
      "{ access: 'local' }",
      { NODE_ENV: 'production' },
      'off: local access is not given in production'
    ],
    [
      'a misspelt variable',
      '',
      { ...development, SPANLIGHT_ACCESS: 'lokal' },
      'off: SPANLIGHT_ACCESS is none of local, token and off'
    ]
  ])('%s', async (_, options, env, line) => {
    const child = consumer.run(app(options), env)
    await portOf(child)
    expect(await stop(child)).toEqual([`spanlight: ${line}`])
  })

  it('a token that is too short', async () => {
    const child = consumer.run(app(), { NODE_ENV: 'staging', SPANLIGHT_TOKEN: 'hunter2' })
    const port = await portOf(child)
    expect((await ask(`http://127.0.0.1:${port}/_traces/`)).status).toBe(404)
    const lines = await stop(child)
    expect(lines).toHaveLength(2)
    expect(lines.join()).toMatch(/SPANLIGHT_TOKEN is not used.*off: the token is shorter than 32/)
    expect(lines.join()).not.toContain('hunter2')
  })
})
