// `node --import spanlight/register app.js`: every server for HTTP that this process has is traced and serves the page, without a change to the
// application. Many a process under NODE_OPTIONS has none, npm and tsc among them: so this file is small, and loads the rest for the first server or
// the first library that is to be watched.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import { createReport } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import { tracedServer } from './base/traced-server.ts'
import type { Tracing } from './handles.ts'
import type { AnyServer } from './host/http.ts'
import type * as entry from './index.ts'
import { honoRouters } from './hono-routers.ts'
import { followLoads, loadedSqlite } from './module-loads.ts'
import { currentTracing, processWide, type Registration, registrationPlace } from './places.ts'
import { moduleNames } from './watch/instrument.ts'

// Before it listens, so that the start line can wait for the port; a server that is handed its sockets (a sticky cluster) never listens, and shows by its
// first request, before its listeners are called.
const channels = ['tracing:net.server.listen:asyncStart', 'http.server.request.start']

const maxFound = 256

class Register implements Registration {
  early: Tracing | undefined
  readonly #guard = createGuard('spanlight/register', createReport())
  readonly #found: { readonly name: string; readonly module: unknown }[] = []
  readonly #undo: (() => void)[]
  #serving = false

  constructor() {
    const onServer = (message: unknown): void => {
      this.#guard(() => {
        // A channel is anybody's in the process.
        const { server } = (message ?? {}) as { readonly server?: AnyServer }
        if (typeof server === 'object' && !(tracedServer in server)) this.#serve(server)
      })
    }
    for (const channel of channels) subscribe(channel, onServer)
    const names = new Set([...moduleNames, 'koa'])
    this.#undo = [
      followLoads(names, (name, module) => this.#guard(() => this.#watch(name, module))),
      ...channels.map((channel) => () => void unsubscribe(channel, onServer))
    ]
  }

  made(tracing: Tracing): void {
    for (const { name, module } of this.#found) tracing.handOver(name, module)
  }

  stop(): void {
    for (const undo of this.#undo) undo()
    this.#found.length = 0
    processWide[registrationPlace] = undefined
  }

  #serve(server: AnyServer): void {
    if (!isHttp(server)) return
    if (!this.#serving) {
      this.#serving = true
      const sqlite = loadedSqlite()
      if (sqlite !== undefined) this.#watch('node:sqlite', sqlite)
      void honoRouters().then((routers) => currentTracing()?.handOver('hono', routers))
    }
    this.early = undefined
    const tracing = currentTracing() ?? start()
    // Nobody could see anything: then nothing is to be left behind.
    if (tracing.host.closed) this.stop()
    else tracing.traced(server)
  }

  // What a client sends at once (a connection, a subscription) and what is made with it (a prepared statement) must not be missed, and an application of Koa
  // composes its middleware before its server listens: so the first one of these libraries starts the recorder, long before that.
  #watch(name: string, module: unknown): void {
    // A program that loads its libraries anew and anew must not have us keep each copy.
    if (this.#found.length >= maxFound) return
    this.#found.push({ name, module })
    const tracing = currentTracing()
    if (tracing !== undefined) tracing.handOver(name, module)
    else if (moduleNames.has(name) || name === 'koa') this.early = start()
  }
}

/** Synchronously: a server that waited for an import would answer its first requests without us. */
function start(): Tracing {
  const { tracing } = createRequire(import.meta.url)('./index.js') as typeof entry
  tracing()
  return currentTracing() as Tracing
}

/** Of Node's servers those for HTTP have a time limit, and nobody else's. To ask for their classes would load them. */
function isHttp(server: AnyServer): boolean {
  return typeof server.setTimeout === 'function'
}

processWide[registrationPlace] ??= new Register()
