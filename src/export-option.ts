import { addressOf, type ExportProtocol, isHttp, xrayRegion } from './interop/export/address.ts'
import type { AwsCredentialProvider } from './interop/export/aws/credentials.ts'
import type { TlsSettings } from './interop/export/destination.ts'
import {
  defaultTimeoutMs,
  type ExportSettings,
  type HeadersFactory,
  isHeader
} from './interop/export/settings.ts'
import { known, oneOf, wrong } from './option-values.ts'

/** One place that spans are sent to. */
export interface ExportDestination {
  /** http or https; without a path, that of the protocol is meant (`/v1/traces`, `/api/v2/spans`). */
  url: string
  /** @default 'http/protobuf' */
  protocol?: ExportProtocol | undefined
  /** More headers of each request, such as credentials; or a function that gives them, asked for each request. @default {} */
  headers?: Readonly<Record<string, string>> | HeadersFactory | undefined
  /** Of AWS X-Ray: a function such as those of `@aws-sdk/credential-providers`. @default what the process has */
  credentials?: AwsCredentialProvider | undefined
  /** @default 'gzip' */
  compression?: 'gzip' | 'none' | undefined
  /** Milliseconds that one request may take. @default 10000 */
  timeout?: number | undefined
  /** For https: certificates as PEM. @default Node's authorities, no certificate of ours */
  tls?: TlsSettings | undefined
}

export type ExportOption =
  | string
  | ExportDestination
  | readonly (string | ExportDestination)[]
  | false

const protocols = ['http/protobuf', 'http/json', 'grpc', 'zipkin'] as const
const names = ['url', 'protocol', 'headers', 'credentials', 'compression', 'timeout', 'tls']

/** Undefined where the variables decide; an empty list where nothing is exported. */
export function exportOf(value: unknown): readonly ExportSettings[] | undefined {
  if (value === undefined) return undefined
  if (value === false) return []
  if (!Array.isArray(value)) return [destinationOf('export', value)]
  return value.map((one, at) => destinationOf(`export[${at}]`, one))
}

function destinationOf(option: string, value: unknown): ExportSettings {
  const expected = 'an http(s) URL, { url, ... }, a list of these, or false'
  if (
    typeof value !== 'string' &&
    (typeof value !== 'object' || value === null || Array.isArray(value))
  )
    return wrong(option, expected, value)
  const {
    url,
    protocol = 'http/protobuf',
    headers = {},
    credentials,
    compression = 'gzip',
    timeout = defaultTimeoutMs,
    tls
  } = typeof value === 'string' ? { url: value } : known(option, value as ExportDestination, names)
  const place = typeof value === 'string' ? option : `${option}.url`
  // The address may hold a password: it is not shown.
  if (typeof url !== 'string' || !/^https?:\/\//i.test(url) || !isHttp(url))
    throw new TypeError(`spanlight: option '${place}' must be an http(s) URL`)
  oneOf(`${option}.protocol`, protocol, protocols)
  oneOf(`${option}.compression`, compression, ['gzip', 'none'])
  if (!Number.isInteger(timeout) || timeout < 1 || timeout > 600_000)
    wrong(`${option}.timeout`, 'milliseconds, from 1 to 600000', timeout)
  if (credentials !== undefined) {
    if (typeof credentials !== 'function') wrong(`${option}.credentials`, 'a function', credentials)
    if (xrayRegion(new URL(url)) === undefined)
      throw new TypeError(
        `spanlight: option '${option}.credentials' is for AWS X-Ray; '${option}.headers' may be a function, too`
      )
  }
  return {
    url: addressOf(url, protocol),
    protocol,
    headers: headersOf(`${option}.headers`, headers),
    credentials,
    timeoutMs: timeout,
    compression,
    tls: tls && tlsOf(`${option}.tls`, tls)
  }
}

function headersOf(
  option: string,
  headers: object | HeadersFactory
): Readonly<Record<string, string>> | HeadersFactory {
  if (typeof headers === 'function') return headers as HeadersFactory
  for (const [name, value] of Object.entries(known(option, headers, Object.keys(headers ?? {})))) {
    if (typeof value !== 'string') wrong(`${option}.${name}`, 'a text', value)
    if (!isHeader(name, value))
      throw new TypeError(
        `spanlight: option '${option}' has a header '${name}' that cannot be sent`
      )
  }
  return headers as Record<string, string>
}

function tlsOf(option: string, tls: TlsSettings): TlsSettings {
  for (const [name, pem] of Object.entries(known(option, tls, ['ca', 'cert', 'key'])))
    if (typeof pem !== 'string' || !pem.includes('-----BEGIN '))
      wrong(`${option}.${name}`, 'a PEM', undefined)
  return tls
}
