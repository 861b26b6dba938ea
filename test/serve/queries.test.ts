import { afterEach, describe, expect, it } from 'vitest'
import type { QueryApi } from '../../src/serve/queries.ts'
import { ask, type Host, startHost, token } from './fixtures.ts'

let host: Host | undefined
afterEach(async () => {
  await host?.close()
  host = undefined
})

const other: QueryApi = {
  prefix: 'other/api/',
  async answer(path, params) {
    if (path === 'traces') return { body: { data: [params.get('service')] } }
    if (path === 'pieces') return { body: { pieces: ['[1', ',2]'] } }
    if (path === 'none') return { status: 404, body: { errors: ['none'] } }
    return undefined
  }
}

async function start(
  changes = {}
): Promise<(path: string, headers?: object, method?: string) => ReturnType<typeof ask>> {
  host = await startHost({ queries: [other], ...changes })
  const { port } = host
  return (path, headers = {}, method = 'GET') =>
    ask(port, `/_traces/other/api/${path}`, { method, headers: headers as Record<string, string> })
}

describe('what another system’s page asks', () => {
  it('is answered as that system would, with its status', async () => {
    const get = await start()
    expect((await get('traces?service=shop')).json).toEqual({ data: ['shop'] })
    expect((await get('pieces')).json).toEqual([1, 2])
    const none = await get('none')
    expect([none.status, none.json]).toEqual([404, { errors: ['none'] }])
    expect((await get('nothing')).status).toBe(404)
  })

  it('needs no client header, but comes from the same site', async () => {
    const get = await start()
    expect((await get('traces', { 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await get('traces', { 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect((await get('traces', { origin: 'http://evil.example' })).status).toBe(403)
  })

  it('is only ever read', async () => {
    const get = await start()
    const reply = await get('traces', { 'x-spanlight': '1' }, 'POST')
    expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, HEAD'])
  })

  it('needs the page’s token where the page does', async () => {
    const get = await start({ mode: { mode: 'token', why: 'a test', warning: false }, token })
    expect((await get('traces')).status).toBe(401)
    expect((await get('traces', { authorization: `Bearer ${token}` })).status).toBe(200)
  })

  it('may be a dozen things at once, and no more', async () => {
    const waiting: (() => void)[] = []
    const slow: QueryApi = {
      prefix: 'other/api/',
      answer: () => new Promise((resolve) => waiting.push(() => resolve({ body: [1] })))
    }
    const get = await start({ queries: [slow] })
    const replies = Array.from({ length: 13 }, () => get('traces'))
    const refused = await Promise.race(replies)
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    for (const answer of waiting) answer()
    const statuses = (await Promise.all(replies)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(12)
    const next = get('traces')
    while (waiting.length < 13) await new Promise(setImmediate)
    waiting[12]?.()
    expect((await next).status).toBe(200)
  })
})
