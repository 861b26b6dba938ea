import { afterAll, expect, it } from 'vitest'
import { shutdown } from 'spanlight'
import { app } from '../../examples/express.js'
import { Example } from './setup.ts'

afterAll(shutdown)

const example = new Example(app)

it('answers, and shows the request with its line on the console', async () => {
  const { status, body } = await example.get('/orders/7')
  expect([status, body]).toEqual([200, { id: '7', total: 42 }])
  const { line, spans } = await example.trace('GET /orders/:id')
  expect(line).toMatchObject({ httpStatus: 200, route: '/orders/:id', spans: 2 })
  expect(spans[1]?.name).toBe('request handler - /orders/:id')
  expect(spans[1]?.logs.map((log) => log.body)).toEqual(['loading order 7'])
})

it('shows what an error looks like', async () => {
  expect((await example.get('/fails')).status).toBe(500)
  const { line, spans } = await example.trace('GET /fails')
  expect(line).toMatchObject({ status: 'error', httpStatus: 500, errors: 2 })
  expect(Object.fromEntries(spans[0]?.events[0]?.attributes ?? [])).toMatchObject({
    'exception.message': 'this is what an error looks like',
    'exception.stacktrace': expect.stringContaining('examples/express.js')
  })
})

it('has the page', async () => {
  const page = await example.get('/_traces/')
  expect([page.status, page.type]).toEqual([200, 'text/html'])
})
