import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Report } from '../base/report.ts'
import { tracedServer } from '../base/traced-server.ts'
import type { Serve } from './serve.ts'

export interface ListenSetup {
  readonly serve: Serve
  /** The `path` option. */
  readonly path: string
  readonly port: number
  /** @default '127.0.0.1' */
  readonly host: string
  readonly report: Report
}

export interface PageServer {
  /** `http://127.0.0.1:4319`; undefined when the port could not be had. */
  readonly origin: Promise<string | undefined>
  close(): void
}

/**
 * The page on a port of its own: scripts of the host's pages share no origin with it, and a proxy in front of the host does not reach it. Keeps
 * no process alive, and a port that is taken is said, not thrown.
 */
export function listenForPages({ serve, path, port, host, report }: ListenSetup): PageServer {
  const server = createServer((req, res) => {
    serve.observe(req)
    if (serve.handle(req, res, '')) return
    const atRoot = req.url === '/'
    res.writeHead(atRoot ? 302 : 404, {
      'Cache-Control': 'no-store',
      ...(atRoot && { Location: `${path.slice(1)}/` })
    })
    res.end()
  })
  Object.defineProperty(server, tracedServer, { value: true })
  const origin = new Promise<string | undefined>((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      report.say(
        error.code === 'EADDRINUSE'
          ? `the page's own port ${port} is taken: choose another one with listen: { port }`
          : `the page's own port ${port} could not be opened: ${error.code ?? error.message}`
      )
      resolve(undefined)
    })
    server.listen(port, host, () => resolve(originOf(server.address() as AddressInfo)))
  })
  // Neither the listening nor a connected page keeps the host's process alive.
  server.on('connection', (socket) => socket.unref())
  server.unref()
  return {
    origin,
    close() {
      server.close()
      server.closeAllConnections()
    }
  }
}

function originOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
