import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Summary } from '../../src/wire/summary.ts'
import { PageApi } from '../tracing/setup.ts'
import { until } from '../until.ts'

const root = resolve(import.meta.dirname, '../..')
const running = new Set<Demo>()
// Who is whose child is read from there; other systems would need a program that they may lack.
const hasProc = existsSync('/proc/self/status')

/** The demo as `npm start` runs it. */
class Demo {
  readonly process: ChildProcess
  output = ''
  readonly ended: Promise<{ code: number | null; signal: string | null }>
  #wake = (): void => {}

  constructor(env: Record<string, string> = {}, ...words: string[]) {
    this.process = spawn(process.execPath, ['examples/demo/start.js', ...words], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', ...env }
    })
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        this.#wake()
      })
    this.ended = new Promise((done) =>
      this.process.on('close', (code, signal) => {
        done({ code, signal })
        this.#wake()
      })
    )
    running.add(this)
  }

  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output)
      if (found !== null) return found
      if (this.process.exitCode !== null)
        throw new Error(`ended without ${pattern.source}: ${this.output}`)
      await new Promise<void>((wake) => (this.#wake = wake))
    }
  }

  /** Ids of the processes that it started. */
  children(): number[] {
    const parent = this.process.pid
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => parentOf(pid) === parent)
  }

  stop(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/\nPPid:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/** What the page finds, as soon as there is any: the demo's first seconds have one of each kind. */
async function someOf(find: () => Promise<Summary[]>): Promise<Summary[]> {
  let found: Summary[] = []
  await until(async () => (found = await find()).length > 0)
  return found
}

function isRunning(pid: number): boolean {
  try {
    return !/\nState:\s*Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

afterEach(async () => {
  for (const demo of running) {
    demo.stop('SIGTERM')
    await demo.ended
  }
  running.clear()
})

async function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, done))
  return { server, port: (server.address() as AddressInfo).port }
}

describe('the demo', () => {
  it('shows one trace over three services and a database, a failed one with its stack, and a slow one', async () => {
    const demo = new Demo({ PORT: '0' })
    const [, address] = await demo.prints(/Traces, live: {2}(\S+)\/\n/)
    const api = new PageApi((address as string).replace('localhost', '127.0.0.1'))

    const order = await api.find(
      ({ name, services, httpStatus, db }) =>
        name === 'POST /api/orders' && services.length === 3 && httpStatus === 201 && db > 2
    )
    expect(order).toMatchObject({ service: 'order-api', incomplete: false })
    expect([...order.services].sort()).toEqual(['order-api', 'storage', 'transform'])
    const { names, spans, services } = await api.trace(order.traceId)
    const named = spans.name.map((name, row) => `${services[spans.service[row]]}: ${names[name]}`)
    expect(named).toEqual(
      expect.arrayContaining([
        'order-api: POST /api/orders',
        'transform: POST /transform',
        'transform: price order',
        'storage: POST /orders'
      ])
    )
    expect(spans.parent.filter((row) => row === -1)).toHaveLength(1)

    const failed = await api.find(({ errors, services }) => errors > 0 && services.length === 3)
    const details = [...(await api.spans(failed.traceId)).values()]
    const exceptions = details.flatMap(({ events }) =>
      events.filter(({ name }) => name === 'exception')
    )
    expect(exceptions.length).toBeGreaterThan(0)
    for (const { attributes } of exceptions)
      expect(Object.fromEntries(attributes)['exception.stacktrace']).toMatch(/\n\s+at /)

    const slow = await api.find(
      ({ name, inFlight, services }) =>
        name === 'GET /api/report' && !inFlight && services.length > 1
    )
    expect(slow.duration).toBeGreaterThan(350)

    const loop = await api.find(({ name, db }) => name === 'GET /api/orders' && db > 20)
    expect(loop.services).toContain('storage')
    const blocked = await someOf(() => api.traces('@spanlight.blocked_by.name:customers/import'))
    expect(blocked[0]?.name).not.toBe('POST /api/customers/import')
    const imported = await api.find(({ name }) => name === 'POST /api/customers/import')
    expect(imported.httpStatus).toBe(201)
    const crowded = await api.find(({ name }) => name === 'GET /api/statistics')
    expect(crowded).toMatchObject({ httpStatus: 200, db: expect.any(Number) })
    const waited = await someOf(() => api.traces('@spanlight.wait:pool name:"GET /api/statistics"'))
    expect(waited[0]?.services).toContain('storage')
    const logged = await someOf(() => api.traces('log:"stored an order"'))
    expect(logged[0]?.name).toBe('POST /api/orders')
    // Nothing printed an error of its own; the demo's failures are spans.
    expect(demo.output).not.toMatch(/spanlight: .*failed/)
  })

  it.runIf(hasProc).each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'leaves no process behind when stopped by %s, and starts again at the same port',
    async (signal) => {
      const { server, port } = await taken()
      await new Promise((done) => server.close(done))
      for (let round = 0; round < 2; round++) {
        const demo = new Demo({ PORT: String(port) }, '--quiet')
        await demo.prints(/Traces, live/)
        expect(demo.output).toContain(`http://localhost:${port}/_traces/`)
        const children = demo.children()
        expect(children).toHaveLength(6)
        demo.stop(signal)
        expect(await demo.ended).toEqual({ code: 0, signal: null })
        expect(children.filter(isRunning)).toEqual([])
      }
    }
  )

  it.runIf(hasProc)('stops as a whole when one of its parts ends', async () => {
    const demo = new Demo({ PORT: '0' }, '--quiet')
    await demo.prints(/Traces, live/)
    const children = demo.children()
    process.kill(children[1] as number, 'SIGKILL')
    expect((await demo.ended).code).toBe(1)
    expect(demo.output).toMatch(/has ended .*; stopping the others/)
    expect(children.filter(isRunning)).toEqual([])
  })

  it.runIf(hasProc)('leaves no process behind when it is killed', async () => {
    const demo = new Demo({ PORT: '0' }, '--quiet')
    await demo.prints(/Traces, live/)
    const children = demo.children()
    demo.stop('SIGKILL')
    await demo.ended
    await expect.poll(() => children.filter(isRunning)).toEqual([])
  })

  it('says so when its port is taken', async () => {
    const { server, port } = await taken()
    try {
      const demo = new Demo({ PORT: String(port) })
      expect(await demo.ended).toEqual({ code: 1, signal: null })
      expect(demo.output).toContain(`Port ${port} is taken by another program.`)
      expect(demo.output).toContain(`PORT=${port + 1} npm start`)
    } finally {
      server.close()
    }
  })

  it.each(['http', '-1', '70000', '1.5'])('says so when PORT is %s', async (port) => {
    const demo = new Demo({ PORT: port })
    expect((await demo.ended).code).toBe(1)
    expect(demo.output).toBe(`PORT must be a number from 0 to 65535, not '${port}'.\n`)
  })

  it('explains itself with --help, and starts nothing', async () => {
    const demo = new Demo({}, '--help')
    expect(await demo.ended).toEqual({ code: 0, signal: null })
    expect(demo.output).toMatch(/^usage: /)
  })
})
