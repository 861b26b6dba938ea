import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { createReport } from '../../src/base/report.ts'
import { fileFormats } from '../../src/file-formats.ts'
import { createRedactor } from '../../src/redact/redactor.ts'
import { putReceived } from '../../src/trace/received-attributes.ts'
import type { ImportResult } from '../../src/wire/files.ts'
import type { ServiceMap } from '../../src/wire/status.ts'
import { ownHub, type OwnHub } from './in-process-hub.ts'

const mebibyte = 2 ** 20
const id = (i: number): string => (i + 1).toString(16).padStart(16, '0')

interface Answer {
  readonly status: number
  readonly text: string
}

describe('a hub that is sent bombs', () => {
  let own: OwnHub

  beforeAll(async () => {
    own = await ownHub({ memory: 128 * mebibyte })
  })

  async function post(url: string, body: string | Buffer): Promise<Answer> {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const init = { method: 'POST', headers: { ...headers, 'x-spanlight': '1' } }
    const answer = await fetch(url, { ...init, body: new Uint8Array(gzipSync(body, { level: 1 })) })
    return { status: answer.status, text: await answer.text() }
  }
  const otlp = (body: string) => post(`${own.origin('OTLP/HTTP')}/v1/traces`, body)
  const zipkin = (body: string) => post(`${own.origin('Zipkin')}/api/v2/spans`, body)
  const file = (body: string | Buffer) => post(`${own.page}api/import`, body)

  /** What it would take to look at a key of megabytes for each container behind it, the test's time does not suffice for. */
  const longKey = (size: number, times: number): string =>
    `"${'A'.repeat(size)}":${'[],'.repeat(times)}0`

  const bombs: Record<string, () => Promise<Answer>> = {
    'a long key before many lists, as OTLP': () => otlp(`{${longKey(2 * mebibyte, 600_000)}}`),
    'a long key before many objects, in a file': () =>
      file(`{"data":[{${longKey(8 * mebibyte, 5_000_000).replaceAll('[]', '{}')}}]}`),
    'empty resources': () => otlp(`{"resourceSpans":[${'{},'.repeat(1_300_000)}{}]}`),
    'empty scopes': () => otlp(`{"resourceSpans":[{"scopeSpans":[${'{},'.repeat(1_300_000)}{}]}]}`),
    'empty spans, as Zipkin': () => zipkin(`[${'{},'.repeat(1_300_000)}{}]`),
    'lists in lists, as Zipkin': () => zipkin('['.repeat(4_000_000)),
    'more than 4 MiB, as Zipkin': () => zipkin(' '.repeat(5 * mebibyte)),
    'a file of 200 MiB': () => file(Buffer.alloc(200 * mebibyte)),
    'lists in lists, in a file': () => file('[{"traceId":' + '['.repeat(5_000_000)),
    'a file of quotes': () => file('"'.repeat(5_000_000)),
    'protobuf of empty messages': () => file(Buffer.alloc(8 * mebibyte, Buffer.from([0x0a, 0]))),
    'protobuf of groups': () => file(Buffer.alloc(8 * mebibyte, 0x0b))
  }

  it.each(Object.entries(bombs))('survives %s, and keeps nothing of it', async (_name, send) => {
    const { status, text } = await send()
    if (status === 200) {
      const { spans, problems } = JSON.parse(text) as ImportResult
      expect(spans).toBe(0)
      expect(problems.length).toBeGreaterThan(0)
    } else expect([400, 413]).toContain(status)
    expect(text.length).toBeLessThan(20_000)
  })

  it('counts problems that it does not keep', async () => {
    const { text } = await file('{}\n'.repeat(30_000))
    const { problems, moreProblems } = JSON.parse(text) as ImportResult
    expect(problems.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
    expect(moreProblems).toBe(29_900)
  })

  const count = 10_000
  const span = (i: number, traceId: string, fields: object): object => ({
    traceId,
    id: id(i),
    name: 'n',
    kind: i % 2 === 0 ? 'CLIENT' : 'SERVER',
    timestamp: 1.7e15 + i,
    duration: 3e6 - i,
    localEndpoint: { serviceName: `s${i % 7}` },
    ...fields
  })
  const shapes: Record<string, (i: number) => object> = {
    'a chain': (i) => (i > 0 ? { parentId: id(i - 1) } : {}),
    'a circle': (i) => ({ parentId: id((i + 1) % count) }),
    'a fan of as many services': (i) => ({
      ...(i > 0 && { parentId: id(0) }),
      localEndpoint: { serviceName: `service ${i}` },
      remoteEndpoint: { serviceName: `peer ${i}` }
    }),
    'overlapping work': (i) => ({ ...(i > 0 && { parentId: id(0) }), duration: 3e6 + i * 7 }),
    'no time at all': () => ({ timestamp: 1, duration: 0 }),
    'the end of time': (i) => ({ timestamp: 9e15 - i, duration: 9e15, kind: undefined })
  }

  it.each(Object.entries(shapes))(
    'writes a trace that is %s of 10,000 spans in every format',
    async (name, fields) => {
      const traceId = Buffer.from(name.padEnd(16)).toString('hex').slice(0, 32)
      const spans = Array.from({ length: count }, (_, i) => span(i, traceId, fields(i)))
      const taken = await file(JSON.stringify(spans))
      expect(JSON.parse(taken.text)).toMatchObject({ traces: 1, spans: count })
      for (const format of [...Object.keys(fileFormats), '']) {
        const end = format === '' ? '' : `?format=${format}`
        const answer = await fetch(`${own.page}api/traces/${traceId}${end}`)
        expect(answer.status).toBe(200)
        const text = await answer.text()
        if (format === 'mermaid') expect(text.length).toBeLessThan(50_000)
        else expect(JSON.stringify(JSON.parse(text)).match(/"n"/g)?.length).toBeGreaterThan(0)
      }
    }
  )

  it('draws a map of no more services than a page can hold, and says that it is not all', async () => {
    const answer = await fetch(`${own.page}api/map`)
    const { nodes, edges, drawn } = (await answer.json()) as ServiceMap
    expect(nodes.length).toBeLessThanOrEqual(1000)
    expect(edges.length).toBeLessThanOrEqual(3000)
    expect(drawn.complete).toBe(false)
  })

  it.each(['__proto__', 'constructor', 'toString'])(
    'takes %s for a name like any other',
    async (name) => {
      const traceId = Buffer.from(name.padEnd(16)).toString('hex').slice(0, 32)
      const tags = `{"${name}":"kept","isAdmin":"no"}`
      const timestamp = Date.now() * 1000
      const one = { timestamp, localEndpoint: { serviceName: name }, name, kind: name, tags: 0 }
      const body = JSON.stringify([span(0, traceId, one)]).replace('"tags":0', `"tags":${tags}`)
      expect((await zipkin(body)).status).toBe(202)
      const [jaeger, page] = [own.origin('Jaeger'), own.origin('Zipkin')]
      const answers = await Promise.all(
        [
          `${jaeger}/api/traces?service=${name}&tags={"${name}":"kept"}`,
          `${jaeger}/api/operations?service=${name}`,
          `${page}/api/v2/traces?serviceName=${name}&${name}=${name}`,
          `${page}/api/v2/spans?serviceName=${name}`,
          `${own.page}api/traces/${traceId}?format=chrome`
        ].map(async (url) => (await fetch(url)).text())
      )
      for (const answer of answers) expect(answer).toContain(name)
      const formats = [name, `${name}.${name}`].map((format) =>
        fetch(`${own.page}api/traces/${traceId}?format=${format}`)
      )
      for (const { status } of await Promise.all(formats)) expect(status).toBe(400)
      expect('isAdmin' in {}).toBe(false)
    }
  )

  it('takes and shows a trace after all of it', async () => {
    const traceId = 'c0'.repeat(16)
    const { status } = await zipkin(JSON.stringify([span(0, traceId, {})]))
    expect(status).toBe(202)
    expect((await fetch(`${own.page}api/traces/${traceId}`)).status).toBe(200)
  })
})

it('of more attributes than are kept, the rest is not even looked at', () => {
  const limits = defaultLimits
  const report = createReport(() => {})
  const redactor = createRedactor({ mode: 'local', limits, options: {}, report })
  let looked = 0
  const rules = {
    limits,
    redactor: {
      ...redactor,
      attribute: (key: string, value: unknown) => {
        looked++
        return redactor.attribute(key, value)
      }
    }
  }
  const attributes: (string | number)[] = []
  const put = (key: string, value: number): boolean => putReceived(attributes, 4, key, value, rules)
  expect([put('a', 1), put('b', 2), put('c', 3), put('a', 4), put('d', 5)]).toEqual([
    true,
    true,
    false,
    true,
    false
  ])
  expect(attributes).toEqual(['a', 4, 'b', 2])
  expect(looked).toBe(3)
})
