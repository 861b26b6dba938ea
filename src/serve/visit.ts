import type { IncomingMessage } from 'node:http'
import type { Door, Visit } from './gate.ts'

export function visitOf(req: IncomingMessage, door: Door): Visit {
  return {
    door,
    method: req.method ?? '',
    headers: req.headers,
    rawHeaders: req.rawHeaders,
    http10: req.httpVersionMajor === 1 && req.httpVersionMinor === 0,
    peer: req.socket.remoteAddress,
    encrypted: 'encrypted' in req.socket && req.socket.encrypted === true,
    upgrade: door === 'live' && isHandshake(req)
  }
}

// By its key too: where Node took the upgrade for nobody's, the request comes back without the offer.
export function isHandshake({ headers }: IncomingMessage): boolean {
  return (
    headers.upgrade?.toLowerCase() === 'websocket' || headers['sec-websocket-key'] !== undefined
  )
}
