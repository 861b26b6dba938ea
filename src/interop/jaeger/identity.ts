import { field, text } from '../../base/fields.ts'
import { readSpanId, readTraceId, type SpanId, type TraceId } from '../../base/ids.ts'
import type { SpanIdentity } from '../../trace/received.ts'

/** Undefined when it has no valid ids or no start. */
export function readIdentity(raw: unknown): SpanIdentity | undefined {
  const traceId = traceIdIn(raw)
  const spanId = spanIdIn(raw)
  const start = readTime(field(raw, 'startTime'))
  if (traceId === undefined || spanId === undefined || start === undefined) return undefined
  return { traceId, spanId, start }
}

export function traceIdIn(raw: unknown): TraceId | undefined {
  return readTraceId(padded(field(raw, 'traceID'), 32))
}

export function spanIdIn(raw: unknown, name: string = 'spanID'): SpanId | undefined {
  return readSpanId(padded(field(raw, name), 16))
}

// Old trace ids have 64 bits, and the zeros that an id begins with may be missing.
function padded(id: unknown, length: number): string {
  return text(id) === '' || text(id).length > length ? '' : text(id).padStart(length, '0')
}

/** Nanoseconds since 1970 from microseconds, which may have a fraction or be text. */
export function readTime(value: unknown): bigint | undefined {
  const micros = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof micros !== 'number' || !(micros >= 0 && micros <= 2 ** 53)) return undefined
  const whole = Math.floor(micros)
  return BigInt(whole) * 1000n + BigInt(Math.round((micros - whole) * 1000))
}
