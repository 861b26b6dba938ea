import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Summary } from '../../src/wire/summary.ts'
import { manifest, root } from '../package/manifest.ts'
import {
  alone,
  endAll,
  freePorts,
  removeState,
  type Running,
  spanlight,
  startHub
} from './process.ts'
import { sendTrace, sendUntil } from './send.ts'

const servers: Server[] = []

afterEach(async () => {
  await endAll()
  for (const server of servers.splice(0)) server.close()
})
afterAll(removeState)

/** Prints what a hub gets, once it is connected: a first trace is sent until it shows. */
async function tail(origin: string, words: readonly string[] = []): Promise<Running> {
  const one = spanlight(['tail', origin, ...words])
  await sendUntil(one.prints(/warm-up/), origin, { name: 'warm-up' })
  return one
}

const lines = (text: string, word: string): string[] =>
  text.split('\n').filter((line) => line.includes(word))

describe('spanlight tail', () => {
  it('prints a line for each trace of a hub, aligned and without colours where it is no terminal', async () => {
    const { origin } = await startHub()
    const tailing = await tail(origin)
    await sendTrace(origin, { name: 'GET', route: '/orders/:id', status: 200, ms: 12.3 })
    await sendTrace(origin, { name: 'GET', route: '/stock', status: 503, ms: 2500, failed: true })
    await tailing.prints(/stock/)
    await tailing.prints(/orders/)
    const [good] = lines(tailing.stdout, 'orders') as [string]
    const [bad] = lines(tailing.stdout, 'stock') as [string]
    expect(good).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} 200 GET {2}\/orders\/:id +12\.3 ms +1 span +shop [\da-f]{32}$/
    )
    expect(bad).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} 503 GET {2}\/stock +2500 ms +1 span 1 error +shop [\da-f]{32}$/
    )
    expect(bad.indexOf('ms')).toBe(good.indexOf('ms'))
    expect(tailing.stdout).not.toContain('\u001b')
  })

  it('prints a trace once, with the parts that came shortly after the first', async () => {
    const { origin } = await startHub()
    const tailing = await tail(origin, ['--format', 'json'])
    const traceId = 'ab'.repeat(16)
    await sendTrace(origin, { name: 'joined', traceId, spanId: '11'.repeat(8) })
    await sendTrace(origin, { name: 'part', traceId, parentId: '11'.repeat(8), service: 'stock' })
    await sendTrace(origin, { name: 'last' })
    await tailing.prints(/"name":"last"/)
    const printed = lines(tailing.stdout, traceId).map((line) => JSON.parse(line) as Summary)
    expect(printed).toMatchObject([{ name: 'joined', services: ['shop', 'stock'], spans: 2 }])
  })

  it('prints only what the query finds, attributes of spans included', async () => {
    const { origin } = await startHub()
    await sendTrace(origin, { name: 'one', route: '/wanted' })
    await sendTrace(origin, { name: 'two', route: '/other' })
    const { stdout, code } = await spanlight([
      'tail',
      origin,
      '--once',
      '-q',
      '@http.route:/wanted'
    ]).ended
    expect(code).toBe(0)
    expect(stdout.match(/\n/g)).toHaveLength(1)
    expect(stdout).toContain('/wanted')
    const tailing = spanlight(['tail', origin, '-q', 'route:/wanted', '-n', '1'])
    const ended = await sendUntil(
      tailing.ended,
      origin,
      { name: 'two', route: '/other' },
      { name: 'one', route: '/wanted' }
    )
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/^[^\n]+\/wanted[^\n]+\n$/)
  })

  it('goes on where it stood after the hub was started again, and misses nothing of the new one', async () => {
    const [port] = (await freePorts(1)) as [number]
    const words = ['--port', `${port}`, ...alone]
    const { hub, origin } = await startHub(words)
    const tailing = await tail(origin)
    hub.kill('SIGKILL')
    await hub.ended
    await tailing.prints(/the connection was lost, trying again/)
    await startHub(words)
    await sendTrace(origin, { name: 'first of the new one' })
    await sendTrace(origin, { name: 'second of the new one' })
    await tailing.prints(/first of the new one/)
    await tailing.prints(/second of the new one/)
    await tailing.prints(/connected again/)
  })

  it('shows control characters instead of obeying them, as text and as JSON', async () => {
    const { origin } = await startHub()
    const name = 'clear \u001b[2J\u009b2J \u202e evil'
    await sendTrace(origin, { name, service: 'a\u0007b' })
    const human = await spanlight(['tail', origin, '--once']).ended
    const json = await spanlight(['tail', origin, '--once', '--format', 'json']).ended
    for (const { stdout } of [human, json])
      // oxlint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(JSON.parse(json.stdout)).toMatchObject({ name })
  })

  it('prints one trace as a tree, with its time beside it', async () => {
    const { origin } = await startHub()
    const traceId = 'ef'.repeat(16)
    const [root, child] = ['11'.repeat(8), '22'.repeat(8)]
    const at = Date.now()
    await sendTrace(origin, { name: 'outer', traceId, spanId: root, ms: 100, at })
    const failed = { spanId: child, parentId: root, ms: 50, at: at + 50, failed: true }
    await sendTrace(origin, { name: 'inner\u001b[1m', service: 'stock', traceId, ...failed })
    const { stdout, code } = await spanlight(['tail', origin, '--trace', traceId]).ended
    expect(code).toBe(0)
    const [line, , outer, inner, ...rest] = stdout.split('\n') as [string, string, string, string]
    expect(line).toContain(traceId)
    expect(rest).toEqual([''])
    const [, first] = /^outer +shop +100 ms {3}(=+)$/.exec(outer) as unknown as [string, string]
    const [, gap, second] = /^ {2}inner\\u001b\[1m +stock +50\.0 ms ! ( +)(=+)$/.exec(
      inner
    ) as unknown as [string, string, string]
    expect(Math.abs(first.length / 2 - second.length)).toBeLessThanOrEqual(1)
    expect(Math.abs(first.length / 2 - gap.length)).toBeLessThanOrEqual(1)
    expect(await spanlight(['tail', origin, '--trace', 'x']).ended).toMatchObject({ code: 2 })
    const unknown = await spanlight(['tail', origin, '--trace', '9'.repeat(32)]).ended
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('not in memory')])
  })

  it('ends well when nobody reads on', async () => {
    const { origin } = await startHub()
    for (let i = 0; i < 3; i++) await sendTrace(origin, { name: `trace ${i}` })
    const cli = join(root, manifest.bin['spanlight'] as string)
    const shell = spawn('bash', [
      '-c',
      `set -o pipefail; '${process.execPath}' '${cli}' tail ${origin} --format json | head -n 1; echo "ended \${PIPESTATUS[0]}"`
    ])
    let said = ''
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const closed = new Promise((done) => shell.on('close', done))
    await sendUntil(closed, origin, { name: 'another' })
    expect(said).toMatch(/^\{"traceId".*\}\nended 0\n$/)
  })

  it('says what to do where nothing answers, where it is no page, and where a token is missing', async () => {
    const [nobody] = (await freePorts(1)) as [number]
    const silent = await spanlight(['tail', `localhost:${nobody}`]).ended
    expect(silent.code).toBe(1)
    expect(silent.stderr).toContain(
      `nothing answers at http://localhost:${nobody}/_traces/: start a hub`
    )

    const other = createServer((_req, res) => res.writeHead(404).end('what?')).listen(
      0,
      '127.0.0.1'
    )
    servers.push(other)
    await new Promise((done) => other.once('listening', done))
    const { port } = other.address() as AddressInfo
    const wrong = await spanlight(['tail', `http://127.0.0.1:${port}/_traces`]).ended
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('there is no page of Spanlight')
    ])

    const token = 'a-token-of-more-than-32-characters-0123'
    const { hub } = await startHub(['--port', '0', ...alone, '--token', token])
    const [, page] = (await hub.prints(/Page +(\S+)/)) as unknown as [string, string]
    const refused = await spanlight(['tail', page.replace(/#.*/, ''), '--once']).ended
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('needs its token')])
    expect(await spanlight(['tail', page, '--once']).ended).toMatchObject({ code: 0, stdout: '' })
  })
})
