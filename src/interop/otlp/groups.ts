import { getString } from '../../base/attributes.ts'
import type { TraceId } from '../../base/ids.ts'
import type { Report } from '../../base/report.ts'
import type { Resource, TraceRecord } from '../../base/span-data.ts'
import type { ReadSpan } from './decode-span.ts'
import { field } from './fields.ts'
import { type AttributeRules, readAttributes } from './values.ts'

export interface DecodeSetup extends AttributeRules {
  readonly report: Report
}

interface Group {
  readonly traceId: TraceId
  readonly resource: Resource
  readonly spans: Map<string, ReadSpan>
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

  *records(): Generator<TraceRecord, void> {
    for (const { groups } of this.#senders.values()) {
      for (const group of groups.values()) yield recordOf(group)
    }
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
