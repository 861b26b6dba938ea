import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeBody, decodeSetup } from '../interop/otlp/setup.ts'
import { ensureBuilt } from './build.js'
import type { Child } from './child.js'
import { Bodies, spansOfTrace } from './ingest/bodies.js'
import { contestants, figuresOf, measure, startSender } from './ingest/part.js'
import { missing } from './peers/install.js'

describe('bodies of the ingest part', () => {
  it('are nearly as large as they may be, and hold the same spans in both encodings', () => {
    const [json, protobuf] = (['json', 'protobuf'] as const).map((encoding) => {
      const { body, spans } = new Bodies(1)[encoding](100_000)
      expect(body.length).toBeLessThanOrEqual(100_000)
      expect(body.length).toBeGreaterThan(90_000)
      const decoded = decodeBody(body, decodeSetup(), encoding)
      if ('error' in decoded) throw new Error(decoded.error)
      expect(decoded).toMatchObject({ spans, rejected: 0 })
      return decoded.records
    })
    expect(json.length).toBeGreaterThan(10)
    expect(protobuf.slice(0, json.length)).toEqual(json)
    for (const { spans } of json) {
      expect(spans).toHaveLength(spansOfTrace)
      for (const { attributes } of spans) expect(attributes).toHaveLength(20)
    }
  })

  it('hold no trace twice', () => {
    const bodies = new Bodies(1)
    const ids = Array.from({ length: 3 }, () => bodies.json(200_000)).flatMap(
      ({ body }) => body.toString().match(/"traceId":"\w+"/g) ?? []
    )
    expect(new Set(ids).size).toBe(ids.length / spansOfTrace)
  })
})

describe('contestants of the ingest part', () => {
  const size = { warmUp: 1000, spans: 1000 }
  let sender: Child
  beforeAll(async () => {
    ensureBuilt(() => {})
    sender = await startSender(size)
  })
  afterAll(() => sender?.stop())

  const able = contestants.filter(({ needsPeers }) => missing() === undefined || !needsPeers)
  it.each(able)('take every span: $name', async (contestant) => {
    const { us, longest, taken } = await measure(contestant, sender, size)
    expect(us).toBeGreaterThan(0)
    expect(longest).toBeGreaterThan(0)
    expect(taken).toBeGreaterThanOrEqual(3000)
  })

  it('fail when they are sent what they do not take', async () => {
    const wrong = { name: 'wrong', server: 'json', encoding: 'protobuf' }
    await expect(measure(wrong, sender, size)).rejects.toThrow()
  })
})

describe('figures of the ingest part', () => {
  const seen = Object.fromEntries(
    contestants.map(({ name }, i) => [name, [{ us: 10 * (i + 1), longest: 12, taken: 1 }]])
  )

  it('are spans a second, and ours are compared with decoding alone', () => {
    const { figures } = figuresOf(seen)
    const of = (name: string) => figures.find((one) => one.name === name)
    expect(of('spans a second of CPU: spanlight, protobuf')?.value).toBe(100_000)
    expect(of('CPU a span: spanlight, protobuf, as a part of protobufjs alone')?.value).toBe(0.5)
    expect(of('longest block of the loop: spanlight, JSON')).toMatchObject({
      value: 12,
      met: false
    })
    expect(of('longest block of the loop: JSON.parse alone')?.met).toBeUndefined()
  })

  it('leave out who did not take part', () => {
    const { 'protobufjs alone': _, ...rest } = seen
    expect(figuresOf(rest).figures.filter(({ name }) => name.includes('protobufjs'))).toEqual([])
  })
})
