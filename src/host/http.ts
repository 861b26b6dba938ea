import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { tracedServer } from '../base/traced-server.ts'
import { type Context, contextStorage } from '../context/context.ts'
import { exchangeOf } from './exchange.ts'
import type { Host } from './host.ts'
import { ServedApps } from './served-apps.ts'
import type { Framework } from './setup.ts'

type Emit = (...args: unknown[]) => boolean

export type AnyServer = Server | HttpsServer | Http2Server | Http2SecureServer

/** A request listener of any arity and result, as `http.createServer` and its kin take it. */
export type Listener = (req: never, res: never) => unknown

/**
 * Traces a bare server. Of a request listener it gives one of the same type, name and length; a server (http, https, or http2 with its
 * compatible API) is traced in place and given back, until the host is closed.
 */
export function traced<T extends Listener | AnyServer>(host: Host, target: T): T {
  if (typeof target === 'function') return tracedListener(host, target) as T
  traceServer(host, target)
  return target
}

function tracedListener(host: Host, listener: Listener): Listener {
  const served: Served = { host, apps: new ServedApps(host, () => [listener]) }
  const wrapped = function (this: unknown, req: IncomingMessage, res: ServerResponse): unknown {
    return serve(served, req, res, undefined, () => Reflect.apply(listener, this, [req, res]))
  }
  return Object.defineProperties(wrapped, {
    name: { value: listener.name, configurable: true },
    length: { value: listener.length, configurable: true }
  })
}

// Node emits one of the latter two instead of 'request' where the app listens to them; the app then often emits 'request' itself, which is
// the same exchange.
const requestEvents: ReadonlySet<unknown> = new Set([
  'request',
  'checkContinue',
  'checkExpectation'
])

// `emit` is replaced, not a listener added: all listeners of the server run in the request's context, whatever their order.
function traceServer(host: Host, server: AnyServer & { [tracedServer]?: boolean }): void {
  if (server[tracedServer] === true) return
  const own = Object.getOwnPropertyDescriptor(server, 'emit')
  const original = server.emit as Emit
  const served: Served = { host, apps: new ServedApps(host, () => server.listeners('request')) }
  const emit = function (this: unknown, ...args: unknown[]): boolean {
    if (!requestEvents.has(args[0]) || host.closed) return Reflect.apply(original, this, args)
    const [, req, res] = args as [string, IncomingMessage, ServerResponse]
    return serve(served, req, res, true, () => Reflect.apply(original, this, args))
  }
  Object.defineProperty(server, tracedServer, { value: true, configurable: true })
  Object.defineProperty(server, 'emit', { value: emit, writable: true, configurable: true })
  host.onClose(() => {
    delete server[tracedServer]
    // Wrapped over by another since: ours stays beneath it, and does nothing any more.
    if (server.emit !== (emit as unknown)) return
    if (own === undefined) delete (server as Partial<AnyServer>).emit
    else Object.defineProperty(server, 'emit', own)
  })
}

interface Served {
  readonly host: Host
  readonly apps: ServedApps
}

function serve<R>(
  { host, apps }: Served,
  req: IncomingMessage,
  res: ServerResponse,
  answered: R,
  listener: () => R
): R {
  const entry = host.enter(req, res, '', frameworkOf(req))
  if (entry === 'answered') return answered
  if (entry === 'as it is') return listener()
  apps.follow()
  const result = runIn(host, req, entry, listener)
  apps.look(req)
  return result
}

// No catch: an exception that is caught and thrown again would be printed with our line, not the host's.
function runIn<R>(host: Host, req: IncomingMessage, context: Context, listener: () => R): R {
  let returned = false
  try {
    const result = contextStorage.run(context, listener)
    returned = true
    return result
  } finally {
    if (!returned) {
      const exchange = exchangeOf(req)
      if (exchange !== undefined) host.threw(exchange)
    }
  }
}

function frameworkOf(req: IncomingMessage): Framework {
  if (req.httpVersionMajor >= 2) return 'http2'
  return (req.socket as { readonly encrypted?: boolean } | undefined)?.encrypted === true
    ? 'https'
    : 'http'
}
