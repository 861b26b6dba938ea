import type { IncomingMessage } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultLimits, type Limits } from './base/limits.ts'
import type { RedactOptions } from './redact/options.ts'

/** Options of `tracing()`. Every one is optional; a wrong one is a `TypeError` that names it. */
export interface TracingOptions {
  /** Where the page lives, below the mount point. @default '/_traces' */
  path?: string
  /** This process's `service.name`. @default OTEL_SERVICE_NAME, else package.json's name in the working directory */
  service?: string
  /** Bound of everything that is kept: bytes, or '64MB'. 8 MB to 512 MB. @default '32MB' */
  memory?: number | string
  /**
   * Who may see the page: 'local' (this machine, no token), 'token', 'off', or a function that decides per request (resolved within
   * 2 s; anything but `true` refuses). @default by NODE_ENV and the terminal, see docs/security.md
   */
  access?: 'local' | 'token' | 'off' | ((request: IncomingMessage) => boolean | Promise<boolean>)
  /** The page's token, at least 32 characters. @default SPANLIGHT_TOKEN, else made and kept in node_modules/.cache */
  token?: string
  /** Write-only token that other services must send to hand spans in. @default SPANLIGHT_INGEST_TOKEN; none: loopback only */
  ingestToken?: string
  /** Host names, besides loopback and IP addresses, under which the page may be asked for; '.example.com' for all below. @default [] */
  allowedHosts?: readonly string[]
  /** Origins, besides the page's own, that may talk to it; for proxies that end TLS. @default [] */
  allowedOrigins?: readonly string[]
  /** Serves the page on a port of its own instead of the application's. @default undefined */
  listen?: { port: number; host?: string }
  /** Header formats to read and write. @default OTEL_PROPAGATORS, else ['w3c'] */
  propagate?: readonly 'w3c'[]
  /**
   * Whose incoming trace context is continued: 'private' (loopback and private addresses), true (everyone), false (nobody; the trace
   * is linked instead). @default 'private'
   */
  trustIncoming?: boolean | 'private'
  /** Requests that are not recorded: paths ('/health', '/assets/*') or a function. @default [] */
  ignore?: readonly string[] | ((method: string, path: string) => boolean)
  /** From which duration on a trace counts as slow: milliseconds, or '1.5s'. @default '1s' */
  slow?: number | string
  /** Bounds; see `Limits`. */
  limits?: Partial<Limits>
  /** More secrets to hide, or fewer; the hard core cannot be shown. */
  redact?: RedactOptions
  /** What is recorded besides spans. */
  capture?: CaptureOptions
  /** Modules to wrap, handed over: `{ pg }`. */
  instrument?: Readonly<Record<string, unknown>>
  /** OTLP/HTTP endpoint to send every span to, as well as keeping it. @default OTEL_EXPORTER_OTLP_* */
  export?: string | { url: string; headers?: Readonly<Record<string, string>> } | false
  /** Share of traces to record, 0 to 1. @default 1 */
  sample?: number
}

export interface CaptureOptions {
  /** Lines of `console.*` as logs of the active span. @default true */
  console?: boolean
  /** Request headers to record; 'known' is a harmless set. @default 'known' */
  requestHeaders?: readonly string[] | 'known'
  /** Response headers to record. @default 'known' */
  responseHeaders?: readonly string[] | 'known'
}

/** Options with every default filled in. */
export interface Settings {
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
  readonly propagate: readonly 'w3c'[]
  readonly trustIncoming: boolean | 'private'
  readonly ignore: (method: string, path: string) => boolean
  readonly slowMs: number
  readonly limits: Limits
  readonly redact: RedactOptions
  readonly capture: Required<CaptureOptions>
  readonly instrument: Readonly<Record<string, unknown>>
  readonly export:
    | { readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | false
    | undefined
  readonly sample: number
}

type Env = Readonly<Record<string, string | undefined>>

const MiB = 2 ** 20

/** Checks the options and fills in what is missing, from the environment or the defaults that stand here. */
export function resolveOptions(options: TracingOptions = {}, env: Env = process.env): Settings {
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
  const o: TracingOptions & typeof defaults = { ...defaults, ...given }
  const resource = resourceFrom(env)
  return {
    path: pathOf(o.path),
    service:
      text('service', o.service) ??
      env['OTEL_SERVICE_NAME'] ??
      resource.get('service.name') ??
      packageName(),
    resourceAttributes: [...resource].filter(([key]) => key !== 'service.name'),
    memory: bytesOf(o.memory),
    access: accessOf(o.access),
    token: secret('token', o.token ?? env['SPANLIGHT_TOKEN']),
    ingestToken: secret('ingestToken', o.ingestToken ?? env['SPANLIGHT_INGEST_TOKEN']),
    allowedHosts: strings('allowedHosts', o.allowedHosts),
    allowedOrigins: strings('allowedOrigins', o.allowedOrigins),
    listen: listenOf(o.listen),
    propagate: propagateOf(o.propagate, env['OTEL_PROPAGATORS']),
    trustIncoming: oneOf('trustIncoming', o.trustIncoming, [true, false, 'private']),
    ignore: ignoreOf(o.ignore),
    slowMs: millisecondsOf(o.slow),
    limits: limitsOf(o.limits),
    redact: o.redact,
    capture: captureOf(o.capture),
    instrument: o.instrument,
    export: exportOf(o.export),
    sample: ratioOf(o.sample)
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
  instrument: {} as Readonly<Record<string, unknown>>,
  export: undefined,
  sample: 1
}

function wrong(option: string, expected: string, got: unknown): never {
  const shown =
    typeof got === 'string'
      ? `'${got.slice(0, 60)}'`
      : typeof got === 'number'
        ? String(got)
        : typeof got
  throw new TypeError(`spanlight: option '${option}' must be ${expected}, not ${shown}`)
}

function text(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' && value !== '' ? value : wrong(option, 'a text', value)
}

function strings(option: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  return wrong(option, 'a list of texts', value)
}

function oneOf<T>(option: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T
  return wrong(
    option,
    allowed.map((item) => (typeof item === 'string' ? `'${item}'` : String(item))).join(' or '),
    value
  )
}

function pathOf(value: unknown): string {
  if (typeof value === 'string' && /^(?:\/[\w.~-]+)+$/.test(value)) return value
  return wrong(
    'path',
    "a path such as '/_traces': letters, digits, '-', '_', '.', '~', no trailing slash",
    value
  )
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 2 ** 10,
  mb: MiB,
  gb: 2 ** 30,
  kib: 2 ** 10,
  mib: MiB,
  gib: 2 ** 30
}

function bytesOf(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?i?b?)$/i.exec(String(value))
  const bytes =
    match === null
      ? Number.NaN
      : Number(match[1]) * (units[(match[2] as string).toLowerCase()] ?? Number.NaN)
  if (bytes >= 8 * MiB && bytes <= 512 * MiB) return Math.floor(bytes)
  return wrong('memory', "bytes or a text such as '64MB', from 8MB to 512MB", value)
}

function millisecondsOf(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|)$/.exec(String(value))
  if (match === null) return wrong('slow', "milliseconds or a text such as '1.5s'", value)
  return Number(match[1]) * (match[2] === 's' ? 1000 : match[2] === 'm' ? 60_000 : 1)
}

function accessOf(value: unknown): TracingOptions['access'] {
  if (value === undefined || typeof value === 'function') return value as TracingOptions['access']
  return oneOf('access', value, ['local', 'token', 'off'] as const)
}

function secret(option: string, value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string' && value.length >= 32 && /^[\w.~+/=-]+$/.test(value)) return value
  throw new TypeError(
    `spanlight: option '${option}' must be at least 32 characters of A-Z a-z 0-9 - _ . ~ + / =`
  )
}

function listenOf(value: TracingOptions['listen']): Settings['listen'] {
  if (value === undefined) return undefined
  if (
    typeof value !== 'object' ||
    !Number.isInteger(value.port) ||
    value.port < 0 ||
    value.port > 65_535
  ) {
    return wrong('listen', '{ port: 0 to 65535, host?: string }', value)
  }
  return { port: value.port, host: value.host ?? '127.0.0.1' }
}

function propagateOf(value: unknown, variable: string | undefined): readonly 'w3c'[] {
  if (value !== undefined)
    return strings('propagate', value).map((item) => oneOf('propagate', item, ['w3c'] as const))
  if (variable === undefined || variable === '') return ['w3c']
  const names = variable.split(',').map((name) => name.trim())
  return names.includes('tracecontext') || names.includes('baggage') ? ['w3c'] : []
}

function ignoreOf(value: TracingOptions['ignore']): Settings['ignore'] {
  if (typeof value === 'function') return value
  const paths = strings('ignore', value)
  if (paths.length === 0) return () => false
  const exact = new Set(paths.filter((path) => !path.endsWith('*')))
  const prefixes = paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1))
  return (_method, path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))
}

function limitsOf(value: Partial<Limits>): Limits {
  const limits = { ...defaultLimits }
  for (const [name, bound] of Object.entries(value)) {
    if (!(name in defaultLimits)) {
      throw new TypeError(
        `spanlight: there is no limit '${name}'; the limits are ${Object.keys(defaultLimits).join(', ')}`
      )
    }
    if (!Number.isInteger(bound) || bound < 1 || bound > 1e7)
      wrong(`limits.${name}`, 'a whole number from 1 to 10000000', bound)
    limits[name as keyof Limits] = bound
  }
  return limits
}

function captureOf(value: CaptureOptions): Required<CaptureOptions> {
  if (typeof value !== 'object' || value === null) return wrong('capture', 'an object', value)
  for (const name of ['requestHeaders', 'responseHeaders'] as const) {
    if (value[name] !== undefined && value[name] !== 'known')
      strings(`capture.${name}`, value[name])
  }
  return { console: true, requestHeaders: 'known', responseHeaders: 'known', ...value }
}

function exportOf(value: TracingOptions['export']): Settings['export'] {
  if (value === undefined || value === false) return value
  const { url, headers = {} } = typeof value === 'string' ? { url: value } : value
  if (typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url))
    return { url, headers }
  return wrong('export', 'an http(s) URL, { url, headers } or false', url)
}

function ratioOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : wrong('sample', 'a number from 0 to 1', value)
}

/** OTEL_RESOURCE_ATTRIBUTES: `key=value,key=value`, percent-encoded. OpenTelemetry resource SDK, "Specifying resource information". */
function resourceFrom(env: Env): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const at = pair.indexOf('=')
    if (at < 1) continue
    try {
      attributes.set(pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim()))
    } catch {
      // A pair with a bad escape is left out; the specification lets a reader drop what it cannot decode.
    }
  }
  return attributes
}

function packageName(): string {
  try {
    const { name } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as {
      name?: unknown
    }
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // No package.json here: OpenTelemetry's default name stands.
  }
  return 'unknown_service:node'
}
