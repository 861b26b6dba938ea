import type { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import type * as Ws from 'ws'
import type { RawData, WebSocket, WebSocketServer } from 'ws'
import { liveProtocol } from '../wire/live.ts'
import type { Guard } from '../base/safely.ts'
import type { Refusal } from './gate.ts'
import { refusalHeaders } from './headers.ts'
import type { LiveHub } from './live.ts'
import type { Channel, Frame } from './live-page.ts'

const maxMessageBytes = 16 * 1024
const closeMs = 250

/** WebSocket pages of a hub. Only handshakes that passed the gate come here. */
export class LiveSockets {
  readonly #hub: LiveHub
  readonly #guard: Guard
  #server: WebSocketServer | undefined

  constructor(hub: LiveHub, guard: Guard) {
    this.#hub = hub
    this.#guard = guard
  }

  accept(req: IncomingMessage, socket: Duplex, head: Buffer, local: boolean): void {
    this.#server ??= createServer()
    this.#server.handleUpgrade(req, socket, head, (ws) => this.#connect(ws, local))
  }

  #connect(ws: WebSocket, local: boolean): void {
    // Without this listener one bad frame of a page ends the host's process.
    ws.on('error', () => ws.terminate())
    const page = this.#hub.join(channelOf(ws), local)
    ws.on('message', (data: RawData, binary: boolean) => {
      this.#guard(() => {
        if (binary) ws.close(1003, 'text only')
        else this.#hub.receive(page, textOf(data))
      })
    })
    ws.on('pong', () => this.#guard(() => this.#hub.heard(page)))
    ws.on('close', () => this.#guard(() => this.#hub.leave(page)))
  }
}

// Loaded when the first page connects: 27 ms that a server without one need not pay.
function createServer(): WebSocketServer {
  const { WebSocketServer } = createRequire(import.meta.url)('ws') as typeof Ws
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // 241 KiB a page with it, 15 KiB without.
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // Never the one that carries the token: an answer repeats what is chosen.
    handleProtocols: (protocols) => (protocols.has(liveProtocol) ? liveProtocol : false)
  })
}

function channelOf(ws: WebSocket): Channel {
  return {
    send: (frame: Frame) => ws.send(frame.socket, { binary: false }, ignore),
    buffered: () => ws.bufferedAmount,
    ping: () => ws.ping(ignore),
    close(code, reason) {
      ws.close(code, reason)
      // A page that reads nothing would never answer, and hold the host's server.close() up.
      setTimeout(() => ws.terminate(), closeMs).unref()
    },
    terminate: () => ws.terminate()
  }
}

/** Answers a handshake that the gate refused, and ends its socket. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const { status, error, hint } = refusal
  const body = JSON.stringify(hint === '' ? { error } : { error, hint })
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...refusalHeaders.map(([name, value]) => `${name}: ${value}`)
  ]
  if (status === 401) head.push('WWW-Authenticate: Bearer')
  if (status === 429 || status === 503) head.push('Retry-After: 60')
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable'
}

function textOf(data: RawData): string {
  return Array.isArray(data)
    ? Buffer.concat(data).toString('utf8')
    : Buffer.from(data as Buffer).toString('utf8')
}

// A callback keeps a failed write from being thrown; the 'close' event tells of it.
function ignore(): void {}
