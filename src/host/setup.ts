import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Limits } from '../base/limits.ts'
import type { Guard } from '../base/safely.ts'
import type { Inspections } from '../inspect/inspections.ts'
import type { Propagation } from '../span/propagation.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Tracer } from '../span/tracer.ts'
import type { HeaderNames, HeaderReader } from './headers.ts'
import type { Head, RequestDescriber } from './request.ts'
import type { PathRules, RouteNames } from './route.ts'

export type Framework =
  | 'express 4'
  | 'express 5'
  | 'connect'
  | 'koa'
  | 'fastify'
  | 'hono'
  | 'http'
  | 'https'
  | 'http2'

export interface HostSetup {
  readonly tracer: Tracer
  readonly propagation: Propagation
  readonly redactor: Redactor
  readonly limits: Limits
  readonly guard: Guard
  /** Requests that are not recorded, nor anything they do. `path` has no query. */
  readonly ignore: (method: string, path: string) => boolean
  /**
   * Whose trace is continued: `'private'`, that of loopback and private peers; true, anybody's; false, nobody's. A context that is not
   * continued becomes a link of a new trace (security.md T16).
   * @default 'private'
   */
  readonly trustIncoming?: 'private' | boolean
  /** Lower-case names, or the package's own choice. @default both 'known' */
  readonly captureHeaders?: { readonly request: HeaderNames; readonly response: HeaderNames }
  /** A span for each middleware, router and handler of a framework. @default true */
  readonly layers?: boolean
  /** The tracing page's path under its mount point: `/_traces`. */
  readonly path: string
  /**
   * Answers a request to the tracing page; true when it does. `base` is the mount point: '' or, for a middleware mounted in Express, its
   * `req.baseUrl`. Asked only for targets that are `base + path` or below it.
   */
  readonly page: (req: IncomingMessage, res: ServerResponse, base: string) => boolean
  /** Sees every request first, the page's own and ignored ones included; must be cheap. */
  readonly observe?: (head: Head) => void
  /** Which requests are to be looked at more closely; asked for each one when it is active. */
  readonly inspect?: Pick<Inspections, 'active' | 'begin'>
  /** Told once of each framework that requests came through. */
  readonly onFramework?: (framework: Framework) => void
}

/** What the exchanges of one host share. */
export interface Recorder {
  readonly redactor: Redactor
  readonly limits: Limits
  readonly guard: Guard
  /** Starts the spans of layers; undefined where they are not recorded. */
  readonly layers: Tracer | undefined
  readonly describeRequest: RequestDescriber
  readonly responseHeaders: HeaderReader
  readonly routes: RouteNames
  readonly paths: PathRules
  /** Told of the end of each exchange. */
  readonly ended: () => void
}
