import type { Env, Warn } from './environment.ts'
import { formatNames, type HeaderFormatName } from './carrier/formats.ts'
import { defaultLimits, type Limits } from './base/limits.ts'
import type { Capture, CaptureOptions, Settings, TracingOptions } from './options.ts'
import type { RedactOptions } from './redact/options.ts'

const MiB = 2 ** 20

export function wrong(option: string, expected: string, got: unknown): never {
  const shown =
    typeof got === 'string'
      ? `'${got.slice(0, 60)}'`
      : typeof got === 'number'
        ? String(got)
        : typeof got
  throw new TypeError(`spanlight: option '${option}' must be ${expected}, not ${shown}`)
}

/** An object whose names are all known: a misspelt one would be a wish that is silently not granted. */
export function known<T extends object>(option: string, value: T, names: readonly string[]): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(option, 'an object', value)
  const odd = Object.keys(value).find((name) => !names.includes(name))
  if (odd === undefined) return value
  throw new TypeError(
    `spanlight: there is no option '${option}.${odd}'; there is ${names.join(', ')}`
  )
}

export function text(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' && value !== '' ? value : wrong(option, 'a text', value)
}

export function strings(option: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  return wrong(option, 'a list of texts', value)
}

export function oneOf<T>(option: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T
  return wrong(
    option,
    allowed.map((item) => (typeof item === 'string' ? `'${item}'` : String(item))).join(' or '),
    value
  )
}

export function pathOf(value: unknown): string {
  // A segment of dots is folded away by every client before it asks.
  if (typeof value === 'string' && /^(?:\/(?!\.+(?:\/|$))[\w.~-]+)+$/.test(value)) return value
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

export function bytesOf(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?i?b?)$/i.exec(String(value))
  const bytes =
    match === null
      ? Number.NaN
      : Number(match[1]) * (units[(match[2] as string).toLowerCase()] ?? Number.NaN)
  if (bytes >= 8 * MiB && bytes <= 512 * MiB) return Math.floor(bytes)
  return wrong('memory', "bytes or a text such as '64MB', from 8MB to 512MB", value)
}

export function millisecondsOf(value: unknown, option = 'slow'): number {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|)$/.exec(String(value))
  if (match === null) return wrong(option, "milliseconds or a text such as '1.5s'", value)
  return Number(match[1]) * (match[2] === 's' ? 1000 : match[2] === 'm' ? 60_000 : 1)
}

export function accessOf(value: unknown): TracingOptions['access'] {
  if (value === undefined || typeof value === 'function') return value as TracingOptions['access']
  return oneOf('access', value, ['local', 'token', 'off'] as const)
}

const secretForm = 'at least 32 characters of A-Z a-z 0-9 - _ . ~ + / ='

// Never shown, not even a wrong one: it may be right but for a line break.
function isSecret(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 32 && /^[\w.~+/=-]+$/.test(value)
}

export function secret(option: string, value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (isSecret(value)) return value
  throw new TypeError(`spanlight: option '${option}' must be ${secretForm}`)
}

/** Of a variable: that is no programmer's mistake and must not end the process. */
export function secretFrom(env: Env, variable: string, warn: Warn): string | undefined {
  const value = env[variable]?.trim()
  if (value === undefined || value === '') return undefined
  if (isSecret(value)) return value
  warn(`${variable} is not used: it must be ${secretForm}`)
  return undefined
}

export function listenOf(value: TracingOptions['listen']): Settings['listen'] {
  if (value === undefined) return undefined
  const { port, host = '127.0.0.1' } = known('listen', value, ['port', 'host'])
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    return wrong('listen.port', 'a whole number from 0 to 65535', port)
  if (typeof host !== 'string' || host === '') return wrong('listen.host', 'a text', host)
  return { port, host }
}

/** OpenTelemetry's names of header formats, and ours. It has none for Google's. */
const propagators: ReadonlyMap<string, HeaderFormatName | undefined> = new Map([
  ['tracecontext', 'w3c'],
  ['baggage', 'w3c'],
  ['b3', 'b3'],
  ['b3multi', 'b3multi'],
  ['jaeger', 'jaeger'],
  ['xray', 'xray'],
  ['google', 'google'],
  ['none', undefined]
])

export function propagateOf(value: unknown, env: Env, warn: Warn): readonly HeaderFormatName[] {
  if (value !== undefined)
    return unique(strings('propagate', value).map((item) => oneOf('propagate', item, formatNames)))
  const names = (env['OTEL_PROPAGATORS'] ?? '').split(',').map((name) => name.trim())
  const wanted = names.filter((name) => name !== '')
  if (wanted.length === 0) return ['w3c']
  const unknown = wanted.filter((name) => !propagators.has(name))
  if (unknown.length > 0)
    warn(
      `OTEL_PROPAGATORS: ${unknown.join(', ')} is not known; there is ${[...propagators.keys()].join(', ')}`
    )
  return unique(wanted.flatMap((name) => propagators.get(name) ?? []))
}

function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)]
}

export function ignoreOf(value: TracingOptions['ignore']): Settings['ignore'] {
  if (typeof value === 'function') return value
  const paths = strings('ignore', value)
  if (paths.length === 0) return () => false
  const exact = new Set(paths.filter((path) => !path.endsWith('*')))
  const prefixes = paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1))
  return (_method, path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))
}

export function limitsOf(value: Partial<Limits>): Limits {
  const limits = { ...defaultLimits }
  for (const [name, bound] of Object.entries(known('limits', value, Object.keys(defaultLimits)))) {
    if (bound === undefined) continue
    if (!Number.isInteger(bound) || bound < 1 || bound > 1e7)
      wrong(`limits.${name}`, 'a whole number from 1 to 10000000', bound)
    limits[name as keyof Limits] = bound
  }
  return limits
}

const switches = ['console', 'layers', 'pino', 'runtime', 'callSites', 'bodies'] as const

export function captureOf(value: CaptureOptions): Capture {
  known('capture', value, [...switches, 'requestHeaders', 'responseHeaders'])
  for (const name of switches) {
    if (value[name] !== undefined) oneOf(`capture.${name}`, value[name], [true, false])
  }
  for (const name of ['requestHeaders', 'responseHeaders'] as const) {
    if (value[name] !== undefined && value[name] !== 'known')
      strings(`capture.${name}`, value[name])
  }
  const {
    console = true,
    layers = true,
    pino = true,
    runtime = true,
    callSites,
    bodies = false
  } = value
  const { requestHeaders = 'known', responseHeaders = 'known' } = value
  return { console, layers, pino, runtime, callSites, bodies, requestHeaders, responseHeaders }
}

export function redactOf(value: RedactOptions): RedactOptions {
  const { headers } = known('redact', value, ['keys', 'allowKeys', 'headers', 'hook'])
  if (headers !== undefined) known('redact.headers', headers, ['record'])
  return value
}

export function instrumentOf(value: Settings['instrument']): Settings['instrument'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : wrong('instrument', 'an object of modules, such as { pg }', value)
}

export function ratioOf(value: unknown, option = 'sample'): number {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : wrong(option, 'a number from 0 to 1', value)
}
