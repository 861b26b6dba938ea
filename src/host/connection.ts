import { IncomingMessage } from 'node:http'
import type { Peer } from './peer.ts'
import { read } from './read.ts'

/** A request that is being answered. */
export interface InProgress {
  readonly req: object
}

/**
 * What is known of a connection, kept by its socket: who is at its other end, and its requests in progress: one, or several when they are
 * pipelined. Asking by the socket costs no entry per request: a WeakMap's takes half a microsecond to make and the garbage collector's
 * time to drop; a property of the request costs 1.3 us once Express has changed its prototype.
 */
export class Connection {
  peer: Peer | undefined
  #only: InProgress | undefined
  #others: Map<object, InProgress> | undefined

  find(req: object): InProgress | undefined {
    return this.#only?.req === req ? this.#only : this.#others?.get(req)
  }

  add(request: InProgress): void {
    if (this.#only === undefined) this.#only = request
    else (this.#others ??= new Map()).set(request.req, request)
  }

  remove(request: InProgress): void {
    if (this.#only === request) this.#only = undefined
    else this.#others?.delete(request.req)
  }
}

const connections = new WeakMap<object, Connection>()

/** The connection of a request; a new one where it is not known. Requests of HTTP/2 share theirs by the hundred, emulated ones have none: each is its own. */
export function connectionOf(req: IncomingMessage): Connection {
  const place = placeOf(req)
  let found = connections.get(place)
  if (found === undefined) {
    found = new Connection()
    connections.set(place, found)
  }
  return found
}

export function findInProgress(req: object): InProgress | undefined {
  return connections.get(placeOf(req))?.find(req)
}

function placeOf(req: object): object {
  return req instanceof IncomingMessage ? (read(req, 'socket') ?? req) : req
}
