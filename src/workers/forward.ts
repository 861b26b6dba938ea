import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** 'lost': the connection broke before an answer came, and what the request brought is gone with it. */
export type Forwarded = 'answered' | 'not sent' | 'lost'

// Of one connection only (RFC 9110 section 7.6.1), and what the next connection says by itself.
const hopByHop =
  /^(?::.*|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|http2-settings|expect)$/i

/** Hands requests for the page on to the keeper's socket, each by a connection of its own. */
export class Forwarder {
  readonly #address: string
  readonly #open = new Set<Socket>()

  constructor(address: string) {
    this.#address = address
  }

  /** Connections that are open: for as long as there are any, the keeper's silence matters. */
  get size(): number {
    return this.#open.size
  }

  /** `path` is what follows the mount path. */
  async request(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    line: string
  ): Promise<Forwarded> {
    // Somebody has read the body already: it cannot be sent.
    const bodiless = req.method === 'GET' || req.method === 'HEAD'
    if (!bodiless && req.readableEnded) return 'not sent'
    const socket = await this.#connect(line)
    if (socket === undefined) return 'not sent'
    return new Promise((resolve) => {
      const onward = request({
        createConnection: () => socket,
        method: req.method ?? 'GET',
        path,
        headers: { host: 'localhost', ...withoutHops(req.headers) }
      })
      onward.on('response', (answer) => {
        res.statusCode = answer.statusCode ?? 502
        for (const [name, value] of Object.entries(withoutHops(answer.headers)))
          res.setHeader(name, value)
        answer.on('error', () => res.destroy())
        answer.pipe(res)
        resolve('answered')
      })
      onward.on('error', () => {
        if (res.headersSent) res.destroy()
        resolve(bodiless ? 'not sent' : 'lost')
      })
      res.on('close', () => {
        socket.destroy()
        resolve('answered')
      })
      if (bodiless) onward.end()
      else req.pipe(onward)
    })
  }

  /** A WebSocket handshake; false when it was not sent. */
  async upgrade(
    req: IncomingMessage,
    client: Duplex,
    head: Buffer,
    line: string
  ): Promise<boolean> {
    const socket = await this.#connect(line)
    if (socket === undefined) return false
    const lines = [`GET /live HTTP/1.1`]
    const { rawHeaders } = req
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      lines.push(`${rawHeaders[i] as string}: ${rawHeaders[i + 1] as string}`)
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (head.length > 0) socket.write(head)
    socket.pipe(client)
    client.pipe(socket)
    client.on('close', () => socket.destroy())
    socket.on('close', () => client.destroy())
    return true
  }

  /** Ends all: their pages connect anew. */
  close(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #connect(line: string): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect(this.#address)
      socket.on('error', () => {
        socket.destroy()
        resolve(undefined)
      })
      socket.on('close', () => this.#open.delete(socket))
      socket.on('connect', () => {
        this.#open.add(socket)
        socket.write(`${line}\n`)
        resolve(socket)
      })
    })
  }
}

function withoutHops(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopByHop.test(name)) kept[name] = value
  return kept
}
