import type { Scope, TraceRecord } from '../../base/span-data.ts'
import { field, text } from './fields.ts'
import { type DecodeSetup, Groups } from './groups.ts'
import { json } from './json.ts'
import { BadBody, type Format, maxSpans } from './outline.ts'
import { protobuf } from './protobuf.ts'

export type { DecodeSetup } from './groups.ts'

/** What one request held. */
export interface Decoded {
  /** One for each trace and resource. */
  readonly records: TraceRecord[]
  /** Spans in the records. */
  readonly spans: number
  /** Spans that were refused, for OTLP's `partialSuccess.rejectedSpans`. */
  readonly rejected: number
  /** Why, in words; '' when none was. */
  readonly message: string
}

export type Encoding = 'json' | 'protobuf'

const formats: Readonly<Record<Encoding, Format>> = { json, protobuf }

/**
 * Reads the body of an OTLP/HTTP trace request (ExportTraceServiceRequest). Foreign input: gives `error` for what is no such request,
 * refuses single spans that are invalid or too many, ignores unknown fields, never throws. It yields wherever the host may go on, each
 * time after a fraction of a millisecond, and nothing is lost if it is never resumed.
 */
export function* decode(
  body: Uint8Array,
  encoding: Encoding,
  setup: DecodeSetup
): Generator<undefined, Decoded | { error: string }> {
  try {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    return yield* decodeRequest(bytes, formats[encoding], setup)
  } catch (error) {
    if (error instanceof BadBody) return { error: error.message }
    throw error
  }
}

function* decodeRequest(
  body: Buffer,
  format: Format,
  setup: DecodeSetup
): Generator<undefined, Decoded> {
  const { resources, tooMany } = yield* format.outline(body)
  const read = format.reader(body)
  const groups = new Groups(setup)
  let invalid = 0
  for (const { resource, scopes } of resources) {
    const sender = groups.sender(resource && read('resource', resource))
    for (const { scope, spans } of scopes) {
      const of = readScope(scope && read('scope', scope), setup)
      for (const range of spans) {
        if (!groups.add(sender, of, read('span', range))) invalid++
        yield
      }
      yield
    }
    yield
  }
  const records: TraceRecord[] = []
  for (const record of groups.records()) {
    records.push(record)
    yield
  }
  if (invalid > 0) setup.report.drop('ingest invalid', invalid)
  if (tooMany > 0) setup.report.drop('ingest refused', tooMany)
  return {
    records,
    spans: records.reduce((sum, record) => sum + record.spans.length, 0),
    rejected: invalid + tooMany,
    message: messageOf(invalid, tooMany)
  }
}

function messageOf(invalid: number, tooMany: number): string {
  const parts: string[] = []
  if (invalid > 0) parts.push(`${invalid} without a valid traceId, spanId or startTimeUnixNano`)
  if (tooMany > 0) parts.push(`${tooMany} beyond the ${maxSpans} spans that one request may have`)
  return parts.join('; ')
}

function readScope(value: unknown, { redactor, limits }: DecodeSetup): Scope {
  return {
    name: redactor.text(text(field(value, 'name')), limits.nameLength),
    version: redactor.text(text(field(value, 'version')), limits.nameLength)
  }
}
