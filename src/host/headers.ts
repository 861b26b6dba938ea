import type { AttributeValue } from '../base/attributes.ts'
import type { Redactor } from '../redact/redactor.ts'
import { remembering } from './remember.ts'

/** Lower-case header names, or the package's own choice. */
export type HeaderNames = readonly string[] | 'known'

/** Calls `put` with the attribute of each header that is to be recorded; `get` gives a header's value by its lower-case name. */
export type HeaderReader = (
  get: (name: string) => number | string | readonly string[] | undefined,
  put: (key: string, value: AttributeValue) => void
) => void

// Those that explain a request's course. `user-agent`, `host` and the lengths have attributes of their own. Of credentials the redactor
// leaves a scheme or names only: enough to see that they came.
const known = {
  request: [
    'accept',
    'authorization',
    'cache-control',
    'content-type',
    'cookie',
    'if-none-match',
    'origin',
    'range',
    'referer',
    'x-request-id'
  ],
  response: [
    'cache-control',
    'content-encoding',
    'content-type',
    'etag',
    'location',
    'retry-after',
    'set-cookie',
    'www-authenticate'
  ]
} as const

/** Values of these repeat from request to request and hold no secret, so a redacted one is remembered. */
const repeating: ReadonlySet<string> = new Set([
  'accept',
  'cache-control',
  'content-encoding',
  'content-type',
  'origin'
])

export function headerReader(
  direction: 'request' | 'response',
  names: HeaderNames,
  redactor: Redactor
): HeaderReader {
  const entries = (names === 'known' ? known[direction] : names).map((name) => ({
    name: name.toLowerCase(),
    key: `http.${direction}.header.${name.toLowerCase()}`,
    clean: cleaner(name.toLowerCase(), redactor)
  }))
  return (get, put) => {
    for (const { name, key, clean } of entries) {
      const value = get(name)
      if (value === undefined) continue
      const shown = clean(typeof value === 'object' ? value.join(', ') : String(value))
      if (shown !== undefined) put(key, shown)
    }
  }
}

function cleaner(
  name: string,
  redactor: Redactor
): (value: string) => readonly string[] | undefined {
  const redact = (value: string): readonly string[] | undefined => {
    const shown = redactor.header(name, value)
    return shown === undefined ? undefined : [shown]
  }
  return repeating.has(name) ? remembering(redact) : redact
}
