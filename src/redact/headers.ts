import { maskAddress, maskForwarded } from './addresses.ts'
import type { KeyRules } from './keys.ts'
import { redacted } from './values.ts'

// Recorded as they are, but for value patterns: what explains a request's course and holds no credential.
const harmless: ReadonlySet<string> = new Set(
  `accept accept-charset accept-encoding accept-language accept-ranges age allow alt-svc b3 cache-control connection content-disposition
   content-encoding content-language content-length content-range content-type date device-memory dnt etag expect expires grpc-status
   grpc-encoding grpc-timeout host idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive
   last-modified max-forwards origin pragma priority range request-id retry-after save-data server server-timing te traceparent tracestate
   trailer transfer-encoding uber-trace-id upgrade upgrade-insecure-requests user-agent vary via x-amzn-trace-id x-b3-flags
   x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-cloud-trace-context x-content-type-options x-correlation-id
   x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-request-id x-requested-with`.split(
    /\s+/
  )
)
const harmlessPrefix = /^(?:sec-fetch-|sec-ch-ua|access-control-)/

// Credentials whose names no key rule hides; the first is how a page's token travels in a WebSocket handshake.
const denied: ReadonlySet<string> = new Set(['sec-websocket-protocol', 'x-forwarded-client-cert'])

const urls: ReadonlySet<string> = new Set(['referer', 'location', 'content-location'])

// A scheme is shown if it is one (IANA's registry and the usual others): of `Authorization: mysecret x` the first word is none.
const scheme =
  /^(?:Basic|Bearer|Concealed|Digest|DPoP|GNAP|HOBA|Mutual|Negotiate|NTLM|OAuth|PrivateToken|SCRAM-SHA-1|SCRAM-SHA-256|vapid|Token|ApiKey|Hawk|AWS4-HMAC-SHA256)(?=\s|$)/i

const name = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const lengthOnly = /^\[\d{1,10} characters\]$/

export interface HeaderSetup {
  readonly mode: 'local' | 'token'
  readonly rules: KeyRules
  /** Headers that the user wants recorded. */
  readonly record: readonly string[]
  readonly url: HeaderRule
  readonly text: HeaderRule
}

export type HeaderRule = (value: string) => string

/** What a header's name says of its value; undefined for a name that is none. Names count without case, `_` as `-`. */
export function createHeaderRules(setup: HeaderSetup): (name: string) => HeaderRule | undefined {
  const { rules, text, url } = setup
  const record = new Set(setup.record.map(plain))
  const mask = setup.mode === 'token'

  return (given) => {
    const header = plain(given)
    if (!name.test(header)) return undefined
    if (header === 'cookie') return (value) => namesOnly(value, ';', text)
    if (header === 'set-cookie') return (value) => setCookie(value, text)
    if (header === 'baggage') return (value) => namesOnly(value, ',', text)
    if (/^(?:proxy-)?(?:authorization|authenticate)$|^www-authenticate$/.test(header))
      return schemeOnly
    if (urls.has(header)) return url
    if (harmless.has(header) || harmlessPrefix.test(header)) return text
    if (header.startsWith('uberctx-')) return () => redacted
    if (denied.has(header) || rules.inHeader(header)) return () => redacted
    if (header === 'forwarded') return mask ? (value) => maskForwarded(value, text) : text
    if (header === 'x-forwarded-for' || header.endsWith('-ip'))
      return mask ? (value) => value.split(',').map(maskAddress).join(', ') : text
    return mask && !record.has(header) ? lengthOf : text
  }
}

function plain(header: string): string {
  return header.toLowerCase().replaceAll('_', '-')
}

function lengthOf(value: string): string {
  return lengthOnly.test(value) || value === redacted ? value : `[${value.length} characters]`
}

function schemeOnly(value: string): string {
  const found = scheme.exec(value)?.[0]
  return found === undefined ? redacted : `${found} ${redacted}`
}

// A part without an equals sign is a value with a separator inside, or a cookie without a name: no name to show.
function namesOnly(value: string, separator: string, text: (text: string) => string): string {
  const shown = value.split(separator, 100).map((part) => {
    const equals = part.indexOf('=')
    return equals < 0 ? redacted : `${text(part.slice(0, equals).trim())}=${redacted}`
  })
  return shown.join(`${separator} `)
}

function setCookie(value: string, text: (text: string) => string): string {
  const [pair = '', ...attributes] = value.split(';', 20)
  const shown = [namesOnly(pair, ';', text)]
  for (const attribute of attributes) {
    const clean = attribute.trim()
    if (cookieAttribute.test(clean) && text(clean) === clean) shown.push(clean)
  }
  return shown.join('; ')
}

const cookieAttribute =
  /^(?:httponly|secure|partitioned|priority=(?:low|medium|high)|samesite=(?:lax|strict|none)|max-age=-?\d{1,12}|expires=[\w ,:+-]{1,40}|(?:path|domain)=[\w./*-]{0,100})$/i
