import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'

/** What Fastify (5.12 and later) says on its channel, as far as it is read. */
interface HandlerMessage {
  readonly request: { readonly raw: IncomingMessage; readonly params?: unknown }
  readonly route: { readonly url?: unknown }
  readonly error?: unknown
}

const channel = 'tracing:fastify.request.handler'

/**
 * Gives the requests of Fastify their route, and the errors of their handlers. A request that a hook answers before its handler is asked (a login that is
 * missing) has no route: nothing is said of it.
 */
export function followFastify(host: Host): void {
  const onStart = (message: unknown): void => {
    host.safely(() => {
      const { request, route } = message as HandlerMessage
      const routing = exchangeOf(request.raw)?.routing
      if (routing === undefined || typeof route.url !== 'string') return
      host.saw('fastify')
      routing.matched(route.url, request.raw, request)
    })
  }
  const onError = (message: unknown): void => {
    host.safely(() => {
      const { request, error } = message as HandlerMessage
      exchangeOf(request.raw)?.failed(error)
    })
  }
  subscribe(`${channel}:start`, onStart)
  subscribe(`${channel}:error`, onError)
  host.onClose(() => {
    unsubscribe(`${channel}:start`, onStart)
    unsubscribe(`${channel}:error`, onError)
  })
}
