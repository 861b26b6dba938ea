import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'
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

/** One entry of a router's list: a route, or something mounted. Those inside a route are layers, too, without a `route` of their own. */
interface Layer {
  readonly handle?: unknown
  readonly route?: { readonly path?: unknown } | undefined
  /** Express 5: mounted at `/`. */
  readonly slash?: boolean
  /** Express 4. */
  readonly regexp?: { readonly fast_slash?: boolean }
  /** The path as it was written; router 2.3 and later. */
  readonly rawPath?: unknown
}

type Next = (error?: unknown) => void
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
 * Sees routes and errors where Express itself decides about them: in the two methods that every layer of an Express copy shares. They are
 * found through the app's own layers, so neither import order nor the module's form matters, and routers that are mounted later are
 * covered. Measured against accessors for `params`, `baseUrl` and `route` on each request: those take 4 us a request, this 0.1, and the
 * request keeps plain properties. router 2.3's diagnostics channel would allocate for every layer and is not in Express 4.
 */
function followLayers(router: Router, host: Host): void {
  const layer = router.stack?.[0]
  if (layer === undefined) return
  const shared = Object.getPrototypeOf(layer) as Record<string, unknown>
  const handle = 'handle_request' in shared ? 'handle_request' : 'handleRequest'
  if (isOurs(shared[handle])) return
  replace<Handle>(shared, handle, host, (original) => {
    return function (this: Layer, req, res, next) {
      if (!isPlain(this)) entered(this, req, host)
      return original.call(this, req, res, next)
    }
  })
  const handleError = 'handle_error' in shared ? 'handle_error' : 'handleError'
  replace<HandleError>(shared, handleError, host, (original) => {
    return function (this: Layer, error, req, res, next) {
      exchangeOf(req)?.failed(error)
      return original.call(this, error, req, res, next)
    }
  })
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

const lastHandler: ErrorHandler = function tracingErrors(error, req, _res, next) {
  exchangeOf(req)?.failed(error)
  next(error)
}

// Most layers are middleware mounted at the root or handlers inside a route: they tell nothing about the path.
function isPlain(layer: Layer): boolean {
  if (layer.route !== undefined) return false
  return layer.slash === true || layer.regexp?.fast_slash === true || !('route' in layer)
}

function entered({ route, rawPath }: Layer, req: IncomingMessage, host: Host): void {
  try {
    const routing = exchangeOf(req)?.routing
    if (route === undefined) routing?.enterMount(req, rawPath)
    else routing?.enterRoute(req, route.path)
  } catch (error) {
    host.failed(error)
  }
}

const mark: unique symbol = Symbol('spanlight')

function isOurs(fn: unknown): boolean {
  return typeof fn === 'function' && mark in fn
}

function replace<F extends (...args: never[]) => unknown>(
  object: Record<string, unknown>,
  key: string,
  host: Host,
  wrap: (original: F) => F
): void {
  const original = object[key]
  if (typeof original !== 'function' || isOurs(original)) return
  const wrapped = Object.defineProperties(wrap(original as F), {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
    [mark]: { value: true }
  })
  object[key] = wrapped
  host.onClose(() => {
    if (object[key] === wrapped) object[key] = original
  })
}
