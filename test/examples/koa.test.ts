import { afterAll, expect, it } from 'vitest'
import { shutdown } from 'spanlight/koa'
import { app } from '../../examples/koa.js'
import { Example } from './setup.ts'

afterAll(shutdown)

it('answers, and shows the request by its route', async () => {
  const example = new Example(app.callback())
  const { status, body } = await example.get('/orders/7')
  expect([status, body]).toEqual([200, { id: '7', total: 42 }])
  const { line } = await example.trace('GET /orders/:id')
  expect(line).toMatchObject({ httpStatus: 200, route: '/orders/:id', spans: 2 })
})
