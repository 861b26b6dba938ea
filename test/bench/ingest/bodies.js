import { HttpSpans } from '../ring/spans.js'
import { Request } from './otlp.js'

export const spansOfTrace = 6
const epoch = 1_795_000_000_000_000_000n

/**
 * Bodies of at most `bytes` bytes, of whole traces of six spans with ten attributes each, in both encodings. No two hold the same trace:
 * a trace that is here already would be a cheaper one.
 */
export class Bodies {
  #spans
  #ids
  #sent = 0

  constructor(seed) {
    this.#spans = new HttpSpans(seed)
    // Of its own, for ids must not make the texts of the two encodings differ.
    this.#ids = new HttpSpans(seed + 1)
  }

  json(bytes) {
    return this.#fill(bytes, (traces) => Buffer.from(JSON.stringify(requestOf(traces))))
  }

  protobuf(bytes) {
    return this.#fill(bytes, (traces) => encode(requestOf(traces)))
  }

  // Traces differ little in their length: the first ten tell how many there are room for.
  #fill(bytes, encodeAll) {
    const traces = Array.from({ length: 10 }, () => this.#trace())
    const room = Math.floor((bytes / encodeAll(traces).length) * 10 * 0.98)
    while (traces.length < room) traces.push(this.#trace())
    const body = encodeAll(traces)
    if (body.length > bytes) throw new Error(`a body of ${body.length} bytes, not ${bytes}`)
    return { body, spans: traces.length * spansOfTrace }
  }

  #trace() {
    const traceId = this.#ids.hex(32)
    const root = this.#ids.hex(16)
    const start = epoch + BigInt(this.#sent++) * 1_000_000n
    return Array.from({ length: spansOfTrace }, (_, i) => {
      const { name, attributes, duration } = this.#spans.next()
      return {
        traceId,
        spanId: i === 0 ? root : this.#ids.hex(16),
        ...(i > 0 && { parentSpanId: root }),
        name,
        kind: i === 0 ? 2 : 1,
        startTimeUnixNano: String(start + BigInt(i * 1000)),
        endTimeUnixNano: String(start + BigInt(i * 1000 + duration)),
        attributes: pairs(attributes),
        status: {},
        flags: 257
      }
    })
  }
}

function pairs(flat) {
  const list = []
  for (let i = 0; i < flat.length; i += 2)
    list.push({
      key: flat[i],
      value:
        typeof flat[i + 1] === 'number' ? { intValue: flat[i + 1] } : { stringValue: flat[i + 1] }
    })
  return list
}

function requestOf(traces) {
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }]
  const scope = { name: '@opentelemetry/instrumentation-http', version: '0.223.0' }
  return {
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope, spans: traces.flat() }] }]
  }
}

/** OTLP/JSON as protobuf. */
export function encode(request) {
  return Buffer.from(Request.encode(Request.fromObject(withBytes(request))).finish())
}

// protobufjs reads bytes from base64, where OTLP/JSON has ids in hex.
function withBytes(value) {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      /^(?:traceId|spanId|parentSpanId)$/.test(key) ? Buffer.from(item, 'hex') : withBytes(item)
    ])
  )
}
