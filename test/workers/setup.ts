import { Agent, request } from 'node:http'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Child, Consumer } from '../tracing/child.ts'
import { patienceMs } from '../until.ts'

export interface Answer {
  readonly status: number
  readonly text: string
}

/** One connection, which one worker of a cluster has taken: what is asked through it is asked of that worker. */
export class Connection {
  readonly pid: number
  readonly port: number
  readonly #agent: Agent

  private constructor(port: number, agent: Agent, pid: number) {
    this.port = port
    this.#agent = agent
    this.pid = pid
  }

  static async open(port: number): Promise<Connection> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { pid } = JSON.parse((await ask(port, '/pid', { agent })).text) as { pid: number }
    return new Connection(port, agent, pid)
  }

  ask(path: string, options: AskOptions = {}): Promise<Answer> {
    return ask(this.port, path, { agent: this.#agent, ...options })
  }

  async json<T>(path: string, options: AskOptions = {}): Promise<T> {
    const { status, text } = await this.ask(`/_traces/api/${path}`, options)
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return JSON.parse(text) as T
  }

  /** Names of the traces in the list. */
  async routes(query = ''): Promise<string[]> {
    const { traces } = await this.json<{ traces: { route: string }[] }>(
      `traces?limit=500&q=${encodeURIComponent(query)}`
    )
    return traces.map(({ route }) => route)
  }

  close(): void {
    this.#agent.destroy()
  }
}

interface AskOptions {
  readonly agent?: Agent
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export function ask(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { agent, method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const req = request(
      { host: '127.0.0.1', port, path, method, headers, agent: agent ?? false, timeout: 5000 },
      (res) => {
        let text = ''
        res.setEncoding('utf8').on('data', (part: string) => (text += part))
        res.on('end', () => resolve({ status: res.statusCode ?? 0, text }))
        res.on('error', reject)
      }
    )
    req.on('timeout', () => req.destroy(new Error(`no answer to ${path}`)))
    req.on('error', reject)
    req.end(body)
  })
}

/** A connection to each of so many workers. */
export async function everyWorker(port: number, count: number): Promise<Connection[]> {
  const found = new Map<number, Connection>()
  await eventually(async () => {
    const connection = await Connection.open(port)
    if (found.has(connection.pid)) connection.close()
    else found.set(connection.pid, connection)
    return found.size === count
  })
  return [...found.values()]
}

/** Asks again until it is so: what a process does by itself takes its time. */
export async function eventually(test: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + patienceMs
  for (;;) {
    const so = await test().catch((error: unknown) => {
      if (Date.now() > until) throw error
      return false
    })
    if (so) return
    if (Date.now() > until) throw new Error(`not within time: ${test.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const frameworks = {
  express: `
    import express from 'express'
    export const app = express()
    export const use = (path, answer) => app.get(path, async (req, res) => res.json(await answer(req)))`,
  koa: `
    import Koa from 'koa'
    export const app = new Koa()
    export const use = (path, answer) => app.use(async (ctx, next) => {
      if (ctx.path !== path && !(path.endsWith('/:n') && ctx.path.startsWith(path.slice(0, -2)))) return next()
      ctx.body = await answer(ctx)
    })`
}

export interface ClusterOptions {
  readonly framework?: keyof typeof frameworks
  readonly workers?: number
  readonly options?: string
  readonly env?: Record<string, string>
  readonly file?: string
}

export interface Cluster {
  readonly child: Child
  readonly port: number
}

/** A cluster whose workers answer with their process id; a worker that ends is replaced. */
export async function startCluster(
  consumer: Consumer,
  {
    framework = 'express',
    workers = 4,
    options = '',
    env = {},
    file = 'cluster.mjs'
  }: ClusterOptions = {}
): Promise<Cluster> {
  const program = `
    import cluster from 'node:cluster'
    import { tracing, withSpan } from 'spanlight'
    ${frameworks[framework].replaceAll('export ', '')}
    if (cluster.isPrimary) {
      const listening = new Set()
      for (let i = 0; i < ${workers}; i++) cluster.fork()
      cluster.on('exit', (worker) => { if (!worker.exitedAfterDisconnect) cluster.fork() })
      cluster.on('listening', (worker, { port }) => {
        listening.add(worker.id)
        if (listening.size === ${workers}) console.log('ready', port)
      })
      process.on('SIGUSR2', async () => {
        for (const old of Object.values(cluster.workers)) {
          const fresh = cluster.fork()
          await new Promise((done) => fresh.once('listening', done))
          old.disconnect()
          await new Promise((done) => old.once('exit', done))
        }
        console.log('restarted')
      })
      process.on('SIGTERM', () => process.exit())
    } else {
      app.use(tracing({ access: 'local', ${options} }))
      use('/pid', () => ({ pid: process.pid }))
      use('/work/:n', () => withSpan('work', () => ({ pid: process.pid })))
      use('/busy/:n', () => {
        for (const end = performance.now() + 80; performance.now() < end; ) Math.sqrt(Math.random())
        return { pid: process.pid, password: 'canary' }
      })
      use('/slow', async () => { await new Promise((done) => setTimeout(done, 60000)); return {} })
      app.listen(process.env.PORT ?? 0, '127.0.0.1')
    }`
  const child = consumer.run(program, { TMPDIR: temporary(consumer), ...env }, file)
  const [, port] = await child.prints(/ready (\d+)/)
  return { child, port: Number(port) }
}

/** A directory for temporary files, where the workers of a test meet and those of others do not. */
export function temporary(consumer: Consumer): string {
  const directory = join(consumer.folder, 'tmp')
  mkdirSync(directory, { recursive: true })
  return directory
}

/** The files where workers meet. */
export function meetingPoints(consumer: Consumer): string[] {
  return readdirSync(join(consumer.folder, 'tmp', `spanlight-${process.getuid?.() ?? 0}`))
}
