import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { WebSocketServer, type WebSocket } from 'ws'
import {
  encodeSummary,
  liveProtocol,
  type LiveMessage,
  type LiveRequest
} from '../../src/wire/live.ts'
import { matchSummary, parseQuery } from '../../src/wire/query.ts'
import type { ServiceMap, Status } from '../../src/wire/status.ts'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import { columnsFor, mapOf, statusOf, traffic } from './fake.ts'

const built = new URL('../../dist/ui/', import.meta.url)

/** The policy that the real server sends with the page. */
const policy = (host: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; ` +
  `connect-src 'self' ws://${host} wss://${host}; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; ` +
  `require-trusted-types-for 'script'; trusted-types 'none'`

export interface FixtureOptions {
  /** Where the page is mounted, without a slash at the end. */
  mount?: string
  /** Traces in memory before anyone looks. */
  traces?: number
  /** Milliseconds between two of those. */
  apart?: number
  status?: Partial<Status>
  /** Refuses the socket, as a proxy that knows no upgrade does. */
  noSocket?: boolean
  /** Asks for this token. */
  token?: string
}

/** A process with the page, without the process: speaks the wire, and does what a test tells it to. */
export class Fixture {
  readonly mount: string
  readonly asked: string[] = []
  store: Summary[] = []
  inFlight: Summary[] = []
  status: Status
  map: ServiceMap = mapOf()
  bootId = 'boot-1'
  rate = 0
  refused = false
  #options: FixtureOptions
  #server: Server
  #sockets: WebSocketServer
  #filters = new WeakMap<WebSocket, string>()
  #streams = new Set<ServerResponse>()
  #seq = 0
  #source = traffic()
  #timer: NodeJS.Timeout | undefined
  // Read at once: a build may swap them while a test runs.
  readonly #files = readBuilt()

  constructor(options: FixtureOptions = {}) {
    this.#options = options
    this.mount = options.mount ?? '/_traces'
    this.status = statusOf(options.status)
    const count = options.traces ?? 0
    for (let i = 0; i < count; i++) this.#add(Date.now() - (count - i) * (options.apart ?? 60))
    this.#server = createServer((req, res) => void this.#answer(req, res))
    this.#sockets = new WebSocketServer({ noServer: true, handleProtocols: () => liveProtocol })
    this.#server.on('upgrade', (req, socket, head) => {
      if (options.noSocket || this.refused || req.url !== `${this.mount}/live`)
        return socket.destroy()
      this.#sockets.handleUpgrade(req, socket, head, (page) => this.#join(page))
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this.url
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.origin}${this.mount}/`
  }

  get pages(): number {
    return this.#sockets.clients.size + this.#streams.size
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.drop()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Ends `count` requests now. */
  emit(count = 1, over: Partial<Summary> = {}): Summary[] {
    const rows = Array.from({ length: count }, () => this.#add(Date.now(), over))
    this.tell({ type: 'traces', seq: this.#seq, rows: rows.map(encodeSummary), rate: this.rate })
    return rows
  }

  /** Changes a trace that is in memory. */
  change(traceId: string, over: Partial<Summary>): void {
    const at = this.store.findIndex((row) => row.traceId === traceId)
    this.store[at] = { ...this.store[at], ...over, seq: ++this.#seq }
    this.tell({
      type: 'traces',
      seq: this.#seq,
      rows: [encodeSummary(this.store[at])],
      rate: this.rate
    })
  }

  /** Ends `perSecond` requests a second, ten times a second. */
  run(perSecond: number): void {
    this.rate = perSecond
    clearInterval(this.#timer)
    if (perSecond > 0) this.#timer = setInterval(() => this.emit(perSecond / 10), 100)
  }

  fly(rows: Summary[], total = rows.length): void {
    this.inFlight = rows
    this.tell({
      type: 'traces',
      seq: this.#seq,
      rows: [],
      rate: this.rate,
      inFlight: { rows: rows.map(encodeSummary), total }
    })
  }

  evict(oldest: number): void {
    this.store = this.store.filter((row) => row.seq >= oldest || row.kept !== '')
    this.tell({ type: 'evicted', oldest })
  }

  tell(message: LiveMessage): void {
    for (const page of this.#sockets.clients)
      page.send(JSON.stringify(this.#filtered(page, message)))
    for (const page of this.#streams) page.write(`data: ${JSON.stringify(message)}\n\n`)
  }

  /** Cuts all live connections. */
  drop(): void {
    for (const page of this.#sockets.clients) page.terminate()
    for (const page of this.#streams) page.destroy()
  }

  restart(): void {
    this.bootId = `boot-${Number(this.bootId.slice(5)) + 1}`
    this.store = []
    this.inFlight = []
    this.#seq = 0
    this.drop()
  }

  #add(start: number, over: Partial<Summary> = {}): Summary {
    const made: Summary = { ...(this.#source.next().value as Summary), ...over, seq: ++this.#seq }
    made.start = over.start ?? start - made.duration
    this.store.push(made)
    if (this.store.length > 10_000) this.store.shift()
    this.status.ring.traces = Math.max(this.status.ring.traces, this.store.length)
    return made
  }

  #filtered(page: WebSocket, message: LiveMessage): LiveMessage {
    const filter = this.#filters.get(page)
    if (message.type !== 'traces' || !filter) return message
    const query = parseQuery(filter)
    const wanted = new Set(
      this.store.filter((row) => matchSummary(query, row)).map((row) => row.traceId)
    )
    return { ...message, rows: message.rows.filter(([id]) => wanted.has(id as string)) }
  }

  #join(page: WebSocket): void {
    page.send(JSON.stringify(this.#hello()))
    page.on('message', (data) => {
      const request = JSON.parse((data as Buffer).toString()) as LiveRequest
      this.asked.push(`${request.type} ${request.type === 'since' ? request.seq : request.query}`)
      if (request.type === 'filter') this.#filters.set(page, request.query)
      else page.send(JSON.stringify(this.#filtered(page, this.#since(request.seq))))
    })
  }

  #hello(): LiveMessage {
    return {
      type: 'hello',
      bootId: this.bootId,
      seq: this.#seq,
      oldest: this.store[0]?.seq ?? 0,
      version: '0.1.0',
      slowMs: 1000
    }
  }

  #since(seq: number): LiveMessage {
    const rows = this.store.filter((row) => row.seq > seq).map(encodeSummary)
    const inFlight = { rows: this.inFlight.map(encodeSummary), total: this.inFlight.length }
    return { type: 'traces', seq: this.#seq, rows, rate: this.rate, inFlight }
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', this.origin)
    this.asked.push(`${req.method} ${url.pathname}${url.search}`)
    if (this.refused) return void req.socket.destroy()
    if (!`${url.pathname}/`.startsWith(`${this.mount}/`)) return void res.end('the host')
    const path = url.pathname.slice(this.mount.length + 1)
    const locked =
      this.#options.token && req.headers.authorization !== `Bearer ${this.#options.token}`
    if (locked && (path.startsWith('api/') || path === 'live')) {
      return this.#json(
        res,
        { error: 'A token is needed', hint: 'Open the address that the process printed' },
        401
      )
    }
    if (path === 'live') return this.#stream(res, Number(url.searchParams.get('since')))
    if (path === 'api/status') return this.#json(res, { ...this.status, bootId: this.bootId })
    if (path === 'api/map') return this.#json(res, this.map)
    if (path === 'api/traces') return this.#json(res, this.#list(url.searchParams))
    const trace = /^api\/traces\/([0-9a-f]{32})$/.exec(path)
    if (trace) {
      const summary = this.store.find((row) => row.traceId === trace[1])
      if (summary) return this.#json(res, columnsFor(summary))
      return this.#json(
        res,
        { error: 'this is not in memory', hint: 'older traces have made room' },
        404
      )
    }
    if (path.startsWith('api/')) return this.#json(res, { error: 'no such address' }, 404)
    if (path.startsWith('assets/')) return this.#asset(res, path)
    return this.#shell(req, res)
  }

  #list(params: URLSearchParams): TraceList {
    const query = parseQuery(params.get('q') ?? '')
    const before = Number(params.get('before') ?? Infinity)
    const limit = Number(params.get('limit') ?? 100)
    const matching = this.store
      .filter((row) => row.seq < before && matchSummary(query, row))
      .reverse()
    const traces = matching.slice(0, limit)
    const last = traces.at(-1)
    return {
      traces,
      ...(matching.length > limit && last && { next: String(last.seq) }),
      ignored: [...query.ignored],
      searched: { traces: this.store.length, complete: true }
    }
  }

  #stream(res: ServerResponse, since: number): void {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#streams.add(res)
    res.on('close', () => this.#streams.delete(res))
    res.write(': welcome\n\n')
    for (const message of [this.#hello(), this.#since(since)])
      res.write(`data: ${JSON.stringify(message)}\n\n`)
  }

  #shell(req: IncomingMessage, res: ServerResponse): void {
    const html = this.#files.get('index.html')?.body.toString() ?? 'the page was not built'
    res.setHeader('content-type', 'text/html; charset=utf-8')
    res.setHeader('content-security-policy', policy(req.headers.host ?? ''))
    res.end(html.replace('<base href="/">', `<base href="${this.mount}/">`))
  }

  #asset(res: ServerResponse, path: string): void {
    const file = this.#files.get(path)
    if (!file) return void res.writeHead(404).end()
    res.writeHead(200, { 'content-type': file.type, 'x-content-type-options': 'nosniff' })
    res.end(file.body)
  }

  #json(res: ServerResponse, body: unknown, status = 200): void {
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(body))
  }
}

function readBuilt(): Map<string, { type: string; body: Buffer }> {
  const read = (name: string): Buffer => readFileSync(new URL(name, built))
  const { files } = JSON.parse(read('manifest.json').toString()) as {
    files: { name: string; type: string }[]
  }
  return new Map(files.map(({ name, type }) => [name, { type, body: read(name) }]))
}

/** `node test/ui/fixture.ts [traces a second]`: the page with made-up traffic, to look at while working on it. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fixture = new Fixture({ traces: 1_000 })
  console.log(await fixture.listen())
  fixture.run(Number(process.argv[2] ?? 10))
}
