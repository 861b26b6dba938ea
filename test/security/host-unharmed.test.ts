import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Status } from '../../src/wire/status.ts'
import { answersOf, asks, parts } from './answers.ts'
import { type Program, start } from './child.ts'
import { type Collectors, collectors, type Destination } from './collectors.ts'
import { Reader } from './outputs.ts'
import { until } from '../until.ts'
import { type FaultyPackage, makeFaultyPackage } from './faulty-package.ts'

const token = 'x'.repeat(40)
const frameworks = ['express', 'koa'] as const

let faulty: FaultyPackage
const programs: Program[] = []

let outside: Collectors

beforeAll(async () => {
  faulty = await makeFaultyPackage()
  outside = await collectors()
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.kill()
})
afterAll(() => {
  faulty?.remove()
  outside?.close()
})

interface Host {
  readonly url: string
  readonly program: Program
}

/** `entry` is '' for an application that is not traced. */
async function host(
  framework: string,
  entry: string,
  hook = '',
  more: { destinations?: readonly Destination[]; brokenNode?: string } = {}
): Promise<Host> {
  const program = start('host-app.js', { NODE_ENV: 'production', SPANLIGHT_TOKEN: token })
  programs.push(program)
  program.tell({ framework, entry, hook, ...more })
  const { url } = await program.heard<{ url: string }>()
  return { url, program }
}

const spans: Readonly<Record<string, string>> = {
  pg: 'pg transaction',
  amqplib: 'publish x:k',
  bullmq: 'addBulk mails',
  kafkajs: 'send t',
  mongodb: 'commitTransaction',
  graphql: 'query Ask',
  loggers: 'found it',
  channels: 'MULTI',
  sqlite: 'sqlite transaction'
}

function spansOf(names: readonly string[]): string[] {
  return names.map((name) => spans[name] ?? `nothing of ${name}`)
}

const controls = new Map<string, Promise<Map<string, number>[]>>()

/** What an application answers that is not traced: the same each time, or the list would show nothing. */
function control(framework: string): Promise<Map<string, number>[]> {
  const found = controls.get(framework) ?? host(framework, '').then(({ url }) => answersOf(url, 3))
  controls.set(framework, found)
  return found
}

async function expectSame(framework: string, url: string, times: number): Promise<void> {
  const wanted = await control(framework)
  const found = await answersOf(url, times)
  for (const [i, ask] of asks.entries()) {
    const name = `${ask.method} ${ask.path}`
    expect([...(wanted[i]?.keys() ?? [])], name).toHaveLength(1)
    expect([name, ...(found[i]?.keys() ?? [])]).toEqual([name, ...(wanted[i]?.keys() ?? [])])
  }
}

/** What became of the spans of each destination, once all of them were tried and the good ones have all that there is. */
async function settledExports(url: string, mayFail = false): Promise<Status['exports']> {
  const page = new Reader(`${url}/_traces`, token)
  let exports: Status['exports'] = []
  await until(async () => {
    ;({ exports } = JSON.parse(await page.get('api/status')) as Status)
    return exports.every(({ waiting, sent, failed, lastError }, i) =>
      sent + failed > 0 || lastError !== ''
        ? mayFail || i >= outside.good.length || waiting === 0
        : false
    )
  })
  return exports
}

async function stop({ program }: Host): Promise<void> {
  program.tell({ stop: true })
  const ended = await program.ended
  expect(ended, program.output.slice(-1500)).toEqual({ code: 0, signal: null })
}

describe.each(frameworks)('a traced %s application', (framework) => {
  test('answers byte for byte what it answers untraced', async () => {
    const traced = await host(framework, 'spanlight')
    await expectSame(framework, traced.url, 10)
    await stop(traced)
  })

  test('answers the same under spanlight/register', async () => {
    const registered = await host(framework, 'register spanlight/register')
    await expectSame(framework, registered.url, 3)
    await stop(registered)
  })

  test('shows spans of each of the libraries that it works with', async () => {
    const traced = await host(framework, 'spanlight')
    for (const part of parts) await fetch(`${traced.url}/part/${part}`)
    const page = new Reader(`${traced.url}/_traces`, token)
    await page.traces()
    const all = page.outputs.map(({ text }) => text).join('\n')
    for (const name of spansOf(parts)) expect(all).toContain(`"${name}"`)
    expect(JSON.parse(await page.get('api/status'))).toMatchObject({ drops: [] })
    await stop(traced)
  })

  test.each([
    [0.002, 'mounted'],
    [0.02, 'mounted'],
    [0.2, 'mounted'],
    [0.02, 'registered']
  ])(
    'answers the same when each of our functions throws with probability %d, %s',
    async (probability, how) => {
      expect(faulty.points).toBeGreaterThan(600)
      const register = `register ${new URL('register.js', faulty.entry).href}`
      const destinations = [...outside.good, ...outside.silent.slice(-3)]
      const entry = how === 'registered' ? register : faulty.entry
      const broken = await host(framework, entry, '', { destinations })
      // The bodies of each request are looked at, and one is profiled.
      const wish = 'api/inspect?kind=profile&method=GET&route=/part/pg'
      const client = { method: 'POST', headers: { 'x-spanlight': '1' } }
      const state = await new Reader(`${broken.url}/_traces`, token).get(wish, client)
      if (how === 'mounted') expect(state).toContain('"kind":"profile"')
      broken.program.tell({ faults: probability })
      await broken.program.heard()
      const page = new Reader(`${broken.url}/_traces`, token)
      const live = await Promise.allSettled([page.socket(), page.stream()])
      const reading = Promise.allSettled(
        Array.from({ length: 12 }, () => page.traces().then(() => page.rest()))
      )
      const same = expectSame(framework, broken.url, 60)
      const died = broken.program.ended.then(() => {
        throw new Error(`the process died:\n${broken.program.output.slice(-1500)}`)
      })
      await Promise.race([same, died])
      await reading
      for (const one of live) if (one.status === 'fulfilled') one.value.close()
      broken.program.tell({ faults: 0 })
      await broken.program.heard()
      // Spans came as far as the exporters, whatever became of them there; where more of them throw, hardly one does.
      const { exports } = JSON.parse(await page.get('api/status')) as Status
      const counted = exports.map(({ sent, failed, waiting }) => sent + failed + waiting)
      if (probability < 0.01) expect(Math.max(...counted)).toBeGreaterThan(0)
      await stop(broken)
    }
  )

  test('answers the same while it exports to collectors of every kind, and counts each span', async () => {
    const destinations = [...outside.good, ...outside.hostile, ...outside.silent]
    const exporting = await host(framework, 'spanlight', '', { destinations })
    await expectSame(framework, exporting.url, 3)
    const exports = await settledExports(exporting.url)
    const spans = exports.map(
      ({ sent, failed, dropped, waiting }) => sent + failed + dropped + waiting
    )
    expect(new Set(spans).size).toBe(1)
    expect(spans[0]).toBeGreaterThan(100)
    for (const good of exports.slice(0, outside.good.length))
      expect(good).toMatchObject({ sent: spans[0], failing: false, lastError: '' })
    expect(Math.max(...exports.map(({ waiting }) => waiting))).toBeLessThanOrEqual(8192)
    await stop(exporting)
    expect(exporting.program.output).not.toMatch(/warning|unhandled|internal error/i)
  })

  test('refuses its page, and nothing else, while the access function never answers', async () => {
    const waiting = await host(framework, 'spanlight', 'access never')
    const page = fetch(`${waiting.url}/_traces/api/status`)
    await expectSame(framework, waiting.url, 2)
    expect((await page).status).toBe(401)
    await stop(waiting)
  })

  test('adds no listener to the process or the server but one that watches', async () => {
    const [bare, traced] = await Promise.all([host(framework, ''), host(framework, 'spanlight')])
    const listeners = await Promise.all(
      [bare, traced].map(async ({ url, program }) => {
        await answersOf(url, 2)
        program.tell({ count: true })
        return (await program.heard<{ listeners: [string, number][][] }>()).listeners
      })
    )
    const [[process = [], server] = [], [tracedProcess, tracedServer] = []] = listeners
    expect(tracedServer).toEqual(server)
    const byName = (counts: [string, number][]) => Object.fromEntries(counts)
    expect(byName(tracedProcess)).toEqual({ ...byName(process), uncaughtExceptionMonitor: 1 })
    await Promise.all([stop(bare), stop(traced)])
  })

  test('goes on when clients leave at any point of an exchange', async () => {
    const traced = await host(framework, 'spanlight')
    await Promise.all(Array.from({ length: 30 }, () => leaveEverywhere(traced.url)))
    await expectSame(framework, traced.url, 2)
    const page = new Reader(`${traced.url}/_traces`, token)
    const status = async (): Promise<Status> => JSON.parse(await page.get('api/status')) as Status
    await until(async () => (await status()).inFlight === 0)
    expect((await status()).drops.filter(({ reason }) => reason === 'internal error')).toEqual([])
    await stop(traced)
  })
})

describe('a traced application', () => {
  test.each([
    'http.request',
    'http.Agent',
    'http2.connect',
    'tls.connect',
    'net.connect',
    'dns.lookup',
    'zlib.gzip'
  ])('answers the same while it exports and somebody has broken %s', async (broken) => {
    const destinations = [...outside.good, ...outside.silent]
    const exporting = await host('express', 'spanlight', '', { destinations, brokenNode: broken })
    await expectSame('express', exporting.url, 2)
    const exports = await settledExports(exporting.url, true)
    expect(exports.some(({ lastError }) => lastError === `${broken} is broken`)).toBe(true)
    exporting.program.tell({ end: true })
    await exporting.program.heard()
    await stop(exporting)
    expect(exporting.program.output).not.toMatch(/warning|unhandled|is switched off/i)
  })

  test.each([
    'hook broken',
    'hook garbage',
    'hook null',
    'hook never',
    'hook loops',
    'hook again',
    'ignore broken',
    'ignore garbage',
    'ignore never',
    'access broken',
    'access garbage'
  ])('answers the same with a broken option: %s', async (hook) => {
    const hooked = await host('express', 'spanlight', hook)
    await expectSame('express', hooked.url, 2)
    await stop(hooked)
  })
})

/** Leaves at ten points of an exchange, one after the other. */
async function leaveEverywhere(url: string): Promise<void> {
  const { port } = new URL(url)
  const head = 'Host: localhost\r\n'
  const chunked = `PUT /pipe HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${head}\r\n`
  const points: readonly [bytes: string, answered: boolean][] = [
    ['', false],
    ['GET /json/7 HT', false],
    [`GET /json/7 HTTP/1.1\r\n${head}`, false],
    [get('/json/7'), false],
    [get('/stream'), true],
    [get('/late'), true],
    [chunked, false],
    [`${chunked}5\r\nab`, false],
    [`${chunked}2\r\nab\r\n`, true],
    [get('/json/1') + get('/json/2') + get('/spans'), false],
    [get('/json/1') + get('/json/2') + get('/spans'), true]
  ]
  for (const [bytes, answered] of points) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(bytes)
    if (answered) await Promise.race([once(socket, 'data'), once(socket, 'close')])
    socket.resetAndDestroy()
  }
}

const ends = [
  'throws in a handler of the server',
  'throws in a listener',
  'throws in a timer',
  'rejects a promise',
  'throws in a span',
  'rejects in a request',
  'is asked to end',
  'is asked to end and closes its server',
  'exits by itself',
  'has nothing more to do'
]

describe('a process that', () => {
  test.each(ends)('%s ends as it would untraced', async (end) => {
    const entries = ['', 'spanlight', faulty.entry]
    const [bare, ...traced] = await Promise.all(entries.map((entry) => endOf(entry, end)))
    for (const one of traced) expect(one).toEqual(bare)
  })
})

interface End {
  readonly code: number | null
  readonly signal: string | null
  /** What the process said on both streams, in no order; without the package's own lines and those of a stack. */
  readonly said: readonly string[]
}

async function endOf(entry: string, end: string): Promise<End> {
  const program = start('end-app.js', { NODE_ENV: 'development', SPANLIGHT_ACCESS: 'local' })
  programs.push(program)
  program.tell({ entry, end, faults: 0.05 })
  const { url } = await program.heard<{ url: string }>()
  // An answer that breaks off with the process is one, too.
  await fetch(url).then((answer) => answer.text(), String)
  if (end.startsWith('is asked')) program.child.kill('SIGTERM')
  const ended = await program.ended
  const said = program.output
    .split('\n')
    .filter((line) => /^\w*Error|^said|^\[Uncaught/.test(line))
    .toSorted()
  return { ...ended, said }
}
