import pino from 'pino'
import { afterAll, expect, it, vi } from 'vitest'
import { shutdown } from 'spanlight'
import { app, logger } from '../../examples/logs.js'
import type { Summary } from '../../src/wire/summary.ts'
import { Example } from './setup.ts'

afterAll(shutdown)

it('has each line on its span, and the ids of both in the line', async () => {
  const printed: Record<string, unknown>[] = []
  // Where a logger writes to stands under a symbol of pino.
  const stream = Reflect.get(logger, pino.symbols.streamSym) as { write(line: string): boolean }
  vi.spyOn(stream, 'write').mockImplementation(
    (line) => printed.push(JSON.parse(line) as Record<string, unknown>) > 0
  )
  const example = new Example(app)
  expect((await example.get('/orders/7')).body).toEqual({ id: '7' })
  const { line, spans } = await example.trace('GET /orders/:id')
  const stock = spans.find((span) => span.name === 'check stock')
  // The innermost span that was active: the handler's.
  const handler = spans.find((span) => span.spanId === stock?.parentId)
  expect(handler?.logs).toMatchObject([
    { severity: 'info', body: 'order asked for', attributes: [['order', '7']] }
  ])
  expect(stock?.logs).toMatchObject([{ severity: 'warn', body: 'almost sold out' }])
  expect(printed).toMatchObject([
    { msg: 'order asked for', trace_id: line.traceId, span_id: handler?.spanId },
    { msg: 'almost sold out', trace_id: line.traceId, span_id: stock?.spanId }
  ])
  for (const id of [printed[1]?.['trace_id'], printed[1]?.['span_id']]) {
    const { traces } = await example.api<{ traces: Summary[] }>(`traces?q=${String(id)}`)
    expect(traces.map(({ traceId }) => traceId)).toEqual([line.traceId])
  }
})
