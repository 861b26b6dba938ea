import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpanKind } from '../../src/base/span-data.ts'
import { library } from '../libraries/library.js'
import { type Child, Consumer, root } from '../tracing/child.ts'
import { PageApi } from '../tracing/setup.ts'

// The examples ask for their frameworks by name, as a reader would write it: they run where these stand, beside the built package.
const folder = resolve(library.resolve('fastify/package.json'), '../..')
const frameworks = ['fastify', 'hono', '@hono', '@nestjs', 'reflect-metadata']
let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer(Object.fromEntries(frameworks.map((name) => [name, join(folder, name)])))
})

afterAll(() => consumer.remove())

function start(example: string): Child {
  const program = readFileSync(join(root, 'examples', example), 'utf8')
  const env = { NODE_ENV: 'development', PORT: '0', NODE_OPTIONS: '--import spanlight/register' }
  return consumer.run(program, env, example.replace(/js$/, 'mjs'))
}

describe.each([
  ['fastify.js', 'fastify'],
  ['hono.js', 'hono'],
  ['nest.js', 'express 5']
])('examples/%s', (example, framework) => {
  it('answers, and shows each request by its route', async () => {
    const child = start(example)
    const [, page] = await child.prints(/traces at (\S+)\/ /)
    const origin = page.replace('/_traces', '')
    const answer = await fetch(`${origin}/orders/7`)
    expect([answer.status, await answer.json()]).toEqual([200, { id: '7', total: 42 }])
    expect((await fetch(`${origin}/nowhere`)).status).toBe(404)
    const api = new PageApi(page)
    await api.named('GET /orders/:id')
    await api.find(({ httpStatus }) => httpStatus === 404)
    const traces = await api.traces()
    expect(traces.map(({ name, httpStatus }) => [name, httpStatus])).toEqual([
      ['GET', 404],
      ['GET /orders/:id', 200]
    ])
    for (const { traceId } of traces) {
      const { kind } = (await api.trace(traceId)).spans
      expect(kind.filter((one) => one === SpanKind.server)).toHaveLength(1)
    }
    const { instrumented } = await api.status()
    expect(instrumented).toContainEqual({
      name: framework,
      on: true,
      how: expect.stringContaining('one span for each request')
    })
    child.kill('SIGKILL')
  })
})
