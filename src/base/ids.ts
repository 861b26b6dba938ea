import { randomFillSync } from 'node:crypto'

/** 32 lower-case hex characters, not all zero. W3C Trace Context level 2, section 3.2.2.3. */
export type TraceId = string & { readonly __kind: 'trace id' }

/** 16 lower-case hex characters, not all zero. W3C Trace Context level 2, section 3.2.2.4. */
export type SpanId = string & { readonly __kind: 'span id' }

// One call into the random generator serves 512 span ids: 0.19 us an id against 2.9 us for randomBytes(8) each.
const pool: Buffer = Buffer.allocUnsafeSlow(4096)
let used = pool.length

function take(bytes: number): string {
  do {
    if (used + bytes > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    used += bytes
  } while (isZero(used - bytes, used))
  return pool.toString('hex', used - bytes, used)
}

function isZero(from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (pool[i] !== 0) return false
  return true
}

export function newTraceId(): TraceId {
  return take(16) as TraceId
}

export function newSpanId(): SpanId {
  return take(8) as SpanId
}

/** Reads a trace id of foreign origin: hex of any case, 32 characters, not all zero; else undefined. */
export function readTraceId(text: unknown): TraceId | undefined {
  return readId(text, 32) as TraceId | undefined
}

/** Reads a span id of foreign origin: hex of any case, 16 characters, not all zero; else undefined. */
export function readSpanId(text: unknown): SpanId | undefined {
  return readId(text, 16) as SpanId | undefined
}

function readId(text: unknown, length: number): string | undefined {
  if (typeof text !== 'string' || text.length !== length) return undefined
  if (!/^[0-9a-f]+$/i.test(text) || /^0+$/.test(text)) return undefined
  return text.toLowerCase()
}
