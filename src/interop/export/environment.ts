import type { Report } from '../../base/report.ts'
import { addressOf, type ExportProtocol, isHttp, paths } from './address.ts'
import { certificatesFrom } from './certificates.ts'
import { defaultTimeoutMs, type ExportSettings, isHeader } from './settings.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Say = Pick<Report, 'once'>

/**
 * Where OpenTelemetry's standard variables want spans to go: `OTEL_TRACES_EXPORTER` (otlp, zipkin, none), `OTEL_EXPORTER_OTLP_*` with
 * `OTEL_EXPORTER_OTLP_TRACES_*` before them, and `OTEL_EXPORTER_ZIPKIN_*`. Nowhere when they name neither an exporter nor an endpoint:
 * unlike OpenTelemetry's SDKs this takes no endpoint for granted, as most who see their traces here run no collector. What cannot be used
 * is reported and left out.
 */
export function exportsFromEnvironment(env: Environment, report: Say): readonly ExportSettings[] {
  const exporters = valuesOf(env['OTEL_TRACES_EXPORTER'])
  if (exporters.includes('none')) return []
  if (exporters.some((name) => name !== 'otlp' && name !== 'zipkin'))
    report.once('OTEL_TRACES_EXPORTER: there is otlp, zipkin and none; others are left out')
  const asked = exporters.length > 0
  const found = [
    asked && !exporters.includes('otlp') ? undefined : otlpFrom(env, asked, report),
    exporters.includes('zipkin') ? zipkinFrom(env, report) : undefined
  ]
  return found.filter((settings) => settings !== undefined)
}

function otlpFrom(env: Environment, asked: boolean, report: Say): ExportSettings | undefined {
  const protocol = protocolOf(ofTraces(env, 'PROTOCOL'), report)
  const url = urlFrom(env, protocol, asked, report)
  if (url === undefined) return undefined
  return {
    url,
    protocol,
    headers: {
      ...headersFrom(env, 'OTEL_EXPORTER_OTLP_HEADERS', report),
      ...headersFrom(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', report)
    },
    timeoutMs: timeoutOf(ofTraces(env, 'TIMEOUT')),
    compression: ofTraces(env, 'COMPRESSION') === 'none' ? 'none' : 'gzip',
    tls: certificatesFrom((name) => ofTraces(env, name), report)
  }
}

function zipkinFrom(env: Environment, report: Say): ExportSettings | undefined {
  const given = textOf(env, 'OTEL_EXPORTER_ZIPKIN_ENDPOINT')
  const url = given || `http://localhost:9411${paths.zipkin}`
  if (!isHttp(url)) return unusable('OTEL_EXPORTER_ZIPKIN_ENDPOINT', report)
  const timeoutMs = timeoutOf(textOf(env, 'OTEL_EXPORTER_ZIPKIN_TIMEOUT'))
  return { url, protocol: 'zipkin', headers: {}, timeoutMs, compression: 'gzip' }
}

// OpenTelemetry's default, which every collector speaks.
const defaultProtocol = 'http/protobuf'

function protocolOf(text: string, report: Say): ExportProtocol {
  if (text === 'grpc' || text === 'http/json' || text === 'http/protobuf') return text
  if (text !== '')
    report.once(
      'OTEL_EXPORTER_OTLP_PROTOCOL: there is grpc, http/protobuf (which is used) and http/json'
    )
  return defaultProtocol
}

function urlFrom(
  env: Environment,
  protocol: ExportProtocol,
  asked: boolean,
  report: Say
): string | undefined {
  const exact = textOf(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const port = protocol === 'grpc' ? 4317 : 4318
  const base =
    textOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') || (asked ? `http://localhost:${port}` : '')
  if (exact === '' && base === '') return undefined
  const variable = `OTEL_EXPORTER_OTLP_${exact === '' ? '' : 'TRACES_'}ENDPOINT`
  if (protocol === 'grpc') {
    const url = withScheme(exact || base, env)
    return isHttp(url) ? addressOf(url, protocol) : unusable(variable, report)
  }
  if (!isHttp(exact || base)) return unusable(variable, report)
  return exact === '' ? tracesUrl(base) : exact
}

/** `collector:4317` is an endpoint of gRPC, too; TLS is its default. */
function withScheme(endpoint: string, env: Environment): string {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(endpoint)) return endpoint
  const insecure = ofTraces(env, 'INSECURE').toLowerCase() === 'true'
  return `${insecure ? 'http' : 'https'}://${endpoint}`
}

/** The address of the traces below an OTLP base address: the rule of OTEL_EXPORTER_OTLP_ENDPOINT. */
function tracesUrl(base: string): string {
  const url = new URL(base)
  url.pathname += url.pathname.endsWith('/') ? 'v1/traces' : '/v1/traces'
  return url.href
}

function unusable(variable: string, report: Say): undefined {
  report.once(`${variable} is no http or https URL: spans are not exported`)
  return undefined
}

function ofTraces(env: Environment, name: string): string {
  return (
    textOf(env, `OTEL_EXPORTER_OTLP_TRACES_${name}`) || textOf(env, `OTEL_EXPORTER_OTLP_${name}`)
  )
}

function textOf(env: Environment, name: string): string {
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

/** `name=value,name=value`, values percent-encoded. */
function headersFrom(env: Environment, variable: string, report: Say): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const pair of valuesOf(env[variable])) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at)).trim().toLowerCase()
    const value = decoded(pair.slice(at + 1).trim())
    // The value is a credential more often than not: only the variable is named.
    if (isHeader(name, value)) headers[name] = value
    else report.once(`a header in ${variable} cannot be sent`)
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
