import { afterAll, expect, it } from 'vitest'
import { shutdown } from 'spanlight/http'
import { server } from '../../examples/http.js'
import { Example } from './setup.ts'

afterAll(shutdown)

it('answers, and shows the request by its path', async () => {
  const example = new Example(server)
  const { status, body } = await example.get('/hello?a=1')
  expect([status, body]).toEqual([200, { path: '/hello?a=1' }])
  const { line } = await example.trace('GET')
  expect(line).toMatchObject({ httpStatus: 200, route: '/hello', spans: 1 })
})
