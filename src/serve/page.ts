import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Api } from './api.ts'
import { Assets } from './assets.ts'
import { Attachments } from './attach.ts'
import { handOn, type Visa, visaOf } from './elsewhere.ts'
import type { Front, Page } from './front.ts'
import { admit, type Refusal, unauthorized, type Verdict } from './gate.ts'
import { IngestDoor } from './ingest.ts'
import { LiveHub } from './live.ts'
import { LiveSockets, refuseUpgrade } from './live-socket.ts'
import { createStreams } from './live-stream.ts'
import { type Known, type Place, placeOf } from './place.ts'
import { Queries } from './queries.ts'
import { sendError, sendRefusal, sendText, tooManyPages } from './respond.ts'
import { savedPage } from './saved-page.ts'
import type { PageSetup } from './setup.ts'
import { isHandshake, visitOf } from './visit.ts'

/** The page's files, its API and its live socket, and the way into them. */
export function createPage(setup: PageSetup, front: Front): Page {
  const { report, elsewhere } = setup
  const { guard, rules, intake, observe } = front
  const assets = new Assets(setup.assets)
  const hub = new LiveHub({ ...setup, ...(setup.liveLimits && { limits: setup.liveLimits }) })
  const sockets = new LiveSockets(hub, guard)
  const openStream = createStreams(hub, guard)
  const api = new Api({
    ...setup,
    formats: async () => ({
      ...(await setup.formats()),
      html: savedPage({ ...setup, template: () => assets.savedPage })
    }),
    status: async () => ({
      ...(await setup.status()),
      mode: rules.mode(),
      why: front.why,
      pages: hub.pages
    })
  })
  const queries = new Queries(setup.queries)
  const known: Known = {
    isFile: (name) => assets.has(name),
    isQuery: (name) => queries.has(name)
  }
  const ingest = new IngestDoor(intake, setup)
  const attachments = new Attachments({
    guard,
    onUpgrade: (req, socket, head, mount) => void upgrade(req, socket, head, mount),
    onClose: () => end(1001, 'the server is closing')
  })

  // Pages that are connected through here, be it to another worker.
  function end(code: number, reason: string, only: 'all' | 'local' = 'all'): void {
    hub.close(code, reason, only)
    elsewhere?.endPages()
  }

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    mount: string,
    rest: string
  ): Promise<void> {
    const place = placeOf(req.method ?? '', rest, known)
    const visit = visitOf(req, place.door)
    const verdict = await admit(req, visit, rules)
    if (res.destroyed) return
    if (!verdict.ok) return refuse(req, res, place, verdict)
    if (elsewhere !== undefined) {
      if (place.door === 'live') attachments.attach(req, mount)
      if (await handOn(elsewhere, place.door, req, res, rest, visaOf(mount, verdict))) return
      await elsewhere.gather()
      if (outdated(verdict.by === 'local')) return refuse(req, res, place, unauthorized)
    }
    await serve(req, res, mount, rest, place, verdict)
  }

  // Let in for being on this machine, by a worker that had not heard of the proxy yet.
  function outdated(local: boolean): boolean {
    return local && rules.mode() !== 'local'
  }

  async function answerFor(req: IncomingMessage, res: ServerResponse, visa: Visa): Promise<void> {
    const { mount, host, local } = visa
    const rest = req.url ?? '/'
    const place = placeOf(req.method ?? '', rest, known)
    await elsewhere?.gather()
    if (outdated(local)) return refuse(req, res, place, unauthorized)
    if (place.door === 'live' && hub.open) return openStream(req, res, place.query, local)
    await serve(req, res, mount, rest, place, { ok: true, by: local ? 'local' : 'token', host })
  }

  async function serve(
    req: IncomingMessage,
    res: ServerResponse,
    mount: string,
    rest: string,
    { door, path, query }: Place,
    verdict: Verdict & { ok: true }
  ): Promise<void> {
    if (door === 'ingest') return ingest.handle(req, res, path)
    if (door === 'query') return queries.handle(req, res, path, query)
    if (door === 'api' && path.startsWith('api/'))
      return api.handle(req, res, path.slice(4), query, verdict.by === 'local')
    if (door === 'api') return sendError(req, res, 404, 'no such address')
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return sendError(req, res, 405, 'this method is not for this address', 'use GET')
    }
    if (door === 'asset') return assets.send(req, res, path)
    if (door === 'live') return live(req, res, query, mount, verdict.by === 'local')
    attachments.attach(req, mount)
    if (rest[0] === '/') return assets.sendShell(req, res, mount, verdict.host)
    // Relative and without anything of the request's own: no open redirect, under every mount and behind every proxy.
    res.setHeader('Location', `${mount.slice(mount.lastIndexOf('/') + 1)}/`)
    sendText(req, res, 302, '')
  }

  function live(
    req: IncomingMessage,
    res: ServerResponse,
    query: string,
    mount: string,
    local: boolean
  ): void {
    const attached = attachments.attach(req, mount)
    // A handshake that came as a plain request: this server (a cluster's worker) had not been attached to. Now it is.
    if (isHandshake(req)) {
      res.setHeader('Retry-After', '1')
      const hint = attached ? 'try again' : 'GET it as an event stream'
      return sendError(req, res, 503, 'no WebSocket here yet', hint)
    }
    if (!hub.open) return sendRefusal(req, res, tooManyPages, false)
    openStream(req, res, query, local)
  }

  function refuse(
    req: IncomingMessage,
    res: ServerResponse,
    { door, path }: Place,
    refusal: Refusal
  ): void {
    // A container's port reaches us from the bridge's address, which is not loopback: its owner needs the token to see the page.
    if (refusal.status === 401 && door !== 'ingest' && rules.mode() === 'local')
      report.once(`a request from another machine needs the token: ${front.addressFor(req)}`)
    if (door === 'ingest') ingest.refuse(req, res, path, refusal)
    else sendRefusal(req, res, refusal, door === 'shell' || door === 'asset')
  }

  async function upgrade(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    mount: string
  ): Promise<void> {
    try {
      observe(req)
      const verdict = await admit(req, visitOf(req, 'live'), rules)
      if (socket.destroyed) return
      if (!verdict.ok) return refuseUpgrade(socket, verdict)
      if (await elsewhere?.upgrade(req, socket, head, visaOf(mount, verdict))) return
      join(req, socket, head, verdict.by === 'local')
    } catch (error) {
      socket.destroy()
      guard.failed(error)
    }
  }

  function join(req: IncomingMessage, socket: Duplex, head: Buffer, local: boolean): void {
    if (socket.destroyed) return
    if (outdated(local)) refuseUpgrade(socket, unauthorized)
    else if (!hub.open || front.closed) refuseUpgrade(socket, tooManyPages)
    else sockets.accept(req, socket, head, local)
    elsewhere?.gather().catch(guard.failed)
  }

  return {
    answer,
    answerFor,
    join,
    end,
    turnAway: () => hub.close(1012, 'another worker keeps the traces now'),
    detach: () => attachments.detach(),
    get pages() {
      return hub.pages
    }
  }
}
