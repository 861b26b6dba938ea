import type { ExportProtocol } from './address.ts'
import type { AwsCredentialProvider } from './aws/credentials.ts'
import type { TlsSettings } from './destination.ts'

/** Where and how spans are exported, as an option or a variable says it: a destination whose format is named only. */
export interface ExportSettings {
  /** The whole address that is posted to. */
  readonly url: string
  readonly protocol: ExportProtocol
  readonly headers: Readonly<Record<string, string>> | HeadersFactory
  /** Of AWS X-Ray, in place of those that the process has. */
  readonly credentials?: AwsCredentialProvider | undefined
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly tls?: TlsSettings | undefined
}

/** Headers that change, such as a token that expires. The name is that of OpenTelemetry's exporters. */
export type HeadersFactory = () =>
  | Readonly<Record<string, string>>
  | Promise<Readonly<Record<string, string>>>

export const defaultTimeoutMs = 10_000

// Those say how the body and the connection are used, which is not for a user to say.
const ownHeaders =
  /^(?:(?:proxy-)?connection|content-(?:encoding|length|type)|expect|http2-settings|keep-alive|te|transfer-encoding|upgrade)$/i

/** Whether Node takes a header: a line break in one throws when the request is made. */
export function isHeader(name: string, value: string): boolean {
  if (ownHeaders.test(name)) return false
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
