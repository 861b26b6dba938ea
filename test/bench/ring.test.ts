import { beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './build.js'
import { once } from './ring/part.js'
import { recordWith, shapes } from './ring/records.js'
import { HttpSpans } from './ring/spans.js'

describe('spans of the bench', () => {
  it('have ten attributes each, and vary where spans in life do', () => {
    const spans = new HttpSpans()
    const made = Array.from({ length: 5000 }, () => spans.next().attributes)
    expect(made.every((attributes) => attributes.length === 20)).toBe(true)
    const distinct = (key: string) =>
      new Set(made.map((attributes) => attributes[attributes.indexOf(key) + 1])).size
    expect(distinct('url.path')).toBeGreaterThan(3000)
    expect(distinct('user_agent.original')).toBeGreaterThan(200)
    expect(distinct('network.peer.address')).toBeGreaterThan(1000)
    expect(distinct('http.route')).toBe(40)
  })

  it('have ids of their own, as long as ids are', () => {
    const spans = new HttpSpans()
    const ids = Array.from({ length: 1000 }, () => spans.hex(16))
    expect(new Set(ids).size).toBe(1000)
    expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true)
    expect(spans.hex(32)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('come in the shapes that their names say', () => {
    const spans = new HttpSpans()
    const records = Object.entries(shapes).map(([name, make]) => {
      const record = recordWith(spans, 1.8e12, { service: 'shop', attributes: [] }, make(spans))
      return [name, record.spans.length, record.spans[0]?.attributes.length] as const
    })
    expect(records).toEqual([
      ['HTTP server, 10 attributes', 1, 20],
      ['HTTP client', 1, 10],
      ['database query', 1, 10],
      ['custom, no attributes', 1, 0],
      ['HTTP server, an exception and its stack', 1, 20],
      ['request of six', 6, 20]
    ])
  })

  it('carry a stack that differs from exception to exception', () => {
    const spans = new HttpSpans()
    const fail = shapes['HTTP server, an exception and its stack']
    const stacks = Array.from({ length: 50 }, () => fail?.(spans)[0]?.events[0]?.attributes[5])
    expect(new Set(stacks).size).toBe(50)
    expect(String(stacks[0]).split('\n')).toHaveLength(11)
  })
})

describe('contestants of the ring part', () => {
  beforeAll(() => ensureBuilt(() => {}), 120_000)

  it('count every span', async () => {
    const { perSpan, held } = await once('store.js', { ask: 'bytes', shape: 'request of six' })
    expect(perSpan).toBeGreaterThan(20)
    expect(held).toBeGreaterThan(1000)
    const times = await once('store.js', { ask: 'time', shape: 'request of six', count: 500 })
    for (const name of ['codec', 'keep', 'cold']) expect(times[name], name).toBeGreaterThan(0)
    for (const script of ['spanlight.js', 'opentelemetry.js'])
      expect((await once(script, { ask: 'time', count: 500 }))['ns'], script).toBeGreaterThan(0)
  })

  it('fail when what they fill is not full', async () => {
    for (const script of ['spanlight.js', 'opentelemetry.js'])
      await expect(once(script, { ask: 'steady', fill: 100, stream: 10 }), script).rejects.toThrow(
        '100 spans do not fill the recorder'
      )
  })
})
