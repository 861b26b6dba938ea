import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeContext, runIn, suppressed } from '../../../src/context/context.ts'
import { createGuard } from '../../../src/base/safely.ts'
import { watchFetch } from '../../../src/watch/http/fetch.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { serve, type Served } from '../servers.ts'
import { type Recorder, record } from '../setup.ts'

let recorder: Recorder
let server: Served
let watch: Watch

beforeEach(async () => {
  recorder = record()
  server = await serve()
  watch = watchFetch(recorder.setup)
})

afterEach(async () => {
  watch.stop()
  recorder.close()
  await server.close()
})

test('a fetch is a client span under the active one, and carries it on', async () => {
  const parent = await recorder.inRequest('request', async (span) => {
    const response = await fetch(server.url('/ok?a=1'), { method: 'POST', body: 'four' })
    expect(await response.text()).toBe('ok')
    return span.spanContext()
  })
  const [span] = await recorder.wait('POST')
  expect(span).toMatchObject({
    kind: 2,
    status: 0,
    parentId: parent.spanId,
    traceId: parent.traceId
  })
  expect(span?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.full': server.url('/ok?a=1'),
    'server.address': '127.0.0.1',
    'server.port': server.port,
    'http.request.body.size': 4,
    'http.response.status_code': 200,
    'http.response.body.size': 2
  })
  expect(server.heard[0]?.headers.traceparent).toContain(`${parent.traceId}-${span?.spanId}`)
})

test("the code behind await runs in the caller's context", async () => {
  await recorder.inRequest('request', async (span) => {
    const response = await fetch(server.url('/ok'))
    expect(activeContext().span).toBe(span)
    await response.text()
    expect(activeContext().span).toBe(span)
  })
})

test('a traceparent that the host passes on gives way to ours, once', async () => {
  const foreign = '00-11111111111111111111111111111111-2222222222222222-01'
  await recorder.inRequest('request', () =>
    fetch(server.url('/ok'), { headers: { TraceParent: foreign } }).then((r) => r.text())
  )
  const [span] = await recorder.wait('GET')
  expect(server.heard[0]?.headers.traceparent).toMatch(
    new RegExp(`^00-${span?.traceId}-${span?.spanId}-0[0-3]$`)
  )
})

test('each attempt of a redirected call is a span that counts the ones before', async () => {
  await recorder.inRequest('request', () => fetch(server.url('/redirect')).then((r) => r.text()))
  const spans = await recorder.wait('GET', 3)
  expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([
    undefined,
    1,
    2
  ])
  expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([
    302, 307, 200
  ])
})

test('the same call again is not a resend', async () => {
  await recorder.inRequest('request', async () => {
    await (await fetch(server.url('/ok'))).text()
    await (await fetch(server.url('/ok'))).text()
  })
  for (const { attributes } of await recorder.wait('GET', 2))
    expect(attributes).not.toHaveProperty('http.request.resend_count')
})

test.each([404, 500])('a status of %i is an error to a client', async (status) => {
  await recorder.inRequest('request', () =>
    fetch(server.url(`/status/${status}`)).then((r) => r.text())
  )
  const [span] = await recorder.wait('GET')
  expect(span).toMatchObject({ status: 2, statusMessage: '' })
  expect(span?.attributes).toMatchObject({
    'http.response.status_code': status,
    'error.type': String(status)
  })
})

test('a refused connection is an error named by its code', async () => {
  const { port } = server
  await server.close()
  await recorder.inRequest('request', async () => {
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
  })
  const [span] = await recorder.wait('GET')
  expect(span?.status).toBe(2)
  expect(span?.attributes['error.type']).toBe('ECONNREFUSED')
})

test('a call that the host aborts is marked as cancelled and is no error', async () => {
  await recorder.inRequest('request', async () => {
    const abort = new AbortController()
    const call = fetch(server.url('/hang'), { signal: abort.signal })
    setTimeout(() => abort.abort(), 50)
    await expect(call).rejects.toThrow(/abort/)
  })
  const [span] = await recorder.wait('GET')
  expect(span?.status).toBe(0)
  expect(span?.attributes['spanlight.cancelled']).toBe(true)
  expect(span?.attributes).not.toHaveProperty('error.type')
})

test('a body that the host aborts ends the span', async () => {
  await recorder.inRequest('request', async () => {
    const abort = new AbortController()
    const response = await fetch(server.url('/half'), { signal: abort.signal })
    setTimeout(() => abort.abort(), 50)
    await expect(response.text()).rejects.toThrow(/abort/)
  })
  const [span] = await recorder.wait('GET')
  expect(span?.attributes).toMatchObject({
    'http.response.status_code': 200,
    'spanlight.cancelled': true
  })
})

test('a timeout is an error', async () => {
  await recorder.inRequest('request', async () => {
    const signal = AbortSignal.timeout(50)
    await expect(fetch(server.url('/hang'), { signal })).rejects.toThrow(/timeout/)
  })
  const [span] = await recorder.wait('GET')
  expect(span?.status).toBe(2)
  expect(span?.attributes['error.type']).toBe('TimeoutError')
})

test('a connection that breaks within the body is an error', async () => {
  await recorder.inRequest('request', async () => {
    const response = await fetch(server.url('/reset'))
    await expect(response.text()).rejects.toThrow('terminated')
  })
  const [span] = await recorder.wait('GET')
  expect(span?.status).toBe(2)
  expect(String(span?.attributes['error.type'])).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/)
})

test('an unknown method is no span name', async () => {
  await recorder.inRequest('request', () =>
    fetch(server.url('/ok'), { method: 'PURGE' }).then(
      (r) => r.text(),
      () => ''
    )
  )
  const [span] = await recorder.wait('HTTP')
  expect(span?.attributes).toMatchObject({
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PURGE'
  })
})

test('our own traffic leaves no span and carries no header', async () => {
  await recorder.inRequest('request', () =>
    runIn(suppressed(activeContext()), () => fetch(server.url('/ok')).then((r) => r.text()))
  )
  await recorder.wait('request')
  expect(recorder.spans.map((span) => span.name)).toEqual(['request'])
  expect(server.heard[0]?.headers).not.toHaveProperty('traceparent')
})

test('concurrent calls have the parents that made them', async () => {
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      recorder.inRequest(name, () => fetch(server.url(`/ok?${name}`)).then((r) => r.text()))
    )
  )
  for (const span of await recorder.wait('GET', 3)) {
    const parent = recorder.spans.find(({ spanId }) => spanId === span.parentId)
    expect(span.attributes['url.full']).toBe(server.url(`/ok?${parent?.name}`))
  }
})

test('a second copy leaves the watching to the first, and takes over when that has stopped', async () => {
  const second = watchFetch(recorder.setup)
  expect(second.instrumented).toMatchObject({ name: 'fetch', on: true })
  await recorder.inRequest('request', () => fetch(server.url('/ok')).then((r) => r.text()))
  expect(await recorder.wait('GET')).toHaveLength(1)
  watch.stop()
  await recorder.inRequest('request', () => fetch(server.url('/ok')).then((r) => r.text()))
  expect(server.heard[1]?.headers).not.toHaveProperty('traceparent')
  watch = watchFetch(recorder.setup)
  await recorder.inRequest('request', () => fetch(server.url('/ok')).then((r) => r.text()))
  expect(await recorder.wait('GET', 2)).toHaveLength(2)
})

test("a watch that fails is counted, and the host's call goes through", async () => {
  watch.stop()
  const { report } = recorder.setup
  watch = watchFetch({
    ...recorder.setup,
    guard: createGuard('fetch', report),
    propagation: {
      ...recorder.setup.propagation,
      inject() {
        throw new Error('broken')
      }
    }
  })
  await recorder.inRequest('request', async () => {
    expect(await (await fetch(server.url('/ok'))).text()).toBe('ok')
  })
  expect(report.drops.get('internal error')).toBe(1)
})
