import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server
} from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type express from 'express'
import { createRequire } from 'node:module'
import { WebSocket } from 'ws'
import type { TraceId } from '../../src/base/ids.ts'
import { createReport, type Report } from '../../src/base/report.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import type { Reader } from '../../src/query/types.ts'
import { createServe, type Serve, type ServeSetup } from '../../src/serve/serve.ts'
import type { StoredTrace, TraceStore } from '../../src/store/types.ts'
import { liveProtocol, type LiveMessage } from '../../src/wire/live.ts'
import type { Status } from '../../src/wire/status.ts'
import type { RuntimeActivity } from '../../src/wire/runtime.ts'
import type { Summary } from '../../src/wire/summary.ts'
import type { SpanDetail, TraceColumns } from '../../src/wire/trace.ts'

/** A store and reader of a few summaries, as their contracts say. */
export class Memory {
  rows: Summary[] = []
  flying: Summary[] = []
  oldest = 1
  evictedSpans = 0
  pinned: string[] = []
  size = 0
  readonly storeListeners = new Set<() => void>()
  readonly flightListeners = new Set<() => void>()

  get newest(): number {
    return this.#newest
  }
  #newest = 0

  add(changes: Partial<Summary> = {}): Summary {
    const row = summaryOf(++this.#newest, changes)
    if (changes.traceId !== undefined)
      this.rows = this.rows.filter(({ traceId }) => traceId !== row.traceId)
    this.rows.push(row)
    for (const listener of this.storeListeners) listener()
    return row
  }

  evict(oldest: number): void {
    this.oldest = oldest
    this.rows = this.rows.filter(({ seq }) => seq >= oldest)
    for (const listener of this.storeListeners) listener()
  }

  fly(rows: Summary[]): void {
    this.flying = rows
    for (const listener of this.flightListeners) listener()
  }

  readonly store: TraceStore = memoryStore(this)
  readonly reader: Reader = memoryReader(this)
}

function memoryStore(memory: Memory): TraceStore {
  const ring = {
    capacity: 1024,
    bytes: 0,
    spans: 0,
    traces: 0,
    records: 0,
    oldestMs: 0,
    get evictedSpans() {
      return memory.evictedSpans
    }
  }
  return {
    add: () => 0,
    records: () => [],
    recordsInParts: () => [],
    entries: () => [],
    has: () => false,
    traces: () => [],
    *changedSince(seq): Iterable<StoredTrace> {
      for (const row of memory.rows) {
        if (row.seq <= seq) continue
        yield { traceId: row.traceId as TraceId, first: row.seq, last: row.seq, entries: [] }
      }
    },
    lacks: () => false,
    pin(traceId) {
      if (!memory.rows.some((row) => row.traceId === traceId)) return false
      memory.pinned.push(traceId)
      return true
    },
    clear: () => memory.evict(memory.newest + 1),
    get newest() {
      return memory.newest
    },
    get oldest() {
      return memory.oldest
    },
    stats: { recent: ring, kept: { ...ring, evictedSpans: 0 } },
    subscribe(listener) {
      memory.storeListeners.add(listener)
      return () => memory.storeListeners.delete(listener)
    }
  }
}

function memoryReader(memory: Memory): Reader {
  const find = (id: string): Summary | undefined => memory.rows.find((row) => row.traceId === id)
  return {
    list: async ({ query, limit, before }) => ({
      traces: memory.rows.toReversed().slice(0, limit),
      ignored: [query, String(limit), String(before)],
      searched: { traces: memory.rows.length, complete: true }
    }),
    summary: find,
    records: (id) => (find(id) === undefined ? [] : [{ traceId: id } as TraceRecord]),
    *whole(id) {
      yield
      const summary = find(id)
      const runtime = { traceId: id } as unknown as RuntimeActivity
      return summary && { columns: columnsOf(summary, memory.size), logs: [], runtime }
    },
    details: (id) => (find(id) === undefined ? [] : [{ traceId: id } as unknown as SpanDetail]),
    columns: async (id) => {
      const summary = find(id)
      return summary && columnsOf(summary, memory.size)
    },
    span: async (id, spanId) => find(id) && ({ traceId: id, spanId } as unknown as SpanDetail),
    code: async (id, spanId) =>
      find(id) &&
      (spanId.startsWith('e')
        ? 'elsewhere'
        : { site: undefined, exceptions: [{ message: '', stack: spanId }] }),
    logs: async (id) => find(id) && [],
    nameOf: (id) => find(id)?.name ?? '',
    runtime: async (id) => find(id) && ({ traceId: id } as unknown as RuntimeActivity),
    find: async (id, text) => find(id) && (text === 'held' ? ['00000000000000aa'] : []),
    inFlight: (limit) => ({ rows: memory.flying.slice(0, limit), total: memory.flying.length }),
    *changedSince(seq) {
      for (const summary of memory.rows) if (summary.seq > seq) yield { summary, fresh: true }
    },
    matcher: (query) => (row) => row.name.includes(query),
    routes: () => [],
    map: async () => ({
      nodes: [],
      edges: [],
      drawn: { traces: 0, complete: true, from: 0, to: 0 }
    }),
    operations: async () => []
  }
}

export function idOf(seq: number): TraceId {
  return `a${seq.toString(16).padStart(31, '0')}` as TraceId
}

export function summaryOf(seq: number, changes: Partial<Summary> = {}): Summary {
  return {
    traceId: idOf(seq),
    seq,
    name: `GET /${seq}`,
    service: 'shop',
    services: ['shop'],
    start: 1000 + seq,
    duration: 1,
    status: 'unset',
    httpStatus: 200,
    method: 'GET',
    route: '/',
    spans: 1,
    errors: 0,
    db: 0,
    inFlight: false,
    incomplete: false,
    kept: '',
    noise: '',
    ...changes
  }
}

function columnsOf(summary: Summary, size: number): TraceColumns {
  const column = Array.from({ length: size }, (_, i) => i)
  return {
    summary,
    start: summary.start,
    extent: 1,
    response: 1,
    services: ['shop'],
    names: ['a'],
    spans: {
      id: column.map(String),
      service: column,
      name: column,
      start: column,
      duration: column,
      self: column,
      depth: column,
      parent: column,
      kind: column,
      category: column,
      flags: column
    },
    sites: { lines: [], of: [] },
    critical: { row: [], from: [], to: [] },
    dropped: 0,
    joined: false,
    clocks: [],
    clockOf: []
  }
}

/** Express 4, which brings no types under this name; what is used of it has not changed. */
export const express4 = createRequire(import.meta.url)('express4') as typeof express

export const emptyRing = { capacity: 0, bytes: 0, spans: 0, traces: 0 }

export function setupOf(memory: Memory, changes: Partial<ServeSetup> = {}): ServeSetup {
  return {
    path: '/_traces',
    mode: { mode: 'local', why: 'a test', warning: false },
    token: '',
    ingestToken: '',
    tokenDirectory: undefined,
    allowedHosts: [],
    allowedOrigins: [],
    authorize: undefined,
    reader: memory.reader,
    store: memory.store,
    onInFlightChange(listener) {
      memory.flightListeners.add(listener)
      return () => memory.flightListeners.delete(listener)
    },
    formats: async () => ({
      otlp: {
        extension: 'otlp.json',
        contentType: 'application/json',
        *write(records) {
          yield '{"resourceSpans":'
          yield `${[...records].length}}`
        }
      }
    }),
    queries: [],
    inspect: {
      permit: () => ({ allowed: true, why: '' }),
      state: async () => ({
        bodies: { allowed: true, why: '', always: false },
        profile: { allowed: true, why: '' },
        wishes: [],
        profiles: []
      }),
      add: () => undefined,
      cancel: () => false,
      profile: async () => undefined
    },
    ingest: async () => ({ rejected: 0, message: '', spans: 1 }),
    importFile: async (file) => ({
      traces: 1,
      spans: file.length,
      known: 0,
      problems: [],
      moreProblems: 0,
      ids: [idOf(1)]
    }),
    status: async () =>
      ({ version: '1', mode: 'local', why: '', ring: emptyRing }) as unknown as Status,
    report: silentReport(),
    version: '1.2.3',
    bootId: 'boot',
    service: 'shop',
    slowMs: 1000,
    assets: new URL('./ui/', import.meta.url),
    ...changes
  }
}

export const token = 'a-token-that-is-long-enough-0123456789'
export const ingestToken = 'another-token-that-is-long-enough-012'

/** Everything printed, in `lines`. */
export function silentReport(lines: string[] = []): Report {
  return createReport((text) => void lines.push(text))
}

export interface Host {
  readonly server: Server
  readonly serve: Serve
  readonly memory: Memory
  readonly port: number
  readonly origin: string
  /** What was printed, when no other report was given. */
  readonly lines: string[]
  readonly report: Report
  close(): Promise<void>
}

/** A bare server with the page in front of it; what the page leaves is answered with `host`. */
export async function startHost(
  changes: Partial<ServeSetup> = {},
  listener?: RequestListener
): Promise<Host> {
  const memory = new Memory()
  const lines: string[] = []
  const report = changes.report ?? silentReport(lines)
  const serve = createServe(setupOf(memory, { ...changes, report }))
  const server = createServer((req, res) => {
    serve.observe(req)
    if (serve.handle(req, res, '')) return
    if (listener !== undefined) {
      listener(req, res)
      return
    }
    res.end('host')
  })
  const port = await listen(server)
  return {
    server,
    serve,
    memory,
    port,
    origin: `http://127.0.0.1:${port}`,
    lines,
    report,
    async close() {
      serve.close()
      await stop(server)
    }
  }
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Of a JSON answer. */
  readonly json: any
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** The peer's address. */
  from?: string
  /** @default '127.0.0.1' */
  to?: string
}

/** One request by `node:http`, which sends exactly the headers it is told to. */
export function ask(port: number, path: string, options: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, from = '127.0.0.1', to = '127.0.0.1' } = options
    const req = request({ port, path, method, headers, host: to, localAddress: from }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = (res.headers['content-type'] ?? '').startsWith('application/json')
        const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text, json })
      })
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end(body)
  })
}

/** Sends bytes as they are; gives all that comes back until the server closes, or until `until` matches. */
export function raw(port: number, bytes: string | Buffer, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setTimeout(5000, () => done())
    const done = (): void => {
      socket.destroy()
      resolve(text)
    }
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (until?.test(text) === true) done()
    })
    socket.on('end', done)
    socket.on('close', done)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done()
      else reject(error)
    })
  })
}

/** A page's socket that keeps what it was told. */
export class Page {
  readonly ws: WebSocket
  readonly messages: LiveMessage[] = []
  readonly closed: Promise<number>
  #wake: () => void = () => undefined

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as LiveMessage)
      this.#wake()
    })
    this.closed = new Promise((resolve) => ws.on('close', resolve))
  }

  send(message: object | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The first message, of those not yet asked for, that fits. */
  async next<T extends LiveMessage['type']>(
    type: T,
    fits: (message: Extract<LiveMessage, { type: T }>) => boolean = () => true
  ): Promise<Extract<LiveMessage, { type: T }>> {
    for (;;) {
      while (this.messages.length > 0) {
        const message = this.messages.shift() as LiveMessage
        if (message.type === type && fits(message as never)) return message as never
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

/** Connects as the page does: its origin, its protocol, after a first look at the page. */
export async function openPage(
  host: { port: number },
  options: {
    path?: string
    protocols?: string[]
    headers?: Record<string, string>
    look?: boolean
  } = {}
): Promise<Page> {
  const { port } = host
  const { path = '/_traces', protocols = [liveProtocol], headers = {}, look = true } = options
  if (look) await ask(port, `${path}/`)
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}/live`, protocols, {
    headers: { origin: `http://127.0.0.1:${port}`, ...headers }
  })
  const page = new Page(ws)
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  ws.on('error', () => undefined)
  return page
}

/** What a handshake is answered, when not by a socket. */
export function handshake(
  port: number,
  path: string,
  headers: Record<string, string> = {}
): Promise<{ status: number; protocol: string; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    const req = request({
      port,
      path,
      host: '127.0.0.1',
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers
      }
    })
    const done = (res: IncomingMessage): void => {
      const protocol = res.headers['sec-websocket-protocol'] ?? ''
      resolve({ status: res.statusCode ?? 0, protocol, headers: res.headers })
      res.socket.destroy()
    }
    req.on('response', done)
    req.on('upgrade', done)
    req.on('error', reject)
    req.end()
  })
}
