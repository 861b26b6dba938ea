import type { IncomingMessage, ServerResponse } from 'node:http'
import { contextStorage } from '../context/context.ts'
import { exchangeOf } from './exchange.ts'
import { followErrors, followLayers, type ExpressApp } from './express-app.ts'
import type { Host } from './host.ts'

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
  const lastLayers = new WeakMap<ExpressApp, number>()
  return function tracing(req: ExpressRequest, res, next) {
    const app = req.app
    const framework = app === undefined ? 'connect' : app._router ? 'express 4' : 'express 5'
    const entry = host.enter(req, res, req.baseUrl ?? '', framework)
    if (entry === 'answered') return
    if (app !== undefined && exchangeOf(req) !== undefined && !host.closed) {
      host.safely(() => {
        followLayers(app, host)
        followErrors(app, lastLayers)
      })
    }
    // Outside of every try of ours: what the host throws is the host's.
    if (entry === 'as it is') next()
    else contextStorage.run(entry, next)
  }
}
