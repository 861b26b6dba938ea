import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Report } from '../base/report.ts'
import { createGuard } from '../base/safely.ts'
import type { Status } from '../wire/status.ts'
import { Api, type ApiSetup } from './api.ts'
import { Assets } from './assets.ts'
import { Attachments } from './attach.ts'
import { admit, type GateRules, judge, type Refusal, type Verdict } from './gate.ts'
import { IngestDoor } from './ingest.ts'
import { type Ingest, type IngestRates, Intake, type Senders } from './intake.ts'
import { LiveHub, type LiveSetup } from './live.ts'
import { LiveSockets, refuseUpgrade } from './live-socket.ts'
import { openStream } from './live-stream.ts'
import type { AccessMode, Authorize, ModeDecision } from './mode.ts'
import { isPlainMount, type Known, type Place, placeOf } from './place.ts'
import { ProxyLatch, type RequestHead } from './proxy-latch.ts'
import { Queries, type QueryApi } from './queries.ts'
import { savedPage } from './saved-page.ts'
import { sendError, sendFailure, sendRefusal, sendText } from './respond.ts'
import { Tokens } from './token.ts'
import { isHandshake, visitOf } from './visit.ts'

export interface ServeSetup extends Omit<ApiSetup, 'status'>, Omit<LiveSetup, 'limits'> {
  readonly reader: ApiSetup['reader'] & LiveSetup['reader']
  readonly store: ApiSetup['store'] & LiveSetup['store']
  /** What this process calls itself; stands in a saved page. */
  readonly service: string
  /** The `path` option: begins with a slash, does not end with one. */
  readonly path: string
  readonly mode: ModeDecision
  /** The page's token of option or environment; '' has one made when it is needed. */
  readonly token: string
  /** The token that may write spans; '' for none. */
  readonly ingestToken: string
  /** Where a made token is kept; see `tokenDirectory`. */
  readonly tokenDirectory: string | undefined
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly authorize: Authorize | undefined
  readonly ingest: Ingest
  readonly ingestRates?: IngestRates
  /** APIs of other systems that are answered from what is kept here. */
  readonly queries: readonly QueryApi[]
  /** `mode`, `why` and `pages` are put in here. */
  readonly status: () => Promise<Status>
  readonly report: Report
  /** Where the built page lies; for tests. */
  readonly assets?: URL
  readonly liveLimits?: LiveSetup['limits']
}

/** The page, its API and its live socket, below a path of the host's server. */
export interface Serve {
  /**
   * Answers the request when it is for us. `base` is what the framework cut off `req.url` before it called us ('' at the root). False leaves
   * the request to the host: a compare of strings, and the whole of it when the mode is off.
   */
  handle(req: IncomingMessage, res: ServerResponse, base: string): boolean
  /** Looks for the mark of a proxy; call it for every request of the host. Does nothing unless the mode is local. */
  observe(req: RequestHead): void
  /** Ends every connection of ours and gives the host's servers back as they were. */
  close(): void
  readonly mode: AccessMode
  readonly why: string
  /** For doors of other protocols; undefined when the mode is off. */
  readonly senders: Senders | undefined
  /** Pages connected now. */
  readonly pages: number
  /** For the terminal. `address` carries the token where one is needed and was made by us or configured; `origin` is `http://localhost:3000`. */
  startLine(origin: string): { address: string; mode: AccessMode; why: string }
}

/** Never throws, and answers every request that it takes. */
export function createServe(setup: ServeSetup): Serve {
  return setup.mode.mode === 'off' ? closedServe(setup.mode.why) : openServe(setup, setup.mode.mode)
}

function closedServe(why: string): Serve {
  return {
    handle: () => false,
    observe() {},
    close() {},
    mode: 'off',
    why,
    senders: undefined,
    pages: 0,
    startLine: () => ({ address: '', mode: 'off', why })
  }
}

function openServe(setup: ServeSetup, startMode: 'local' | 'token'): Serve {
  const { path, report, authorize } = setup
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
    formats: {
      ...setup.formats,
      html: savedPage({ ...setup, template: () => assets.savedPage })
    },
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
    onUpgrade: (req, socket, head) => void upgrade(req, socket, head),
    onClose: () => hub.close(1001, 'the server is closing')
  })
  const latch = new ProxyLatch((sign, req) => {
    mode = 'token'
    why = `a proxy was seen (${sign})`
    hub.close(4401, 'a token is needed now', 'local')
    report.say(
      `a request came through a proxy (${sign}): the page needs a token from now on: ${addressFor(req)}`
    )
  })

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
    res.on('error', () => res.destroy())
    const failed = (): void => sendFailure(req, res)
    const taken = guard(() => {
      answer(req, res, mount, rest).catch((error: unknown) => {
        guard.failed(error)
        failed()
      })
      return true
    })
    if (taken === undefined) failed()
    return true
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
    await serve(req, res, mount, rest, place, verdict)
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

  async function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      observe(req)
      const verdict = await admit(req, visitOf(req, 'live'), rules)
      if (socket.destroyed) return
      if (!verdict.ok) refuseUpgrade(socket, verdict)
      else if (!hub.open || closed) refuseUpgrade(socket, tooManyPages)
      else sockets.accept(req, socket, head, verdict.by === 'local')
    } catch (error) {
      socket.destroy()
      guard.failed(error)
    }
  }

  return {
    handle,
    observe,
    close() {
      if (closed) return
      closed = true
      attachments.detach()
      hub.close(1001, 'spanlight is closing')
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

const tooManyPages: Refusal = {
  ok: false,
  status: 503,
  error: 'too many pages are connected',
  hint: 'close one of them'
}
