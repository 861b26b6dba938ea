import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { ask, PageApi } from '../tracing/setup.ts'
import {
  alone,
  endAll,
  freePorts,
  program,
  removeState,
  type Running,
  spanlight,
  startHub
} from './process.ts'

afterEach(endAll)
afterAll(removeState)

/** A service that calls the next one; what it sends where is said by `options` and variables. */
const service = (name: string, options: string): string => `
  import express from 'express'
  import { tracing } from 'spanlight/express'
  const app = express()
  app.use(tracing({ service: '${name}', ${options} }))
  app.get('/work/:id', async (req, res) => {
    const { NEXT } = process.env
    res.send(NEXT ? await (await fetch(NEXT + '/work/' + req.params.id)).text() : 'done')
  })
  app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', function () {
    console.log('at http://127.0.0.1:' + this.address().port)
  })
`

async function start(
  name: string,
  options: string,
  env: Record<string, string>
): Promise<{ running: Running; origin: string }> {
  const running = program(service(name, options), { NODE_ENV: 'development', ...env })
  const [, origin] = await running.prints(/at (http:\S+)\n/)
  return { running, origin: origin as string }
}

/** Asks until a trace of both services is on the page: what was sent while somebody was down may be late. */
async function sharedTrace(page: PageApi, front: string, id: string): Promise<object> {
  for (;;) {
    expect((await ask(`${front}/work/${id}`)).text).toBe('done')
    const all = await page.traces().catch(() => [])
    const found = all.find(({ services }) => services.length === 2)
    if (found !== undefined) return found
    await new Promise((done) => setTimeout(done, 200))
  }
}

describe('two services and a hub', () => {
  it('are one trace on its page, and again after each of them was started anew', async () => {
    const [port, backPort] = (await freePorts(2)) as [number, number]
    const words = [`--port=${port}`, ...alone]
    const { hub, origin } = await startHub(words)
    const backEnv = { PORT: `${backPort}`, OTEL_EXPORTER_OTLP_ENDPOINT: origin }
    const back = await start('back', '', backEnv)
    const front = await start('front', `export: '${origin}'`, { NEXT: back.origin })
    const page = new PageApi(`${origin}/_traces`)
    expect(await sharedTrace(page, front.origin, '1')).toMatchObject({
      name: 'GET /work/:id',
      service: 'front',
      incomplete: false
    })

    hub.kill('SIGKILL')
    await hub.ended
    // Requests go on, whoever listens.
    expect((await ask(`${front.origin}/work/2`)).text).toBe('done')
    await startHub(words)
    await sharedTrace(page, front.origin, '3')

    back.running.kill('SIGKILL')
    await back.running.ended
    await start('back', '', backEnv)
    const before = new Set((await page.traces()).map(({ traceId }) => traceId))
    await ask(`${front.origin}/work/4`)
    const again = await page.find(
      ({ traceId, services }) => !before.has(traceId) && services.length === 2
    )
    expect(again.services.sort()).toEqual(['back', 'front'])
  })
})

describe('a service that is given the address of another one’s page', () => {
  it('sends its spans there', async () => {
    const front = await start('front', '', {})
    const page = `${front.origin}/_traces/`
    const back = await start('back', `export: '${page}'`, {})
    await ask(`${back.origin}/work/1`)
    await new PageApi(page.slice(0, -1)).find((trace) => trace.service === 'back')
    const tailed = await spanlight(['tail', page, '--once', '-q', 'service:back']).ended
    expect(tailed.stdout).toMatch(/ 200 GET {2}\/work\/:id .* back [\da-f]{32}\n$/)
  })
})
