import { afterEach, describe, expect, it } from 'vitest'
import type { ServeSetup } from '../../src/serve/serve.ts'
import type { SpanSource } from '../../src/wire/source.ts'
import { ask, type Host, idOf, startHost, token } from './fixtures.ts'

let host: Host
afterEach(() => host.close())

const span = '00000000000000aa'
const answer: SpanSource = { site: null, stacks: [] }

async function start(changes: Partial<ServeSetup> = {}): Promise<(path?: string) => string> {
  host = await startHost({ source: async () => answer, ...changes })
  host.memory.add()
  return (path = span) => `/_traces/api/traces/${idOf(1)}/spans/${path}/source`
}

const local = { mode: 'local', why: 'a test', warning: false } as const
const tokenMode = { mode: 'token', why: 'a test', warning: false } as const
const bearer = { authorization: `Bearer ${token}` }

describe('source text', () => {
  it('is shown to this machine in local mode', async () => {
    const path = await start()
    const reply = await ask(host.port, path())
    expect(reply.json).toEqual(answer)
    expect(reply.headers['cache-control']).toBe('no-store')
  })

  it('is asked for by a span, not by a path', async () => {
    const asked: unknown[] = []
    const path = await start({ source: async (code) => (asked.push(code), answer) })
    await ask(host.port, `${path()}?file=/etc/passwd`)
    expect(asked).toEqual([{ site: undefined, exceptions: [{ message: '', stack: span }] }])
    expect((await ask(host.port, `${path()}/etc/passwd`)).status).toBe(404)
    expect((await ask(host.port, path('zz'))).status).toBe(404)
  })

  it('is not shown for a span that came from another process', async () => {
    const path = await start()
    const reply = await ask(host.port, path('e000000000000000'))
    expect(reply.status).toBe(404)
    expect(reply.json.error).toContain('another process')
  })

  it.each([
    ['in token mode', { mode: tokenMode, token }, { headers: bearer }],
    [
      'in token mode to whom the host lets in',
      { mode: tokenMode, authorize: () => true },
      { headers: {} }
    ],
    ['where nothing finds it', { source: undefined }, { headers: {} }],
    [
      'in local mode to who comes with a token for another host name',
      { mode: local, token, allowedHosts: ['example.com'] },
      { headers: { ...bearer, host: 'example.com' } }
    ]
  ])('is refused %s', async (_, changes, request) => {
    const path = await start(changes)
    const status = await ask(host.port, '/_traces/api/status', request)
    const reply = await ask(host.port, path(), request)
    expect(reply.status).toBe(403)
    expect(reply.json.error).toBe('source is shown on this machine in local mode only')
    // The rest of the API is open to the same request, unless a proxy has shown itself by then.
    expect([200, 401]).toContain(status.status)
  })

  it('is refused as soon as a proxy was seen', async () => {
    const path = await start({ mode: local, token })
    expect((await ask(host.port, path())).status).toBe(200)
    await ask(host.port, '/', { headers: { 'x-forwarded-for': '1.2.3.4' } })
    expect((await ask(host.port, path())).status).toBe(401)
    expect((await ask(host.port, path(), { headers: bearer })).status).toBe(403)
  })

  it('is not for other sites', async () => {
    const path = await start()
    const headers = { origin: 'http://evil.com', 'sec-fetch-site': 'cross-site' }
    expect((await ask(host.port, path(), { headers })).status).toBe(403)
  })
})
