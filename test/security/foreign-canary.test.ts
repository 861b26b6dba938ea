import { createSocket } from 'node:dgram'
import { beforeAll, describe, expect, test } from 'vitest'
import { fileFormats } from '../../src/file-formats.ts'
import { encodeProtobuf } from '../../src/interop/otlp/encode-protobuf.ts'
import type { TraceId } from '../../src/base/ids.ts'
import { Values } from './canary-values.ts'
import { chromeBody, jaegerBody, xrayBody, zipkinBody } from './foreign-bodies.ts'
import { ownHub, type OwnHub } from './in-process-hub.ts'
import { type Output, Reader } from './outputs.ts'

describe('what senders of other formats tell by mistake', () => {
  const values = new Values()
  let own: OwnHub
  let outputs: Output[]

  const putsOf = (format: string) =>
    [
      (place: string) => values.secret(`${format}: ${place}`),
      (place: string) => values.plain(`${format}: ${place}`)
    ] as const

  async function post(url: string, body: string): Promise<void> {
    const headers = { 'content-type': 'application/json', 'x-spanlight': '1' }
    const answer = await fetch(url, { method: 'POST', headers, body })
    expect(answer.ok).toBe(true)
  }

  beforeAll(async () => {
    own = await ownHub()
    const { hub, page, origin } = own
    const imported = `${page}api/import`
    await post(`${origin('Zipkin')}/api/v2/spans`, JSON.stringify(zipkinBody(...putsOf('Zipkin'))))
    await post(imported, JSON.stringify(zipkinBody(...putsOf('Zipkin file'))))
    await post(imported, JSON.stringify(jaegerBody(...putsOf('Jaeger file'))))
    await post(imported, JSON.stringify(chromeBody(...putsOf('Chrome file'))))
    const xray = createSocket('udp4')
    xray.send(xrayBody(...putsOf('X-Ray')), Number(new URL(origin('X-Ray')).port), '127.0.0.1')
    while ([...hub.store.traces()].length < 5)
      await new Promise((resolve) => setTimeout(resolve, 20))
    xray.close()

    const reader = new Reader(page.slice(0, -1), '')
    const ids = [...hub.store.traces()].map((trace) => trace?.traceId as TraceId)
    for (const id of ids)
      for (const format of [...Object.keys(fileFormats), 'html'])
        await reader.get(`api/traces/${id}?format=${format}`)
    for (const format of [...Object.keys(fileFormats), 'html'])
      await reader.get(`api/export?format=${format}`)
    await reader.traces()
    await reader.rest()
    for (const path of [
      'jaeger/api/services',
      'jaeger/api/dependencies?endTs=1&lookback=1',
      'jaeger/api/v3/services',
      'jaeger/api/v3/dependencies',
      'api/v2/services',
      'api/v2/traces?limit=100',
      `api/v2/dependencies?endTs=${Date.now()}`,
      ...values
        .places('plain')
        .filter(([place]) => place.endsWith('service'))
        .flatMap(([, name]) => [
          `jaeger/api/traces?service=${name}&limit=100`,
          `jaeger/api/services/${name}/operations`,
          `jaeger/api/operations?service=${name}`,
          `api/v2/spans?serviceName=${name}`,
          `api/v2/remoteServices?serviceName=${name}`
        ]),
      'api/v2/autocompleteKeys',
      ...ids.flatMap((id) => [
        `jaeger/api/traces/${id}`,
        `jaeger/api/v3/traces/${id}`,
        `api/v2/trace/${id}`
      ])
    ])
      await reader.get(path)
    const records = ids.flatMap((id) => [...hub.store.recordsInParts(id)])
    const protobuf = encodeProtobuf(records).toString('latin1')
    outputs = [...reader.outputs, { door: 'protobuf', text: protobuf }]
  })

  test('is kept but for its secrets, and can be read in every format', () => {
    for (const door of ['protobuf', 'api/traces/*?format=chrome', 'api/export?format=html']) {
      const text = outputs
        .filter((one) => one.door === door)
        .map((one) => one.text)
        .join()
      expect(values.places('plain').filter(([, value]) => !text.includes(value))).toEqual([])
    }
  })

  test('shows by no door, not even a half of it', () => {
    const leaks = new Map<string, Set<string>>()
    for (const { door, text } of outputs) {
      const lower = text.toLowerCase()
      for (const [place, value] of values.places('secret')) {
        const found = [value.slice(0, 12), value.slice(-12)]
          .map((half) => lower.indexOf(half))
          .find((at) => at >= 0)
        if (found === undefined) continue
        const near = `${place}: ${text.slice(Math.max(0, found - 60), found + 30)}`
        leaks.set(place, (leaks.get(place) ?? new Set([near])).add(door))
      }
    }
    expect([...leaks].map(([leak, doors]) => `${leak} (${[...doors].slice(0, 3).join()})`)).toEqual(
      []
    )
    expect(values.places('secret').length).toBeGreaterThan(100)
  })
})
