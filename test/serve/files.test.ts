import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportResult } from '../../src/wire/files.ts'
import { ask, type Host, idOf, startHost, token } from './fixtures.ts'

let host: Host
let taken: Buffer[] = []
let release = (): void => {}
let started: Promise<void>

const result: ImportResult = {
  traces: 1,
  spans: 2,
  known: 0,
  problems: [],
  moreProblems: 0,
  ids: [idOf(1)]
}

beforeEach(async () => {
  taken = []
  let begin = (): void => {}
  started = new Promise((resolve) => (begin = resolve))
  host = await startHost({
    importFile: async (file) => {
      taken.push(file)
      if (file.toString() === 'wait')
        await new Promise<void>((resolve) => {
          release = resolve
          begin()
        })
      return result
    }
  })
  for (let i = 0; i < 3; i++) host.memory.add()
})
afterEach(() => host.close())

const get = (query: string) => ask(host.port, `/_traces/api/export?${query}`)
const choose = (body: string) =>
  ask(host.port, '/_traces/api/export', { method: 'POST', headers: { 'x-spanlight': '1' }, body })
const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  ask(host.port, '/_traces/api/import', {
    method: 'POST',
    headers: { 'x-spanlight': '1', ...headers },
    body
  })

describe('an export', () => {
  it('holds all that matches, as a file to keep', async () => {
    const { json, headers } = await get('format=otlp')
    expect(json).toEqual({ resourceSpans: 3 })
    expect(headers['content-disposition']).toBe('attachment; filename="traces-3.otlp.json"')
    expect(headers['x-spanlight-left-out']).toBeUndefined()
    expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox")
  })

  it('is OTLP unless asked', async () => {
    expect((await get('')).json).toEqual({ resourceSpans: 3 })
  })

  it('holds as many as asked for, and says how many are left out', async () => {
    const { json, headers } = await get('limit=2')
    expect(json).toEqual({ resourceSpans: 2 })
    expect(headers['x-spanlight-left-out']).toBe('1')
  })

  it('ends before too many spans, but holds one trace in any case', async () => {
    host.memory.add({ spans: 90_000 })
    host.memory.add({ spans: 200_000 })
    const { json, headers } = await get('')
    expect(json).toEqual({ resourceSpans: 1 })
    expect(headers['x-spanlight-left-out']).toBe('4')
  })

  it('holds the traces that are named, each once, as far as they are in memory', async () => {
    const ids = [idOf(1), idOf(3), idOf(1), idOf(9), 'x', '<script>'].join(',')
    const { json, headers } = await get(`ids=${encodeURIComponent(ids)}`)
    expect(json).toEqual({ resourceSpans: 2 })
    expect(headers['x-spanlight-left-out']).toBe('1')
  })

  it('takes more names than an address has room for, as a body', async () => {
    const traces = Array.from({ length: 700 }, () => host.memory.add())
    const ids = traces.map(({ traceId }) => traceId).join(',')
    expect(ids.length).toBeGreaterThan(16 * 1024)
    const { json, headers } = await choose(ids)
    expect(json).toEqual({ resourceSpans: 700 })
    expect(headers['x-spanlight-left-out']).toBeUndefined()
  })

  it.each([
    ['', 404, 'no such trace'],
    ['x,\u0000', 404, 'no such trace'],
    ['0'.repeat(200_000), 413, 'too large']
  ])('by a body of %j is answered %d', async (body, status, error) => {
    const reply = await choose(body)
    expect(reply.status).toBe(status)
    expect(reply.json.error).toContain(error)
  })

  it('is not written for a page of another origin', async () => {
    const headers = { origin: 'http://elsewhere.example', 'content-type': 'text/plain' }
    const reply = await ask(host.port, '/_traces/api/export', {
      method: 'POST',
      headers,
      body: idOf(1)
    })
    expect(reply.status).toBe(403)
  })

  it.each([
    ['format=yaml', 400, 'no such format'],
    ['format=__proto__', 400, 'no such format'],
    ['limit=0', 400, 'from 1 to 5000'],
    ['limit=5001', 400, 'from 1 to 5000'],
    ['limit=many', 400, 'from 1 to 5000'],
    [`q=${'x'.repeat(1025)}`, 400, 'longer than'],
    ['ids=', 404, 'no such trace'],
    [`ids=${idOf(9)}`, 404, 'no such trace'],
    ['format=html', 503, 'not built']
  ])('that asks for %s is answered %d', async (query, status, error) => {
    const reply = await get(query)
    expect(reply.status).toBe(status)
    expect(reply.json.error).toContain(error)
  })

  it('needs what the rest of the API needs', async () => {
    const locked = await startHost({ mode: { mode: 'token', why: '', warning: false }, token })
    locked.memory.add()
    expect((await ask(locked.port, '/_traces/api/export')).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask(locked.port, '/_traces/api/export', { headers })).status).toBe(200)
    await locked.close()
  })
})

describe('an import', () => {
  it('takes a file of any content type, plain or gzipped by the sender or on the disk', async () => {
    const file = Buffer.from('{"resourceSpans":[]}')
    for (const [body, headers] of [
      [file, { 'content-type': 'text/plain' }],
      [gzipSync(file), { 'content-encoding': 'gzip' }],
      [gzipSync(file), { 'content-type': 'application/gzip' }]
    ] as const) {
      expect((await post(body, headers)).json).toEqual(result)
      expect(taken.pop()).toEqual(file)
    }
  })

  it('takes a file that is much larger than what exporters may send at once', async () => {
    expect((await post(Buffer.alloc(9 * 1024 * 1024, ' '))).status).toBe(200)
    expect(taken[0]?.length).toBe(9 * 1024 * 1024)
  })

  it('refuses what is too large, as it is sent and inflated', async () => {
    const sent = await post('', { 'content-length': String(33 * 1024 * 1024) }).catch(String)
    expect(typeof sent === 'string' ? 413 : sent.status).toBe(413)
    const bomb = await post(gzipSync(Buffer.alloc(65 * 1024 * 1024)))
    expect(bomb.status).toBe(413)
    expect(bomb.json.hint).toContain('32 MiB of gzip with 64 MiB')
    expect(taken).toEqual([])
  })

  it('reads one file at a time', async () => {
    const first = post('wait')
    await started
    const second = await post('{}')
    expect([second.status, second.headers['retry-after']]).toEqual([503, '1'])
    release()
    expect((await first).status).toBe(200)
    expect((await post('{}')).status).toBe(200)
  })

  it('is not for other sites, nor by a link', async () => {
    expect((await post('{}', { origin: 'https://evil.test' })).status).toBe(403)
    expect((await post('{}', { 'x-spanlight': '' })).status).toBe(403)
    expect((await ask(host.port, '/_traces/api/import')).status).toBe(405)
    expect(taken).toEqual([])
  })

  it('needs the token of the page, not the one that spans are sent with', async () => {
    const mode = { mode: 'token', why: '', warning: false } as const
    const locked = await startHost({ mode, token, ingestToken: 'the-ingest-token-0123456789' })
    const send = (bearer: string) =>
      ask(locked.port, '/_traces/api/import', {
        method: 'POST',
        headers: { 'x-spanlight': '1', authorization: `Bearer ${bearer}` },
        body: '{}'
      })
    expect((await send('the-ingest-token-0123456789')).status).toBe(401)
    expect((await send(token)).status).toBe(200)
    await locked.close()
  })
})
