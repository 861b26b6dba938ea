import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SpanContext } from '../base/span-context.ts'
import { SpanKind } from '../base/span-data.ts'
import { type Context, contextStorage, rootContext, suppressed } from '../context/context.ts'
import { beginningOf } from '../span/propagation.ts'
import { Span } from '../span/span.ts'
import type { SpanOptions, Tracer } from '../span/tracer.ts'
import { claimObject } from '../watch/watch.ts'
import { type Connection, connectionOf } from './connection.ts'
import { follow, followResponses } from './emit.ts'
import { Exchange, type StreamState } from './exchange.ts'
import { headerReader } from './headers.ts'
import { isLoopback, isPrivate, readPeer } from './peer.ts'
import { read } from './read.ts'
import { type Head, hasBody, knownMethod, pathOf, readHead, requestDescriber } from './request.ts'
import { pathRules, routeNames } from './route.ts'
import type { Framework, HostSetup, Recorder } from './setup.ts'

export type { Framework, HostSetup } from './setup.ts'

/** What to do with a request: run it in that context, leave it, or nothing, because it is being answered. */
export type Entry = Context | 'as it is' | 'answered'

const serverSpan = { kind: SpanKind.server, named: true } as const
const unrecorded = suppressed(rootContext)

/** The server's side of tracing: gives each request of any framework its one server span. */
export class Host {
  readonly #setup: HostSetup
  readonly #recorder: Recorder
  readonly #seen = new Set<Framework>()
  readonly #claimed = new WeakSet<object>()
  readonly #undo = new Set<() => void>()
  #thrower: Exchange | undefined
  #inProgress = 0
  #unfollow: (() => void) | undefined
  #closed = false
  #recording = true

  constructor(setup: HostSetup) {
    const { request, response } = setup.captureHeaders ?? { request: 'known', response: 'known' }
    this.#setup = setup
    this.#recorder = {
      redactor: setup.redactor,
      limits: setup.limits,
      guard: setup.guard,
      layers: setup.layers === false ? undefined : setup.tracer,
      describeRequest: requestDescriber(
        setup.redactor,
        setup.limits,
        headerReader('request', request, setup.redactor)
      ),
      responseHeaders: headerReader('response', response, setup.redactor),
      routes: routeNames(setup.redactor, setup.limits),
      paths: pathRules(setup.redactor, setup.limits),
      ended: () => this.#ended()
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Starts the spans of layers; undefined where they are not recorded. */
  get layers(): Tracer | undefined {
    return this.#recorder.layers
  }

  /** Developers' texts that become names of spans. */
  name(text: string): string {
    return this.#setup.redactor.text(text, this.#setup.limits.nameLength)
  }

  /** Decides about a request and begins its span. Never throws. */
  enter(req: IncomingMessage, res: ServerResponse, base: string, framework: Framework): Entry {
    const { guard } = this.#setup
    if (this.#closed || !guard.on) return 'as it is'
    try {
      return this.#enter(req, res, base, framework)
    } catch (error) {
      guard.failed(error)
      return 'as it is'
    }
  }

  /** Runs what must not fail the host's own code. */
  safely<T>(fn: () => T): T | undefined {
    return this.#setup.guard(fn)
  }

  /** From now on requests are somebody else's to record; the page is served as before. */
  leaveRequests(): void {
    this.#recording = false
  }

  /** Tells once of each framework. */
  saw(framework: Framework): void {
    if (this.#seen.has(framework) || !this.#recording) return
    this.#seen.add(framework)
    this.#setup.onFramework?.(framework)
  }

  /** Counts an error of ours that was caught by hand. */
  failed(error: unknown): void {
    this.#setup.guard.failed(error)
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

  /** Whether to change an object of the host's, once: not where it was done already, be it by another copy of this package. */
  claims(object: object): boolean {
    if (this.#claimed.has(object)) return false
    const release = claimObject(object)
    if (release === undefined) return false
    this.#claimed.add(object)
    this.onClose(release)
    return true
  }

  /** Remembers how a change to one of the host's objects is taken back. */
  onClose(undo: () => void): void {
    this.#undo.add(undo)
  }

  /**
   * Stops recording and takes every change to the host's objects back. Requests in progress still end their spans, and the last of them takes
   * back what shows their end.
   */
  close(): void {
    this.#closed = true
    for (const undo of this.#undo) this.safely(undo)
    this.#undo.clear()
    if (this.#inProgress === 0) this.#stopFollowing()
  }

  #ended(): void {
    if (--this.#inProgress === 0 && this.#closed) this.#stopFollowing()
  }

  #stopFollowing(): void {
    this.#unfollow?.()
    this.#unfollow = undefined
  }

  #enter(req: IncomingMessage, res: ServerResponse, base: string, framework: Framework): Entry {
    this.saw(framework)
    const head = readHead(req)
    this.#setup.observe?.(head)
    if (this.#isPage(head.target, base) && this.#page(req, res, base)) return 'answered'
    if (!this.#recording) return 'as it is'
    const connection = connectionOf(req)
    // At a second mount of ours, or behind a handler that has answered and goes on all the same.
    if (connection.find(req) !== undefined || read(res, 'finished')) return 'as it is'
    if (this.#setup.ignore(head.method ?? '', pathOf(head.target))) return unrecorded
    return this.#begin(req, res, head, connection)
  }

  #begin(req: IncomingMessage, res: ServerResponse, head: Head, connection: Connection): Context {
    const { headers, socket } = head
    const carried = this.#setup.propagation.extract(headers, rootContext)
    const remote = carried.span?.spanContext()
    const asks = remote !== undefined || beginningOf(carried) !== undefined
    const address = asks ? socket?.remoteAddress : undefined
    const joins = asks && this.#trusts(address)
    const base = !asks || joins ? carried : rootContext
    const known = knownMethod(head.method)
    const name = known === '_OTHER' ? 'HTTP' : known
    const span = this.#setup.tracer.start(
      name,
      remote === undefined || joins ? serverSpan : linked(remote),
      base
    )
    const context = base.withSpan(span)
    const exchange = new Exchange(this.#recorder, connection, context, span, req, res, name)
    this.#inProgress++
    if (head.httpVersion === '2.0')
      exchange.stream = (res as { readonly stream?: StreamState }).stream
    // First what ends the span, then what may fail.
    this.#unfollow ??= followResponses()
    if (this.#setup.inspect?.active === true && span instanceof Span) this.#inspect(exchange, head)
    follow(exchange, hasBody(headers) || exchange.stream !== undefined)
    if (span instanceof Span) this.#describe(span, exchange, head, known, connection)
    if (joins && span instanceof Span && !isLoopback(address)) span.put('spanlight.joined', true)
    return context
  }

  #inspect(exchange: Exchange, { method, target }: Head): void {
    this.safely(() => {
      const inspection = this.#setup.inspect?.begin(method ?? '', pathOf(target))
      if (inspection !== undefined) exchange.inspect(inspection)
    })
  }

  #describe(
    span: Span,
    { stream }: Exchange,
    head: Head,
    known: string,
    connection: Connection
  ): void {
    const { socket } = head
    const open = stream ?? socket
    span.alive = () => open?.destroyed === false
    try {
      connection.peer ??= readPeer(socket, this.#setup.redactor)
      this.#recorder.describeRequest(span, known, head, connection.peer)
    } catch (error) {
      this.#setup.guard.failed(error)
    }
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

function linked(context: SpanContext): SpanOptions {
  return { ...serverSpan, links: [{ context }] }
}
