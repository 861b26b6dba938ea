import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { wrapMethod } from '../watch/patch.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'
import { followLoadedKoa, followMiddleware } from './koa-layers.ts'
import { ours } from './layers.ts'

/** The parts of a Koa context that are read; any Koa 2 or 3 context fits. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  respond?: boolean | undefined
  /** Set by @koa/router and koa-router: the whole path with its prefixes, as it was written. */
  readonly _matchedRoute?: unknown
}

export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<unknown>

/** The middleware of Koa 2 and 3; to be mounted before what it shall see. */
export function koaMiddleware(host: Host): KoaMiddleware {
  host.safely(() => followLoadedKoa(host))
  return ours(async function tracing(
    ctx: KoaContext,
    next: () => Promise<unknown>
  ): Promise<unknown> {
    const entry = host.enter(ctx.req, ctx.res, '', 'koa')
    if (entry === 'answered') {
      // Koa would answer 404 over it.
      ctx.respond = false
      return undefined
    }
    const exchange = exchangeOf(ctx.req)
    const proceed =
      entry === 'as it is' ? next : (): Promise<unknown> => contextStorage.run(entry, next)
    if (exchange === undefined) return proceed()
    // Begun here, or by a traced server before.
    host.safely(() => followContext(ctx, exchange))
    try {
      return await proceed()
    } catch (error) {
      exchange.failed(error)
      throw error
    }
  })
}

/** Follows every application of a Koa module, behind servers that are traced: each makes its contexts by a method that all of them share. */
export function followContexts(host: Host, Koa: unknown): void {
  host.safely(() => {
    const { prototype } = Koa as { readonly prototype: object }
    followMiddleware(host, prototype)
    const undo = wrapMethod(prototype, 'createContext', (original, self, args) => {
      const ctx = Reflect.apply(original, self, args) as KoaContext
      host.safely(() => {
        const exchange = exchangeOf(ctx.req)
        if (exchange === undefined) return
        host.saw('koa')
        followContext(ctx, exchange)
      })
      return ctx
    })
    if (undo !== undefined) host.onClose(undo)
  })
}

type ErrorReporter = (this: KoaContext, error: unknown) => unknown

// A body stream that breaks, and a middleware before ours that throws, report to `ctx.onerror` only. It is shadowed on this one context,
// by a function that all share.
function followContext(ctx: KoaContext, exchange: Exchange): void {
  if (exchange.routing === undefined || exchange.routing.source === ctx) return
  exchange.routing.source = ctx
  Object.defineProperty(ctx, 'onerror', onerror)
}

const onerror: PropertyDescriptor = {
  value: function (this: KoaContext, error: unknown): unknown {
    if (!isDisconnect(error)) exchangeOf(this.req)?.failed(error)
    const shared = (Object.getPrototypeOf(this) as { readonly onerror: ErrorReporter }).onerror
    return shared.call(this, error)
  },
  writable: true,
  configurable: true
}

// Koa hears through it of every answer's end (with no error), and of a client that left, which is no failure.
function isDisconnect(error: unknown): boolean {
  if (error === undefined || error === null) return true
  const { code } = error as { readonly code?: unknown }
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
