/**
 * Milliseconds of the google.rpc.RetryInfo in a google.rpc.Status; undefined without one. Foreign input: what is no protobuf holds none. The
 * numbers are of google/rpc/status.proto, error_details.proto, and protobuf's any.proto and duration.proto.
 */
export function retryDelay(status: Buffer): number | undefined {
  for (const detail of messagesOf(status, 3)) {
    const [type] = messagesOf(detail, 1)
    if (type?.toString('latin1') !== 'type.googleapis.com/google.rpc.RetryInfo') continue
    const [info] = messagesOf(detail, 2)
    const [delay] = info === undefined ? [] : messagesOf(info, 1)
    if (delay === undefined) return undefined
    const { seconds = 0, nanos = 0 } = durationOf(delay)
    return seconds * 1000 + Math.ceil(nanos / 1e6)
  }
  return undefined
}

function messagesOf(bytes: Buffer, field: number): Buffer[] {
  return fieldsOf(bytes).flatMap(([id, value]) =>
    id === field && typeof value !== 'number' ? [value] : []
  )
}

function durationOf(bytes: Buffer): { seconds?: number; nanos?: number } {
  const duration: { seconds?: number; nanos?: number } = {}
  for (const [id, value] of fieldsOf(bytes)) {
    if (typeof value !== 'number') continue
    if (id === 1) duration.seconds = value
    else if (id === 2) duration.nanos = value
  }
  return duration
}

/** Numbers and messages by their field; as far as the bytes are any. */
function fieldsOf(bytes: Buffer): [field: number, value: number | Buffer][] {
  const fields: [number, number | Buffer][] = []
  let at = 0
  function varint(): number {
    let value = 0
    for (let power = 1; power <= 2 ** 63; power *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 0x7f) * power
      if (byte < 128) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = varint()
    const type = tag % 8
    if (type !== 0 && type !== 2) break
    const value = varint()
    const end = type === 2 ? at + value : at
    if (Number.isNaN(value) || end > bytes.length) break
    fields.push([Math.floor(tag / 8), type === 2 ? bytes.subarray(at, end) : value])
    at = end
  }
  return fields
}
