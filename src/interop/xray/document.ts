import { field } from '../../base/fields.ts'
import { readSpanId, readTraceId, type SpanId, type TraceId } from '../../base/ids.ts'

/** X-Ray's own bound of a document. It also bounds what `JSON.parse` makes of one: 1.4 MB of objects, in a third of a millisecond. */
export const maxDocument = 65_536

/** The line before each document, which names how it is written. */
const header = /^\{\s*"format"\s*:\s*"json"\s*,\s*"version"\s*:\s*1\s*\}[ \t\r]*\n/

export function startsWithHeader(datagram: Buffer): boolean {
  return header.test(datagram.toString('latin1', 0, 100))
}

/**
 * The documents of a body, which is datagrams as they came, each from the begin of a line. They are told apart by their headers and not by their
 * brackets, so that a broken one breaks no other.
 */
export function* documents(body: Buffer): Generator<string, void> {
  const starts = [...body.toString('latin1').matchAll(new RegExp(header, 'gm'))]
  for (const [i, { index, 0: line }] of starts.entries())
    yield body.toString('utf8', index + line.length, starts[i + 1]?.index ?? body.length)
}

/** A segment or subsegment, with what it has from the segment around it. */
export interface Segment {
  readonly raw: unknown
  readonly traceId: TraceId
  readonly id: SpanId
  readonly parentId: SpanId | undefined
  /** Has no service of its own. */
  readonly isSub: boolean
}

/** What a document is about; undefined when it lacks a valid id. */
export function segmentOf(raw: unknown): Segment | undefined {
  const traceId = traceIdOf(field(raw, 'trace_id'))
  const id = readSpanId(field(raw, 'id'))
  if (traceId === undefined || id === undefined) return undefined
  const isSub = field(raw, 'type') === 'subsegment'
  return { raw, traceId, id, parentId: readSpanId(field(raw, 'parent_id')), isSub }
}

/** One that is embedded in another. */
export function childOf({ traceId, id }: Segment, raw: unknown): Segment | undefined {
  const own = readSpanId(field(raw, 'id'))
  return own === undefined ? undefined : { raw, traceId, id: own, parentId: id, isSub: true }
}

/** `1-58406520-a006649127e371903a2de979`, or the same as OpenTelemetry writes it, in 32 digits. */
export function traceIdOf(value: unknown): TraceId | undefined {
  if (typeof value !== 'string' || value.length > 35) return undefined
  return readTraceId(value.replace(/^1-([0-9a-f]{8})-([0-9a-f]{24})$/i, '$1$2'))
}

const furthest = Number.MAX_SAFE_INTEGER / 1e6

/** Nanoseconds since 1970 of seconds with a fraction, which are exact to a quarter of a microsecond only. */
export function nanosOf(seconds: unknown): bigint | undefined {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds < furthest)) return undefined
  return BigInt(Math.round(seconds * 1e6)) * 1000n
}
