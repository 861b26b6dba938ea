import type { IncomingMessage } from 'node:http'
import type { Guard } from '../base/safely.ts'
import { type FollowedCall, followChannel } from '../watch/tracing-channel.ts'
import { type Exchange, exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'
import { type OpenLayer, openLayer } from './layers.ts'

/** What Fastify (5.12 and later) says on its channel, as far as it is read. */
interface HandlerMessage {
  readonly request: {
    readonly raw: IncomingMessage
    readonly params?: unknown
    readonly routeOptions?: { readonly handler?: { readonly name?: unknown } }
  }
  readonly route: { readonly url?: unknown }
}

/**
 * Gives the requests of Fastify their route, the errors of their handlers, and a span for the handler. A request that a hook answers before its
 * handler is asked (a login that is missing) has no route: nothing is said of it.
 */
export function followFastify(host: Host, guard: Guard): void {
  const begin = (message: HandlerMessage): FollowedCall | undefined => {
    const { request, route } = message
    const exchange = exchangeOf(request.raw)
    if (exchange === undefined || host.closed) return undefined
    host.saw('fastify')
    if (typeof route.url === 'string') exchange.routing?.matched(route.url, request.raw, request)
    const layer = exchange.layers && openHandler(host, exchange, message)
    return {
      context: layer?.context,
      // One that gives no promise answers some time later: its layer ends with the response.
      succeed: () => layer?.end(),
      fail(error) {
        exchange.failed(error)
        layer?.failed(error)
        layer?.end()
      }
    }
  }
  const undo = followChannel<HandlerMessage>({ guard }, 'fastify.request.handler', begin)
  if (undo !== undefined) host.onClose(undo)
}

function openHandler(
  host: Host,
  exchange: Exchange,
  { request, route }: HandlerMessage
): OpenLayer | undefined {
  const { name: given } = request.routeOptions?.handler ?? {}
  // It binds each handler to the application.
  const own = typeof given === 'string' ? given.replace(/^bound /, '') : ''
  const name = host.name(own === '' ? '<anonymous>' : own)
  const attributes = ['fastify.type', 'request_handler', 'fastify.name', name]
  if (typeof route.url === 'string') attributes.push('http.route', host.name(route.url))
  return openLayer(exchange, { name: `request handler - ${name}`, attributes }, {})
}
