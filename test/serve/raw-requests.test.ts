import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Host, raw, startHost } from './fixtures.ts'

const targets = [
  '/',
  '//',
  '///',
  '/\\',
  '/_traces',
  '/_traces/',
  '//_traces',
  '/_TRACES',
  '/%5Ftraces',
  '/_traces/%',
  '/_traces/%zz',
  '/_traces/api/traces/%',
  '/_traces/api/traces?q=%&limit=NaN&before=%00',
  '/_traces/api/traces/../../..',
  '/_traces/live',
  '/_traces/live?since=-1e999&q=%ff',
  '/_traces/v1/traces',
  '/_traces/?#',
  '/_traces#',
  'http://[',
  'http://x:99999/',
  'http://x/_traces/',
  '*',
  '/_traces/__proto__/constructor',
  `/_traces/${'a'.repeat(4000)}`
]

const hosts = [
  'localhost',
  'a b',
  '[::1',
  '%',
  '',
  'evil.com',
  '127.0.0.1:99999999',
  'x'.repeat(300)
]

let host: Host
beforeAll(async () => {
  host = await startHost()
  // Attached, so that upgrades come our way too.
  await ask(host.port, '/_traces/')
})
afterAll(() => host.close())

describe.each(targets)('the request target %s', (target) => {
  it.each(hosts)('with the host %j is answered, by GET and by upgrade', async (name) => {
    const { port } = host
    const line = `${target} HTTP/1.1\r\nHost: ${name}\r\n`
    const stream = target.startsWith('/_traces/live')
    const plain = await raw(
      port,
      `GET ${line}Connection: close\r\n\r\n`,
      stream ? /^data:|\r\n\r\n/m : undefined
    )
    expect(plain).toMatch(/^HTTP\/1\.1 [2-4]\d\d /)
    const upgrade = await raw(
      port,
      `GET ${line}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      /\r\n\r\n/
    )
    expect(upgrade).toMatch(/^HTTP\/1\.1 [2-5]\d\d /)
    expect(upgrade).not.toContain('101 Switching')
    expect((await ask(port, '/host')).body).toBe('host')
  })
})

it('no failure of ours was among them', () => {
  expect(host.lines.filter((line) => line.includes('failed'))).toEqual([])
})
