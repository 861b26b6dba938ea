import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type Elsewhere, handOn } from '../../src/serve/elsewhere.ts'
import { ask, handshake, type Host, startHost, token } from './fixtures.ts'

let server: Server | undefined
let host: Host | undefined
afterEach(async () => {
  server?.close()
  await host?.close()
  server = host = undefined
})

/** What comes of a request that is handed on, in a host that answers every other site. */
async function answerOf(request: Elsewhere['request']): Promise<Response> {
  const elsewhere: Elsewhere = {
    request,
    upgrade: async () => false,
    endPages() {},
    proxySeen() {},
    gather: async () => {}
  }
  server = createServer((req, res) => {
    res.setHeader('Access-Control-Allow-Origin', '*')
    res.setHeader('Content-Security-Policy', "default-src 'self'")
    const visa = { mount: '/_traces', local: true, host: 'localhost' }
    void handOn(elsewhere, 'api', req, res, 'api/traces', visa).then((answered) => {
      if (!answered) res.end()
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

it('what another worker answers has the headers of all our answers, and none of the host', async () => {
  const { headers } = await answerOf(async (_req, res) => {
    res.end('{}')
    return 'answered'
  })
  expect(headers.get('access-control-allow-origin')).toBeNull()
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})

it('a worker that is lost on the way is said, to be asked again', async () => {
  const answer = await answerOf(async () => 'lost')
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
})

/** Workers that hear of a proxy while a request waits for them. */
function hearing(seen: () => void, changes: Partial<Elsewhere> = {}): Elsewhere {
  return {
    request: async () => (seen(), 'not sent'),
    upgrade: async () => (seen(), false),
    endPages() {},
    proxySeen() {},
    gather: async () => {},
    ...changes
  }
}

it('a request that was let in before another worker saw a proxy is not answered', async () => {
  host = await startHost({ elsewhere: hearing(() => host?.serve.proxySeen('via')), token })
  expect((await ask(host.port, '/_traces/api/status')).status).toBe(401)
  expect([host.serve.mode, host.serve.proxy]).toEqual(['token', 'via'])
  const headers = { authorization: `Bearer ${token}` }
  expect((await ask(host.port, '/_traces/api/status', { headers })).status).toBe(200)
})

it('a handshake that was let in before another worker saw a proxy is not answered', async () => {
  host = await startHost({ elsewhere: hearing(() => host?.serve.proxySeen('via')) })
  // Attaches the page to the server.
  await ask(host.port, '/_traces/')
  const { status } = await handshake(host.port, '/_traces/live', { origin: host.origin })
  expect(status).toBe(401)
})

it('what a worker has let in that had not heard of the proxy yet is refused', async () => {
  host = await startHost()
  const { serve } = host
  const visa = { mount: '/_traces', local: true, host: 'localhost' }
  server = createServer((req, res) => serve.answerFor(req, res, visa))
  server.on('upgrade', (req, socket, head) => serve.upgradeFor(req, socket, head, visa))
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  expect((await ask(port, '/api/status')).status).toBe(200)
  serve.proxySeen('via')
  for (const path of ['/api/status', '/live', '/v1/traces'])
    expect((await ask(port, path, path === '/v1/traces' ? { method: 'POST' } : {})).status).toBe(
      401
    )
  expect((await handshake(port, '/live')).status).toBe(401)
})

it('a proxy that is seen here is told to the others, once', async () => {
  const told: string[] = []
  const elsewhere = hearing(() => {}, { proxySeen: (sign) => void told.push(sign) })
  host = await startHost({ elsewhere })
  for (const via of ['1.1 a', '1.1 b']) await ask(host.port, '/', { headers: { via } })
  expect(told).toEqual(['via'])
})
