import { readSpanId, readTraceId, type SpanId } from '../base/ids.ts'
import { carriedOf, type HeaderFormat, one } from './carried.ts'

const name = 'x-cloud-trace-context'
const shape = /^(?<trace>[\da-f]{32})(?:\/(?<span>\d{1,20}))?(?:;o=(?<options>\d{1,3}))?$/i

/** `X-Cloud-Trace-Context: {trace id}/{span id, decimal};o={1 when sampled}`, the last two optional. cloud.google.com/trace, "Legacy trace context". */
export const google: HeaderFormat = {
  fields: [name],
  read(headers) {
    const text = one(headers, name)
    if (text === '') return undefined
    const { trace, span, options } = shape.exec(text)?.groups ?? {}
    const sampled = options === undefined ? undefined : Number(options) % 2 === 1
    const spanId = span === undefined ? undefined : spanIdOf(span)
    // Zero is what a load balancer writes that has no span of its own; any other bad number is an error.
    if (span !== undefined && spanId === undefined && !/^0+$/.test(span)) return undefined
    return carriedOf(readTraceId(trace), spanId, sampled)
  },
  write({ traceId, spanId, sampled }, set) {
    set(name, `${traceId}/${BigInt(`0x${spanId}`)};o=${sampled ? 1 : 0}`)
  }
}

// Undefined where it does not fit into 64 bits: its hex has 17 digits then.
function spanIdOf(decimal: string): SpanId | undefined {
  return readSpanId(BigInt(decimal).toString(16).padStart(16, '0'))
}
