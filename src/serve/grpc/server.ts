import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from 'node:http2'
import { Bucket } from '../../base/bucket.ts'
import { listening } from '../../base/listening.ts'
import { createGuard } from '../../base/safely.ts'
import { tracedServer } from '../../base/traced-server.ts'
import { answer, type CallSetup } from './call.ts'

export interface GrpcServer {
  /** Gives the port; rejects when it cannot be had. */
  listen(port: number, host: string): Promise<number>
  /** Ends at once, with what is in progress. */
  close(): void
}

export interface GrpcSetup extends CallSetup {
  /** Milliseconds that a connection may be silent. @default 300000 */
  readonly idleMs?: number
}

interface Connection {
  readonly peer: string | undefined
  /** Streams that ended without an answer. */
  readonly resets: Bucket
}

/** Connections at once; an exporter keeps one. */
const maxSessions = 64

/**
 * Of one connection. Streams: exporters send one batch after the other, and the intake takes four. Header pairs count the four of HTTP/2
 * itself. Frames that break the protocol end a connection at the given number. Memory in megabytes, which Node demands one of at least: what has
 * arrived and was not read yet has its own bound, HTTP/2's window of 64 KiB.
 */
const bounds = {
  maxSessionMemory: 4,
  maxHeaderListPairs: 64,
  maxSessionInvalidFrames: 16,
  maxSessionRejectedStreams: 16,
  maxSettings: 16,
  maxOutstandingPings: 4,
  settings: { maxConcurrentStreams: 16, maxHeaderListSize: 16_384, enablePush: false }
}

/** Milliseconds that a connection may be silent before its first call: whoever only holds it keeps others out. */
const firstCallMs = 10_000

/** Streams of one connection that may end without an answer: CVE-2023-44487 opens and resets them as fast as it can. */
const resetsPerSecond = 50

/** OTLP/gRPC on a port of its own, over HTTP/2 without TLS, as collectors have it on 4317. Keeps no process alive, and nothing of it throws. */
export function createGrpcServer(setup: GrpcSetup): GrpcServer {
  const { idleMs = 300_000, report } = setup
  const guard = createGuard('the gRPC port', report)
  const connections = new Map<ServerHttp2Session, Connection>()
  const server = createServer(bounds)
  Object.defineProperty(server, tracedServer, { value: true })
  server.maxConnections = maxSessions
  server.unref()
  server.on('connection', (socket) => socket.unref())
  server.on('session', (session) =>
    guard(() => {
      const peer = session.socket.remoteAddress
      connections.set(session, { peer, resets: new Bucket(resetsPerSecond) })
      session.on('error', () => session.destroy())
      session.on('close', () => connections.delete(session))
      // With a GOAWAY, by which an exporter knows to connect anew. Also what broke the protocol and keeps its connection ends so.
      session.setTimeout(Math.min(idleMs, firstCallMs), () => session.destroy())
    })
  )
  server.on('sessionError', (_error, session) => session.destroy())
  server.on('stream', onStream)

  // The raw headers, which Node gives as a fourth argument, are missing in its types.
  function onStream(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    _flags: number,
    rawHeaders: readonly string[] = []
  ): void {
    stream.on('error', () => stream.destroy())
    const { session } = stream
    const connection = session && connections.get(session as ServerHttp2Session)
    if (connection === undefined || !guard.on) return stream.close(constants.NGHTTP2_REFUSED_STREAM)
    session?.setTimeout(idleMs)
    stream.on('aborted', () => {
      if (!connection.resets.take(1))
        session?.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    })
    answer({ stream, headers, rawHeaders, peer: connection.peer }, setup).catch((error) => {
      guard.failed(error)
      stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    })
  }

  return {
    listen: (port, host) => listening(server, port, host, guard.failed),
    close() {
      server.close()
      for (const session of connections.keys()) session.destroy()
    }
  }
}
