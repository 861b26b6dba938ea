import type { Attributes } from '../base/attributes.ts'
import type { KoaMiddleware } from './koa.ts'
import type { LayerSpan } from './layers.ts'
import { routeText } from './template.ts'

/** A middleware; what a router gives to `app.use` carries the router. */
export type Middleware = KoaMiddleware & {
  readonly router?: { readonly stack?: readonly KoaRoute[] }
  /** Koa 2: of a generator that was converted. */
  readonly _name?: unknown
}

/** The parts of a route of @koa/router and koa-router that are read. */
export interface KoaRoute {
  readonly path?: unknown
  /** Empty for what was given to `router.use`. */
  readonly methods?: readonly string[]
  readonly stack?: Middleware[]
}

/** Where a middleware stands: in the application's list, or in that of a route, where the last one answers. */
export class Place {
  readonly route: KoaRoute | undefined
  /** Of a router: how many routes it had when they were looked at. */
  routes = 0
  readonly #name: string
  readonly #answers: boolean
  readonly #redacted: (text: string) => string
  #path: unknown
  #span: LayerSpan | undefined

  constructor(
    fn: Middleware,
    redacted: (text: string) => string,
    { route, last }: { readonly route: KoaRoute | undefined; readonly last: boolean }
  ) {
    const name = fn._name ?? fn.name
    this.#name = redacted(typeof name === 'string' && name !== '' ? name : '<anonymous>')
    this.#redacted = redacted
    this.route = route
    this.#answers = last && (route?.methods?.length ?? 0) > 0
  }

  /** A router may still be given a prefix. */
  get span(): LayerSpan {
    const path = this.route?.path
    if (this.#span === undefined || this.#path !== path) {
      this.#path = path
      this.#span = this.#spanAt(path)
    }
    return this.#span
  }

  #spanAt(path: unknown): LayerSpan {
    const isRoute = (this.route?.methods?.length ?? 0) > 0
    const route = isRoute ? this.#redacted(routeText(path, undefined)) : ''
    const type = this.#answers ? 'router' : 'middleware'
    const name = this.#answers ? route : this.#name
    const attributes: Attributes = ['koa.type', type, 'koa.name', name]
    if (route !== '') attributes.push('http.route', route)
    return { name: this.#redacted(`${type} - ${name}`), attributes }
  }
}
