import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http, { type ClientRequest } from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { activeContext, type Context, isSuppressed } from '../../context/context.ts'
import type { NonRecordingSpan } from '../../context/non-recording.ts'
import { Span } from '../../span/span.ts'
import { followRequest } from './client-request.ts'
import { readRequestArgs } from './http-args.ts'
import { defaultPort, setFailure, setTarget, startHttpSpan, urlOf } from './http-span.ts'
import { wrapMethod } from '../patch.ts'
import { Resends } from './resends.ts'
import { claim, type Watch, type WatchSetup, watchedElsewhere } from '../watch.ts'

/**
 * Watches node:http and node:https as clients: one client span for each request, ended with its response.
 * @param channel by the `http.client.request.created` channel; by default where Node has it (22.12 and later)
 */
export function watchHttpClient(setup: WatchSetup, channel: boolean = hasChannel()): Watch {
  const release = claim('http')
  if (release === undefined) return watchedElsewhere('http')
  const watcher = new HttpWatcher(setup)
  const undo = channel ? listen(setup, watcher) : wrap(watcher)
  const how = channel
    ? 'node:http and node:https requests, by diagnostics channel'
    : 'http.request and get, https.request and get'
  return {
    instrumented: { name: 'http', on: true, how },
    stop() {
      undo()
      release()
    }
  }
}

function hasChannel(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 12)
}

function listen(setup: WatchSetup, watcher: HttpWatcher): () => void {
  const listener = (message: unknown): void => {
    setup.guard(() => watcher.created((message as { request: ClientRequest }).request))
  }
  subscribe('http.client.request.created', listener)
  return () => unsubscribe('http.client.request.created', listener)
}

/** `import { get } from 'node:http'` is a copy of the module object's property; the sync renews all such copies, even those already bound. */
function wrap(watcher: HttpWatcher): () => void {
  const undo = [http, https].flatMap((module) =>
    ['request', 'get'].map((name) =>
      wrapMethod(module, name, (original, self, args) => watcher.request(original, self, args))
    )
  )
  syncBuiltinESMExports()
  return () => {
    for (const restore of undo) restore?.()
    syncBuiltinESMExports()
  }
}

interface Started {
  readonly span: Span | NonRecordingSpan
  readonly context: Context
  readonly headers: [string, string][]
}

class HttpWatcher {
  readonly #setup: WatchSetup
  readonly #resends = new Resends()

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  /** Stands in for request and get. The host's call itself is outside every guard: what it throws is the host's. */
  request(original: (...args: unknown[]) => unknown, self: unknown, args: unknown[]): unknown {
    const { guard } = this.#setup
    const begun = guard(() => {
      const read = readRequestArgs(args)
      const started = this.#start(read.method)
      return started && { ...started, port: read.port, args: read.withHeaders(started.headers) }
    })
    if (begun === undefined) return Reflect.apply(original, self, args)
    try {
      const request = Reflect.apply(original, self, begun.args) as ClientRequest
      guard(() => this.#follow(request, begun, begun.port))
      return request
    } catch (error) {
      guard(() => {
        if (begun.span instanceof Span) setFailure(begun.span, error)
        begun.span.end()
      })
      throw error
    }
  }

  /** The request exists, its connection is asked for, nothing is sent yet. */
  created(request: ClientRequest): void {
    const started = this.#start(request.method)
    if (started === undefined) return
    for (const [name, value] of started.headers) addHeader(request, name, value)
    const host = request.getHeader('host')
    const port = typeof host === 'string' ? /:(\d{1,5})$/.exec(host)?.[1] : undefined
    this.#follow(request, started, port === undefined ? undefined : Number(port))
  }

  #start(method: string): Started | undefined {
    const context = activeContext()
    if (isSuppressed(context)) return undefined
    const span = startHttpSpan(this.#setup.tracer, method, context)
    const headers: [string, string][] = []
    this.#setup.propagation.inject(context.withSpan(span), (name, value) => {
      headers.push([name, value])
    })
    return { span, context, headers }
  }

  #follow(request: ClientRequest, { span, context }: Started, port: number | undefined): void {
    if (!(span instanceof Span)) return
    const { protocol, host, path } = request
    const actual = port ?? agentPort(request) ?? defaultPort(protocol)
    const url = urlOf(protocol, host, actual, path)
    const resends = this.#resends.take(context, url)
    const socketPath = (request as { socketPath?: unknown }).socketPath
    const local = typeof socketPath === 'string' && socketPath !== ''
    const address = local ? socketPath : host.replace(/^\[|\]$/g, '')
    setTarget(span, { url, host: address, port: local ? undefined : actual, resends })
    followRequest(request, { span, context, url, resends }, this.#resends, this.#setup.guard)
  }
}

function agentPort(request: ClientRequest): number | undefined {
  const agent = (request as { agent?: { defaultPort?: unknown } | null }).agent
  return typeof agent?.defaultPort === 'number' ? agent.defaultPort : undefined
}

interface Rendered {
  _header?: unknown
  _headerSent?: unknown
  outputSize?: unknown
  readonly outputData?: readonly { data: unknown }[]
}

/**
 * Raw header arrays and `Expect` are rendered by now, though not sent: Node keeps the text in `_header`, for `Expect` as the first of its queue
 * too, and it is added to there. Where that is not so (any more) the request goes out as it is.
 */
function addHeader(request: ClientRequest, name: string, value: string): void {
  if (!request.headersSent) {
    request.setHeader(name, value)
    return
  }
  const inside = request as unknown as Rendered
  const before = inside._header
  if (typeof before !== 'string' || !before.endsWith('\r\n\r\n')) return
  const line = `${name}: ${value}\r\n`
  const after = `${before.slice(0, -2)}${line}\r\n`
  const queued = inside.outputData?.[0]
  if (inside._headerSent !== true) inside._header = after
  else if (queued?.data === before && typeof inside.outputSize === 'number') {
    queued.data = inside._header = after
    inside.outputSize += line.length
  }
}
