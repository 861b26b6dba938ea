import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { exchangeOf } from './exchange.ts'
import { enterPath, ExpressLayers, isPlain, type Layer, type Next } from './express-layers.ts'
import type { Host } from './host.ts'
import { ours } from './layers.ts'
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
      const layer = exchange && layers?.enterWithError(this, exchange, req, next)
      if (layer === undefined || layers === undefined)
        return original.call(this, error, req, res, next)
      const leave = layers.nextOf(layer, next)
      return contextStorage.run(
        layer.context,
        callWithError,
        original,
        this,
        error,
        req,
        res,
        leave
      )
    }
  })
}

function routesOnly(original: Handle, host: Host): Handle {
  return function (this: Layer, req, res, next) {
    if (!isPlain(this)) entered(this, req, host)
    return original.call(this, req, res, next)
  }
}

function inLayers(original: Handle, host: Host, layers: ExpressLayers): Handle {
  return function (this: Layer, req, res, next) {
    // Closed, but left where it is because somebody has wrapped it since.
    const exchange = host.closed ? undefined : exchangeOf(req)
    const layer = exchange && layers.enter(this, exchange, req, next)
    if (layer === undefined) return original.call(this, req, res, next)
    const leave = layers.nextOf(layer, next)
    return contextStorage.run(layer.context, call, original, this, req, res, leave)
  }
}

// Functions of their own, so that no request makes a closure for them.
function call(
  original: Handle,
  layer: Layer,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next
): unknown {
  return original.call(layer, req, res, next)
}

function callWithError(
  original: HandleError,
  layer: Layer,
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  next: Next
): unknown {
  return original.call(layer, error, req, res, next)
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
