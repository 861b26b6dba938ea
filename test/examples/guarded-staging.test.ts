import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { until } from '../until.ts'
import { Example } from './setup.ts'

const token = 'a-token-of-more-than-thirty-two-characters'

let site: Example
let page: string

beforeAll(async () => {
  vi.stubEnv('NODE_ENV', 'staging')
  vi.stubEnv('SPANLIGHT_TOKEN', token)
  vi.stubEnv('TRACES_PORT', '0')
  const said: string[] = []
  const stderr = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((text) => said.push(String(text)) > 0)
  const { app } = await import('../../examples/guarded-staging.js')
  site = new Example(app)
  const line = /traces at (http:\/\/127\.0\.0\.1:\d+)\/_traces\/#t=(\S+) \(with token/
  await until(() => line.test(said.join()))
  const found = line.exec(said.join())
  expect(found?.[2]).toBe(token)
  page = found?.[1] as string
  stderr.mockRestore()
})

afterAll(async () => {
  const { shutdown } = await import('spanlight')
  await shutdown()
})

it('answers, and shows nothing of its traces at its own port', async () => {
  expect((await site.get('/')).text).toBe('hello')
  expect((await site.get('/health')).text).toBe('ok')
  expect((await site.get('/_traces/')).status).toBe(404)
  expect((await site.get('/_traces/api/traces')).status).toBe(404)
})

it('asks for the token at the port of the page', async () => {
  const anonymous = new Example(page)
  expect((await anonymous.get('/_traces/')).status).toBe(200)
  expect((await anonymous.get('/_traces/api/traces')).status).toBe(401)
  const wrong = new Example(page, { authorization: `Bearer ${'x'.repeat(40)}` })
  expect((await wrong.get('/_traces/api/traces')).status).toBe(401)
})

it('shows its requests with the token, without the health checks', async () => {
  const known = new Example(page, { authorization: `Bearer ${token}` })
  await known.trace('GET /')
  const { traces } = await known.api<{ traces: { route: string }[] }>('traces')
  expect(traces.map(({ route }) => route)).not.toContain('/health')
})
