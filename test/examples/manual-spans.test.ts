import { afterAll, expect, it } from 'vitest'
import { shutdown } from 'spanlight'
import { app } from '../../examples/manual-spans.js'
import { Example } from './setup.ts'

afterAll(shutdown)

it('shows spans of both ways in one trace', async () => {
  const example = new Example(app)
  const { status, body } = await example.get('/report')
  expect([status, body]).toEqual([200, { sum: 6 }])
  const { line, spans } = await example.trace('GET /report')
  expect(line.spans).toBe(4)
  const [request, handler, load, add] = spans
  expect(spans.map((span) => [span.name, span.parentId])).toEqual([
    ['GET /report', null],
    ['request handler - /report', request?.spanId],
    ['load rows', handler?.spanId],
    ['add up', handler?.spanId]
  ])
  expect(load?.attributes).toContainEqual(['rows', 3])
  expect(add).toMatchObject({ scope: { name: 'report' }, events: [{ name: 'adding' }] })
  expect(handler?.attributes).toContainEqual(['report.sum', 6])
})
