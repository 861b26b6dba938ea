import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { admit, type GateRules, judge, type Visit } from '../../src/serve/gate.ts'
import { Tokens } from '../../src/serve/token.ts'
import { ingestToken, token } from './fixtures.ts'

type Changes = Partial<Omit<Visit, 'headers'>> & { headers?: Record<string, string> }

const port = 'localhost:3000'
const own = `http://${port}`
const sameOrigin = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty'
}
const client = { 'x-spanlight': '1' }
const bearer = { authorization: `Bearer ${token}` }

function visit({ headers = {}, ...changes }: Changes): Visit {
  const all: Record<string, string> = { host: port, ...headers }
  if (all['host'] === 'none') delete all['host']
  return {
    door: 'api',
    method: 'GET',
    headers: all,
    rawHeaders: Object.entries(all).flat(),
    http10: false,
    peer: '127.0.0.1',
    encrypted: false,
    upgrade: false,
    ...changes
  }
}

function rules(
  changes: Partial<GateRules> & { ingest?: string; noToken?: boolean } = {}
): GateRules {
  return {
    mode: () => 'local',
    allowedHosts: [],
    allowedOrigins: [],
    tokens: new Tokens({
      token: changes.noToken === true ? '' : token,
      ingestToken: changes.ingest ?? '',
      directory: undefined,
      make: false
    }),
    authorize: undefined,
    ...changes
  }
}

/** 'local', 'open', 'token', 'ask' when let in; else the status. */
function answer(what: Changes, given = rules()): string | number {
  const verdict = judge(visit(what), given)
  if (verdict === 'ask') return 'ask'
  return verdict.ok ? verdict.by : verdict.status
}

const inTokenMode = rules({ mode: () => 'token' })
const socket: Changes = { door: 'live', upgrade: true }

describe('in local mode, this machine', () => {
  it.each<[string, string | number, Changes]>([
    ['reads by plain curl', 'local', {}],
    ['reads by curl over IPv6', 'local', { peer: '::1', headers: { host: '[::1]:3000' } }],
    ['reads by a mapped address', 'local', { peer: '::ffff:127.0.0.1' }],
    [
      "reads by Node's fetch, which sends its mode",
      'local',
      { headers: { 'sec-fetch-mode': 'cors' } }
    ],
    ['opens the event stream by curl', 'local', { door: 'live' }],
    ['sends spans by an exporter', 'local', { door: 'ingest', method: 'POST' }],
    [
      "sends spans by Node's fetch",
      'local',
      { door: 'ingest', method: 'POST', headers: { 'sec-fetch-mode': 'cors' } }
    ],
    ['changes state with the client header', 'local', { method: 'POST', headers: client }],
    ['does not change state without it', 403, { method: 'POST' }],
    ['does not delete without it', 403, { method: 'DELETE' }],
    ['has its wrong token overlooked', 'local', { headers: { authorization: 'Bearer of an app' } }],
    ['reads by the page', 'local', { headers: { ...sameOrigin, ...client } }],
    [
      'changes by the page',
      'local',
      { method: 'POST', headers: { ...sameOrigin, ...client, origin: own } }
    ],
    ['connects by the page', 'local', { ...socket, headers: { origin: own } }],
    [
      'opens the page by typing',
      'open',
      {
        door: 'shell',
        headers: {
          'sec-fetch-site': 'none',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document'
        }
      }
    ],
    [
      'opens the page by a link from elsewhere',
      'open',
      {
        door: 'shell',
        headers: {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document'
        }
      }
    ],
    [
      'opens the page by a link of another port',
      'open',
      {
        door: 'shell',
        headers: {
          'sec-fetch-site': 'same-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document'
        }
      }
    ],
    [
      "loads the page's script",
      'open',
      { door: 'asset', headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'script' } }
    ]
  ])('%s', (_what, want, changes) => {
    expect(answer(changes)).toBe(want)
  })
})

const crossSite = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty'
}
const otherPort = {
  'sec-fetch-site': 'same-site',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty'
}
const noCors = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }

// The techniques of a hostile page against a developer's machine; each row is what the browser really sends.
describe('a web page of someone else', () => {
  it.each<[string, number, Changes]>([
    ['fetches across sites', 403, { headers: { ...crossSite, origin: 'https://evil.com' } }],
    [
      'fetches from another port',
      403,
      { headers: { ...otherPort, origin: 'http://localhost:5173' } }
    ],
    [
      'fetches from another port with our header',
      403,
      { headers: { ...otherPort, ...client, origin: 'http://localhost:5173' } }
    ],
    [
      'fetches from a browser without fetch metadata',
      403,
      { headers: { origin: 'https://evil.com', ...client } }
    ],
    ['fetches without cors', 403, { headers: { ...noCors, 'sec-fetch-dest': 'empty' } }],
    ['loads the API as a script', 403, { headers: { ...noCors, 'sec-fetch-dest': 'script' } }],
    [
      'loads our script',
      403,
      { door: 'asset', headers: { ...noCors, 'sec-fetch-dest': 'script' } }
    ],
    [
      'frames the page',
      403,
      {
        door: 'shell',
        headers: { ...noCors, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
      }
    ],
    [
      'posts a form at the page',
      403,
      {
        door: 'shell',
        method: 'POST',
        headers: {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          origin: 'https://evil.com'
        }
      }
    ],
    [
      'posts text blindly',
      403,
      { method: 'POST', headers: { ...noCors, origin: 'https://evil.com' } }
    ],
    [
      'asks by a preflight',
      403,
      { method: 'OPTIONS', headers: { ...crossSite, origin: 'https://evil.com' } }
    ],
    [
      'asks by a preflight from our own origin',
      403,
      { method: 'OPTIONS', headers: { origin: own } }
    ],
    [
      'navigates to the API',
      403,
      {
        headers: {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document'
        }
      }
    ],
    ['connects a socket', 403, { ...socket, headers: { origin: 'https://evil.com' } }],
    [
      'connects a socket from another port',
      403,
      { ...socket, headers: { origin: 'http://localhost:5173' } }
    ],
    [
      'connects a socket from an address',
      403,
      { ...socket, headers: { origin: 'http://93.184.216.34' } }
    ],
    [
      'connects a socket from our address by another name',
      403,
      { ...socket, headers: { origin: 'http://127.0.0.1:3000' } }
    ],
    ['connects a socket from a sandboxed frame', 403, { ...socket, headers: { origin: 'null' } }],
    ['connects a socket without Origin', 403, socket],
    [
      'opens the event stream',
      403,
      { door: 'live', headers: { ...crossSite, origin: 'https://evil.com' } }
    ],
    ['rebinds its name to us', 403, { headers: { host: 'evil.com:3000' } }],
    [
      'rebinds its name and looks same-origin',
      403,
      { headers: { host: 'evil.com:3000', ...sameOrigin, ...client } }
    ],
    [
      'rebinds its name and loads the page',
      403,
      { door: 'shell', headers: { host: 'evil.com:3000' } }
    ],
    [
      'rebinds its name and connects a socket',
      403,
      { ...socket, headers: { host: 'evil.com:3000', origin: 'http://evil.com:3000' } }
    ],
    [
      'rebinds its name and sends spans',
      403,
      { door: 'ingest', method: 'POST', headers: { host: 'evil.com:3000' } }
    ],
    [
      'names itself by the forwarded host',
      403,
      { headers: { host: 'evil.com', 'x-forwarded-host': port } }
    ],
    [
      'sends spans',
      403,
      { door: 'ingest', method: 'POST', headers: { ...noCors, origin: 'https://evil.com' } }
    ],
    [
      'sends spans by a beacon of another port',
      403,
      { door: 'ingest', method: 'POST', headers: { ...otherPort, origin: 'http://localhost:5173' } }
    ],
    [
      'sends spans with only an Origin',
      403,
      { door: 'ingest', method: 'POST', headers: { origin: 'null' } }
    ],
    [
      'makes a service worker of the page',
      403,
      { door: 'shell', headers: { 'service-worker': 'script', ...sameOrigin } }
    ],
    ["reads with the host's page's help, without the header", 403, { headers: sameOrigin }]
  ])('%s, and is refused', (_what, want, changes) => {
    expect(answer(changes)).toBe(want)
    expect(answer(changes, inTokenMode)).toBe(want)
  })
})

describe('a request that is not of this machine', () => {
  it.each<[string, Changes]>([
    ['comes from the network', { peer: '192.168.0.7' }],
    ['comes from a unix socket', { peer: undefined }],
    ['comes over IPv6', { peer: '2001:db8::1' }],
    ['names an address of the network', { headers: { host: '192.168.0.7:3000' } }],
    ['was forwarded', { headers: { 'x-forwarded-for': '127.0.0.1' } }],
    ['was forwarded by the standard header', { headers: { forwarded: 'for=127.0.0.1' } }],
    ['came by a CDN', { headers: { 'cf-connecting-ip': '127.0.0.1' } }],
    ['was sent as HTTP/1.0', { http10: true }]
  ])('%s: it needs a token', (_what, changes) => {
    expect(answer(changes)).toBe(401)
    expect(answer({ ...changes, headers: { ...changes.headers, ...bearer } })).toBe('token')
    expect(answer({ ...changes, door: 'ingest', method: 'POST' })).toBe(403)
    expect(answer({ ...changes, door: 'shell' })).toBe('open')
  })
})

describe('in token mode', () => {
  it.each<[string, string | number, Changes]>([
    ['this machine has no right of its own', 401, {}],
    ['a bearer reads', 'token', { headers: bearer }],
    ['a bearer of any case reads', 'token', { headers: { authorization: `bearer  ${token} ` } }],
    ['a wrong bearer does not', 401, { headers: { authorization: `Bearer ${token}x` } }],
    ['an empty bearer does not', 401, { headers: { authorization: 'Bearer ' } }],
    ['a basic login does not', 401, { headers: { authorization: `Basic ${token}` } }],
    ['a cookie does not', 401, { headers: { cookie: `token=${token}` } }],
    ['the ingest token does not', 401, { headers: { authorization: `Bearer ${ingestToken}` } }],
    [
      'a bearer from another site does not',
      403,
      { headers: { ...bearer, ...crossSite, origin: 'https://evil.com' } }
    ],
    [
      'a bearer changes state with the header',
      'token',
      { method: 'POST', headers: { ...bearer, ...client } }
    ],
    ['a bearer does not without it', 403, { method: 'POST', headers: bearer }],
    [
      'the page connects with its protocol',
      'token',
      {
        ...socket,
        headers: { origin: own, 'sec-websocket-protocol': `spanlight.v1, spanlight.token.${token}` }
      }
    ],
    ['a tool connects with a bearer and no Origin', 'token', { ...socket, headers: bearer }],
    ['a socket without token does not connect', 401, { ...socket, headers: { origin: own } }],
    [
      'a socket with a wrong token does not',
      401,
      {
        ...socket,
        headers: { origin: own, 'sec-websocket-protocol': 'spanlight.v1, spanlight.token.no' }
      }
    ],
    ['the page itself is open', 'open', { door: 'shell' }],
    ['spans are not taken', 403, { door: 'ingest', method: 'POST' }],
    [
      "spans are not taken with the page's token",
      403,
      { door: 'ingest', method: 'POST', headers: bearer }
    ]
  ])('%s', (_what, want, changes) => {
    expect(answer(changes, rules({ mode: () => 'token', ingest: '' }))).toBe(want)
  })

  it('takes spans with the token for them, and no other', () => {
    const given = rules({ mode: () => 'token', ingest: ingestToken })
    const post: Changes = { door: 'ingest', method: 'POST' }
    expect(answer({ ...post, headers: { authorization: `Bearer ${ingestToken}` } }, given)).toBe(
      'token'
    )
    expect(answer({ ...post, headers: bearer }, given)).toBe(401)
    expect(answer(post, given)).toBe(401)
    expect(answer({ ...post, headers: { ...crossSite, origin: 'https://evil.com' } }, given)).toBe(
      403
    )
  })

  it('refuses everything where no token exists', () => {
    const given = rules({ mode: () => 'token', noToken: true })
    expect(answer({ headers: { authorization: 'Bearer ' } }, given)).toBe(401)
    expect(answer({ headers: { authorization: 'Bearer undefined' } }, given)).toBe(401)
  })

  it('answers no token and a wrong one with the same words', () => {
    const without = judge(visit({}), inTokenMode)
    const wrong = judge(visit({ headers: { authorization: 'Bearer no' } }), inTokenMode)
    expect(without).toEqual(wrong)
  })

  it('stops listening to an address that guesses', () => {
    const given = rules({ mode: () => 'token' })
    const guess: Changes = { headers: { authorization: 'Bearer no' } }
    for (let i = 0; i < 10; i++) expect(answer(guess, given)).toBe(401)
    expect(answer(guess, given)).toBe(429)
    expect(answer({ headers: bearer }, given)).toBe(429)
    expect(answer({ headers: bearer, peer: '10.0.0.9' }, given)).toBe('token')
  })
})

describe('an allowed host', () => {
  const given = rules({ mode: () => 'token', allowedHosts: ['s.example'] })
  const headers = { host: 's.example', ...bearer }

  it('is answered, behind TLS too', () => {
    expect(answer({ headers }, given)).toBe('token')
    expect(answer({ headers: { ...headers, ...client, origin: 'https://s.example' } }, given)).toBe(
      'token'
    )
    expect(answer({ headers: { ...headers, ...client, origin: 'https://t.example' } }, given)).toBe(
      403
    )
  })

  it('is not this machine, whatever the mode', () => {
    expect(answer({ headers: { host: 's.example' } }, rules({ allowedHosts: ['s.example'] }))).toBe(
      401
    )
  })
})

describe('any Host', () => {
  it.each(['none', '', 'a b', '[::1', '%', 'a@b', 'a/b'])('%j is answered 400', (host) => {
    expect(answer({ headers: { host } })).toBe(400)
  })

  it('is read from :authority on HTTP/2', () => {
    expect(answer({ headers: { host: 'none', ':authority': port } })).toBe('local')
    expect(answer({ headers: { host: port, ':authority': 'evil.com' } })).toBe(403)
  })
})

describe("the host's own check", () => {
  const ask = async (
    authorize: GateRules['authorize'],
    changes: Changes = {}
  ): Promise<unknown> => {
    const given = rules({ mode: () => 'token', noToken: true, authorize })
    const verdict = await admit({} as IncomingMessage, visit(changes), given)
    return verdict.ok ? verdict.by : verdict.status
  }

  it('lets in by true, or a promise of true', async () => {
    expect(await ask(() => true)).toBe('authorize')
    expect(await ask(async () => true)).toBe('authorize')
  })

  it('refuses by anything else', async () => {
    expect(await ask(() => false)).toBe(401)
    expect(await ask(() => 1 as never)).toBe(401)
    expect(await ask(() => ({ ok: true }) as never)).toBe(401)
    expect(await ask(() => undefined as never)).toBe(401)
    expect(await ask(async () => 'yes' as never)).toBe(401)
    expect(await ask(() => Promise.reject(new Error('no')))).toBe(401)
    expect(
      await ask(() => {
        throw new Error('no')
      })
    ).toBe(401)
  })

  it('has two seconds', async () => {
    vi.useFakeTimers()
    try {
      const verdict = ask(() => new Promise(() => undefined))
      await vi.advanceTimersByTimeAsync(2000)
      expect(await verdict).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  it('is not asked about what is refused before, nor about the page, nor for spans', async () => {
    const authorize = vi.fn(() => true)
    expect(await ask(authorize, { headers: { host: 'evil.com' } })).toBe(403)
    expect(await ask(authorize, { headers: { ...crossSite } })).toBe(403)
    expect(await ask(authorize, { ...socket })).toBe(403)
    expect(await ask(authorize, { door: 'shell' })).toBe('open')
    expect(await ask(authorize, { door: 'ingest', method: 'POST' })).toBe(403)
    expect(authorize).not.toHaveBeenCalled()
  })
})

describe('a refusal', () => {
  it('never repeats what the request said', () => {
    const word = fc.stringMatching(/^[A-Za-z<>"'/:.;=-]{6,40}$/)
    const name = fc.constantFrom('host', 'origin', 'authorization', 'sec-fetch-site', 'x-spanlight')
    fc.assert(
      fc.property(name, word, fc.boolean(), (header, value, upgrade) => {
        const verdict = judge(visit({ headers: { [header]: value }, upgrade }), inTokenMode)
        if (verdict === 'ask' || verdict.ok) return
        expect(`${verdict.error} ${verdict.hint}`).not.toContain(value)
      })
    )
  })
})
