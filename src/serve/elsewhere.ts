import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Door, Verdict } from './gate.ts'
import { setDataHeaders } from './headers.ts'
import { sendError } from './respond.ts'
import { isHandshake } from './visit.ts'

/** What the gate has found out about a request, for the worker that answers it in place of this one. */
export interface Visa {
  readonly mount: string
  /** Let in for being on this machine, in local mode. */
  readonly local: boolean
  readonly host: string
}

/** The worker that has the traces of all workers of the application, where that is another one. */
export interface Elsewhere {
  /** `path` is what follows the mount path. 'not sent': to be answered here. 'lost': it was sent, and no answer came. */
  request(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    visa: Visa
  ): Promise<'answered' | 'not sent' | 'lost'>
  /** A WebSocket handshake; false when it is to be answered here. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, visa: Visa): Promise<boolean>
  /** Ends the connections of pages that were handed on. */
  endPages(): void
  /** Has the other workers leave local mode, too. */
  proxySeen(sign: string): void
  /** Waits for what the others have recorded up to now. */
  gather(): Promise<void>
}

export function visaOf(mount: string, { by, host }: Verdict & { ok: true }): Visa {
  return { mount, local: by === 'local', host }
}

/** Hands a request on that the gate has let in; true when it is answered. The page's files are the same everywhere. */
export async function handOn(
  elsewhere: Elsewhere,
  door: Door,
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  visa: Visa
): Promise<boolean> {
  if (door === 'shell' || door === 'asset' || (door === 'live' && isHandshake(req))) return false
  // The other worker's answer brings its own; what this host's middleware has set, CORS above all, it does not know of.
  setDataHeaders(res)
  const outcome = await elsewhere.request(req, res, path, visa)
  if (outcome === 'lost') {
    res.setHeader('Retry-After', '1')
    sendError(req, res, 503, 'the worker that keeps the traces is gone', 'try again')
  }
  return outcome !== 'not sent'
}
