import { IncomingMessage } from 'node:http'
import { type ExpressApp, FollowedApp } from './express-app.ts'
import type { Host } from './host.ts'

interface ExpressFunction extends ExpressApp {
  /** The prototype that it gives its requests. */
  readonly request: object
}

// A listener that makes an application of each reload must not keep them all.
const maxApps = 16

/**
 * Applications of Express that a bare server hands its requests to. One that is the server's own listener is known before its first request;
 * one that a listener calls (`(req, res) => app(req, res)`) shows by the prototype that it has given to a request.
 */
export class ServedApps {
  readonly #host: Host
  readonly #apps: FollowedApp[] = []
  readonly #kinds = new Set<object>([IncomingMessage.prototype])
  readonly #listeners: () => readonly unknown[]
  #looked = false

  constructor(host: Host, listeners: () => readonly unknown[]) {
    this.#host = host
    this.#listeners = listeners
  }

  /** To be called before a request is handed on. */
  follow(): void {
    if (!this.#looked) {
      this.#looked = true
      this.#host.safely(() => this.#listeners().forEach((listener) => this.#add(listener)))
    }
    for (const app of this.#apps) app.follow()
  }

  /** To be called once the listeners have run. */
  look(req: IncomingMessage): void {
    const kind = Object.getPrototypeOf(req) as object
    if (this.#kinds.has(kind) || this.#apps.length === maxApps) return
    this.#host.safely(() => this.#add((req as { readonly app?: unknown }).app))
  }

  #add(app: unknown): void {
    if (!isExpress(app) || this.#kinds.has(app.request)) return
    const followed = new FollowedApp(app, this.#host)
    this.#kinds.add(app.request)
    this.#apps.push(followed)
    this.#host.saw(followed.framework)
  }
}

function isExpress(app: unknown): app is ExpressFunction {
  if (typeof app !== 'function') return false
  const { handle, settings, request } = app as {
    handle?: unknown
    settings?: unknown
  } & Partial<ExpressFunction>
  return typeof handle === 'function' && typeof settings === 'object' && typeof request === 'object'
}
