import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { traced } from '../../src/http.ts'
import { withSpan } from '../../src/manual.ts'
import { shutdown } from '../../src/process-wide.ts'
import { traceFields } from '../../src/trace-fields.ts'
import { ask, closeAll, listen, PageApi } from './setup.ts'

let act: () => unknown
let api: PageApi
let origin: string
let lines: Record<string, unknown>[] = []
const logger = (options: object = {}): pino.Logger =>
  pino(
    { base: null, ...options },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) }
  )

beforeEach(async () => {
  lines = []
  origin = await listen(
    traced(async (_req, res) => {
      await act()
      res.end()
    })
  )
  api = new PageApi(`${origin}/_traces`)
})

afterEach(closeAll)

async function inRequest(fn: () => unknown): Promise<string> {
  act = fn
  await ask(origin)
  return (await api.find((trace) => trace.method === 'GET' && !trace.inFlight)).traceId
}

it('capture: { pino: false } leaves the lines of pino alone, and says so', async () => {
  await shutdown()
  const server = await listen(
    traced(
      (_req, res) => {
        logger().info('not for the page')
        res.end()
      },
      { capture: { pino: false } }
    )
  )
  await ask(server)
  const page = new PageApi(`${server}/_traces`)
  const { traceId } = await page.find((trace) => !trace.inFlight)
  expect(await page.logs(traceId)).toEqual([])
  expect(lines).toMatchObject([{ msg: 'not for the page' }])
  expect((await page.status()).instrumented).toContainEqual({
    name: 'pino',
    on: false,
    how: 'capture: { pino: false } switches it off'
  })
})

describe('the ids for a log line', () => {
  it('are those of the active span', async () => {
    const seen: object[] = []
    const traceId = await inRequest(() =>
      withSpan('work', (span) => {
        seen.push(traceFields(), { ...span.spanContext() })
      })
    )
    const [fields, context] = seen as [object, { spanId: string }]
    expect(fields).toEqual({ trace_id: traceId, span_id: context.spanId, trace_flags: '03' })
  })

  it('are none outside a span, and where nothing records', async () => {
    expect(traceFields()).toEqual({})
    await shutdown()
    expect(traceFields()).toEqual({})
    expect(withSpan('nowhere', () => traceFields())).toEqual({})
  })

  it('are in the lines of a logger that asks for them, and in no others', async () => {
    const asking = logger({ mixin: traceFields })
    const plain = logger()
    const traceId = await inRequest(() => {
      asking.info({ order: 7 }, 'with ids')
      plain.info('without')
    })
    asking.info('outside')
    expect(lines[0]).toMatchObject({ trace_id: traceId, trace_flags: '03', order: 7 })
    expect(Object.keys(lines[1] ?? {})).toEqual(['level', 'time', 'msg'])
    expect(Object.keys(lines[2] ?? {})).toEqual(['level', 'time', 'msg'])
    // On the span itself they would say nothing new.
    const spans = await api.spans(traceId)
    expect(spans.get('GET')?.logs).toMatchObject([
      { body: 'with ids', severity: 'info', attributes: [['order', 7]] },
      { body: 'without', attributes: [] }
    ])
  })

  it('lead to the trace, each of them', async () => {
    const asking = logger({ mixin: traceFields })
    const traceId = await inRequest(() => withSpan('work', () => asking.info('here')))
    await inRequest(() => {})
    const { trace_id, span_id } = lines[0] as { trace_id: string; span_id: string }
    for (const text of [
      trace_id,
      span_id,
      `id:${span_id}`,
      `id:${trace_id}`,
      span_id.toUpperCase()
    ])
      expect(
        (await api.traces(text)).map((trace) => trace.traceId),
        text
      ).toEqual([traceId])
  })
})
