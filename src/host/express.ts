import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { exchangeOf } from './exchange.ts'
import { type ExpressApp, FollowedApp } from './express-app.ts'
import type { Host } from './host.ts'
import { ours } from './layers.ts'
import { read } from './read.ts'

interface ExpressRequest extends IncomingMessage {
  readonly app?: ExpressApp
  readonly baseUrl?: string
}

export type ExpressMiddleware = (
  req: IncomingMessage,
  res: ServerResponse,
  next: (error?: unknown) => void
) => void

/** The middleware of Express 4 and 5, and of Connect; to be mounted before what it shall see. */
export function expressMiddleware(host: Host): ExpressMiddleware {
  // An application is told by the prototype that it gives its requests: asking each of them for `app` takes 0.3 us.
  const apps = new WeakMap<object, FollowedApp>()
  function appOf(req: ExpressRequest): FollowedApp {
    const kind = Object.getPrototypeOf(req) as object
    let app = apps.get(kind)
    if (app === undefined) apps.set(kind, (app = new FollowedApp(req.app, host)))
    return app
  }
  return ours(function tracing(
    req: ExpressRequest,
    res: ServerResponse,
    next: (error?: unknown) => void
  ): void {
    const app = appOf(req)
    const entry = host.enter(req, res, read(req, 'baseUrl') ?? '', app.framework)
    if (entry === 'answered') return
    // Outside of every try of ours: what the host throws is the host's.
    if (entry === 'as it is') {
      // Of a request that came by a traced server, the routes are this application's all the same.
      if (exchangeOf(req) !== undefined) app.follow()
      next()
      return
    }
    app.follow()
    contextStorage.run(entry, next)
  })
}
