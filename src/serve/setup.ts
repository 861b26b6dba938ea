import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Report } from '../base/report.ts'
import type { Status } from '../wire/status.ts'
import type { ApiSetup } from './api.ts'
import type { Elsewhere, Visa } from './elsewhere.ts'
import type { Ingest, IngestRates, Senders } from './intake.ts'
import type { LiveSetup } from './live.ts'
import type { AccessMode, Authorize, ModeDecision } from './mode.ts'
import type { RequestHead } from './proxy-latch.ts'
import type { QueryApi } from './queries.ts'

/** What stands before the page: which requests are for it, who is let in, and what it takes in. */
export interface FrontSetup {
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
  /** Where all workers of the application have their traces; undefined where there is one process. */
  readonly elsewhere?: Elsewhere | undefined
  readonly report: Report
}

export interface PageSetup extends Omit<ApiSetup, 'status'>, Omit<LiveSetup, 'limits'> {
  readonly reader: ApiSetup['reader'] & LiveSetup['reader']
  readonly store: ApiSetup['store'] & LiveSetup['store']
  /** What this process calls itself; stands in a saved page. */
  readonly service: string
  readonly elsewhere?: Elsewhere | undefined
  /** APIs of other systems that are answered from what is kept here. */
  readonly queries: readonly QueryApi[]
  /** `mode`, `why` and `pages` are put in here. */
  readonly status: () => Promise<Status>
  readonly report: Report
  /** Where the built page lies; for tests. */
  readonly assets?: URL
  readonly liveLimits?: LiveSetup['limits']
}

export interface ServeSetup extends FrontSetup, PageSetup {}

/** The page, its API and its live socket, below a path of the host's server. */
export interface Serve {
  /**
   * Answers the request when it is for us. `base` is what the framework cut off `req.url` before it called us ('' at the root). False leaves
   * the request to the host: a compare of strings, and the whole of it when the mode is off.
   */
  handle(req: IncomingMessage, res: ServerResponse, base: string): boolean
  /** Answers a request that another worker has let in and handed on; its address is what follows the mount path. */
  answerFor(req: IncomingMessage, res: ServerResponse, visa: Visa): void
  /** The same for a WebSocket handshake. */
  upgradeFor(req: IncomingMessage, socket: Duplex, head: Buffer, visa: Visa): void
  /** Has the connected pages connect anew: their traces are elsewhere now. */
  turnAway(): void
  /** Looks for the mark of a proxy; call it for every request of the host. Does nothing unless the mode is local. */
  observe(req: RequestHead): void
  /** Another worker has seen one. */
  proxySeen(sign: string): void
  /** What gave a proxy away, seen by this worker or another; '' while nothing has. */
  readonly proxy: string
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
