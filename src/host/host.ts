import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SpanContext } from '../base/span-context.ts'
import { SpanKind } from '../base/span-data.ts'
import { type Context, contextStorage, rootContext, suppressed } from '../context/context.ts'
import { Span } from '../span/span.ts'
import { follow } from './emit.ts'
import { decide, Exchange, isDecided, type StreamState } from './exchange.ts'
import { headerReader } from './headers.ts'
import { isLoopback, isPrivate } from './peer.ts'
import { hasBody, knownMethod, pathOf, requestDescriber, targetOf } from './request.ts'
import { pathRules, routeNames } from './route.ts'
import type { Framework, HostSetup, Recorder } from './setup.ts'

export type { Framework, HostSetup } from './setup.ts'

/** What to do with a request: run it in that context, leave it, or nothing, because it is being answered. */
export type Entry = Context | 'as it is' | 'answered'

const serverSpan = { kind: SpanKind.server } as const
const unrecorded = suppressed(rootContext)

/** The server's side of tracing: gives each request of any framework its one server span. */
export class Host {
  readonly #setup: HostSetup
  readonly #recorder: Recorder
  readonly #seen = new Set<Framework>()
  readonly #undo = new Set<() => void>()
  #thrower: Exchange | undefined
  #closed = false

  constructor(setup: HostSetup) {
    const { request, response } = setup.captureHeaders ?? { request: 'known', response: 'known' }
    this.#setup = setup
    this.#recorder = {
      redactor: setup.redactor,
      limits: setup.limits,
      guard: setup.guard,
      describeRequest: requestDescriber(
        setup.redactor,
        setup.limits,
        headerReader('request', request, setup.redactor)
      ),
      responseHeaders: headerReader('response', response, setup.redactor),
      routes: routeNames(setup.redactor, setup.limits),
      paths: pathRules(setup.redactor, setup.limits)
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Decides about a request and begins its span. Never throws. */
  enter(req: IncomingMessage, res: ServerResponse, base: string, framework: Framework): Entry {
    if (this.#closed) return 'as it is'
    return this.#setup.guard(() => this.#enter(req, res, base, framework)) ?? 'as it is'
  }

  /** Runs what must not fail the host's own code. */
  safely(fn: () => void): void {
    this.#setup.guard(fn)
  }

  /** A bare listener threw: its context is gone by the time the process reports the exception, an instant later. */
  threw(exchange: Exchange): void {
    this.#thrower = exchange
    process.nextTick(() => {
      this.#thrower = undefined
    })
  }

  /** Records an uncaught exception on the request whose listener just threw it; false when it was none. */
  uncaught(error: unknown): boolean {
    const exchange = this.#thrower
    this.#thrower = undefined
    exchange?.failed(error)
    return exchange !== undefined
  }

  /** Remembers how a change to one of the host's objects is taken back. */
  onClose(undo: () => void): void {
    this.#undo.add(undo)
  }

  /** Stops recording and takes every change to the host's objects back. Requests in flight still end their spans. */
  close(): void {
    this.#closed = true
    for (const undo of this.#undo) this.safely(undo)
    this.#undo.clear()
  }

  #enter(req: IncomingMessage, res: ServerResponse, base: string, framework: Framework): Entry {
    if (!this.#seen.has(framework)) {
      this.#seen.add(framework)
      this.#setup.onFramework?.(framework)
    }
    this.#setup.observe?.(req)
    const target = targetOf(req)
    if (this.#isPage(target, base) && this.#page(req, res, base)) return 'answered'
    // At a second mount of ours, be it of another copy of this package.
    if (isDecided(req)) return 'as it is'
    const { method } = req
    if (this.#setup.ignore(method ?? '', pathOf(target))) {
      decide(req, 'ignored')
      return unrecorded
    }
    return this.#begin(req, res, target, method)
  }

  // Each property of the request is read once: Express gives each request a hidden class of its own, so V8 looks it up the slow way.
  #begin(
    req: IncomingMessage,
    res: ServerResponse,
    target: string,
    method: string | undefined
  ): Context {
    const { headers, socket } = req
    const carried = this.#setup.propagation.extract(headers, rootContext)
    const remote = carried.span?.spanContext()
    const address = remote === undefined ? undefined : socket?.remoteAddress
    const joins = remote !== undefined && this.#trusts(address)
    const known = knownMethod(method)
    const base = remote === undefined || joins ? carried : rootContext
    const span = this.#setup.tracer.start(
      known === '_OTHER' ? 'HTTP' : known,
      remote === undefined || joins ? serverSpan : linked(remote),
      base
    )
    const context = base.withSpan(span)
    const exchange = new Exchange(this.#recorder, context, span, res, method)
    const version = req.httpVersion
    if (version === '2.0') exchange.stream = (res as { readonly stream?: StreamState }).stream
    // First what ends the span, then what may fail.
    decide(req, exchange)
    follow(exchange, req, res, hasBody(headers) || version === '2.0')
    if (span instanceof Span) {
      const connection = exchange.stream ?? socket
      span.alive = () => connection?.destroyed === false
      this.safely(() => {
        this.#recorder.describeRequest(span, { method, known, target, version, headers, socket })
        if (joins && !isLoopback(address)) span.put('spanlight.joined', true)
      })
    }
    return context
  }

  #trusts(address: string | undefined): boolean {
    const { trustIncoming = 'private' } = this.#setup
    return trustIncoming === 'private' ? isPrivate(address) : trustIncoming
  }

  // The bytes as they came, before any decoding: what a proxy in front was told to refuse must not get in by another spelling
  // (security.md 2.2.1).
  #isPage(target: string, base: string): boolean {
    const path = base + this.#setup.path
    if (!target.startsWith(path)) return false
    const after = target[path.length]
    return after === undefined || after === '/' || after === '?'
  }

  #page(req: IncomingMessage, res: ServerResponse, base: string): boolean {
    return contextStorage.run(unrecorded, this.#setup.page, req, res, base)
  }
}

export function createHost(setup: HostSetup): Host {
  return new Host(setup)
}

function linked(context: SpanContext): { kind: SpanKind; links: { context: SpanContext }[] } {
  return { kind: SpanKind.server, links: [{ context }] }
}
