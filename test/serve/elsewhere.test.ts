import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type Elsewhere, handOn } from '../../src/serve/elsewhere.ts'

let server: Server | undefined
afterEach(() => void server?.close())

/** What comes of a request that is handed on, in a host that answers every other site. */
async function answerOf(request: Elsewhere['request']): Promise<Response> {
  const elsewhere: Elsewhere = {
    request,
    upgrade: async () => false,
    endPages() {},
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
