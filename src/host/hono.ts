import type { IncomingMessage } from 'node:http'
import { wrapMethod } from '../watch/patch.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'

/** The parts of Hono's context that are read; `env` is that of @hono/node-server. */
interface HonoContext {
  readonly env?: { readonly incoming?: IncomingMessage }
  readonly req: { param(): unknown }
}

type Callable = (this: unknown, ...args: unknown[]) => unknown

interface HonoRoute {
  readonly path?: unknown
  readonly method?: unknown
}

/**
 * Follows Hono by its routers, whose `add(method, path, [handler, route])` is its public interface: the router that was chosen gets every route anew for the
 * first request of an application. There is no channel, and everything else that takes part is private or bound for good when Hono is imported.
 */
export function followRouters(host: Host, routers: readonly unknown[]): void {
  for (const router of routers) {
    host.safely(() => {
      // A module of routers has functions, too.
      const prototype = (router as { readonly prototype?: object } | undefined)?.prototype
      if (prototype === undefined) return
      const undo = wrapMethod(prototype, 'add', (original, self, args) => {
        const [method, path, entry] = args
        const followed = host.safely(() => follow(host, entry)) ?? entry
        return Reflect.apply(original, self, [method, path, followed])
      })
      if (undo !== undefined) host.onClose(undo)
    })
  }
}

function follow(host: Host, entry: unknown): unknown {
  const [handler, route] = entry as [unknown, HonoRoute | undefined]
  if (typeof handler !== 'function' || typeof route?.path !== 'string') return undefined
  // Also a handler of all methods below a path has this form, which mostly takes no `next`.
  const passes = route.method === 'ALL' && route.path.endsWith('*') && handler.length > 1
  const path = passes ? undefined : route.path
  return [followHandler(host, handler as Callable, path), route]
}

function followHandler(host: Host, handler: Callable, path: string | undefined): Callable {
  return function (this: unknown, ...args) {
    const exchange = host.closed ? undefined : host.safely(() => enter(host, args[0], path))
    if (exchange === undefined) return Reflect.apply(handler, this, args)
    let result: unknown
    try {
      result = Reflect.apply(handler, this, args)
    } catch (error) {
      exchange.failed(error)
      throw error
    }
    // Hono handles the rejection itself.
    if (result instanceof Promise) result.catch((error: unknown) => exchange.failed(error))
    return result
  }
}

function enter(host: Host, context: unknown, path: string | undefined): Exchange | undefined {
  const { env, req } = context as HonoContext
  const exchange = env?.incoming && exchangeOf(env.incoming)
  if (exchange === undefined || env?.incoming === undefined) return undefined
  host.saw('hono')
  if (path === undefined) return exchange
  exchange.routing?.matched(path, env.incoming, {
    get params() {
      return req.param()
    }
  })
  return exchange
}
