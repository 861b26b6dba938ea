import type { IncomingHttpHeaders } from 'node:http'
import { detach } from '../base/limits.ts'
import { type BaggageEntry, entriesOf, isToken, maxLength, maxMembers } from './baggage.ts'
import type { SetHeader } from './carried.ts'
import { percentDecode, percentEncode } from './percent.ts'

/** Jaeger's baggage is a header for each entry: `uberctx-{key}: {value}`, the value percent-encoded. */
export const baggagePrefix = 'uberctx-'

/** Foreign input; under the limits of W3C Baggage, beyond which there is none. Names of headers have no case, so the keys are in lower case. */
export function readJaegerBaggage(headers: IncomingHttpHeaders): [string, BaggageEntry][] {
  const entries: [string, BaggageEntry][] = []
  let length = 0
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(baggagePrefix) || typeof value !== 'string') continue
    const key = name.slice(baggagePrefix.length)
    if (!isToken(key)) continue
    length += key.length + value.length
    if (length > maxLength || entries.length === maxMembers) return []
    entries.push([detach(key), { value: detach(percentDecode(value)) }])
  }
  return entries
}

/** Sets a header for each entry of what the context holds that can be one. Those that do not fit into the limits are left out. */
export function writeJaegerBaggage(value: unknown, set: SetHeader): void {
  const names = new Set<string>()
  let length = 0
  for (const [key, entry] of entriesOf(value)) {
    if (typeof key !== 'string' || typeof entry?.value !== 'string' || !isToken(key)) continue
    const name = baggagePrefix + key.toLowerCase()
    const text = percentEncode(entry.value, isUriComponentCode)
    length += key.length + text.length
    if (length > maxLength || names.size === maxMembers) return
    if (names.has(name)) continue
    names.add(name)
    set(name, text)
  }
}

/** What `encodeURIComponent` leaves as it is, which jaeger-client and OpenTelemetry's propagator use; it throws on a lone surrogate. */
function isUriComponentCode(code: number): boolean {
  return code < 0x80 && /[A-Za-z0-9\-_.!~*'()]/.test(String.fromCharCode(code))
}
