import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { RuntimeActivity } from '../../src/wire/runtime.ts'
import type { Status } from '../../src/wire/status.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { attribute, PageApi } from '../tracing/setup.ts'

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

/** test/runtime/host.js behind a framework. */
async function start(framework: string) {
  const child = fork(fileURLToPath(new URL('host.js', import.meta.url)), {
    env: { ...process.env, HOST: framework, NODE_ENV: 'development' },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
  running.add(child)
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }))
    child.once('exit', (code) => reject(new Error(`ended with ${code}; was the package built?`)))
  })
  const url = `http://127.0.0.1:${port}`
  const api = new PageApi(`${url}/_traces`)
  const ask = async (path: string) => (await fetch(url + path)).text()
  const traceOf = (path: string): Promise<Summary> =>
    api.find((trace) => trace.route === path && !trace.inFlight)
  const runtimeOf = async (path: string): Promise<RuntimeActivity> =>
    api.get(`traces/${(await traceOf(path)).traceId}/runtime`)
  await ask('/quick')
  return { child, api, ask, traceOf, runtimeOf }
}

type App = Awaited<ReturnType<typeof start>>

/** A request that waits until another one was answered; resolves when it does. */
async function startWaiting({ ask, api }: App): Promise<Promise<string>[]> {
  const waiting = ask('/wait')
  await api.find(({ route, inFlight }) => route === '/wait' && inFlight)
  return [waiting]
}

/** What a request that waits says of itself, when another one comes in the middle. */
async function beside(app: App, path: string) {
  const { ask, runtimeOf } = app
  await Promise.all([...(await startWaiting(app)), ask(path)])
  const { explained } = await runtimeOf('/wait')
  if (explained === null) throw new Error('nothing is known')
  return explained
}

const ms = 1000
const frameworks = ['express', 'koa', 'http']

describe.each(frameworks)('a request that waits, in %s', (framework) => {
  const ways = [
    ['in its handler', '/spin', true],
    ['in its handler, after it waited for something that no span covers', '/awaited', false],
    ['after a span of its own', '/spanned', true],
    ['parsing JSON', '/parse', true]
  ] as const
  it.each(ways)('names the one that was on the CPU %s', async (_way, path, certain) => {
    const app = await start(framework)
    const { blockedBy } = await beside(app, path)
    const named = blockedBy.find(({ by }) => by?.name === `GET ${path}`)
    expect(named?.by?.traceId).toBe((await app.traceOf(path)).traceId)
    expect(named?.time).toBeGreaterThan(100 * ms)
    if (certain) expect(named?.certain).toBe(true)
    // The other one calls it its own.
    const other = (await app.runtimeOf(path)).explained
    expect(other?.own).toBeGreaterThan(100 * ms)
  })
})

describe('a request that waits', () => {
  it('says on its span who kept the event loop, for searches and other services', async () => {
    const app = await start('express')
    await beside(app, '/spin')
    const [found] = await app.api.traces('@spanlight.blocked_ms:>50 route:/wait')
    const span = (await app.api.spans(found.traceId)).get('GET /wait')
    expect(attribute(span, 'spanlight.blocked_ms')).toBeGreaterThan(100)
    expect(attribute(span, 'spanlight.blocked_by.name')).toBe('GET /spin')
    expect(attribute(span, 'spanlight.blocked_by.trace_id')).toBe(
      (await app.traceOf('/spin')).traceId
    )
  })

  it('is called waiting when nothing else ran', async () => {
    const { ask, runtimeOf } = await start('express')
    await ask('/alone')
    const { explained, known } = await runtimeOf('/alone')
    expect(known).toBe('all')
    expect(explained?.waiting).toBeGreaterThan(explained?.blocked ?? Number.NaN)
    expect(explained?.waiting).toBeGreaterThan(100 * ms)
  })

  it('names nobody when work that no span stands beside kept the event loop', async () => {
    const { blockedBy } = await beside(await start('express'), '/background')
    expect(blockedBy.find(({ by }) => by === null)?.time).toBeGreaterThan(100 * ms)
  })

  it('tells a synchronous call from work', async () => {
    const { blockedBy } = await beside(await start('express'), '/exec')
    const named = blockedBy.find(({ by }) => by?.name === 'GET /exec')
    expect(named?.kind).toBe('sync')
  })

  it('tells the garbage collector from the one that called for it', async () => {
    const { gc, blocked } = await beside(await start('express'), '/collect')
    expect(gc).toBeGreaterThan(blocked)
  })

  it('waits for a slot of a pool', async () => {
    const { ask, api } = await start('express')
    await Promise.all([ask('/query'), ask('/query')])
    const traces = await api.traces('/query')
    const slowest = traces.sort((a, b) => b.duration - a.duration)[0]
    const { explained, poolWaits } = await api.get<RuntimeActivity>(
      `traces/${slowest.traceId}/runtime`
    )
    expect(poolWaits.length).toBeGreaterThan(0)
    expect(explained?.poolWait).toBeGreaterThan(100 * ms)
  })

  it('does not take a process that was stopped for one that was blocked', async () => {
    const app = await start('http')
    const waiting = await startWaiting(app)
    await new Promise((resolve) => setTimeout(resolve, 100))
    app.child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 600))
    app.child.kill('SIGCONT')
    await Promise.all([...waiting, app.ask('/quick')])
    const { explained } = await app.runtimeOf('/wait')
    expect(explained?.stopped).toBeGreaterThan(300 * ms)
    // It may have been kept waiting by others on the machine; not for as long as it was stopped.
    const quick = explained?.blockedBy.find(({ by }) => by?.name === 'GET /quick')
    expect(quick?.time ?? 0).toBeLessThan(300 * ms)
  })
})

describe('what the process does', () => {
  it('is sampled while requests are in flight, and in the status', async () => {
    const { ask, runtimeOf, api } = await start('express')
    await Promise.all([ask('/alone'), ask('/spin')])
    const { samples } = await runtimeOf('/alone')
    expect(samples.to.length).toBeGreaterThan(3)
    expect(new Set(Object.values(samples).map(({ length }) => length)).size).toBe(1)
    expect(samples.to).toEqual(samples.to.toSorted((a, b) => a - b))
    expect(Math.max(...samples.inFlight)).toBeGreaterThan(1)
    expect(Math.min(...samples.heap)).toBeGreaterThan(1e6)
    const { runtime } = await api.get<Status>('status')
    expect(runtime?.delayMs).toBeGreaterThan(100)
    expect(runtime?.heapBytes).toBeGreaterThan(1e6)
    expect(runtime?.gcShare).toBeLessThanOrEqual(1)
  })

  it('does not keep the process alive', async () => {
    const { child, ask } = await start('http')
    await ask('/spin')
    child.send('end')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })
})
