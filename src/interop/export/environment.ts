import type { Report } from '../../base/report.ts'

/** Where and how spans are exported. */
export interface ExporterSettings {
  /** The whole address that is posted to, `/v1/traces` included. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
}

type Environment = Readonly<Record<string, string | undefined>>

const defaultTimeoutMs = 10_000

/**
 * The exporter that OpenTelemetry's standard variables ask for: `OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT`, `_HEADERS`, `_TIMEOUT`,
 * `_COMPRESSION`, `_PROTOCOL` and `OTEL_TRACES_EXPORTER`. Undefined when they name no endpoint. Unlike OpenTelemetry's SDKs it takes no
 * endpoint for granted: most who see their traces here run no collector. What cannot be used is reported and left out.
 */
export function exporterFromEnvironment(
  env: Environment,
  report: Pick<Report, 'once'>
): ExporterSettings | undefined {
  const exporters = valuesOf(env['OTEL_TRACES_EXPORTER'])
  if (exporters.length > 0 && !exporters.includes('otlp')) return undefined
  const url = urlFrom(env, exporters.length > 0, report)
  if (url === undefined) return undefined
  const protocol = ofTraces(env, 'PROTOCOL')
  if (protocol !== '' && protocol !== 'http/json')
    report.once(`spans are exported as OTLP http/json to ${shown(url)}, not as ${protocol}`)
  return {
    url,
    headers: {
      ...headersFrom(env, 'OTEL_EXPORTER_OTLP_HEADERS', report),
      ...headersFrom(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', report)
    },
    timeoutMs: timeoutOf(ofTraces(env, 'TIMEOUT')),
    compression: ofTraces(env, 'COMPRESSION') === 'none' ? 'none' : 'gzip'
  }
}

/** The address of the traces below an OTLP base address: the rule of OTEL_EXPORTER_OTLP_ENDPOINT. Throws for what is no URL. */
export function tracesUrl(base: string): string {
  const url = new URL(base)
  url.pathname += url.pathname.endsWith('/') ? 'v1/traces' : '/v1/traces'
  return url.href
}

/** An address as it may be printed: user, password and query can be secrets. */
export function shown(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function urlFrom(
  env: Environment,
  asked: boolean,
  report: Pick<Report, 'once'>
): string | undefined {
  const exact = given(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') || (asked ? 'http://localhost:4318' : '')
  if (exact === '' && base === '') return undefined
  if (isHttp(exact || base)) return exact === '' ? tracesUrl(base) : exact
  const name = exact === '' ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  report.once(`${name} is no http or https URL: spans are not exported`)
  return undefined
}

export function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

function ofTraces(env: Environment, name: string): string {
  return given(env, `OTEL_EXPORTER_OTLP_TRACES_${name}`) || given(env, `OTEL_EXPORTER_OTLP_${name}`)
}

function given(env: Environment, name: string): string {
  return (env[name] ?? '').trim()
}

function timeoutOf(text: string): number {
  const ms = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return ms > 0 ? Math.min(ms, 600_000) : defaultTimeoutMs
}

function valuesOf(text: string | undefined): string[] {
  const values = (text ?? '').split(',').map((value) => value.trim())
  return values.filter((value) => value !== '')
}

// Those say how the body travels, which is not for a variable to say.
const ownHeaders = /^(?:connection|content-(?:encoding|length|type)|expect|transfer-encoding)$/

/** `name=value,name=value`, values percent-encoded. A line break in one would throw in Node when the request is made. */
function headersFrom(
  env: Environment,
  variable: string,
  report: Pick<Report, 'once'>
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const pair of valuesOf(env[variable])) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at)).trim().toLowerCase()
    const value = decoded(pair.slice(at + 1).trim())
    const usable = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    // The value is a credential more often than not: only the variable is named.
    if (!usable || ownHeaders.test(name)) report.once(`a header in ${variable} cannot be sent`)
    else headers[name] = value
  }
  return headers
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
