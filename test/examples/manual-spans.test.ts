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
  expect(line.spans).toBe(3)
  const [request, load, add] = spans
  expect(spans.map((span) => [span.name, span.parentId])).toEqual([
    ['GET /report', null],
    ['load rows', request?.spanId],
    ['add up', request?.spanId]
  ])
  expect(load?.attributes).toContainEqual(['rows', 3])
  expect(add).toMatchObject({ scope: { name: 'report' }, events: [{ name: 'adding' }] })
  expect(request?.attributes).toContainEqual(['report.sum', 6])
})
