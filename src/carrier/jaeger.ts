import { readSpanId } from '../base/ids.ts'
import { carriedOf, type HeaderFormat, one, traceIdOf } from './carried.ts'
import { percentDecode } from './percent.ts'

const name = 'uber-trace-id'
const sampledBit = 1
const debugBit = 2

// Both ids without leading zeros, too. The parent's is of no use to anybody any more.
const shape =
  /^(?<trace>[\da-f]{1,32}):(?<span>[\da-f]{1,16}):[\da-f]{0,16}:(?<flags>[\da-f]{1,2})$/i

/** `uber-trace-id: {trace id}:{span id}:{parent's span id}:{flags}`, percent-encoded by some. jaegertracing.io, "Client libraries", "Propagation format". */
export const jaeger: HeaderFormat = {
  fields: [name],
  read(headers) {
    const {
      trace = '',
      span = '',
      flags = ''
    } = shape.exec(percentDecode(one(headers, name)))?.groups ?? {}
    const spanId = readSpanId(span.padStart(16, '0'))
    if (spanId === undefined) return undefined
    const bits = Number.parseInt(flags, 16)
    const debug = (bits & debugBit) !== 0
    return carriedOf(traceIdOf(trace), spanId, debug || (bits & sampledBit) !== 0, debug)
  },
  write({ traceId, spanId, sampled, debug }, set) {
    const flags = (sampled ? sampledBit : 0) | (debug ? debugBit : 0)
    set(name, `${traceId}:${spanId}:0:${flags}`)
  }
}
