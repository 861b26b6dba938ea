import { readSpanId, readTraceId } from '../base/ids.ts'
import { detach } from '../base/limits.ts'
import { randomFlag, sampledFlag, type SpanContext } from '../base/span-context.ts'
import { trimOws } from './whitespace.ts'

/** Characters of a version 00 header, and of the part of any later version that we may read. */
const length = 55
const shape = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * Reads a `traceparent` header (W3C Trace Context level 2, section 3.2); undefined when it is not valid, which means that a new trace
 * starts. Several headers arrive joined by a comma and are not valid either.
 */
export function parseTraceparent(header: string): SpanContext | undefined {
  const text = trimOws(header)
  // The ids must not keep a padded or future-version header of many kilobytes alive: it is cut to its known part, and copied.
  const known = header.length === length ? header : detach(text.slice(0, length))
  if (!shape.test(known)) return undefined
  const version = known.slice(0, 2)
  if (version === 'ff') return undefined
  // Section 4.3: a later version may append fields after another dash; version 00 has none.
  if (text.length > length && (version === '00' || text[length] !== '-')) return undefined
  const traceId = readTraceId(known.slice(3, 35))
  const spanId = readSpanId(known.slice(36, 52))
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, traceFlags: knownFlags(Number.parseInt(known.slice(53), 16)) }
}

/** The header for a span whose ids are valid. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${knownFlags(traceFlags)}`
}

// Section 3.2.2.5.3: the flags that are not defined are zero in what we send, and ignored in what we get.
function knownFlags(flags: number): number {
  return flags & (sampledFlag | randomFlag)
}
