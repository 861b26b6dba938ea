import { createServer, type IncomingHttpHeaders } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { getString } from '../../src/base/attributes.ts'
import type { SpanData, TraceRecord } from '../../src/base/span-data.ts'
import type { TailSamplingOptions } from '../../src/tail-sampling-option.ts'
import type { Tracing } from '../../src/handles.ts'
import { createTracing } from '../../src/tracing.ts'
import { Collector } from '../interop/export/collector.ts'
import { ask, closeAll, listen, PageApi } from './setup.ts'
import { until } from '../until.ts'

let collector: Collector
let tracing: Tracing | undefined
let passedOn: IncomingHttpHeaders[]

beforeEach(async () => {
  collector = new Collector()
  await collector.start()
  passedOn = []
})
afterEach(async () => {
  await tracing?.close()
  tracing = undefined
  await closeAll()
  await collector.kill()
})

/** A service that asks another one for each request, and answers 500 below /fail. */
async function service(tailSampling: TailSamplingOptions): Promise<string> {
  const other = await listen(
    createServer((req, res) => {
      passedOn.push(req.headers)
      res.end()
    })
  )
  tracing = createTracing(
    {
      service: 'shop',
      export: { url: collector.url, protocol: 'http/json' },
      access: 'local',
      tailSampling
    },
    { NODE_ENV: 'development' }
  )
  return listen(
    tracing.traced(
      createServer((req, res) => {
        void fetch(other).then((answer) => {
          res.statusCode = req.url === '/fail' ? 500 : 200
          res.end(String(answer.status))
        })
      })
    )
  )
}

const exported = () => collector.received.flatMap(({ records }) => records)
const policyOf = ({ attributes }: SpanData) => getString(attributes, 'tailsampling.policy')

describe('tail sampling of a service', () => {
  it('shows everything here and exports what failed, whole, with the reason', async () => {
    const origin = await service({})
    await ask(origin)
    await ask(`${origin}/fail`)
    const api = new PageApi(`${origin}/_traces`)
    await until(async () => (await api.traces()).length === 2)
    await until(() => Promise.resolve(exported().length > 0))
    const [record, ...others] = exported()
    expect(others).toEqual([])
    expect(record?.spans.map(policyOf)).toEqual(['errors', ''])
    expect(record?.spans.map(({ traceState }) => traceState)).toEqual(['ot=th:0', 'ot=th:0'])
    expect((await api.status()).tailSampling).toEqual(
      expect.arrayContaining([
        { reason: 'not chosen', traces: 1 },
        { reason: 'errors', traces: 1 }
      ])
    )
  })

  it('tells those after it what was chosen by its ratio, which they choose as well', async () => {
    const origin = await service({ ratio: 0.5 })
    for (let i = 0; i < 24; i++) await ask(origin)
    expect(passedOn).toHaveLength(24)
    const flagged = passedOn.filter(({ traceparent }) => String(traceparent).endsWith('-03'))
    const traces = flagged.map(({ traceparent }) => String(traceparent).split('-')[1])
    await until(() => Promise.resolve(exported().length >= traces.length))
    expect(
      exported()
        .map(({ traceId }) => traceId)
        .sort()
    ).toEqual(traces.sort())
    for (const { traceparent, tracestate } of passedOn)
      expect(tracestate).toBe(String(traceparent).endsWith('-03') ? 'ot=th:8' : undefined)
    for (const { spans } of exported()) expect(policyOf(spans[0] as SpanData)).toBe('ratio')
  })

  it('follows a caller that has sampled the trace, and tells nobody otherwise', async () => {
    const origin = await service({})
    const traceparent = (flags: string) =>
      `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`
    await ask(origin, { headers: { traceparent: traceparent('01'), tracestate: 'ot=th:8,x=1' } })
    await until(() => Promise.resolve(exported().length === 1))
    const [{ spans }] = exported() as [TraceRecord]
    expect(policyOf(spans[0] as SpanData)).toBe('parent')
    expect(passedOn[0]?.['traceparent']).toMatch(/-01$/)
    expect(passedOn[0]?.['tracestate']).toBe('ot=th:8,x=1')
  })
})
