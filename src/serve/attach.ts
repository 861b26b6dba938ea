import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Guard } from '../base/safely.ts'
import { replay } from './replay.ts'

export interface AttachSetup {
  readonly guard: Guard
  /** A WebSocket handshake for one of our addresses; the caller owns the socket from here on. */
  readonly onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, mount: string) => void
  /** The server is being closed: let go of every connection. */
  readonly onClose: () => void
}

/** A server of any of Node's kinds; `shouldUpgradeCallback` since 22.21. */
type HostServer = Server & { shouldUpgradeCallback?: (req: IncomingMessage) => boolean }

interface Attached {
  readonly mounts: Set<string>
  readonly detach: () => void
}

const maxMounts = 16

// On listeners of ours, of this copy of the package or another one.
const ours = Symbol.for('spanlight.upgrade listener')

/**
 * Takes the WebSocket handshakes of our addresses out of the host's own server. A plain 'upgrade' listener would break hosts: another `ws` on the
 * server answers 400 to ours or throws, and every request with `Upgrade: h2c` that used to be answered hangs, because Node stops answering such
 * requests as soon as one listener is there. So ours are taken before any listener sees them, and the others are as before.
 */
export class Attachments {
  readonly #setup: AttachSetup
  readonly #servers = new Map<HostServer, Attached>()
  #over = false

  constructor(setup: AttachSetup) {
    this.#setup = setup
  }

  /** Attaches to the server that the request came by; true when handshakes below `mount` will arrive. */
  attach(req: IncomingMessage, mount: string): boolean {
    const server = serverOf(req)
    if (server === undefined || this.#over) return false
    let attached = this.#servers.get(server)
    if (attached === undefined) {
      attached = this.#attach(server)
      this.#servers.set(server, attached)
    }
    // A mount path with parameters has no end of them; the page of the seventeenth uses the event stream.
    if (attached.mounts.size < maxMounts) attached.mounts.add(mount)
    return attached.mounts.has(mount)
  }

  /** Gives the servers back as they were, for good. */
  detach(): void {
    this.#over = true
    for (const { detach } of this.#servers.values()) detach()
    this.#servers.clear()
  }

  #attach(server: HostServer): Attached {
    const { guard, onUpgrade, onClose } = this.#setup
    const servers = this.#servers
    const mounts = new Set<string>()
    let on = true
    const mountOf = (req: IncomingMessage): string | undefined =>
      on && guard.on ? liveMount(req, mounts) : undefined

    const restoreEmit = override(server, 'emit', (original) => {
      return function emit(this: HostServer, ...args: unknown[]): boolean {
        const mount = args[0] === 'upgrade' ? mountOf(args[1] as IncomingMessage) : undefined
        if (mount === undefined) return Reflect.apply(original, this, args) as boolean
        const [, req, socket, head] = args as [string, IncomingMessage, Duplex, Buffer]
        // Before any async gap: a reset without a listener ends the process.
        socket.on('error', () => socket.destroy())
        if (guard(() => (onUpgrade(req, socket, head, mount), true)) === undefined) socket.destroy()
        return true
      }
    })

    const restoreClose = override(server, 'close', (original) => {
      return function close(this: HostServer, ...args: unknown[]): HostServer {
        // server.close() waits for upgraded sockets and open streams; without us there were none.
        if (on) guard(onClose)
        detach()
        servers.delete(server)
        return Reflect.apply(original, this, args) as HostServer
      }
    })

    // Alone, this listener is what makes Node hand over upgrades; what is not ours is then answered as the plain request it was.
    const listener = Object.assign(
      (req: IncomingMessage, socket: Socket, head: Buffer) => {
        if (on && server.listeners('upgrade')[0] === listener && !hasOthers(server))
          guard(() => replay(server, req, socket, head))
      },
      { [ours]: true }
    )
    server.on('upgrade', listener)

    // Newer Nodes ask before they treat a request as an upgrade: no need to take it back afterwards.
    const restoreAsk =
      server.shouldUpgradeCallback === undefined
        ? undefined
        : override(server, 'shouldUpgradeCallback', (original) => {
            return function shouldUpgrade(this: HostServer, req: IncomingMessage): boolean {
              if (mountOf(req) !== undefined) return true
              return hasOthers(server) && (Reflect.apply(original, this, [req]) as boolean)
            }
          })

    const detach = (): void => {
      on = false
      server.off('upgrade', listener)
      restoreAsk?.()
      restoreClose()
      restoreEmit()
    }
    return { mounts, detach }
  }
}

// On HTTP/2 the socket of a request stands for the session's, and knows its server all the same.
function serverOf(req: IncomingMessage): HostServer | undefined {
  const { server } = req.socket as unknown as { server?: HostServer }
  return typeof server?.emit === 'function' && typeof server.close === 'function'
    ? server
    : undefined
}

// Raw text, compared: `new URL` throws on `//` and on many a Host, and here that is a crash of the host.
function liveMount(req: IncomingMessage, mounts: ReadonlySet<string>): string | undefined {
  const { method, url = '', headers } = req
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return undefined
  const end = url.indexOf('?')
  const path = end === -1 ? url : url.slice(0, end)
  if (!path.endsWith('/live')) return undefined
  const mount = path.slice(0, -5)
  return mounts.has(mount) ? mount : undefined
}

function hasOthers(server: HostServer): boolean {
  return server.listeners('upgrade').some((listener) => !(ours in listener))
}

type Method = (this: HostServer, ...args: never[]) => unknown

/** Puts an own method over a server's; gives the way back, which leaves alone what somebody has put over ours since. */
function override(
  server: HostServer,
  name: 'emit' | 'close' | 'shouldUpgradeCallback',
  make: (original: Method) => (...args: never[]) => unknown
): () => void {
  const own = Object.getOwnPropertyDescriptor(server, name)
  const wrapper = make(server[name] as Method)
  Object.defineProperty(server, name, {
    value: wrapper,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false
  })
  return () => {
    if (server[name] !== (wrapper as unknown)) return
    if (own === undefined) delete (server as unknown as Record<string, unknown>)[name]
    else Object.defineProperty(server, name, own)
  }
}
