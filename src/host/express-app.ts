import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, contextStorage } from '../context/context.ts'
import { exchangeOf } from './exchange.ts'
import { enterPath, ExpressLayers, isPlain, type Layer, type Next } from './express-layers.ts'
import type { Host } from './host.ts'
import { type OpenLayer, ours } from './layers.ts'
import type { Framework } from './setup.ts'

/** The parts of an Express application that this file reads: the root router is `_router` in 4, where it is made with the first layer, and `router` in 5. */
export interface ExpressApp {
  /** Express 4. */
  readonly lazyrouter?: unknown
  readonly _router?: Router
  readonly router?: Router
}

interface Router {
  readonly stack?: Layer[]
  use(fn: ErrorHandler): unknown
}

type Handle = (this: Layer, req: IncomingMessage, res: ServerResponse, next: Next) => unknown
type HandleError = (
  this: Layer,
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next
) => unknown
type ErrorHandler = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void

/** An application whose routes and errors are seen; of Connect, which has neither, nothing is. */
export class FollowedApp {
  readonly framework: Framework
  readonly #app: ExpressApp | undefined
  readonly #host: Host
  #appended = 0

  constructor(app: ExpressApp | undefined, host: Host) {
    this.framework = app === undefined ? 'connect' : app.lazyrouter ? 'express 4' : 'express 5'
    this.#app = app
    this.#host = host
  }

  /** To be called for each request: layers are added, and taken from us, while an application runs. */
  follow(): void {
    // Express 4 throws when it is asked for `router`.
    const router = this.framework === 'express 4' ? this.#app?._router : this.#app?.router
    if (router === undefined || this.#host.closed) return
    try {
      followLayers(router, this.#host)
      if (this.#appended < maxLastLayers && followErrors(router)) this.#appended++
    } catch (error) {
      this.#host.failed(error)
    }
  }
}

/**
 * Sees layers, routes and errors where Express itself decides about them: in the two methods that every layer of an Express copy shares.
 * They are found through the app's own layers, so neither import order nor the module's form matters, and routers that are mounted later are
 * covered. Measured against accessors for `params`, `baseUrl` and `route` on each request: those take 4 us a request, this 0.1, and the
 * request keeps plain properties. router 2.3's diagnostics channel would allocate for every layer and is not in Express 4.
 */
function followLayers(router: Router, host: Host): void {
  const layer = router.stack?.[0]
  if (layer === undefined) return
  const shared = Object.getPrototypeOf(layer) as object
  if (!host.claims(shared)) return
  const [handle, handleError] =
    'handle_request' in shared
      ? (['handle_request', 'handle_error'] as const)
      : (['handleRequest', 'handleError'] as const)
  const layers = host.layers === undefined ? undefined : new ExpressLayers(host)
  replace<Handle>(shared, handle, host, (original) =>
    layers === undefined ? routesOnly(original, host) : inLayers(original, host, layers)
  )
  replace<HandleError>(shared, handleError, host, (original) => {
    return function (this: Layer, error, req, res, next) {
      const exchange = host.closed ? undefined : exchangeOf(req)
      exchange?.failed(error)
      const layer = layers && opened(layers, host, this, req, next, true)
      if (layer === undefined || layers === undefined)
        return original.call(this, error, req, res, next)
      const go = nextOf(layer, next, layers, host)
      return contextStorage.run(layer.context, () => original.call(this, error, req, res, go))
    }
  })
}

function routesOnly(original: Handle, host: Host): Handle {
  return function (this: Layer, req, res, next) {
    entered(this, req, host)
    return original.call(this, req, res, next)
  }
}

function inLayers(original: Handle, host: Host, layers: ExpressLayers): Handle {
  return function (this: Layer, req, res, next) {
    const layer = opened(layers, host, this, req, next, false)
    if (layer === undefined) return original.call(this, req, res, next)
    const go = nextOf(layer, next, layers, host)
    return contextStorage.run(layer.context, call, original, this, req, res, go)
  }
}

function opened(
  layers: ExpressLayers,
  host: Host,
  layer: Layer,
  req: IncomingMessage,
  next: Next,
  withError: boolean
): OpenLayer | undefined {
  // Closed, but left where it is because somebody has wrapped it since.
  if (host.closed) return undefined
  try {
    const exchange = exchangeOf(req)
    if (exchange === undefined) return undefined
    return layers.enter(layer, exchange, req, next, withError)
  } catch (error) {
    host.failed(error)
    return undefined
  }
}

// A function of its own, so that no request makes a closure for it.
function call(
  original: Handle,
  layer: Layer,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next
): unknown {
  return original.call(layer, req, res, next)
}

/** What a layer is given to go on by. */
function nextOf(layer: OpenLayer, original: Next, layers: ExpressLayers, host: Host): Next {
  return function next(error) {
    const active = contextStorage.getStore()
    let context: Context = layer.enclosing
    try {
      context = layers.leave(layer, active, error)
    } catch (failure) {
      host.failed(failure)
    }
    if (context === active) original(error)
    else contextStorage.run(context, original, error)
  }
}

const maxLastLayers = 8

/**
 * Appends a handler that sees the errors which no layer is left to see. Layers that the app adds later come after it, so it is appended
 * again, up to a bound; the former ones stay, because a running request counts its way through the list.
 */
function followErrors(router: Router): boolean {
  const { stack } = router
  if (stack === undefined || stack[stack.length - 1]?.handle === lastHandler) return false
  router.use(lastHandler)
  return true
}

const lastHandler: ErrorHandler = ours(function tracingErrors(error, req, _res, next) {
  exchangeOf(req)?.failed(error)
  next(error)
} satisfies ErrorHandler)

function entered(layer: Layer, req: IncomingMessage, host: Host): void {
  try {
    if (isPlain(layer)) return
    const exchange = exchangeOf(req)
    if (exchange !== undefined) enterPath(layer, exchange, req)
  } catch (error) {
    host.failed(error)
  }
}

function replace<F extends (...args: never[]) => unknown>(
  object: object,
  key: string,
  host: Host,
  wrap: (original: F) => F
): void {
  const holder = object as Record<string, unknown>
  const original = holder[key]
  if (typeof original !== 'function') return
  const wrapped = Object.defineProperties(wrap(original as F), {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true }
  })
  holder[key] = wrapped
  host.onClose(() => {
    if (holder[key] === wrapped) holder[key] = original
  })
}
