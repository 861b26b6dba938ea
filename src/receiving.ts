import type { TraceRecord } from './base/span-data.ts'
import { inSlices } from './base/time-slices.ts'
import { decode } from './interop/otlp/decode.ts'
import { decodeZipkin, decodeZipkinProtobuf } from './interop/zipkin/decode.ts'
import type { IngestFormat } from './serve/ingest-protocols.ts'
import type { Ingest, IngestResult } from './serve/intake.ts'
import type { Receive, ReceiveSetup } from './trace/received.ts'

/** Who reads which format. */
const formats: Readonly<Record<Exclude<IngestFormat, 'xray'>, Receive>> = {
  'otlp-json': (body, setup) => decode(body, 'json', setup),
  'otlp-protobuf': (body, setup) => decode(body, 'protobuf', setup),
  'zipkin-json': decodeZipkin,
  'zipkin-protobuf': decodeZipkinProtobuf
}

export interface ReceivingSetup extends ReceiveSetup {
  readonly redact: (record: TraceRecord) => TraceRecord
  readonly keep: (record: TraceRecord) => void
  readonly now: () => number
  /** Only a hub has a port for it. */
  readonly xray?: Receive
}

/** Spans of other services. What a body holds is kept once all of it was read, so that a broken one leaves nothing behind. */
export function createReceiving(setup: ReceivingSetup): Ingest {
  function* takeIn(body: Buffer, format: IngestFormat): Generator<undefined, IngestResult> {
    const read = format === 'xray' ? setup.xray : formats[format]
    if (read === undefined) return { error: 'X-Ray segments are taken by a hub' }
    const received = yield* read(body, setup)
    if ('error' in received) return received
    for (const record of received.records) {
      setup.keep(setup.redact(record))
      yield
    }
    return received
  }
  return (body, format) => inSlices(takeIn(body, format), setup.now)
}
