import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../base/safely.ts'
import { setStreamHeaders } from './headers.ts'
import type { LiveHub } from './live.ts'
import { type Channel, type Frame, isSeq, type LivePage } from './live-page.ts'

export type OpenStream = (
  req: IncomingMessage,
  res: ServerResponse,
  query: string,
  local: boolean
) => void

/**
 * The live page over `GET live`, where a WebSocket cannot pass: HTTP/2 only, and some proxies. What a socket says in messages stands in the
 * query: `since` (else the Last-Event-ID of an earlier connection, else now) and `q`, a filter. A gap is answered by connecting again.
 */
export function createStreams(hub: LiveHub, guard: Guard): OpenStream {
  return (req, res, query, local) => {
    setStreamHeaders(res)
    res.statusCode = 200
    if (req.method === 'HEAD') return void res.end()
    res.flushHeaders()
    const params = new URLSearchParams(query)
    const filter = (params.get('q') ?? '').slice(0, 1024)
    const page: LivePage = hub.join(
      channelOf(res, () => hub.heard(page)),
      local
    )
    res.on('close', () => guard(() => hub.leave(page)))
    if (filter !== '') hub.filter(page, filter)
    const since = Number(params.get('since') ?? req.headers['last-event-id'] ?? Number.NaN)
    hub.since(page, isSeq(since) ? since : Number.MAX_SAFE_INTEGER)
    req.resume()
  }
}

// A stream has no pong: when nothing waits, the last ping has gone through.
function channelOf(res: ServerResponse, heard: () => void): Channel {
  return {
    send: (frame: Frame) => void res.write(frame.stream),
    buffered: () => res.writableLength,
    ping() {
      if (res.writableLength === 0) heard()
      res.write(': ping\n\n')
    },
    close: () => void res.end(),
    terminate: () => void res.destroy()
  }
}
