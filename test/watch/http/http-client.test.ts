import { once } from 'node:events'
import http, { get } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { activeContext, runIn, suppressed } from '../../../src/context/context.ts'
import { watchHttpClient } from '../../../src/watch/http/http-client.ts'
import { urlOf } from '../../../src/watch/http/http-span.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { pskClient, serve, type Served } from '../servers.ts'
import { type Recorder, record } from '../setup.ts'

let recorder: Recorder
let server: Served
let watch: Watch

beforeEach(async () => {
  recorder = record()
  server = await serve()
  watch = watchHttpClient(recorder.setup)
})

afterEach(async () => {
  watch.stop()
  recorder.close()
  await server.close()
})

/** Sends the request, reads the response, gives its body; rejects with whichever error comes first. */
function answer(request: http.ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve(body))
    })
    request.end()
  })
}

const traceparent = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/

test('a request is a client span under the active one, and carries it on', async () => {
  await recorder.inRequest('request', async (parent) => {
    const request = http.request(server.url('/ok?a=1'), {
      method: 'post',
      headers: { 'content-length': '4' }
    })
    request.write('four')
    expect(await answer(request)).toBe('ok')
    expect(activeContext().span).toBe(parent)
  })
  const [span] = await recorder.wait('POST')
  const [parent] = await recorder.wait('request')
  expect(span).toMatchObject({ kind: 2, status: 0, parentId: parent?.spanId })
  expect(span?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.full': server.url('/ok?a=1'),
    'server.address': '127.0.0.1',
    'server.port': server.port,
    'http.response.status_code': 200,
    'network.protocol.version': '1.1',
    'http.request.body.size': 4,
    'http.response.body.size': 2
  })
  expect(server.heard[0]?.headers.traceparent).toContain(`${span?.traceId}-${span?.spanId}`)
})

test('every way to give the arguments carries the header and keeps what was given', async () => {
  const url = server.url('/ok')
  const options = { host: '127.0.0.1', port: server.port, path: '/ok' }
  const named = { ...options, headers: { 'X-Own': 'a' } }
  const flat = ['Host', 'x', 'X-Own', 'a']
  const pairs = [
    ['Host', 'x'],
    ['X-Own', 'a']
  ]
  const calls: (() => http.ClientRequest)[] = [
    () => http.request(url),
    () => http.request(new URL(url)),
    () => http.request(url, named),
    () => http.request(url, undefined as never),
    () => http.get(url),
    () => http.get(options),
    () => http.get(named, () => {}),
    () => http.get(url, () => {}),
    () => http.request({ ...options, headers: flat } as never),
    () => http.request({ ...options, headers: pairs } as never),
    () => http.request({ ...options, headers: flat } as never, () => {}),
    () => http.request({ ...named, agent: false }),
    () => http.request({ ...named, createConnection: () => net.connect(server.port) }),
    () => http.request(Object.assign(new URL(url), { headers: named.headers })),
    () => get(url)
  ]
  for (const call of calls) {
    await recorder.inRequest('request', () => answer(call()))
    const headers: http.IncomingHttpHeaders = server.heard.at(-1)?.headers ?? {}
    expect.soft(headers.traceparent, call.toString()).toMatch(traceparent)
    if (/named|flat|pairs/.test(call.toString()))
      expect.soft(headers['x-own'], call.toString()).toBe('a')
  }
  expect(named).toEqual({ ...options, headers: { 'X-Own': 'a' } })
  expect(flat).toEqual(['Host', 'x', 'X-Own', 'a'])
  expect(pairs).toHaveLength(2)
  expect(server.heard).toHaveLength(calls.length)
})

test('Expect: 100-continue waits for its answer and carries the header', async () => {
  await recorder.inRequest('request', async () => {
    const request = http.request(server.url('/ok'), {
      method: 'PUT',
      headers: { expect: '100-continue', 'content-length': '4' }
    })
    request.on('continue', () => request.end('four'))
    request.flushHeaders()
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await once(response, 'end')
  })
  expect(server.heard[0]?.body).toBe('four')
  expect(server.heard[0]?.headers.traceparent).toMatch(traceparent)
  await recorder.wait('PUT')
})

test('a traceparent that the host passes on gives way to ours', async () => {
  const foreign = '00-11111111111111111111111111111111-2222222222222222-01'
  const target = { port: server.port, path: '/ok', host: '127.0.0.1' }
  for (const headers of [{ TraceParent: foreign }, ['Host', 'x', 'TraceParent', foreign]])
    await recorder.inRequest('request', () => answer(http.request({ ...target, headers } as never)))
  const spans = await recorder.wait('GET', 2)
  // A rendered header can only be added to by then; where the arguments are edited there is one.
  expect(server.heard[0]?.headers.traceparent).toContain(spans[0]?.spanId)
  if (watch.instrumented.how.includes('http.request'))
    expect(server.heard[1]?.headers.traceparent).toContain(spans[1]?.spanId)
})

test('https is watched the same', async () => {
  const secure = await serve(true)
  await recorder.inRequest('request', async () => {
    expect(await answer(https.request(secure.url('/ok'), pskClient))).toBe('ok')
    expect(await answer(https.get({ ...pskClient, port: secure.port, path: '/ok' }))).toBe('ok')
  })
  await secure.close()
  const spans = await recorder.wait('GET', 2)
  expect(spans[0]?.attributes['url.full']).toBe(secure.url('/ok'))
  expect(spans[1]?.attributes['url.full']).toBe(`https://localhost:${secure.port}/ok`)
  expect(secure.heard[1]?.headers.traceparent).toContain(spans[1]?.spanId)
})

test('the span lasts until the body has been read', async () => {
  await recorder.inRequest('request', async () => {
    expect(await answer(http.request(server.url('/slow')))).toBe('1234567890')
  })
  const [span] = await recorder.wait('GET')
  expect(span?.duration).toBeGreaterThan(50e6)
})

test("listeners of the response run in the caller's context", async () => {
  await recorder.inRequest('request', async (parent) => {
    const seen: unknown[] = []
    await new Promise<void>((resolve) => {
      http.get(server.url('/slow'), (response) => {
        seen.push(activeContext().span)
        response.on('data', () => seen.push(activeContext().span))
        response.on('end', () => {
          seen.push(activeContext().span)
          resolve()
        })
      })
    })
    expect(seen.length).toBeGreaterThan(2)
    for (const span of seen) expect(span).toBe(parent)
  })
})

test('a body that nobody reads is still discarded, and the span ends with the headers', async () => {
  await recorder.inRequest('request', async () => {
    const request = http.get(server.url('/ok'))
    await once(request, 'close')
    expect(request.listenerCount('response')).toBe(0)
    expect(request.listenerCount('error')).toBe(0)
  })
  const [span] = await recorder.wait('GET')
  expect(span?.attributes['http.response.status_code']).toBe(200)
  expect(span?.status).toBe(0)
})

test('each attempt of a followed redirect is a span that counts the ones before', async () => {
  const follow = (url: string): Promise<void> =>
    new Promise((resolve, reject) => {
      http
        .get(url, (response) => {
          const { location } = response.headers
          response.resume()
          if (location === undefined) response.on('end', resolve)
          else follow(new URL(location, url).href).then(resolve, reject)
        })
        .on('error', reject)
    })
  await recorder.inRequest('request', () => follow(server.url('/redirect')))
  const spans = await recorder.wait('GET', 3)
  const counts = spans.map(({ attributes }) => attributes['http.request.resend_count'])
  expect(new Set(counts)).toEqual(new Set([undefined, 1, 2]))
})

test.each([404, 503])('a status of %i is an error to a client', async (status) => {
  await recorder.inRequest('request', () => answer(http.get(server.url(`/status/${status}`))))
  const [span] = await recorder.wait('GET')
  expect(span?.status).toBe(2)
  expect(span?.attributes).toMatchObject({
    'http.response.status_code': status,
    'error.type': String(status)
  })
})

test('an answer that comes before the upload is done is kept', async () => {
  await recorder.inRequest('request', async () => {
    const request = http.request(server.url('/early'), { method: 'POST' })
    request.on('error', () => {})
    request.write('x'.repeat(1000))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await once(response, 'close')
    request.destroy()
  })
  const [span] = await recorder.wait('POST')
  expect(span?.attributes['http.response.status_code']).toBe(413)
  expect(span?.attributes['error.type']).toBe('413')
})

const failures: [string, () => http.ClientRequest, number, string | undefined][] = [
  ['a refused connection', () => http.get('http://127.0.0.1:1/'), 2, 'ECONNREFUSED'],
  ['a connection closed before the answer', () => http.get(server.url('/close')), 2, 'ECONNRESET'],
  ['a connection reset within the body', () => http.get(server.url('/reset')), 2, 'ECONNRESET'],
  ['a timeout', () => timeOut(http.get(server.url('/hang'), { timeout: 40 })), 2, 'timeout'],
  [
    'a timeout signal',
    () => http.get(server.url('/hang'), { signal: AbortSignal.timeout(40) }),
    2,
    'TimeoutError'
  ],
  [
    'an error of the host',
    () => later(http.get(server.url('/hang')), (r) => r.destroy(new RangeError('no'))),
    2,
    'RangeError'
  ],
  [
    'a destroyed request',
    () => later(http.get(server.url('/hang')), (r) => r.destroy()),
    0,
    undefined
  ],
  [
    'an aborted request',
    () => later(http.get(server.url('/hang')), (r) => r.abort()),
    0,
    undefined
  ],
  [
    'an abort signal',
    () => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 40)
      return http.get(server.url('/hang'), { signal: abort.signal })
    },
    0,
    undefined
  ],
  [
    'a request destroyed within the body',
    () => later(http.get(server.url('/half')), (r) => r.destroy()),
    0,
    undefined
  ]
]

function timeOut(request: http.ClientRequest): http.ClientRequest {
  return request.on('timeout', () => request.destroy())
}

function later(
  request: http.ClientRequest,
  act: (request: http.ClientRequest) => void
): http.ClientRequest {
  setTimeout(() => act(request), 40)
  return request
}

test.each(failures)(
  '%s ends the span and says what happened',
  async (_what, call, status, type) => {
    await recorder.inRequest('request', async () => {
      await expect(answer(call())).rejects.toThrow()
    })
    const [span] = await recorder.wait('GET')
    expect(span?.status).toBe(status)
    expect(span?.attributes['error.type']).toBe(type)
    expect(span?.attributes['spanlight.cancelled']).toBe(type === undefined ? true : undefined)
  }
)

test('a response destroyed by the host is a cancelled call', async () => {
  await recorder.inRequest('request', async () => {
    const request = http.get(server.url('/half'))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.destroy()
    await once(request, 'close')
  })
  const [span] = await recorder.wait('GET')
  expect(span).toMatchObject({ status: 0 })
  expect(span?.attributes['spanlight.cancelled']).toBe(true)
})

test('an upgrade ends the span with its answer', async () => {
  await recorder.inRequest('request', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'test' }
    const request = http.get(server.url('/'), { headers })
    const [, socket] = (await once(request, 'upgrade')) as [unknown, net.Socket]
    socket.destroy()
  })
  const [span] = await recorder.wait('GET')
  expect(span?.attributes['http.response.status_code']).toBe(101)
})

test('a call over a socket file names the file and no port', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spanlight-'))
  const socketPath = join(folder, 'http.sock')
  const local = http.createServer((_request, response) => response.end('ok'))
  await new Promise<void>((resolve) => local.listen(socketPath, resolve))
  await recorder.inRequest('request', () => answer(http.get({ socketPath, path: '/ok' })))
  const [span] = await recorder.wait('GET')
  expect(span?.attributes).toMatchObject({
    'server.address': socketPath,
    'url.full': 'http://localhost/ok'
  })
  expect(span?.attributes).not.toHaveProperty('server.port')
  await new Promise((resolve) => local.close(resolve))
  await rm(folder, { recursive: true })
})

test.each([
  ['http:', 'a.test', 80, '/x', 'http://a.test/x'],
  ['https:', 'a.test', 80, '/x', 'https://a.test:80/x'],
  ['https:', '::1', 443, '/', 'https://[::1]/'],
  ['http:', '[::1]', 8080, '/', 'http://[::1]:8080/'],
  ['http:', 'proxy', 3128, 'http://a.test/x', 'http://a.test/x']
])('%s %s %i %s is the URL %s', (protocol, host, port, path, url) => {
  expect(urlOf(protocol, host, port, path)).toBe(url)
})

test('what http refuses is thrown as it was, and the span says so', async () => {
  await recorder.inRequest('request', async () => {
    expect(() => http.get('http://127.0.0.1/', { path: '/a b' })).toThrow(/unescaped characters/)
    expect(() => http.get('not a url')).toThrow(/Invalid URL/)
    expect(() => http.request({ headers: ['odd'] } as never)).toThrow()
  })
  if (!watch.instrumented.how.includes('http.request')) return
  const [span] = await recorder.wait('GET')
  expect(span?.attributes['error.type']).toBe('ERR_UNESCAPED_CHARACTERS')
})

test('our own traffic leaves no span and carries no header', async () => {
  await recorder.inRequest('request', () =>
    runIn(suppressed(activeContext()), () => answer(http.get(server.url('/ok'))))
  )
  await recorder.wait('request')
  expect(recorder.spans.map((span) => span.name)).toEqual(['request'])
  expect(server.heard[0]?.headers).not.toHaveProperty('traceparent')
})

test('concurrent calls over one agent have the parents that made them', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      recorder.inRequest(name, async (span) => {
        await answer(http.get(server.url(`/ok?${name}`), { agent }))
        expect(activeContext().span).toBe(span)
      })
    )
  )
  agent.destroy()
  for (const span of await recorder.wait('GET', 3)) {
    const parent = recorder.spans.find(({ spanId }) => spanId === span.parentId)
    expect(span.attributes['url.full']).toBe(server.url(`/ok?${parent?.name}`))
  }
})

test('the patched functions look like the ones they stand in for, and go again', async () => {
  watch.stop()
  const before = [http.request, http.get, https.request, https.get]
  watch = watchHttpClient(recorder.setup)
  const during = [http.request, http.get, https.request, https.get]
  during.forEach((fn, i) => {
    expect([fn.name, fn.length]).toEqual([before[i]?.name, before[i]?.length])
    expect(Object.getOwnPropertyNames(fn)).toEqual(Object.getOwnPropertyNames(before[i]))
  })
  watch.stop()
  expect([http.request, http.get, https.request, https.get]).toEqual(before)
  expect(http.get).toBe(before[1])
})

test('stopping leaves a patch alone that somebody put over ours', async () => {
  const ours = http.get
  const theirs = vi.fn((...args: Parameters<typeof http.get>) => ours(...args))
  http.get = theirs as unknown as typeof http.get
  try {
    watch.stop()
    expect(http.get).toBe(theirs)
    await recorder.inRequest('request', () => answer(http.get(server.url('/ok') as never)))
    expect(theirs).toHaveBeenCalledOnce()
    expect(server.heard[0]?.headers).not.toHaveProperty('traceparent')
  } finally {
    http.get = ours
  }
})

test('a second copy leaves the watching to the first', async () => {
  const second = watchHttpClient(recorder.setup)
  await recorder.inRequest('request', () => answer(http.get(server.url('/ok'))))
  second.stop()
  await recorder.inRequest('request', () => answer(http.get(server.url('/ok'))))
  expect(await recorder.wait('GET', 2)).toHaveLength(2)
})
