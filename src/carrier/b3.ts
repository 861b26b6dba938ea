import type { IncomingHttpHeaders } from 'node:http'
import { readSpanId } from '../base/ids.ts'
import { type Carried, carriedOf, type HeaderFormat, one, traceIdOf } from './carried.ts'

const single = 'b3'
const multi = {
  traceId: 'x-b3-traceid',
  spanId: 'x-b3-spanid',
  sampled: 'x-b3-sampled',
  flags: 'x-b3-flags'
} as const

const shape =
  /^(?<trace>[\da-f]{32}|[\da-f]{16})-(?<span>[\da-f]{16})(?:-(?<state>[01d])(?:-[\da-f]{16})?)?$/i

/** `b3: {trace id}-{span id}-{sampling state}-{parent's span id}`, the last two optional; or the sampling state alone. github.com/openzipkin/b3-propagation */
export const b3: HeaderFormat = {
  fields: [single],
  read: (headers) => readSingle(one(headers, single)),
  write({ traceId, spanId, sampled, debug }, set) {
    set(single, `${traceId}-${spanId}-${debug ? 'd' : sampled ? '1' : '0'}`)
  }
}

/** The same in a header each. The parent's span id is never sent: who shares span ids would take it for the caller's own parent. */
export const b3multi: HeaderFormat = {
  fields: Object.values(multi),
  read: readMulti,
  write({ traceId, spanId, sampled, debug }, set) {
    set(multi.traceId, traceId)
    set(multi.spanId, spanId)
    // Debug says that it is sampled, and is sent instead.
    if (debug) set(multi.flags, '1')
    else set(multi.sampled, sampled ? '1' : '0')
  }
}

function readSingle(text: string): Carried | undefined {
  if (text === '') return undefined
  if (text.length === 1) return decisionOf(text)
  const { trace = '', span, state } = shape.exec(text)?.groups ?? {}
  const decision = decisionOf(state)
  const spanId = readSpanId(span)
  if (spanId === undefined) return undefined
  return carriedOf(traceIdOf(trace), spanId, decision?.sampled, decision?.debug)
}

function readMulti(headers: IncomingHttpHeaders): Carried | undefined {
  const decision =
    one(headers, multi.flags) === '1' ? decisionOf('d') : decisionOf(one(headers, multi.sampled))
  const trace = one(headers, multi.traceId)
  if (trace === '') return decision
  const traceId = trace.length === 16 || trace.length === 32 ? traceIdOf(trace) : undefined
  const spanId = readSpanId(one(headers, multi.spanId))
  if (spanId === undefined) return undefined
  return carriedOf(traceId, spanId, decision?.sampled, decision?.debug)
}

// Early tracers sent words.
function decisionOf(state: string | undefined): Carried | undefined {
  switch (state?.toLowerCase()) {
    case 'd':
      return { sampled: true, debug: true }
    case '1':
    case 'true':
      return { sampled: true }
    case '0':
    case 'false':
      return { sampled: false }
    default:
      return undefined
  }
}
