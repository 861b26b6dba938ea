import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse
} from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { tracedServer } from '../base/traced-server.ts'

export interface ReceptionSetup {
  /** What the other side must know. */
  readonly check: string
  readonly onLink: (socket: Socket) => void
  /** `visa` is what the other worker has found out about the request. */
  readonly onRequest: (req: IncomingMessage, res: ServerResponse, visa: unknown) => void
  readonly onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, visa: unknown) => void
  readonly run: <T>(fn: () => T) => T | undefined
}

const maxLine = 4096
const lineMs = 1000

/**
 * Takes the connections of a family's socket: the first line says whether a worker joins, or a page's request follows that a worker has let in.
 * The HTTP server never listens by itself.
 */
export function createReception(setup: ReceptionSetup): Server {
  const visas = new WeakMap<object, unknown>()
  const visaOf = (req: IncomingMessage): unknown => visas.get(req.socket)
  const http = createHttpServer((req, res) =>
    setup.run(() => setup.onRequest(req, res, visaOf(req)))
  )
  http.on('upgrade', (req, socket, head) =>
    setup.run(() => setup.onUpgrade(req, socket, head, visaOf(req)))
  )
  Object.defineProperty(http, tracedServer, { value: true })

  return createServer((socket) => {
    socket.unref()
    socket.on('error', () => socket.destroy())
    let read = Buffer.alloc(0)
    const late = setTimeout(() => socket.destroy(), lineMs).unref()
    const onData = (data: Buffer): void => {
      read = Buffer.concat([read, data])
      const end = read.indexOf(10)
      if (end === -1 && read.length < maxLine) return
      clearTimeout(late)
      socket.off('data', onData)
      const [name, kind, check, ...more] = read.toString('latin1', 0, Math.max(end, 0)).split(' ')
      if (name !== 'spanlight' || check !== setup.check) return void socket.destroy()
      socket.pause()
      if (read.length > end + 1) socket.unshift(read.subarray(end + 1))
      const taken = setup.run(() => {
        if (kind === 'link') setup.onLink(socket)
        else {
          visas.set(socket, JSON.parse(more.join(' ')))
          http.emit('connection', socket)
        }
        return true
      })
      if (taken === undefined) socket.destroy()
      else socket.resume()
    }
    socket.on('data', onData)
  })
}
