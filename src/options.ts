import type { IncomingMessage } from 'node:http'
import type { Limits } from './base/limits.ts'
import type { HeaderFormatName } from './carrier/formats.ts'
import { type Env, isDisabled, packageName, resourceFrom, type Warn } from './environment.ts'
import { type ExportOption, exportOf } from './export-option.ts'
import {
  accessOf,
  bytesOf,
  captureOf,
  ignoreOf,
  instrumentOf,
  limitsOf,
  listenOf,
  millisecondsOf,
  oneOf,
  pathOf,
  propagateOf,
  ratioOf,
  redactOf,
  secret,
  secretFrom,
  strings,
  text,
  wrong
} from './option-values.ts'
import type { ExportSettings } from './interop/export/settings.ts'
import type { RedactOptions } from './redact/options.ts'
import type { TailPolicies } from './interop/export/tail/policies.ts'
import { tailSamplingOf, type TailSamplingOptions } from './tail-sampling-option.ts'
import type { InstrumentOptions } from './watch/instrument.ts'
import { optionsFrom } from './variables.ts'

/** Options of `tracing()`. Every one is optional; a wrong one is a `TypeError` that names it. */
export interface TracingOptions {
  /** Where the page lives, below the mount point. @default '/_traces' */
  path?: string | undefined
  /** This process's `service.name`. @default OTEL_SERVICE_NAME, else package.json's name in the working directory */
  service?: string | undefined
  /** Bound of everything that is kept: bytes, or '64MB'. 8 MB to 512 MB. @default '32MB' */
  memory?: number | string | undefined
  /**
   * Who may see the page: 'local' (this machine, no token), 'token', 'off', or a function that decides per request (resolved within
   * 2 s; anything but `true` refuses). @default by NODE_ENV and the terminal, see docs/security.md
   */
  access?:
    | 'local'
    | 'token'
    | 'off'
    | ((request: IncomingMessage) => boolean | Promise<boolean>)
    | undefined
  /** The page's token, at least 32 characters. @default SPANLIGHT_TOKEN, else made and kept in node_modules/.cache */
  token?: string | undefined
  /** Write-only token that other services must send to hand spans in. @default SPANLIGHT_INGEST_TOKEN; none: loopback only */
  ingestToken?: string | undefined
  /** Host names, besides loopback and IP addresses, under which the page may be asked for; '.example.com' for all below. @default [] */
  allowedHosts?: readonly string[] | undefined
  /** Origins, besides the page's own, that may talk to it; for proxies that end TLS. @default [] */
  allowedOrigins?: readonly string[] | undefined
  /** Serves the page on a port of its own instead of the application's. @default undefined */
  listen?: { port: number; host?: string } | undefined
  /**
   * Header formats to write; every one is read: the first of this order that carries a trace counts. 'w3c' has W3C Baggage with it, 'b3' is the
   * single header, 'xray' X-Amzn-Trace-Id, 'google' X-Cloud-Trace-Context. `[]` neither reads nor writes.
   * @default OTEL_PROPAGATORS, else ['w3c']
   */
  propagate?: readonly HeaderFormatName[] | undefined
  /**
   * Whose incoming trace context is continued: 'private' (loopback and private addresses), true (everyone), false (nobody; the trace
   * is linked instead). @default 'private'
   */
  trustIncoming?: boolean | 'private' | undefined
  /** Requests that are not recorded: paths ('/health', '/assets/*') or a function. @default [] */
  ignore?: readonly string[] | ((method: string, path: string) => boolean) | undefined
  /** From which duration on a trace counts as slow: milliseconds, or '1.5s'. @default '1s' */
  slow?: number | string | undefined
  /** Bounds; see `Limits`. */
  limits?: Partial<Limits> | undefined
  /** More secrets to hide, or fewer; the hard core cannot be shown. */
  redact?: RedactOptions | undefined
  /** What is recorded besides spans. */
  capture?: CaptureOptions | undefined
  /** Modules to watch, handed over: `{ pg }`. */
  instrument?: InstrumentOptions | undefined
  /**
   * Where every span is sent, as well as being kept: a URL that takes OTLP, `{ url, protocol, headers, ... }` for gRPC, JSON or Zipkin, or a
   * list of these, each with a queue of its own; false: nowhere. @default OTEL_EXPORTER_OTLP_* and OTEL_TRACES_EXPORTER
   */
  export?: ExportOption | undefined
  /** Which traces are exported, chosen when they are complete; the others stay here. @default undefined: every trace is */
  tailSampling?: TailSamplingOptions | undefined
  /** Share of traces to record, 0 to 1. @default 1 */
  sample?: number | undefined
  /**
   * Whether the page may have the next request of a route profiled: V8's CPU profile, which names functions and files of this machine.
   * @default only with access 'local'
   */
  profile?: boolean | undefined
  /**
   * A signal upon which the traces in flight are printed, so that a server that hangs explains itself: 'SIGUSR2'. When the process dies of an
   * uncaught exception they are printed in any case.
   * @default false
   */
  dump?: DumpSignal | false | undefined
  /**
   * Where the application runs as several workers (node:cluster, PM2's cluster mode, worker threads that record, too), every worker's page
   * shows the traces of all of them. See docs/workers.md.
   * @default true
   */
  workers?: boolean | undefined
}

export type DumpSignal = 'SIGUSR2' | 'SIGHUP' | 'SIGQUIT' | 'SIGINFO' | 'SIGBREAK'

export interface CaptureOptions {
  /** Lines of `console.*` as logs of the active span. @default true */
  console?: boolean | undefined
  /** Lines of pino (from 9.10 on, found by its diagnostics channel) as logs of the active span. @default true */
  pino?: boolean | undefined
  /** The line of your code that a call, a query or a span of your own comes from. @default true in local mode, else false */
  callSites?: boolean | undefined
  /** Bodies of requests and responses: JSON and forms up to 64 KiB, secrets hidden, 8 KiB of them kept. @default false */
  bodies?: boolean | undefined
  /** What the process was doing while a request took its time: the event loop, the garbage collector, the heap. @default true */
  runtime?: boolean | undefined
  /** A span for each middleware, router and handler of Express and Koa. @default true */
  layers?: boolean | undefined
  /** Request headers to record; 'known' is a harmless set. @default 'known' */
  requestHeaders?: readonly string[] | 'known' | undefined
  /** Response headers to record. @default 'known' */
  responseHeaders?: readonly string[] | 'known' | undefined
}

/** Options with every default filled in. */
export interface Settings {
  /** OTEL_SDK_DISABLED: nothing is recorded, wrapped or served. */
  readonly disabled: boolean
  readonly path: string
  readonly service: string
  readonly resourceAttributes: readonly (readonly [string, string])[]
  readonly memory: number
  readonly access: TracingOptions['access']
  readonly token: string | undefined
  readonly ingestToken: string | undefined
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly listen: { readonly port: number; readonly host: string } | undefined
  readonly propagate: readonly HeaderFormatName[]
  readonly trustIncoming: boolean | 'private'
  readonly ignore: (method: string, path: string) => boolean
  readonly slowMs: number
  readonly limits: Limits
  readonly redact: RedactOptions
  readonly capture: Capture
  readonly instrument: InstrumentOptions
  /** Undefined: where the variables say. */
  readonly export: readonly ExportSettings[] | undefined
  readonly tailSampling: TailPolicies | undefined
  readonly sample: number
  readonly profile: boolean | undefined
  readonly dump: DumpSignal | false
  readonly workers: boolean
}

export interface Capture {
  readonly console: boolean
  readonly pino: boolean
  /** Undefined: in local mode. */
  readonly callSites: boolean | undefined
  readonly bodies: boolean
  readonly runtime: boolean
  readonly layers: boolean
  readonly requestHeaders: readonly string[] | 'known'
  readonly responseHeaders: readonly string[] | 'known'
}

/**
 * Checks the options and fills in what is missing, from the environment or the defaults that stand here. A wrong option throws; a wrong
 * variable is told to `warn` and does without what it asked for.
 */
export function resolveOptions(
  options: TracingOptions = {},
  env: Env = process.env,
  warn: Warn = () => {}
): Settings {
  if (typeof options !== 'object' || options === null) wrong('options', 'an object', options)
  const known = new Set<string>(Object.keys(defaults))
  for (const key of Object.keys(options)) {
    if (!known.has(key)) {
      throw new TypeError(
        `spanlight: there is no option '${key}'; the options are ${[...known].join(', ')}`
      )
    }
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined)
  )
  const o: TracingOptions & typeof defaults = {
    ...defaults,
    ...optionsFrom(env, given, warn),
    ...given
  }
  const resource = resourceFrom(env)
  return {
    disabled: isDisabled(env),
    path: pathOf(o.path),
    service:
      // OpenTelemetry: a variable that is set to nothing is one that is not set.
      text('service', o.service) ||
      env['OTEL_SERVICE_NAME'] ||
      resource.get('service.name') ||
      packageName(),
    resourceAttributes: [...resource].filter(([key]) => key !== 'service.name'),
    memory: bytesOf(o.memory),
    access: accessOf(o.access),
    token: secret('token', o.token) ?? secretFrom(env, 'SPANLIGHT_TOKEN', warn),
    ingestToken:
      secret('ingestToken', o.ingestToken) ?? secretFrom(env, 'SPANLIGHT_INGEST_TOKEN', warn),
    allowedHosts: strings('allowedHosts', o.allowedHosts),
    allowedOrigins: strings('allowedOrigins', o.allowedOrigins),
    listen: listenOf(o.listen),
    propagate: propagateOf(o.propagate, env, warn),
    trustIncoming: oneOf('trustIncoming', o.trustIncoming, [true, false, 'private']),
    ignore: ignoreOf(o.ignore),
    slowMs: millisecondsOf(o.slow),
    limits: limitsOf(o.limits),
    redact: redactOf(o.redact),
    capture: captureOf(o.capture),
    instrument: instrumentOf(o.instrument),
    export: exportOf(o.export),
    tailSampling: tailSamplingOf(o.tailSampling, millisecondsOf(o.slow)),
    sample: ratioOf(o.sample),
    profile: oneOf('profile', o.profile, [undefined, true, false]),
    dump: oneOf('dump', o.dump, [false, 'SIGUSR2', 'SIGHUP', 'SIGQUIT', 'SIGINFO', 'SIGBREAK']),
    workers: oneOf('workers', o.workers, [true, false])
  }
}

const defaults = {
  path: '/_traces',
  service: undefined,
  memory: '32MB' as number | string,
  access: undefined,
  token: undefined,
  ingestToken: undefined,
  allowedHosts: [] as readonly string[],
  allowedOrigins: [] as readonly string[],
  listen: undefined,
  propagate: undefined,
  trustIncoming: 'private' as boolean | 'private',
  ignore: [] as NonNullable<TracingOptions['ignore']>,
  slow: '1s' as number | string,
  limits: {} as Partial<Limits>,
  redact: {} as RedactOptions,
  capture: {} as CaptureOptions,
  instrument: {} as InstrumentOptions,
  export: undefined,
  tailSampling: undefined,
  sample: 1,
  profile: undefined,
  dump: false as DumpSignal | false,
  workers: true
}
