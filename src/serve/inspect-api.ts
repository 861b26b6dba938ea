import type { IncomingMessage, ServerResponse } from 'node:http'
import type { InspectState, Permit, Wish } from '../wire/inspect.ts'
import { sendError, sendJson, streamPieces } from './respond.ts'

/** What the page may ask of requests to come. */
export interface InspectSetup {
  readonly permit: (kind: Wish['kind']) => Permit
  readonly state: () => Promise<InspectState>
  /** Undefined when too many wait already. */
  readonly add: (
    kind: Wish['kind'],
    method: string,
    route: string,
    count: number
  ) => Wish | undefined
  readonly cancel: (id: number) => boolean
  /** The text of a `.cpuprofile` file. */
  readonly profile: (traceId: string) => Promise<string | undefined>
}

const maxRoute = 256

export async function sendState(
  req: IncomingMessage,
  res: ServerResponse,
  inspect: InspectSetup
): Promise<void> {
  sendJson(req, res, 200, await inspect.state())
}

/** Asks for the next requests of a route. */
export function addWish(
  req: IncomingMessage,
  res: ServerResponse,
  inspect: InspectSetup,
  params: URLSearchParams
): void {
  const kind = params.get('kind')
  const method = params.get('method') ?? ''
  const route = params.get('route') ?? ''
  if (kind !== 'bodies' && kind !== 'profile')
    return sendError(req, res, 400, "kind must be 'bodies' or 'profile'")
  if (!/^[A-Z]{1,16}$/.test(method) || !route.startsWith('/') || route.length > maxRoute)
    return sendError(req, res, 400, 'method and route are needed', 'such as GET and /orders/:id')
  const { allowed, why } = inspect.permit(kind)
  if (!allowed) return sendError(req, res, 403, 'this process does not allow it', why)
  const count = Number(params.get('count') ?? 1)
  const wish = inspect.add(kind, method, route, count >= 1 ? Math.trunc(count) : 1)
  if (wish === undefined)
    return sendError(req, res, 429, 'too many requests are waited for', 'cancel one of them')
  sendJson(req, res, 200, wish)
}

export function cancelWish(
  req: IncomingMessage,
  res: ServerResponse,
  inspect: InspectSetup,
  params: URLSearchParams
): void {
  const cancelled = inspect.cancel(Number(params.get('id')))
  sendJson(req, res, 200, { cancelled })
}

/** Sends the profile as a file that the tools of V8 open. `traceId` was read as 32 hex digits. */
export async function sendProfile(
  req: IncomingMessage,
  res: ServerResponse,
  inspect: InspectSetup,
  traceId: string
): Promise<void> {
  const { allowed, why } = inspect.permit('profile')
  if (!allowed) return sendError(req, res, 403, 'this process does not allow it', why)
  const text = await inspect.profile(traceId)
  if (text === undefined)
    return sendError(req, res, 404, 'there is no profile of this trace', 'five are kept')
  res.setHeader('Content-Disposition', `attachment; filename="trace-${traceId}.cpuprofile"`)
  await streamPieces(req, res, pieces(text))
}

function* pieces(text: string): Generator<string> {
  const size = 65_536
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}
