import { createRequire } from 'node:module'
import { contextStorage } from '../context/context.ts'
import { type Callable, standInFor, wrapMethod } from '../watch/patch.ts'
import { exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'
import type { KoaContext } from './koa.ts'
import { type KoaRoute, type Middleware, Place } from './koa-place.ts'
import { isOurs, type OpenLayer, openLayer } from './layers.ts'

/**
 * The middleware of Koa as spans, each around the whole of it, so that what its own code takes is the span's own time. Koa composes its
 * list when `callback()` is called, koa-compose 4.2 from a copy of it: so it is then that each function is replaced by one that looks the same.
 */
export function followMiddleware(host: Host, prototype: object): void {
  if (host.layers === undefined || host.closed || !host.claims(prototype)) return
  const layers = new KoaLayers(host)
  const undo = wrapMethod(prototype, 'callback', (original, app, args) => {
    host.safely(() => layers.replaceIn((app as { readonly middleware?: unknown }).middleware))
    return Reflect.apply(original, app, args)
  })
  if (undo !== undefined) host.onClose(undo)
}

/** The same for Koa's class as it is found among the modules that are loaded, before an application can use us; a bundled one is not found. */
export function followLoadedKoa(host: Host): void {
  for (const prototype of loadedKoa()) followMiddleware(host, prototype)
}

// Every copy and version has its class in a module of that name, as Express has something else.
const applicationModule = /[\\/]lib[\\/]application\.js$/

function loadedKoa(): object[] {
  const { cache } = createRequire(import.meta.url)
  return Object.keys(cache)
    .filter((file) => applicationModule.test(file))
    .map((file) => (cache[file]?.exports as { readonly prototype?: unknown })?.prototype)
    .filter((kind): kind is object => typeof kind === 'object' && kind !== null)
    .filter((kind) => ['callback', 'createContext', 'handleRequest'].every((name) => name in kind))
}

/** What a function was that was replaced, and by whom. */
interface Replaced {
  readonly original: Middleware
  readonly place: Place
  readonly by: KoaLayers
}

const replaced: unique symbol = Symbol.for('spanlight.replaced') as never

class KoaLayers {
  readonly #host: Host

  constructor(host: Host) {
    this.#host = host
  }

  /** Replaces the functions of an application's list, or of a route's. */
  replaceIn(list: unknown, route?: KoaRoute): void {
    if (!Array.isArray(list)) return
    let changed = false
    for (const [i, fn] of (list as unknown[]).entries()) {
      if (typeof fn !== 'function' || isOurs(fn)) continue
      const found = (fn as { readonly [replaced]?: Replaced })[replaced]
      // A route of a nested router is copied with its functions, and by now has another path.
      if (found?.by === this && found.place.route === route) continue
      const original = found?.original ?? (fn as Middleware)
      const place = new Place(original, (text) => this.#host.name(text), {
        route,
        last: i === list.length - 1
      })
      list[i] = this.#layerOf(original, place)
      changed = true
    }
    if (!changed) return
    // Held weakly: an application may go before the recorder does.
    const held = new WeakRef<unknown[]>(list)
    this.#host.onClose(() => this.#restore(held.deref() ?? []))
  }

  #restore(list: unknown[]): void {
    for (const [i, fn] of list.entries()) {
      const found = (fn as { readonly [replaced]?: Replaced })[replaced]
      if (found?.by === this) list[i] = found.original
    }
  }

  #layerOf(original: Middleware, place: Place): Callable {
    const layer = standInFor(original as Callable, (_original, self, args) => {
      const open = this.#enter(original, place, args[0] as KoaContext | undefined)
      return open === undefined
        ? Reflect.apply(original as Callable, self, args)
        : this.#run(open, original as Callable, self, args)
    })
    const value: Replaced = { original, place, by: this }
    return Object.defineProperty(layer, replaced, { value })
  }

  #enter(original: Middleware, place: Place, ctx: KoaContext | undefined): OpenLayer | undefined {
    try {
      const exchange = ctx?.req && exchangeOf(ctx.req)
      if (exchange?.layers === undefined) return undefined
      // A router's routes are layers, not the router; they are looked for again when there are more.
      const { stack } = original.router ?? {}
      if (Array.isArray(stack)) {
        if (place.routes === stack.length) return undefined
        place.routes = stack.length
        for (const route of stack as KoaRoute[]) this.replaceIn(route.stack, route)
        return undefined
      }
      const context = exchange.lost ? (exchange.layer ?? exchange).context : undefined
      return openLayer(exchange, place.span, {}, context)
    } catch (error) {
      this.#host.failed(error)
      return undefined
    }
  }

  #run(layer: OpenLayer, original: Callable, self: unknown, args: unknown[]): unknown {
    const fail = (error: unknown): never => {
      this.#host.safely(() => layer.failed(error))
      this.#end(layer)
      throw error
    }
    let result: unknown
    let then: unknown
    try {
      result = contextStorage.run(layer.context, Reflect.apply, original, self, args)
      then = (result as { readonly then?: unknown } | undefined)?.then
    } catch (error) {
      return fail(error)
    }
    if (typeof then !== 'function') {
      this.#end(layer)
      return result
    }
    // Its outcome is handed on in a promise of its own, so that a rejection nobody handles is still one.
    const done = (value: unknown): unknown => {
      this.#end(layer)
      return value
    }
    return Reflect.apply(then, result, [done, fail]) as unknown
  }

  #end(layer: OpenLayer): void {
    try {
      layer.end()
    } catch (error) {
      this.#host.failed(error)
    }
  }
}
