import type { IncomingMessage } from 'node:http'
import type { Attributes } from '../base/attributes.ts'
import { activeContext, type Context, contextStorage } from '../context/context.ts'
import type { Exchange } from './exchange.ts'
import type { Host } from './host.ts'
import { isOurs, type LayerSpan, type OpenLayer, openLayer } from './layers.ts'

/** One entry of a router's list: a route, or something mounted. Those inside a route are layers, too, without a `route` of their own. */
export interface Layer {
  readonly handle?: unknown
  readonly name?: unknown
  /** Of a layer inside a route; undefined for all. */
  readonly method?: unknown
  readonly route?: Route | undefined
  /** Express 5: mounted at `/`. */
  readonly slash?: boolean
  /** Express 4. */
  readonly regexp?: { readonly fast_slash?: boolean }
  /** The path as it was written; router 2.3 and later. */
  readonly rawPath?: unknown
}

interface Route {
  readonly path?: unknown
  readonly stack?: readonly Layer[]
}

export type Next = (error?: unknown) => void

type Kind = 'middleware' | 'router' | 'request_handler'

/**
 * The layers of Express as spans. A layer ends when it goes on by `next`, or with the answer: what its function returns says less, as
 * that may have set up a stream that goes on for minutes, or be a promise that awaits what comes after it.
 */
export class ExpressLayers {
  readonly #host: Host
  readonly #known = new WeakMap<Layer, KnownLayer>()

  constructor(host: Host) {
    this.#host = host
  }

  /**
   * A layer is about to be called, for a request or `withError` for its error; gives the span, if there is one. `next` is what the router
   * gave the layer to go on by.
   */
  enter(
    layer: Layer,
    exchange: Exchange,
    req: IncomingMessage,
    next: Next,
    withError: boolean
  ): OpenLayer | undefined {
    const known = this.#of(layer, req)
    if (!withError) {
      if (!known.plain) enterPath(layer, exchange, req)
      if (layer.route !== undefined) exchange.routeNext = next
    }
    return known.handles === (withError ? 'errors' : 'requests')
      ? this.#open(known, exchange, next)
      : undefined
  }

  /** A layer goes on, maybe with an error; gives the context of what comes after it. `active` is the one that it goes on in. */
  leave(layer: OpenLayer, active: Context | undefined, error: unknown): Context {
    const context = contextAfter(layer, active)
    if (layer.open) {
      if (isError(error)) layer.failed(error)
      const { exchange } = layer
      while (exchange.layer !== undefined && exchange.layer !== layer) exchange.layer.end()
      layer.end()
    }
    return context
  }

  #of(layer: Layer, req: IncomingMessage): KnownLayer {
    let known = this.#known.get(layer)
    if (known === undefined) {
      const { route } = req as { readonly route?: Route }
      this.#known.set(
        layer,
        (known = new KnownLayer(layer, route, (text) => this.#host.name(text)))
      )
    }
    return known
  }

  #open(known: KnownLayer, exchange: Exchange, next: Next): OpenLayer | undefined {
    const { routing, layers } = exchange
    const routeNext = known.inRoute ? exchange.routeNext : undefined
    if (routing === undefined || layers === undefined) return undefined
    const enclosing = enclosingOf(exchange, next)
    const around = exchange.layer?.mount ?? ''
    const mount = known.plain ? around : routing.mount
    const path = known.inRoute ? routing.route : known.kind === 'router' ? mount || '/' : ''
    return openLayer(exchange, known.spanAt(path), { mount, next, routeNext }, enclosing)
  }
}

/** A layer, as it was found when the first request came to it. */
class KnownLayer {
  readonly plain: boolean
  readonly inRoute: boolean
  readonly kind: Kind
  readonly handles: 'requests' | 'errors' | 'nothing of its own'
  readonly #name: string
  readonly #redacted: (text: string) => string
  #path: string | undefined
  #span: LayerSpan | undefined

  constructor(layer: Layer, route: Route | undefined, redacted: (text: string) => string) {
    const { handle, name } = layer
    const arity = typeof handle === 'function' ? handle.length : 0
    this.inRoute = !('route' in layer)
    this.plain = isPlain(layer)
    this.kind = this.inRoute
      ? isLast(layer, route?.stack)
        ? 'request_handler'
        : 'middleware'
      : isRouter(layer)
        ? 'router'
        : 'middleware'
    // A route's own layer only calls those inside of it.
    if (layer.route !== undefined || isOurs(handle)) this.handles = 'nothing of its own'
    else this.handles = arity === 4 ? 'errors' : arity > 4 ? 'nothing of its own' : 'requests'
    this.#name = redacted(typeof name === 'string' ? name : '<anonymous>')
    this.#redacted = redacted
  }

  /** A router's path is its mount point, that of what is inside a route the route; nearly always the one of the request before. */
  spanAt(path: string): LayerSpan {
    if (this.#span === undefined || this.#path !== path) {
      this.#path = path
      this.#span = this.#spanAt(path)
    }
    return this.#span
  }

  #spanAt(path: string): LayerSpan {
    const { kind } = this
    const place = this.#redacted(path)
    const name = kind === 'middleware' ? this.#name : place
    const attributes: Attributes = ['express.type', kind, 'express.name', name]
    if (path !== '') attributes.push('http.route', place)
    return { name: this.#redacted(`${kind.replace('_', ' ')} - ${name}`), attributes }
  }
}

// Before the last handler of its method, one in a route is what a middleware is: it checks or loads something and goes on.
function isLast(layer: Layer, stack: readonly Layer[] = []): boolean {
  const { method } = layer
  const after = stack.slice(stack.indexOf(layer) + 1)
  return !after.some((one) => method === undefined || one.method === method)
}

function isRouter({ handle, name }: Layer): boolean {
  if (typeof handle !== 'function') return false
  return name === 'mounted_app' || Array.isArray((handle as { readonly stack?: unknown }).stack)
}

/** Most layers are middleware mounted at the root or handlers inside a route: they tell nothing about the path. */
export function isPlain(layer: Layer): boolean {
  if (layer.route !== undefined) return false
  return layer.slash === true || layer.regexp?.fast_slash === true || !('route' in layer)
}

/** A layer that tells something about the path is entered: that is where the route of the request is found. */
export function enterPath(
  { route, rawPath }: Layer,
  exchange: Exchange,
  req: IncomingMessage
): void {
  const { routing } = exchange
  if (route === undefined) routing?.enterMount(req, rawPath)
  else routing?.enterRoute(req, route.path)
}

/**
 * What a layer is in. Some of Express' own methods (`res.render`) go on by `req.next`, past what the layer was given: then it is over when the
 * next one of the same router comes.
 */
function enclosingOf(exchange: Exchange, next: Next): Context {
  const passed = exchange.layer
  if (passed !== undefined && (passed.next === next || passed.routeNext === next)) {
    const context = contextAfter(passed, contextStorage.getStore())
    passed.end()
    return context
  }
  return exchange.lost ? (passed?.context ?? exchange.context) : activeContext()
}

/**
 * In what the next layer runs: in what the ended one was in, or, where the host has set values or begun a span of its own around `next`, in
 * that.
 */
function contextAfter(layer: OpenLayer, active: Context | undefined): Context {
  const { enclosing, exchange } = layer
  if (active === undefined || active === enclosing || active === layer.context) return enclosing
  const { span } = active
  if (layer.holds(span)) return active.withSpan(enclosing.span)
  // Entered anew for an event of the request, or another request's that an emitter or a pool has kept.
  if (span === exchange.span || exchange.lost) return enclosing
  return active
}

// 'route' and 'router' are Express' words for skipping the rest of them.
function isError(value: unknown): boolean {
  return Boolean(value) && value !== 'route' && value !== 'router'
}
