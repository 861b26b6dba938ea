import { getString } from '../../base/attributes.ts'
import type { SpanId, TraceId } from '../../base/ids.ts'
import type { Report } from '../../base/report.ts'
import {
  type Resource,
  type Scope,
  type SpanData,
  StatusCode,
  type TraceRecord
} from '../../base/span-data.ts'
import {
  type MovableSpan,
  moveEpoch,
  readIdentity,
  readSpan,
  type SpanIdentity
} from './decode-span.ts'
import { field } from './fields.ts'
import { type AttributeRules, readAttributes } from './values.ts'

export interface DecodeSetup extends AttributeRules {
  readonly report: Report
}

const millisecond = 1_000_000n

interface Group {
  readonly traceId: TraceId
  readonly resource: Resource
  /** Nanoseconds since 1970, in a whole millisecond, that the spans' times count from until all are there. */
  readonly epoch: bigint
  readonly spans: Map<SpanId, MovableSpan>
  dropped: number
}

export interface Sender {
  readonly resource: Resource
  readonly groups: Map<TraceId, Group>
}

/** Sorts the spans of a request to one record for each resource and trace; a batching sender repeats both. */
export class Groups {
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

  /** Adds a span; false when it is none. */
  add(sender: Sender, scope: Scope, raw: unknown): boolean {
    const identity = readIdentity(raw)
    if (identity === undefined) return false
    const group = groupOf(sender, identity)
    if (group.spans.has(identity.spanId)) {
      this.#setup.report.drop('ingest duplicate')
      return true
    }
    const { span, droppedSpans } = readSpan(raw, identity, group.epoch, scope, this.#setup)
    group.dropped += droppedSpans
    const mustStay = span.status === StatusCode.error || span.parentId === undefined
    if (group.spans.size < this.#setup.limits.spansPerTrace || mustStay)
      group.spans.set(span.spanId, span)
    else {
      group.dropped++
      this.#setup.report.drop('span limit of the trace')
    }
    return true
  }

  *records(): Generator<TraceRecord, void> {
    for (const { groups } of this.#senders.values()) {
      for (const group of groups.values()) yield recordOf(group)
    }
  }
}

function groupOf({ groups, resource }: Sender, { traceId, start }: SpanIdentity): Group {
  let group = groups.get(traceId)
  if (group === undefined) {
    const epoch = (start / millisecond) * millisecond
    group = { traceId, resource, epoch, spans: new Map(), dropped: 0 }
    groups.set(traceId, group)
  }
  return group
}

function recordOf({ traceId, resource, epoch, spans, dropped }: Group): TraceRecord {
  const sorted = [...spans.values()].sort((a, b) => a.start - b.start)
  const later = Math.floor((sorted[0] as SpanData).start / 1e6)
  if (later !== 0) for (const span of sorted) moveEpoch(span, later * 1e6)
  return {
    traceId,
    epochMs: Number(epoch / millisecond) + later,
    resource,
    source: 'ingest',
    spans: sorted,
    droppedSpans: dropped
  }
}
