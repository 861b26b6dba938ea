import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, type Host, idOf, startHost } from './fixtures.ts'

let host: Host
beforeEach(async () => {
  host = await startHost()
  for (let i = 0; i < 3; i++) host.memory.add()
})
afterEach(() => host.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(host.port, `/_traces/api/${path}`, { headers })
const post = (path: string, headers: Record<string, string> = { 'x-spanlight': '1' }) =>
  ask(host.port, `/_traces/api/${path}`, { method: 'POST', headers })

describe('the list', () => {
  it('is newest first, a hundred at most unless asked', async () => {
    const { json } = await get('traces')
    expect(json.traces.map((row: { traceId: string }) => row.traceId)).toEqual([
      idOf(3),
      idOf(2),
      idOf(1)
    ])
    expect(json.ignored).toEqual(['', '100', 'undefined'])
  })

  it.each([
    ['limit=2', '2'],
    ['limit=0', '1'],
    ['limit=-5', '1'],
    ['limit=9999999', '500'],
    ['limit=1e9', '500'],
    ['limit=Infinity', '500'],
    ['limit=-Infinity', '1'],
    ['limit=NaN', '100'],
    ['limit=abc', '100'],
    ['limit=', '100'],
    ['limit=2.9', '2'],
    ['limit=5&limit=7', '5']
  ])('reads %s as %s', async (query, limit) => {
    expect((await get(`traces?${query}`)).json.ignored[1]).toBe(limit)
  })

  it('hands the query on as it was meant', async () => {
    const { json } = await get('traces?q=status%3A5xx+%40a.b%3A%22c%22&before=12')
    expect(json.ignored).toEqual(['status:5xx @a.b:"c"', '100', '12'])
  })

  it('takes no endless query, nor an endless place', async () => {
    const reply = await get(`traces?q=${'x'.repeat(1025)}`)
    expect(reply.status).toBe(400)
    expect(reply.json.error).toContain('1024')
    expect((await get(`traces?before=${'9'.repeat(200)}`)).json.ignored[2]).toBe('undefined')
  })
})

describe('a trace', () => {
  it('is sent as columns', async () => {
    host.memory.size = 3
    const { json, headers } = await get(`traces/${idOf(2)}`)
    expect(json.summary.traceId).toBe(idOf(2))
    expect(json.spans.start).toEqual([0, 1, 2])
    expect(headers['cache-control']).toBe('no-store')
  })

  it('of eighty thousand spans arrives whole', async () => {
    host.memory.size = 80_000
    const { json } = await get(`traces/${idOf(2)}`)
    expect(json.spans.depth).toHaveLength(80_000)
    expect(json.spans.id.at(-1)).toBe('79999')
  })

  it('is found by an id of any case, and its parts too', async () => {
    const id = idOf(1).toUpperCase()
    expect((await get(`traces/${id}`)).status).toBe(200)
    expect((await get(`traces/${id}/logs`)).json).toEqual([])
    expect((await get(`traces/${id}/runtime`)).json.traceId).toBe(idOf(1))
    expect((await get(`traces/${id}/find?text=held`)).json).toEqual({
      spanIds: ['00000000000000aa']
    })
    expect((await get(`traces/${id}/find`)).status).toBe(400)
    expect((await get(`traces/${id}/spans/00000000000000AA`)).json.spanId).toBe('00000000000000aa')
  })

  it('that is not in memory is answered 404, with why', async () => {
    const fresh = await get(`traces/${idOf(99)}`)
    expect(fresh.status).toBe(404)
    expect(fresh.json.hint).toContain('32 hex digits')
    host.memory.evictedSpans = 10
    expect((await get(`traces/${idOf(99)}`)).json.hint).toContain('made room')
  })

  it.each([
    'traces/xyz',
    'traces/<script>alert(1)</script>',
    `traces/${'0'.repeat(32)}`,
    `traces/${'a'.repeat(33)}`,
    'traces/__proto__',
    'traces/',
    `traces/${idOf(99)}/runtime`,
    `traces/${idOf(1)}/runtime/more`,
    `traces/${idOf(1)}/spans/zz`,
    `traces/${idOf(1)}/spans`,
    `traces/${idOf(1)}/spans/00000000000000aa/more`,
    `traces/${idOf(1)}/logs/more`,
    `traces/${idOf(1)}/constructor`,
    'constructor',
    ''
  ])('%s is answered 404 without a word of it', async (path) => {
    const reply = await get(encodeURI(path))
    expect(reply.status).toBe(404)
    expect(reply.body).not.toMatch(/script|proto|constructor|xyz/)
  })
})

describe('a foreign format', () => {
  it('is a file to keep', async () => {
    const reply = await get(`traces/${idOf(1)}?format=otlp`)
    expect(reply.json).toEqual({ resourceSpans: 1 })
    expect(reply.headers['content-disposition']).toBe(
      `attachment; filename="trace-${idOf(1)}.otlp.json"`
    )
  })

  it.each(['zipkin', 'OTLP', '', '__proto__', 'constructor', 'toString'])(
    '%j that is not there is answered by those that are',
    async (format) => {
      const reply = await get(`traces/${idOf(1)}?format=${format}`)
      expect(reply.status).toBe(400)
      expect(reply.json).toEqual({ error: 'no such format', hint: 'there is: otlp, html' })
    }
  )

  it('of a trace that is not in memory is answered 404', async () => {
    expect((await get(`traces/${idOf(9)}?format=otlp`)).status).toBe(404)
  })
})

describe('what changes state', () => {
  it('pins a trace', async () => {
    expect((await post(`traces/${idOf(1)}/pin`)).json).toEqual({ pinned: true })
    expect(host.memory.pinned).toEqual([idOf(1)])
    expect((await post(`traces/${idOf(9)}/pin`)).status).toBe(404)
  })

  it('clears', async () => {
    expect((await post('clear')).json).toEqual({ cleared: true })
    expect((await get('traces')).json.traces).toEqual([])
  })

  it('needs the client header and POST', async () => {
    expect((await post('clear', {})).status).toBe(403)
    const reply = await get('clear', { 'x-spanlight': '1' })
    expect(reply.status).toBe(405)
    expect(reply.headers['allow']).toBe('POST')
    expect(host.memory.rows).toHaveLength(3)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])(
    'is nothing that %s could do to what is read',
    async (method) => {
      const headers = { 'x-spanlight': '1' }
      for (const path of ['traces', 'routes', 'map', 'status', `traces/${idOf(1)}`]) {
        const reply = await ask(host.port, `/_traces/api/${path}`, { method, headers })
        expect(reply.status).toBe(405)
        expect(reply.headers['allow']).toBe('GET, HEAD')
      }
    }
  )
})

describe('the status', () => {
  it('says the mode and the pages as they are now', async () => {
    expect((await get('status')).json).toMatchObject({
      version: '1',
      mode: 'local',
      why: 'a test',
      pages: 0
    })
  })
})

describe('many at once', () => {
  it('are answered ten at a time', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const busy = {
      ...host.memory.reader,
      map: () =>
        gate.then(() => ({
          nodes: [],
          edges: [],
          drawn: { traces: 0, complete: true, from: 0, to: 0 }
        }))
    }
    const other = await startHost({ reader: busy })
    const map = () => ask(other.port, '/_traces/api/map')
    const waiting = Array.from({ length: 10 }, map)
    let refused = await map()
    while (refused.status !== 503) refused = await map()
    expect(refused.headers['retry-after']).toBe('1')
    release()
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe(200)
    expect((await map()).status).toBe(200)
    await other.close()
  })
})
