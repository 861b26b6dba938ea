import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { createGuard } from '../base/safely.ts'
import { Api } from './api.ts'
import { Assets } from './assets.ts'
import { Attachments } from './attach.ts'
import { closedServe } from './closed-serve.ts'
import { handOn, type Visa, visaOf } from './elsewhere.ts'
import { admit, type GateRules, judge, type Refusal, unauthorized, type Verdict } from './gate.ts'
import { IngestDoor } from './ingest.ts'
import { Intake } from './intake.ts'
import { LiveHub } from './live.ts'
import { LiveSockets, refuseUpgrade } from './live-socket.ts'
import { openStream } from './live-stream.ts'
import { isPlainMount, type Known, type Place, placeOf } from './place.ts'
import { ProxyLatch, type RequestHead } from './proxy-latch.ts'
import { Queries } from './queries.ts'
import { savedPage } from './saved-page.ts'
import { sendError, sendFailure, sendRefusal, sendText, tooManyPages } from './respond.ts'
import type { Serve, ServeSetup } from './setup.ts'
import { Tokens } from './token.ts'
import { isHandshake, visitOf } from './visit.ts'

export type { Serve, ServeSetup }

/** Never throws, and answers every request that it takes. */
export function createServe(setup: ServeSetup): Serve {
  return setup.mode.mode === 'off' ? closedServe(setup.mode.why) : openServe(setup, setup.mode.mode)
}

function openServe(setup: ServeSetup, startMode: 'local' | 'token'): Serve {
  const { path, report, authorize, elsewhere } = setup
  let mode = startMode
  let why = setup.mode.why
  let closed = false
  const guard = createGuard('the page', report)
  const tokens = new Tokens({
    token: setup.token,
    ingestToken: setup.ingestToken,
    directory: setup.tokenDirectory,
    make: authorize === undefined
  })
  const rules: GateRules = {
    mode: () => mode,
    allowedHosts: setup.allowedHosts,
    allowedOrigins: setup.allowedOrigins,
    tokens,
    authorize
  }
  const assets = new Assets(setup.assets)
  const hub = new LiveHub({ ...setup, ...(setup.liveLimits && { limits: setup.liveLimits }) })
  const sockets = new LiveSockets(hub, guard)
  const api = new Api({
    ...setup,
    formats: async () => ({
      ...(await setup.formats()),
      html: savedPage({ ...setup, template: () => assets.savedPage })
    }),
    status: async () => ({ ...(await setup.status()), mode, why, pages: hub.pages })
  })
  const queries = new Queries(setup.queries)
  const known: Known = {
    isFile: (name) => assets.has(name),
    isQuery: (name) => queries.has(name)
  }
  const intake = new Intake(setup)
  const ingest = new IngestDoor(intake, setup)
  const attachments = new Attachments({
    guard,
    onUpgrade: (req, socket, head, mount) => void upgrade(req, socket, head, mount),
    onClose: () => endPages(1001, 'the server is closing')
  })
  let proxy = ''
  const latch = new ProxyLatch((sign, req) => {
    proxySeen(sign)
    elsewhere?.proxySeen(sign)
    report.say(
      `a request came through a proxy (${sign}): the page needs a token from now on: ${addressFor(req)}`
    )
  })

  function proxySeen(sign: string): void {
    if (mode !== 'local') return
    mode = 'token'
    proxy = sign
    why = `a proxy was seen (${sign})`
    endPages(4401, 'a token is needed now', 'local')
  }

  function address(origin: string, withToken: boolean): string {
    return `${origin}${path}/${withToken && tokens.page !== '' ? `#t=${tokens.page}` : ''}`
  }

  // Not from the request's Host: that is the proxy's word, and this line is clicked on.
  function addressFor({ socket }: RequestHead): string {
    const scheme = socket !== undefined && 'encrypted' in socket ? 'https' : 'http'
    return address(`${scheme}://localhost:${socket?.localPort ?? 0}`, true)
  }

  function observe(req: RequestHead): void {
    if (mode !== 'local' || !guard.on) return
    try {
      latch.observe(req)
    } catch (error) {
      guard.failed(error)
    }
  }

  function handle(req: IncomingMessage, res: ServerResponse, base: string): boolean {
    const { originalUrl } = req as { originalUrl?: unknown }
    const target = typeof originalUrl === 'string' ? originalUrl : base + (req.url ?? '')
    if (!target.startsWith(path, base.length) || closed || !guard.on) return false
    const mount = base + path
    const rest = target.slice(mount.length)
    if (rest !== '' && rest[0] !== '/' && rest[0] !== '?') return false
    if (!target.startsWith(base) || !isPlainMount(mount)) return false
    guarded(req, res, () => answer(req, res, mount, rest))
    return true
  }

  function guarded(req: IncomingMessage, res: ServerResponse, work: () => Promise<void>): void {
    res.on('error', () => res.destroy())
    const failed = (): void => sendFailure(req, res)
    const taken = guard(() => {
      work().catch((error: unknown) => {
        guard.failed(error)
        failed()
      })
      return true
    })
    if (taken === undefined) failed()
  }

  // Pages that are connected through here, be it to another worker.
  function endPages(code: number, reason: string, only: 'all' | 'local' = 'all'): void {
    hub.close(code, reason, only)
    elsewhere?.endPages()
  }

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    mount: string,
    rest: string
  ): Promise<void> {
    observe(req)
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
    return local && mode !== 'local'
  }

  async function answerFor(req: IncomingMessage, res: ServerResponse, visa: Visa): Promise<void> {
    const { mount, host, local } = visa
    const rest = req.url ?? '/'
    const place = placeOf(req.method ?? '', rest, known)
    await elsewhere?.gather()
    if (outdated(local)) return refuse(req, res, place, unauthorized)
    if (place.door === 'live' && hub.open) return openStream(req, res, place.query, hub, local)
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
    openStream(req, res, query, hub, local)
  }

  function refuse(
    req: IncomingMessage,
    res: ServerResponse,
    { door, path }: Place,
    refusal: Refusal
  ): void {
    // A container's port reaches us from the bridge's address, which is not loopback: its owner needs the token to see the page.
    if (refusal.status === 401 && door !== 'ingest' && mode === 'local')
      report.once(`a request from another machine needs the token: ${addressFor(req)}`)
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
    else if (!hub.open || closed) refuseUpgrade(socket, tooManyPages)
    else sockets.accept(req, socket, head, local)
    elsewhere?.gather().catch(guard.failed)
  }

  return {
    handle,
    answerFor: (req, res, visa) => guarded(req, res, () => answerFor(req, res, visa)),
    upgradeFor(req, socket, head, visa) {
      socket.on('error', () => socket.destroy())
      if (guard(() => (join(req, socket, head, visa.local), true)) === undefined) socket.destroy()
    },
    turnAway: () => hub.close(1012, 'another worker keeps the traces now'),
    observe,
    proxySeen,
    get proxy() {
      return proxy
    },
    close() {
      if (closed) return
      closed = true
      attachments.detach()
      endPages(1001, 'spanlight is closing')
    },
    get mode() {
      return mode
    },
    get why() {
      return why
    },
    senders: { judge: (visit) => judge(visit, rules), intake },
    get pages() {
      return hub.pages
    },
    startLine: (origin) => ({ address: address(origin, mode === 'token'), mode, why })
  }
}
