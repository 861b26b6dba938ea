import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import type { Report } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import type { Settings } from './options.ts'
import type { PageServer } from './serve/listen.ts'
import type { ModeDecision } from './serve/mode.ts'
import type { Serve } from './serve/serve.ts'
import type { Watches } from './watches.ts'

interface Announcement {
  readonly serve: Serve
  readonly settings: Settings
  readonly report: Report
  readonly decision: ModeDecision
  readonly pages: PageServer | undefined
  readonly watches: Watches
}

const channel = 'tracing:net.server.listen:asyncEnd'

/**
 * Says once where the page is, who may see it and why, how much memory it may take and what is recorded: when the application's server
 * listens, since its port is not known before. Where the page is off, only what was asked for and not honoured is said.
 */
export function announce({
  serve,
  settings,
  report,
  decision,
  pages,
  watches
}: Announcement): () => void {
  if (decision.mode === 'off') {
    if (decision.warning) report.say(`off: ${decision.why}`)
    return () => {}
  }
  const guard = createGuard('the start line', report)
  const say = (origin: string) => {
    const { address, mode, why } = serve.startLine(origin)
    const on = watches.instrumented.filter((one) => one.on).map((one) => one.name)
    const memory = `${Math.round(settings.memory / 2 ** 20)} MB`
    const who = mode === 'local' ? 'this machine only' : 'with token'
    report.say(`traces at ${address} (${who}: ${why}; at most ${memory}; records ${on.join(', ')})`)
  }
  if (pages !== undefined) {
    void pages.origin.then((origin) => origin !== undefined && guard(() => say(origin)))
    return () => {}
  }
  const onListen = (message: unknown): void => {
    guard(() => {
      const origin = originOf((message as { server?: Server }).server)
      if (origin === undefined) return
      unsubscribe(channel, onListen)
      say(origin)
    })
  }
  subscribe(channel, onListen)
  return () => unsubscribe(channel, onListen)
}

/** Of a server for HTTP on a TCP port; a database's or a debugger's is not where the page is. */
function originOf(server: Server | undefined): string | undefined {
  if (server === undefined || server.listenerCount('request') === 0) return undefined
  const address = server.address()
  if (address === null || typeof address === 'string') return undefined
  // A TLS server hands its sockets on by this event.
  const scheme = server.listenerCount('secureConnection') > 0 ? 'https' : 'http'
  const everywhere =
    address.address === '::' || address.address === '0.0.0.0' || address.address === '127.0.0.1'
  const name = everywhere
    ? 'localhost'
    : address.family === 'IPv6'
      ? `[${address.address}]`
      : address.address
  return `${scheme}://${name}:${address.port}`
}
