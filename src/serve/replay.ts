import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Gives an upgrade request that nobody wants back to the server as the plain request it would have been without an 'upgrade' listener: its head is
 * written anew without the offer to upgrade, put before what the socket still holds, and the socket enters as a new connection.
 * The headers that frame the body are copied as they came, so that nothing can be smuggled between the two readings.
 */
export function replay(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  socket.unshift(Buffer.concat([Buffer.from(plainHead(req), 'latin1'), head]))
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket)
}

function plainHead(req: IncomingMessage): string {
  let text = `${req.method} ${req.url} HTTP/${req.httpVersion}\r\n`
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const lower = name.toLowerCase()
    if (lower === 'upgrade' || lower === 'http2-settings') continue
    if (lower !== 'connection') text += `${name}: ${value}\r\n`
    else if (withoutUpgrade(value) !== '') text += `${name}: ${withoutUpgrade(value)}\r\n`
  }
  return `${text}\r\n`
}

function withoutUpgrade(connection: string): string {
  return connection
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !/^(?:upgrade|http2-settings)?$/i.test(token))
    .join(', ')
}
