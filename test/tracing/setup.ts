import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo, Socket } from 'node:net'
import type express from 'express'
import type Koa from 'koa'
import type KoaRouter from '@koa/router'
import { rootContext, runIn, suppressed } from '../../src/context/context.ts'
import { shutdown } from '../../src/process-wide.ts'
import type { Status } from '../../src/wire/status.ts'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import type { SpanDetail, TraceColumns, TraceLog } from '../../src/wire/trace.ts'
import { patienceMs } from '../until.ts'

const require = createRequire(import.meta.url)

export const expressVersions: readonly (readonly [string, typeof express])[] = [
  ['express 4', require('express4') as typeof express],
  ['express 5', require('express') as typeof express]
]

export const koaVersions: readonly (readonly [string, typeof Koa])[] = [
  ['koa 2', require('koa2') as typeof Koa],
  ['koa 3', require('koa') as typeof Koa]
]

export const Router = require('@koa/router') as typeof KoaRouter

/** As another process would do it: a test's own requests are not to be recorded beside those of the server, which is in the same process. */
export function fromOutside<T>(fn: () => T): T {
  return runIn(suppressed(rootContext), fn)
}

/** A request from outside, its answer read. */
export function ask(
  url: string,
  init?: RequestInit
): Promise<{ status: number; text: string; headers: Headers }> {
  return fromOutside(async () => {
    const answer = await fetch(url, init)
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  })
}

/** What the recorder printed since the test began, kept from the runner's output. */
export const said: string[] = []

const print = process.stderr.write.bind(process.stderr) as (...args: unknown[]) => boolean
process.stderr.write = (...args: unknown[]): boolean => {
  const [text] = args
  if (typeof text !== 'string' || !text.startsWith('spanlight: ')) return print(...args)
  said.push(text.slice(11, -1))
  return true
}

const closers: (() => Promise<unknown>)[] = []

/** Listens on a free port of 127.0.0.1 until the test ends; gives the server's address. */
export async function listen(server: Server | Parameters<typeof createServer>[1]): Promise<string> {
  const listening = typeof server === 'function' ? createServer(server) : (server as Server)
  const sockets = new Set<Socket>()
  listening.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        listening.close(resolve)
        for (const socket of sockets) socket.destroy()
      })
  )
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

/** Ends the recorder and closes every server of the test. */
export async function closeAll(): Promise<void> {
  await shutdown()
  said.length = 0
  for (const close of closers.splice(0)) await close()
}

/** The page's API of a server, as a program reads it. */
export class PageApi {
  readonly #base: string

  /** `base` is the mount's address: `http://127.0.0.1:3000/_traces`. */
  constructor(base: string) {
    this.#base = base
  }

  async get<T>(path: string): Promise<T> {
    // On a connection of its own: where either side is kept waiting, one is closed as idle while it is taken for the next request.
    const headers = { connection: 'close' }
    const { status, text } = await ask(`${this.#base}/api/${path}`, { headers })
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return JSON.parse(text) as T
  }

  async traces(query = ''): Promise<Summary[]> {
    const { traces } = await this.get<TraceList>(`traces?q=${encodeURIComponent(query)}`)
    return traces
  }

  trace(id: string): Promise<TraceColumns> {
    return this.get(`traces/${id}`)
  }

  span(id: string, spanId: string): Promise<SpanDetail> {
    return this.get(`traces/${id}/spans/${spanId}`)
  }

  logs(id: string): Promise<TraceLog[]> {
    return this.get(`traces/${id}/logs`)
  }

  status(): Promise<Status> {
    return this.get('status')
  }

  /** The first trace that fits, as soon as there is one: a response is answered a moment before its span has ended. */
  async find(fits: (trace: Summary) => boolean): Promise<Summary> {
    for (const deadline = Date.now() + patienceMs; ;) {
      const traces = await this.traces()
      const found = traces.find(fits)
      if (found !== undefined) return found
      if (Date.now() > deadline)
        throw new Error(`not among: ${traces.map(({ name, route }) => `${name} ${route}`).join()}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** The trace of that root name, once it has ended. */
  named(name: string): Promise<Summary> {
    return this.find((trace) => trace.name === name && !trace.inFlight)
  }

  /** Every span of a trace in full, by name. */
  async spans(id: string): Promise<Map<string, SpanDetail>> {
    const { spans } = await this.trace(id)
    const details = new Map<string, SpanDetail>()
    // One after the other: only so many are answered at once.
    for (const spanId of spans.id) {
      const span = await this.span(id, spanId)
      details.set(span.name, span)
    }
    return details
  }
}

export function attribute(span: SpanDetail | undefined, key: string): unknown {
  return span?.attributes.find(([name]) => name === key)?.[1]
}
