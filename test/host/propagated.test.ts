import { createServer, type IncomingHttpHeaders, request, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { formatNames, headerFormats, type HeaderFormatName } from '../../src/carrier/formats.ts'
import { activeContext } from '../../src/context/context.ts'
import { traced } from '../../src/host/http.ts'
import { createPropagation } from '../../src/span/propagation.ts'
import { watched } from './setup.ts'

const trace = '463ac35c9f6413ad48485a3953bb6124'
const span = 'a2fb4a1d1a96d312'
const root = `Root=1-${trace.slice(0, 8)}-${trace.slice(8)}`

/** A service that answers with the headers that a call of its own would carry, and what it recorded. */
async function service(
  names: readonly HeaderFormatName[],
  setup: Parameters<typeof watched>[0] = {}
) {
  const propagation = createPropagation(names)
  const recorder = watched({ propagation, ...setup })
  const answer: RequestListener = (_req, res) => {
    propagation.inject(activeContext(), (name, value) => res.setHeader(name, value))
    res.end()
  }
  const server = createServer(traced(recorder.host, answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const { port } = server.address() as AddressInfo
  const call = (headers: Record<string, string>): Promise<IncomingHttpHeaders> =>
    new Promise((resolve, reject) => {
      const req = request({ port, host: '127.0.0.1', headers, agent: false }, (res) => {
        res.resume().on('end', () => resolve(res.headers))
      })
      req.on('error', reject).end()
    })
  return { call, recorder }
}

const incoming: Record<HeaderFormatName, Record<string, string>> = {
  w3c: { traceparent: `00-${trace}-${span}-00` },
  b3: { b3: `${trace}-${span}-0` },
  b3multi: { 'x-b3-traceid': trace, 'x-b3-spanid': span, 'x-b3-sampled': '0' },
  jaeger: { 'uber-trace-id': `${trace}:${span}:0:0` },
  xray: { 'x-amzn-trace-id': `${root};Parent=${span};Sampled=0` },
  google: { 'x-cloud-trace-context': `${trace}/${BigInt(`0x${span}`)};o=0` }
}

const pairs = formatNames.flatMap((from) => formatNames.map((to) => [from, to] as const))

describe('a request', () => {
  it.each(pairs)(
    'that came with %s goes on with %s: same trace, same decision',
    async (from, to) => {
      const { call, recorder } = await service([to])
      const carried = headerFormats[to].read(await call(incoming[from]))
      const [seen] = await recorder.servers()
      expect(seen?.traceId).toBe(trace)
      expect(seen?.span.parentId).toBe(span)
      expect(carried?.parent).toMatchObject({
        traceId: trace,
        spanId: seen?.span.spanId,
        traceFlags: 0
      })
    }
  )

  it('is written in all chosen formats at once', async () => {
    const { call } = await service(formatNames)
    const headers = await call({})
    const ids = formatNames.map((name) => headerFormats[name].read(headers)?.parent)
    expect(
      new Set(ids.map((id) => `${id?.traceId} ${id?.spanId} ${(id?.traceFlags ?? 0) & 1}`)).size
    ).toBe(1)
    expect(ids[0]?.traceFlags).toBe(3)
  })

  it.each([
    ['a load balancer of Amazon', { 'x-amzn-trace-id': root }],
    ['a load balancer of Google', { 'x-cloud-trace-context': `${trace}/0;o=1` }]
  ])('that %s gave a trace alone is the first span of it', async (_who, headers) => {
    const { call, recorder } = await service(['w3c'])
    const sent = await call(headers)
    const [seen] = await recorder.servers()
    expect(seen?.traceId).toBe(trace)
    expect(seen?.span.parentId).toBeUndefined()
    // The id was not made by us: nobody knows how random it is.
    expect(sent['traceparent']).toBe(`00-${trace}-${seen?.span.spanId}-01`)
  })

  it('that was denied without ids begins a trace that is not sampled, and is recorded here', async () => {
    const { call, recorder } = await service(['b3'])
    expect((await call({ b3: '0' }))['b3']).toMatch(/-0$/)
    expect(await recorder.servers()).toHaveLength(1)
  })

  it.each([
    ['b3', { b3: `${trace}-${span}-d` }],
    ['b3multi', { 'x-b3-traceid': trace, 'x-b3-spanid': span, 'x-b3-flags': '1' }],
    ['jaeger', { 'uber-trace-id': `${trace}:${span}:0:3` }],
    ['b3 without ids', { b3: 'd' }]
  ])('that is debugged by %s is so for those after it', async (_format, headers) => {
    const { call } = await service(['b3', 'jaeger', 'w3c'])
    const sent = await call(headers as unknown as Record<string, string>)
    expect(sent['b3']).toMatch(/-d$/)
    expect(sent['uber-trace-id']).toMatch(/:3$/)
    expect(sent['traceparent']).toMatch(/-0[13]$/)
  })

  it('hands baggage on with W3C’s headers and with no others', async () => {
    const given = { ...incoming.b3, baggage: 'tenant=a' }
    expect((await (await service(['w3c'])).call(given))['baggage']).toBe('tenant=a')
    expect((await (await service(['b3'])).call(given))['baggage']).toBeUndefined()
  })

  it('hands Jaeger’s baggage on with Jaeger’s header, of those who are trusted', async () => {
    const given = { ...incoming.jaeger, 'uberctx-Tenant': 'a%20b' }
    const sent = async (...setup: Parameters<typeof service>) =>
      (await (await service(...setup)).call(given))['uberctx-tenant']
    expect(await sent(['jaeger'])).toBe('a%20b')
    expect(await sent(['w3c'])).toBeUndefined()
    expect(await sent(['jaeger'], { trustIncoming: false })).toBeUndefined()
  })

  it.each([
    ['a parent', incoming.b3],
    ['a trace alone', { 'x-amzn-trace-id': root }],
    ['a debug wish', { b3: 'd' }]
  ])('of somebody who is not trusted does not go on with %s', async (_what, headers) => {
    const { call, recorder } = await service(['w3c', 'b3'], { trustIncoming: false })
    const sent = await call(headers)
    const [seen] = await recorder.servers()
    expect(seen?.traceId).not.toBe(trace)
    expect(sent['b3']).toMatch(/-1$/)
  })

  it('reads and writes nothing where nothing is to be propagated', async () => {
    const { call, recorder } = await service([])
    const sent = await call({ ...incoming.w3c, ...incoming.b3 })
    for (const { fields } of Object.values(headerFormats))
      for (const field of fields) expect(sent[field]).toBeUndefined()
    expect((await recorder.servers())[0]?.traceId).not.toBe(trace)
  })
})
