import { library } from '../../libraries/library.js'

/** Either client, as the tests use it. */
export interface Client {
  /** Sends a command by its name. */
  send(name: string, ...args: string[]): Promise<unknown>
  /** Sends several at once, as a transaction or not. */
  batch(transaction: boolean, commands: string[][]): Promise<unknown>
  quit(): Promise<unknown>
}

export interface Ioredis {
  call(name: string, ...args: string[]): Promise<unknown>
  multi(commands: string[][]): { exec(): Promise<unknown> }
  pipeline(commands: string[][]): { exec(): Promise<unknown> }
  connect(): Promise<void>
  get(key: string, done?: (error: unknown, value: string) => void): Promise<string>
  quit(): Promise<unknown>
  disconnect(): void
  on(name: string, listener: () => void): void
}

type NodeMulti = Record<'exec' | 'execAsPipeline', () => Promise<unknown>> & {
  addCommand(args: string[]): NodeMulti
}

export interface NodeRedis {
  sendCommand(args: string[]): Promise<unknown>
  multi(): NodeMulti
  connect(): Promise<unknown>
  get(key: string): Promise<string>
  close(): Promise<unknown>
  on(name: string, listener: () => void): void
}

export const newIoredis = (name: string, url: string, options: object = {}): Ioredis => {
  const { Redis } = library(name) as { Redis: new (url: string, options: object) => Ioredis }
  return new Redis(url, { lazyConnect: true, ...options })
}

export const newNodeRedis = (name: string, url: string): NodeRedis => {
  const { createClient } = library(name) as { createClient(options: object): NodeRedis }
  return createClient({ url })
}

/** Opens a client of each library and version. */
export const opens: Record<string, (url: string) => Promise<Client>> = {}
for (const name of ['ioredis', 'ioredis-5'])
  opens[name] = async (url) => {
    const redis = newIoredis(name, url)
    await redis.connect()
    return {
      send: (command, ...args) => redis.call(command, ...args),
      batch: (transaction, commands) =>
        (transaction ? redis.multi(commands) : redis.pipeline(commands)).exec(),
      quit: () => redis.quit()
    }
  }
for (const name of ['redis', 'redis-5'])
  opens[name] = async (url) => {
    const redis = newNodeRedis(name, url)
    await redis.connect()
    return {
      send: (...args) => redis.sendCommand(args),
      batch: (transaction, commands) => {
        let multi = redis.multi()
        for (const command of commands) multi = multi.addCommand(command)
        return transaction ? multi.exec() : multi.execAsPipeline()
      },
      quit: () => redis.close()
    }
  }
