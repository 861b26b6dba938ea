import { getString } from '../../base/attributes.ts'
import type { TraceId } from '../../base/ids.ts'
import type { Report } from '../../base/report.ts'
import type { Resource, Scope, TraceRecord } from '../../base/span-data.ts'
import { type ReadSpan, readSpan } from './decode-span.ts'
import { field, list, text } from './fields.ts'
import { refuseShape } from './scan.ts'
import { type AttributeRules, readAttributes } from './values.ts'

export interface DecodeSetup extends AttributeRules {
  readonly report: Report
}

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

const maxSpans = 5000

/**
 * Reads the body of an OTLP/HTTP JSON trace request (ExportTraceServiceRequest). Foreign input: gives `error` for what is no such request,
 * refuses single spans that are invalid or too many, ignores unknown fields, never throws.
 */
export function decodeJson(body: Uint8Array, setup: DecodeSetup): Decoded | { error: string } {
  const refusal = refuseShape(body)
  if (refusal !== '') return { error: refusal }
  let request: unknown
  try {
    request = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
    )
  } catch {
    // The parser's message quotes the body, which may hold anything.
    return { error: 'the body is not JSON' }
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return { error: 'the body is no ExportTraceServiceRequest' }
  return decodeRequest(request, setup)
}

function decodeRequest(request: unknown, setup: DecodeSetup): Decoded {
  const groups = new Groups(setup)
  let seen = 0
  let invalid = 0
  let tooMany = 0
  for (const resourceSpans of list(field(request, 'resourceSpans'))) {
    const sender = groups.sender(field(resourceSpans, 'resource'))
    for (const scopeSpans of list(field(resourceSpans, 'scopeSpans'))) {
      const scope = readScope(field(scopeSpans, 'scope'), setup)
      const spans = list(field(scopeSpans, 'spans'))
      const room = Math.min(spans.length, maxSpans - seen)
      seen += room
      tooMany += spans.length - room
      for (let i = 0; i < room; i++) {
        const span = readSpan(spans[i], scope, setup)
        if (span === undefined) invalid++
        else groups.add(sender, span)
      }
    }
  }
  if (invalid > 0) setup.report.drop('ingest invalid', invalid)
  if (tooMany > 0) setup.report.drop('ingest refused', tooMany)
  const records = groups.records()
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

interface Group {
  readonly traceId: TraceId
  readonly resource: Resource
  readonly spans: Map<string, ReadSpan>
  dropped: number
}

interface Sender {
  readonly resource: Resource
  readonly groups: Map<TraceId, Group>
}

/** Sorts the spans of a request to one record for each resource and trace; a batching sender repeats both. */
class Groups {
  readonly #setup: DecodeSetup
  readonly #senders = new Map<string, Sender>()

  constructor(setup: DecodeSetup) {
    this.#setup = setup
  }

  sender(value: unknown): Sender {
    const { redactor, limits } = this.#setup
    const { attributes } = readAttributes(field(value, 'attributes'), this.#setup, 1)
    const name = getString(attributes, 'service.name')
    const rest = attributes.filter((_item, i) => attributes[i - (i % 2)] !== 'service.name')
    const key = JSON.stringify([name, rest])
    let found = this.#senders.get(key)
    if (found === undefined) {
      // The name that OpenTelemetry's resource conventions ask for where there is none.
      const service = redactor.text(name, limits.nameLength) || 'unknown_service'
      found = { resource: { service, attributes: rest }, groups: new Map() }
      this.#senders.set(key, found)
    }
    return found
  }

  add(sender: Sender, span: ReadSpan): void {
    const { traceId } = span
    let group = sender.groups.get(traceId)
    if (group === undefined) {
      group = { traceId, resource: sender.resource, spans: new Map(), dropped: 0 }
      sender.groups.set(traceId, group)
    }
    group.dropped += span.droppedSpans
    if (group.spans.has(span.spanId)) {
      this.#setup.report.drop('ingest duplicate')
    } else if (
      group.spans.size >= this.#setup.limits.spansPerTrace &&
      !span.isError &&
      !span.isRoot
    ) {
      group.dropped++
      this.#setup.report.drop('span limit of the trace')
    } else group.spans.set(span.spanId, span)
  }

  records(): TraceRecord[] {
    const records: TraceRecord[] = []
    for (const { groups } of this.#senders.values()) {
      for (const group of groups.values()) records.push(recordOf(group))
    }
    return records
  }
}

function recordOf({ traceId, resource, spans, dropped }: Group): TraceRecord {
  const sorted = [...spans.values()].sort((a, b) => (a.start < b.start ? -1 : +(a.start > b.start)))
  const earliest = (sorted[0] as ReadSpan).start
  const epochMs = earliest / 1_000_000n
  return {
    traceId,
    epochMs: Number(epochMs),
    resource,
    source: 'ingest',
    spans: sorted.map((span) => span.at(epochMs * 1_000_000n)),
    droppedSpans: dropped
  }
}
