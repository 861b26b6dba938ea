import { defaultLimits, type Limits } from './base/limits.ts'
import type { Capture, CaptureOptions, Settings, TracingOptions } from './options.ts'

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

export function bytesOf(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?i?b?)$/i.exec(String(value))
  const bytes =
    match === null
      ? Number.NaN
      : Number(match[1]) * (units[(match[2] as string).toLowerCase()] ?? Number.NaN)
  if (bytes >= 8 * MiB && bytes <= 512 * MiB) return Math.floor(bytes)
  return wrong('memory', "bytes or a text such as '64MB', from 8MB to 512MB", value)
}

export function millisecondsOf(value: unknown): number {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|)$/.exec(String(value))
  if (match === null) return wrong('slow', "milliseconds or a text such as '1.5s'", value)
  return Number(match[1]) * (match[2] === 's' ? 1000 : match[2] === 'm' ? 60_000 : 1)
}

export function accessOf(value: unknown): TracingOptions['access'] {
  if (value === undefined || typeof value === 'function') return value as TracingOptions['access']
  return oneOf('access', value, ['local', 'token', 'off'] as const)
}

export function secret(option: string, value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined
  if (typeof value === 'string' && value.length >= 32 && /^[\w.~+/=-]+$/.test(value)) return value
  throw new TypeError(
    `spanlight: option '${option}' must be at least 32 characters of A-Z a-z 0-9 - _ . ~ + / =`
  )
}

export function listenOf(value: TracingOptions['listen']): Settings['listen'] {
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

export function propagateOf(value: unknown, variable: string | undefined): readonly 'w3c'[] {
  if (value !== undefined)
    return strings('propagate', value).map((item) => oneOf('propagate', item, ['w3c'] as const))
  if (variable === undefined || variable === '') return ['w3c']
  const names = variable.split(',').map((name) => name.trim())
  return names.includes('tracecontext') || names.includes('baggage') ? ['w3c'] : []
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

export function captureOf(value: CaptureOptions): Capture {
  if (typeof value !== 'object' || value === null) return wrong('capture', 'an object', value)
  for (const name of ['requestHeaders', 'responseHeaders'] as const) {
    if (value[name] !== undefined && value[name] !== 'known')
      strings(`capture.${name}`, value[name])
  }
  const { console = true, requestHeaders = 'known', responseHeaders = 'known' } = value
  return { console, requestHeaders, responseHeaders }
}

export function exportOf(value: TracingOptions['export']): Settings['export'] {
  if (value === undefined || value === false) return value
  const { url, headers = {} } = typeof value === 'string' ? { url: value } : value
  if (typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url))
    return { url, headers }
  return wrong('export', 'an http(s) URL, { url, headers } or false', url)
}

export function ratioOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? value
    : wrong('sample', 'a number from 0 to 1', value)
}
