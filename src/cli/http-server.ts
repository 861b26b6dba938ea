import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { tracedServer } from '../base/traced-server.ts'
import { type Hub, mountPath } from './hub.ts'

/** A server that is not listening yet; `below` says which address below the mount path answers instead of the one that was asked for. */
export function httpServer(
  { serve, report, afterRequest }: Hub,
  below: (url: string) => string | undefined
): Server {
  const server = createServer((req, res) => {
    const url = req.url ?? ''
    if (/^\/v1\/(?:metrics|logs)/.test(url))
      report.once(
        'a service sends metrics or logs, which are not taken; there: OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none'
      )
    const address = below(url)
    if (address !== undefined) req.url = address
    const taken = address !== undefined && serve.handle(req, res, '')
    if (!taken) serve.observe(req)
    afterRequest()
    if (taken) return
    // Not what is sent: an exporter that was given no path would follow to the page, and take its 200 for an answer.
    const asks = req.method === 'GET' || req.method === 'HEAD'
    elsewhere(req, res, asks && url === '/' && below(`${mountPath}/`) !== undefined)
  })
  // A hub that is started with spanlight/register in NODE_OPTIONS records itself no more than any other.
  Object.defineProperty(server, tracedServer, { value: true })
  return server
}

function elsewhere(req: IncomingMessage, res: ServerResponse, toPage: boolean): void {
  req.resume()
  res.writeHead(toPage ? 302 : 404, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Type': 'text/plain; charset=utf-8',
    ...(toPage && { Location: `${mountPath.slice(1)}/` })
  })
  res.end(toPage ? '' : 'no such address; see docs/hub.md\n')
}
