import type { ExportProtocol } from './address.ts'
import type { TlsSettings } from './destination.ts'

/** Where and how spans are exported, as an option or a variable says it: a destination whose format is named only. */
export interface ExportSettings {
  /** The whole address that is posted to. */
  readonly url: string
  readonly protocol: ExportProtocol
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly tls?: TlsSettings | undefined
}

export const defaultTimeoutMs = 10_000

// Those say how the body travels, which is not for a user to say.
const ownHeaders = /^(?:connection|content-(?:encoding|length|type)|expect|te|transfer-encoding)$/i

/** Whether Node takes a header: a line break in one throws when the request is made. */
export function isHeader(name: string, value: string): boolean {
  if (ownHeaders.test(name)) return false
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
