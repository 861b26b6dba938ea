import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { later } from '../base/later.ts'
import { createGuard, type Guard } from '../base/safely.ts'
import { closedServe } from './closed-serve.ts'
import type { Visa } from './elsewhere.ts'
import { type GateRules, judge } from './gate.ts'
import { Intake } from './intake.ts'
import { isPlainMount } from './place.ts'
import { ProxyLatch, type RequestHead } from './proxy-latch.ts'
import { sendFailure } from './respond.ts'
import type { FrontSetup, Serve } from './setup.ts'
import { Tokens } from './token.ts'

/** What stands before the page, as the page needs it. */
export interface Front {
  readonly guard: Guard
  readonly rules: GateRules
  readonly intake: Intake
  readonly why: string
  readonly closed: boolean
  readonly observe: (req: RequestHead) => void
  /** The page's address by the way that a request came, with its token. */
  readonly addressFor: (req: RequestHead) => string
}

/** Answers what is for us, once it is there. */
export interface Page {
  /** `mount` is the path at which the page was asked for, `rest` what follows it. */
  answer(req: IncomingMessage, res: ServerResponse, mount: string, rest: string): Promise<void>
  answerFor(req: IncomingMessage, res: ServerResponse, visa: Visa): Promise<void>
  join(req: IncomingMessage, socket: Duplex, head: Buffer, local: boolean): void
  /** Ends the connections of pages: all, or those that were let in for being on this machine. */
  end(code: number, reason: string, only?: 'all' | 'local'): void
  turnAway(): void
  /** Gives the host's servers back as they were. */
  detach(): void
  readonly pages: number
}

/** Never throws, and answers every request that it takes; `open` is called with the first of them. */
export function createFront(setup: FrontSetup, open: (front: Front) => Promise<Page>): Serve {
  const { mode, why } = setup.mode
  return mode === 'off' ? closedServe(why) : openFront(setup, mode, open)
}

function openFront(
  setup: FrontSetup,
  startMode: 'local' | 'token',
  open: (front: Front) => Promise<Page>
): Serve {
  const { path, report, authorize } = setup
  let mode = startMode
  let why = setup.mode.why
  let closed = false
  let page: Page | undefined
  /** How often pages were sent elsewhere. */
  let turns = 0
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
  const intake = new Intake(setup)
  let proxy = ''
  const latch = new ProxyLatch((sign, req) => {
    proxySeen(sign)
    setup.elsewhere?.proxySeen(sign)
    report.say(
      `a request came through a proxy (${sign}): the page needs a token from now on: ${addressFor(req)}`
    )
  })

  function proxySeen(sign: string): void {
    if (mode !== 'local') return
    mode = 'token'
    proxy = sign
    why = `a proxy was seen (${sign})`
    page?.end(4401, 'a token is needed now', 'local')
  }

  const front: Front = {
    guard,
    rules,
    intake,
    get why() {
      return why
    },
    get closed() {
      return closed
    },
    observe,
    addressFor
  }
  const opened = later(async () => {
    page = await open(front)
    if (closed) page.detach()
    return page
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
    guarded(req, res, async () => {
      observe(req)
      await (await opened()).answer(req, res, mount, rest)
    })
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

  return {
    handle,
    answerFor: (req, res, visa) =>
      guarded(req, res, async () => (await opened()).answerFor(req, res, visa)),
    upgradeFor(req, socket, head, visa) {
      socket.on('error', () => socket.destroy())
      const turn = turns
      const join = async (): Promise<void> => {
        const page = await opened()
        if (turn === turns) page.join(req, socket, head, visa.local)
        else socket.destroy()
      }
      const failed = (error: unknown): void => {
        socket.destroy()
        guard.failed(error)
      }
      if (guard(() => (join().catch(failed), true)) === undefined) socket.destroy()
    },
    turnAway() {
      turns++
      page?.turnAway()
    },
    observe,
    proxySeen,
    get proxy() {
      return proxy
    },
    close() {
      if (closed) return
      closed = true
      page?.detach()
      page?.end(1001, 'spanlight is closing')
    },
    get mode() {
      return mode
    },
    get why() {
      return why
    },
    senders: { judge: (visit) => judge(visit, rules), intake },
    get pages() {
      return page?.pages ?? 0
    },
    startLine: (origin) => ({ address: address(origin, mode === 'token'), mode, why })
  }
}
